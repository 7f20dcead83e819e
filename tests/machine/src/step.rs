//! What can happen: each instruction with its arguments and who acts, the clock, rent, and lamports that strangers send.

use crate::random::hash;

/// A value that was measured, or nothing.
pub type Measured = (Option<u16>, Option<u32>);

/// A shard, by its network and index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub net: u16,
    pub index: u32,
}

/// What an oracle says of a shard's slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// What happened, but for a small error.
    Truth,
    /// As the truth, with gaps in either field.
    Gaps,
    /// Nothing was up.
    Down,
    /// Everything was up and fast.
    Perfect,
    /// Anything.
    Noise,
    /// The same value for all slots, another for each salt.
    Flat,
    /// An uptime that is out of range.
    Invalid,
}

/// Consecutive measurements, and how many there are in all.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    pub says: Says,
    pub salt: u32,
    pub total: u16,
    pub first: u16,
    pub count: u16,
}

impl Sent {
    /// What is said of a slot.
    pub fn of(&self, place: Place, epoch: u32, slot: u16) -> Measured {
        let truth = hash(&[1, place.net.into(), place.index.into(), epoch.into(), slot.into()]);
        let own = hash(&[2, self.salt.into(), epoch.into(), slot.into()]);
        let (uptime, bandwidth) = (8_000 + truth % 1_990, 1_000 + (truth >> 20) % 90_000);
        let near = (Some((uptime + own % 10) as u16), Some((bandwidth + (own >> 8) % 50) as u32));
        match self.says {
            Says::Truth => near,
            Says::Gaps => match own >> 40 & 3 {
                0 => (None, None),
                1 => (near.0, None),
                2 => (None, near.1),
                _ => near,
            },
            Says::Down => (Some(0), Some(0)),
            Says::Perfect => (Some(10_000), Some(u32::MAX - 1)),
            Says::Noise => (Some((own % 10_001) as u16), Some((own >> 20) as u32 & 0x3fff_ffff)),
            Says::Flat => (Some((self.salt % 10_001) as u16), Some(self.salt.wrapping_mul(2_654_435_761) >> 2)),
            Says::Invalid => (Some(10_001), Some(1)),
        }
    }

    /// The measurements, 6 bytes each.
    pub fn bytes(&self, place: Place, epoch: u32) -> Vec<u8> {
        let entry = |slot| {
            let (uptime, bandwidth) = self.of(place, epoch, slot);
            let [b0, b1, b2, b3] = bandwidth.unwrap_or(u32::MAX).to_le_bytes();
            let [u0, u1] = uptime.unwrap_or(u16::MAX).to_le_bytes();
            [b0, b1, b2, b3, u0, u1]
        };
        (self.first..self.first.saturating_add(self.count)).flat_map(entry).collect()
    }
}

/// How an oracle's consent is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Witness {
    /// It signs the transaction.
    Signs,
    /// Its signature is relayed.
    Relayed,
    /// Another oracle's signature is relayed.
    Forged,
    /// It is named and does not sign.
    Named,
    /// Its signature is relayed, of what is meant with a byte behind it.
    Padded,
    /// Its signature for another network's domain is relayed.
    OtherDomain,
}

/// The rules of a network; field by field as the instruction takes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    pub report_secs: u32,
    pub score_secs: u32,
    pub uptime_weight: u16,
    pub min_uptime: u16,
    pub bandwidth_cap: u32,
    pub min_boost: u16,
    pub max_boost: u16,
    pub tolerance: u16,
    pub quorum: u8,
    pub registrar: Option<u8>,
    pub bond: u64,
    pub oracle_bond: u64,
    pub mint_limit: u64,
    pub is_gate: bool,
    pub max_reward: u64,
    pub dispute_secs: u32,
    pub arbiter: Option<u8>,
}

/// How much is emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    pub per_epoch: u64,
    pub decay: u16,
    pub decay_every: u32,
    pub carry: u16,
}

/// What a network chooses once.
#[derive(Clone, Copy, Debug)]
pub struct Founding {
    pub genesis: i64,
    pub epoch_secs: u32,
    pub capacity: u16,
    pub guardian: Option<u8>,
    pub cap: u64,
    pub rules: Rules,
    pub plan: Plan,
}

/// Who gets lamports from nowhere.
#[derive(Clone, Copy, Debug)]
pub enum Gifted {
    Network(u16),
    Shard(Place),
    Directory(u16, u8),
    Report(Place, u8),
}

/// One step. Wallets, oracles and devices are numbers.
#[derive(Clone, Debug)]
pub enum Step {
    /// The clock goes on.
    Warp {
        secs: u32,
    },
    /// Rent costs so much a byte from now on.
    Rent {
        per_byte: u64,
    },
    /// A stranger sends lamports.
    Gift {
        to: Gifted,
        lamports: u64,
    },
    /// A wallet is emptied, or filled.
    Balance {
        wallet: u8,
        lamports: u64,
    },
    /// On a copy: honest callers alone settle the next epoch, and end a node.
    Live {
        net: u16,
        seed: u64,
    },
    /// On a copy: everything is closed, and everybody has their lamports back.
    Unwind {
        seed: u64,
    },
    /// As the step, but nobody signs.
    Unsigned(Box<Step>),
    CreateNetwork {
        by: u8,
        payer: u8,
        id: u16,
        founding: Box<Founding>,
    },
    CloseNetwork {
        by: u8,
        net: u16,
        payer: u8,
    },
    ProposeAuthority {
        by: u8,
        net: u16,
        new: Option<u8>,
    },
    AcceptAuthority {
        by: u8,
        net: u16,
    },
    SetGuardian {
        by: u8,
        net: u16,
        new: Option<u8>,
    },
    Pause {
        by: u8,
        net: u16,
    },
    Resume {
        by: u8,
        net: u16,
    },
    UpdatePolicy {
        by: u8,
        net: u16,
        from: u32,
        rules: Box<Rules>,
        plan: Option<Plan>,
    },
    AddOracle {
        by: u8,
        payer: u8,
        net: u16,
        oracle: u8,
    },
    RemoveOracle {
        by: u8,
        net: u16,
        oracle: u8,
        at_once: bool,
    },
    ProveEquivocation {
        net: u16,
        place: Place,
        oracle: u8,
        prover: u8,
        epoch: u32,
        one: Sent,
        other: Option<Sent>,
    },
    WithdrawBond {
        net: u16,
        payer: u8,
        oracle: u8,
    },
    OpenShard {
        payer: u8,
        net: u16,
        index: u32,
        last: Option<u32>,
    },
    ShrinkShard {
        net: u16,
        place: Place,
        payers: Vec<u8>,
    },
    CloseShard {
        net: u16,
        place: Place,
        payer: u8,
    },
    OpenReport {
        payer: u8,
        net: u16,
        place: Place,
        oracle: u8,
    },
    CloseReport {
        net: u16,
        place: Place,
        oracle: u8,
        payer: u8,
    },
    OpenDirectory {
        payer: u8,
        net: u16,
        byte: u8,
    },
    CloseDirectory {
        net: u16,
        byte: u8,
        payer: u8,
    },
    RegisterNode {
        payer: u8,
        net: u16,
        device: u16,
        byte: u8,
        owner: u8,
        registrar: Option<u8>,
        place: Place,
        vacant: Option<(u16, u8)>,
    },
    TransferNode {
        by: u8,
        net: u16,
        place: Place,
        device: u16,
        to: u8,
    },
    SetBoost {
        by: u8,
        net: u16,
        place: Place,
        device: u16,
        boost: u16,
    },
    RetireNode {
        by: u8,
        net: u16,
        place: Place,
        device: u16,
        has_reason: bool,
    },
    CloseNode {
        net: u16,
        place: Place,
        device: u16,
        owner: u8,
        payer: u8,
    },
    SubmitReport {
        net: u16,
        place: Place,
        oracle: u8,
        epoch: u32,
        sent: Sent,
        witness: Witness,
    },
    CommitEvidence {
        net: u16,
        place: Place,
        oracle: u8,
        epoch: u32,
        evidence: u8,
        witness: Witness,
    },
    ScoreShard {
        net: u16,
        place: Place,
        epoch: u32,
        oracles: Vec<u8>,
    },
    JudgeShard {
        net: u16,
        place: Place,
        epoch: u32,
        oracles: Vec<u8>,
    },
    CloseEpoch {
        net: u16,
    },
    SettleShard {
        net: u16,
        place: Place,
    },
    Claim {
        net: u16,
        place: Place,
        owner: u8,
        slots: Vec<u16>,
        to: u8,
        signs: bool,
    },
    VoidScore {
        by: u8,
        net: u16,
        place: Place,
        slot: u16,
        has_reason: bool,
    },
}

/// The instructions, as they are tallied.
pub const INSTRUCTIONS: [&str; 32] = [
    "create_network",
    "close_network",
    "propose_authority",
    "accept_authority",
    "set_guardian",
    "pause",
    "resume",
    "update_policy",
    "add_oracle",
    "remove_oracle",
    "prove_equivocation",
    "withdraw_bond",
    "open_shard",
    "shrink_shard",
    "close_shard",
    "open_report",
    "close_report",
    "open_directory",
    "close_directory",
    "register_node",
    "transfer_node",
    "set_boost",
    "retire_node",
    "close_node",
    "submit_report",
    "commit_evidence",
    "score_shard",
    "judge_shard",
    "close_epoch",
    "settle_shard",
    "claim",
    "void_score",
];

impl Step {
    /// Place in [`INSTRUCTIONS`]; none of a step that is no instruction.
    pub fn instruction(&self) -> Option<usize> {
        Some(match self {
            Self::Warp { .. }
            | Self::Rent { .. }
            | Self::Gift { .. }
            | Self::Balance { .. }
            | Self::Live { .. }
            | Self::Unwind { .. } => return None,
            Self::Unsigned(step) => return step.instruction(),
            Self::CreateNetwork { .. } => 0,
            Self::CloseNetwork { .. } => 1,
            Self::ProposeAuthority { .. } => 2,
            Self::AcceptAuthority { .. } => 3,
            Self::SetGuardian { .. } => 4,
            Self::Pause { .. } => 5,
            Self::Resume { .. } => 6,
            Self::UpdatePolicy { .. } => 7,
            Self::AddOracle { .. } => 8,
            Self::RemoveOracle { .. } => 9,
            Self::ProveEquivocation { .. } => 10,
            Self::WithdrawBond { .. } => 11,
            Self::OpenShard { .. } => 12,
            Self::ShrinkShard { .. } => 13,
            Self::CloseShard { .. } => 14,
            Self::OpenReport { .. } => 15,
            Self::CloseReport { .. } => 16,
            Self::OpenDirectory { .. } => 17,
            Self::CloseDirectory { .. } => 18,
            Self::RegisterNode { .. } => 19,
            Self::TransferNode { .. } => 20,
            Self::SetBoost { .. } => 21,
            Self::RetireNode { .. } => 22,
            Self::CloseNode { .. } => 23,
            Self::SubmitReport { .. } => 24,
            Self::CommitEvidence { .. } => 25,
            Self::ScoreShard { .. } => 26,
            Self::JudgeShard { .. } => 27,
            Self::CloseEpoch { .. } => 28,
            Self::SettleShard { .. } => 29,
            Self::Claim { .. } => 30,
            Self::VoidScore { .. } => 31,
        })
    }

    /// The network that it is about.
    pub fn net(&self) -> Option<u16> {
        Some(match self {
            Self::Warp { .. } | Self::Rent { .. } | Self::Gift { .. } | Self::Balance { .. } | Self::Unwind { .. } => {
                return None
            }
            Self::Unsigned(step) => return step.net(),
            Self::CreateNetwork { id, .. } => *id,
            Self::Live { net, .. }
            | Self::CloseNetwork { net, .. }
            | Self::ProposeAuthority { net, .. }
            | Self::AcceptAuthority { net, .. }
            | Self::SetGuardian { net, .. }
            | Self::Pause { net, .. }
            | Self::Resume { net, .. }
            | Self::UpdatePolicy { net, .. }
            | Self::AddOracle { net, .. }
            | Self::RemoveOracle { net, .. }
            | Self::ProveEquivocation { net, .. }
            | Self::WithdrawBond { net, .. }
            | Self::OpenShard { net, .. }
            | Self::ShrinkShard { net, .. }
            | Self::CloseShard { net, .. }
            | Self::OpenReport { net, .. }
            | Self::CloseReport { net, .. }
            | Self::OpenDirectory { net, .. }
            | Self::CloseDirectory { net, .. }
            | Self::RegisterNode { net, .. }
            | Self::TransferNode { net, .. }
            | Self::SetBoost { net, .. }
            | Self::RetireNode { net, .. }
            | Self::CloseNode { net, .. }
            | Self::SubmitReport { net, .. }
            | Self::CommitEvidence { net, .. }
            | Self::ScoreShard { net, .. }
            | Self::JudgeShard { net, .. }
            | Self::CloseEpoch { net }
            | Self::SettleShard { net, .. }
            | Self::Claim { net, .. }
            | Self::VoidScore { net, .. } => *net,
        })
    }

    /// Whether the instruction asks for a signature besides the fee payer's.
    pub fn has_signer(&self) -> bool {
        match self {
            Self::CloseEpoch { .. }
            | Self::SettleShard { .. }
            | Self::ScoreShard { .. }
            | Self::JudgeShard { .. }
            | Self::WithdrawBond { .. }
            | Self::ShrinkShard { .. }
            | Self::CloseShard { .. }
            | Self::CloseReport { .. }
            | Self::CloseDirectory { .. }
            | Self::CloseNode { .. }
            | Self::Warp { .. }
            | Self::Rent { .. }
            | Self::Gift { .. }
            | Self::Balance { .. }
            | Self::Live { .. }
            | Self::Unwind { .. }
            | Self::Claim { .. } => false,
            Self::SubmitReport { witness, .. } | Self::CommitEvidence { witness, .. } => *witness == Witness::Signs,
            _ => true,
        }
    }
}
