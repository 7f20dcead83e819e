//! A plain model of the program: what each step may do and what it does, written again from DESIGN without calling the
//! program's code.
//!
//! It computes widely (u128), keeps whole histories where the program keeps the last item, and derives what the program counts.

mod apply;
mod epochs;
mod money;
mod nodes;
mod reports;
mod roles;

pub use epochs::rate;
pub use money::{Account, Ledger};

use crate::{
    cast::WALLETS,
    step::{Founding, Measured, Place, Plan, Rules},
};
use std::collections::BTreeMap;

/// No epoch.
pub const NEVER: u32 = u32::MAX;
/// Lamports of each wallet in the beginning.
pub const WALLET_LAMPORTS: u64 = 1_000_000_000_000;
/// Atoms of the mint before the first network.
pub const FIRST_SUPPLY: u64 = 1_000;
/// A guardian's pause, and its rest.
pub const GUARDIAN_SECS: i64 = 7 * 86_400;
/// Closed epochs that the program remembers.
pub const RING: u32 = 32;

/// Bytes of accounts without their tails.
pub const NETWORK_BYTES: usize = 8 + size_of::<stipend::state::Network>();
pub const SHARD_BYTES: usize = 8 + size_of::<stipend::state::Shard>();
pub const DIRECTORY_BYTES: usize = 8 + size_of::<stipend::state::Directory>();
pub const REPORT_BYTES: usize = 8 + size_of::<stipend::state::Report>();

/// What a step leads to: nothing, or why it is rejected.
pub type Verdict<T = ()> = Result<T, &'static str>;

/// Fails with a reason unless something holds.
pub fn ensure(holds: bool, reason: &'static str) -> Verdict {
    if holds {
        Ok(())
    } else {
        Err(reason)
    }
}

/// Who may mint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Minter {
    Wallet(u8),
    Program,
    Nobody,
}

/// Everything.
#[derive(Clone, Debug)]
pub struct Model {
    pub now: i64,
    pub slot: u64,
    pub rent_per_byte: u64,
    pub wallets: [u64; WALLETS as usize],
    pub incinerator: u64,
    pub tokens: [u64; WALLETS as usize],
    pub supply: u64,
    pub minter: Minter,
    pub nets: BTreeMap<u16, Net>,
    /// What all networks together may ever schedule; set by the first one.
    pub total_cap: u64,
    /// Scheduled and minted by networks that are closed.
    pub gone_scheduled: u64,
    pub gone_minted: u64,
    /// Lamports that strangers sent to addresses where no account is yet.
    pub strays: BTreeMap<Account, u64>,
    /// Lamports that each wallet got or lost otherwise than by deposits and their return.
    pub windfall: [i128; WALLETS as usize],
}

/// A network.
#[derive(Clone, Debug)]
pub struct Net {
    pub lamports: u64,
    pub paid: u64,
    pub payer: u8,
    pub authority: u8,
    pub pending: Option<u8>,
    pub guardian: Option<u8>,
    pub domain: [u8; 8],
    pub genesis: i64,
    pub epoch_secs: u32,
    pub capacity: u16,
    pub opened_at: i64,
    pub pause_ends: i64,
    pub guardian_ready: i64,
    pub open: u32,
    pub total_score: u64,
    pub policy: Policy,
    pub next: Option<Policy>,
    pub budget: Budget,
    pub oracles: [Oracle; 16],
    pub closed: BTreeMap<u32, Closed>,
    /// The least that epochs which are over may still emit, as it was when they ended.
    pub promised: BTreeMap<u32, u64>,
    pub shards: Vec<Shard>,
    pub directories: BTreeMap<u8, Directory>,
    pub others: u16,
    pub has_shared: bool,
}

/// Rules and emission from an epoch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    pub from: u32,
    pub plan_from: u32,
    pub rules: Rules,
    pub plan: Plan,
}

/// What was emitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    pub per_epoch: u64,
    pub cap: u64,
    pub scheduled: u64,
    pub carried: u64,
    pub accrued: u64,
    pub minted: u64,
    pub minted_in_epoch: u64,
    pub mint_epoch: u32,
    pub empty: u32,
}

/// A place in the oracle set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Oracle {
    /// None where the place was never used.
    pub number: Option<u8>,
    pub from: u32,
    pub until: u32,
    pub made: u32,
    pub missed: u32,
    pub judged: u64,
    pub outside: u64,
    pub bond: u64,
    pub payer: u8,
    pub is_suspended: bool,
}

/// A closed epoch.
#[derive(Clone, Debug)]
pub struct Closed {
    pub emission: u64,
    /// What a ceiling kept back.
    pub kept_back: u64,
    /// Until when scores can be voided, and settling waits; 0 where they can't.
    pub dispute_end: i64,
    pub total_score: u64,
    pub paid: u64,
    pub unsettled: u32,
    pub policy: Policy,
}

/// A shard.
#[derive(Clone, Debug)]
pub struct Shard {
    pub lamports: u64,
    pub paid: u64,
    pub payer: u8,
    pub next: u32,
    pub scored: u32,
    pub total_score: u64,
    pub is_unsettled: bool,
    pub is_dormant: bool,
    pub next_judged: u32,
    pub last_settled: Option<u32>,
    pub slots: Vec<Slot>,
    pub reports: BTreeMap<u8, Report>,
}

/// A slot.
#[derive(Clone, Debug)]
pub struct Slot {
    pub tenant: Option<Tenant>,
    /// Who paid for the slot, how much, and the epoch in which it became vacant.
    pub vacant: (u8, u64, u32),
    pub measured: Measured,
    pub score: u64,
    pub reason: u8,
}

/// A node.
#[derive(Clone, Debug)]
pub struct Tenant {
    pub device: u16,
    pub owner: u8,
    pub since: u32,
    pub until: u32,
    /// Boosts with the epochs that they hold from, in order.
    pub boosts: Vec<(u32, u16)>,
    pub accrued: u64,
}

/// A directory.
#[derive(Clone, Debug)]
pub struct Directory {
    pub lamports: u64,
    pub paid: u64,
    pub payer: u8,
    pub entries: BTreeMap<u16, Listed>,
}

/// A device in a directory.
#[derive(Clone, Copy, Debug)]
pub struct Listed {
    pub payer: u8,
    pub deposit: u64,
    pub slot_lamports: u64,
    pub shard: u32,
    pub slot: u16,
}

/// A report.
#[derive(Clone, Debug)]
pub struct Report {
    pub lamports: u64,
    pub paid: u64,
    pub payer: u8,
    pub epoch: u32,
    pub total: u16,
    pub received: u16,
    pub entries: Vec<Measured>,
    /// Whether all of it is the truth, or gaps.
    pub is_honest: bool,
    pub evidence: Option<(u32, u8)>,
}

impl Model {
    /// Nothing but wallets and a mint that wallet 0 may mint.
    pub fn new(now: i64, slot: u64, rent_per_byte: u64) -> Self {
        Self {
            now,
            slot,
            rent_per_byte,
            wallets: [WALLET_LAMPORTS; WALLETS as usize],
            incinerator: 0,
            tokens: [0; WALLETS as usize],
            supply: FIRST_SUPPLY,
            minter: Minter::Wallet(0),
            nets: BTreeMap::new(),
            total_cap: 0,
            gone_scheduled: 0,
            gone_minted: 0,
            strays: BTreeMap::new(),
            windfall: [0; WALLETS as usize],
        }
    }

    pub fn net(&self, id: u16) -> Verdict<&Net> {
        self.nets.get(&id).ok_or("no such network")
    }

    pub fn net_mut(&mut self, id: u16) -> Verdict<&mut Net> {
        self.nets.get_mut(&id).ok_or("no such network")
    }

    /// The shard, which must be one of network `id`.
    pub fn shard(&self, id: u16, place: Place) -> Verdict<(&Net, &Shard)> {
        ensure(id == place.net, "shard of another network")?;
        let net = self.net(id)?;
        Ok((net, net.shards.get(place.index as usize).ok_or("no such shard")?))
    }

    /// The shard, which must be one of network `id`, to be changed.
    pub fn shard_mut(&mut self, id: u16, place: Place) -> Verdict<&mut Shard> {
        ensure(id == place.net, "shard of another network")?;
        self.net_mut(id)?.shards.get_mut(place.index as usize).ok_or("no such shard")
    }
}

impl Net {
    /// A network that was founded just now.
    pub fn found(founding: &Founding, authority: u8, payer: u8, (lamports, paid): (u64, u64), domain: [u8; 8]) -> Self {
        let policy = Policy { from: 0, plan_from: 0, rules: founding.rules, plan: founding.plan };
        let budget = Budget { per_epoch: founding.plan.per_epoch, cap: founding.cap, ..Budget::default() };
        Self {
            lamports,
            paid,
            payer,
            authority,
            pending: None,
            guardian: founding.guardian,
            domain,
            genesis: founding.genesis,
            epoch_secs: founding.epoch_secs,
            capacity: founding.capacity,
            opened_at: 0,
            pause_ends: 0,
            guardian_ready: 0,
            open: 0,
            total_score: 0,
            policy,
            next: None,
            budget,
            oracles: [Oracle::default(); 16],
            closed: BTreeMap::new(),
            promised: BTreeMap::new(),
            shards: Vec::new(),
            directories: BTreeMap::new(),
            others: 0,
            has_shared: false,
        }
    }

    /// The epoch under way, if the first has begun.
    pub fn epoch_at(&self, now: i64) -> Option<u32> {
        let elapsed = now - self.genesis;
        (elapsed >= 0).then(|| (elapsed / i64::from(self.epoch_secs)) as u32)
    }

    /// The epoch under way, or the first.
    pub fn current(&self, now: i64) -> u32 {
        self.epoch_at(now).unwrap_or(0)
    }

    /// The first epoch that has not begun.
    pub fn unbegun(&self, now: i64) -> u32 {
        self.epoch_at(now).map_or(0, |epoch| epoch + 1)
    }

    /// When an epoch is over.
    pub fn end(&self, epoch: u32) -> i64 {
        self.genesis + (i64::from(epoch) + 1) * i64::from(self.epoch_secs)
    }

    pub fn policy_at(&self, epoch: u32) -> &Policy {
        self.next.as_ref().filter(|next| next.from <= epoch).unwrap_or(&self.policy)
    }

    pub fn is_paused(&self, now: i64) -> bool {
        now < self.pause_ends
    }

    /// When the windows of the open epoch begin; saturated where a pause has no end.
    pub fn windows_begin(&self) -> i64 {
        self.end(self.open).max(self.opened_at).max(self.pause_ends)
    }

    pub fn report_end(&self) -> i64 {
        self.windows_begin().saturating_add(self.policy.rules.report_secs.into())
    }

    pub fn score_end(&self) -> i64 {
        self.windows_begin().saturating_add(self.policy.rules.score_secs.into())
    }

    /// Until when scores of a closed epoch can be voided.
    pub fn dispute_end(&self, epoch: u32) -> i64 {
        self.closed.get(&epoch).map_or(0, |closed| closed.dispute_end)
    }

    /// Numbers of the oracles that measure an epoch, in the set's order.
    pub fn active(&self, epoch: u32) -> Vec<u8> {
        self.oracles.iter().filter(|oracle| oracle.is_active(epoch)).filter_map(|oracle| oracle.number).collect()
    }

    /// Shards that are scored in every epoch; of these, scored for the open one; of those, with scores.
    pub fn shard_counts(&self) -> (u32, u32, u32) {
        let awake = self.shards.iter().filter(|shard| !shard.is_dormant);
        let scored = awake.clone().filter(|shard| shard.next > self.open);
        let unsettled = self.shards.iter().filter(|shard| shard.is_unsettled && shard.scored == self.open);
        (awake.count() as u32, scored.count() as u32, unsettled.count() as u32)
    }
}

impl Oracle {
    pub fn is_active(&self, epoch: u32) -> bool {
        self.from <= epoch && epoch < self.until
    }

    /// Whether it measures any epoch from `epoch` on.
    pub fn is_needed(&self, epoch: u32) -> bool {
        epoch < self.until && self.from < self.until
    }

    /// Whether the place may be given to another.
    pub fn is_free(&self, open: u32) -> bool {
        !self.is_needed(open) && self.bond == 0
    }
}

impl Slot {
    pub fn is_earning(&self, epoch: u32) -> bool {
        self.tenant.as_ref().is_some_and(|tenant| tenant.since <= epoch && epoch < tenant.until)
    }

    /// Whether the shard has to wait for the node from `epoch` on.
    pub fn is_earning_from(&self, epoch: u32) -> bool {
        self.tenant.as_ref().is_some_and(|tenant| epoch < tenant.until)
    }
}
