//! Every error of the program's own; Anchor's say the rest. Variants are appended, never renumbered.

use anchor_lang::prelude::*;

/// Named causes; each message says the subject, the rule and the remedy.
#[error_code]
#[derive(PartialEq, Eq)]
pub enum StipendError {
    /// Some number passed its type.
    #[msg("arithmetic overflow: a number passed its type; report this with the transaction")]
    ArithmeticOverflow,
    /// A rule of the account's own does not hold.
    #[msg("invariant broken: the instruction would leave an account inconsistent; report this with the transaction")]
    InvariantBroken,
    /// The account's data is too short or misaligned for its type.
    #[msg("account size is wrong for its type; pass an account that this program made")]
    AccountSizeWrong,

    /// create_network: only the first network of a mint can be made by the mint's authority.
    #[msg("network id is not 0, and the first network of a mint has id 0; pass 0")]
    NetworkIdNotFirst,
    /// create_network: the signer is not the mint's authority.
    #[msg("signer is not the mint's authority; sign with the authority of the mint")]
    MintAuthorityMismatch,
    /// create_network: somebody could freeze the rewards.
    #[msg("mint has a freeze authority, which could hold rewards back; remove it from the mint first")]
    MintHasFreezeAuthority,
    /// create_network: an extension could hold back, take or dilute rewards.
    #[msg("mint has a Token-2022 extension that is not on the list of harmless ones; use a mint without it")]
    MintExtensionRefused,
    /// create_network: the genesis is before now.
    #[msg("genesis is in the past; name a time from now on")]
    GenesisInPast,
    /// create_network: the genesis is more than 366 days ahead.
    #[msg("genesis is more than 366 days ahead; name it in Unix seconds, nearer")]
    GenesisTooFar,
    /// create_network: epoch_secs is 0 or more than 366 days.
    #[msg("epoch length is not within 1 second and 366 days; choose one that is")]
    EpochLengthOutOfRange,
    /// create_network: report_secs is 0.
    #[msg("report window is 0 seconds long; give oracles time to report")]
    ReportWindowEmpty,
    /// policy: report_secs is above epoch_secs.
    #[msg("report window is longer than an epoch; shorten it")]
    ReportWindowTooLong,
    /// policy: report_secs and dispute_secs are above epoch_secs.
    #[msg("report and dispute windows together are longer than an epoch; shorten one of them")]
    DisputeWindowTooLong,
    /// policy: score_secs is not above report_secs.
    #[msg("scoring window is not longer than the report window; lengthen it")]
    ScoringWindowTooShort,
    /// policy: score_secs is above 30 days and two epochs.
    #[msg("scoring window is longer than 30 days and than two epochs; shorten it")]
    ScoringWindowTooLong,
    /// create_network: uptime_weight_bps is more than 10,000.
    #[msg("uptime weight is above 10,000 basis points; choose 0 to 10,000, bandwidth has the rest")]
    UptimeWeightOutOfRange,
    /// create_network: min_uptime_bps is more than 10,000.
    #[msg("minimum uptime is above 10,000 basis points; choose 0 to 10,000")]
    MinUptimeOutOfRange,
    /// create_network: bandwidth_cap is 0 or all ones.
    #[msg("bandwidth cap is 0 or 4,294,967,295, which means not measured; choose a number between")]
    BandwidthCapOutOfRange,
    /// create_network: per_epoch_atoms is 0.
    #[msg("emission of an epoch is 0 atoms; choose at least 1")]
    EmissionZero,
    /// create_network: cap_atoms is below per_epoch_atoms.
    #[msg("supply cap is below the emission of one epoch; raise it")]
    CapBelowEmission,
    /// create_network: the mint could not mint all of cap_atoms.
    #[msg("supply cap and the mint's present supply together pass 2^64 - 1 atoms; lower the cap")]
    CapExceedsSupplyRoom,
    /// create_network: decay_bps is more than 10,000.
    #[msg("decay is above 10,000 basis points; choose 0 to 10,000")]
    DecayOutOfRange,
    /// create_network: decay_bps without decay_every_epochs, or the other way round.
    #[msg("decay needs both a size and a number of epochs; give both, or 0 for both")]
    DecayIncomplete,
    /// create_network: carry_epochs is more than 1,000.
    #[msg("carry is above 1,000 empty epochs; choose 0 to 1,000")]
    CarryOutOfRange,
    /// create_network: quorum is 0 or more than 16.
    #[msg("quorum is not within 1 and 16 oracles; choose one that is")]
    QuorumOutOfRange,
    /// create_network: shard_capacity is 0 or more than 600.
    #[msg("shard capacity is not within 1 and 600 slots; choose one that is")]
    ShardCapacityOutOfRange,

    /// The signer is not the network's authority.
    #[msg("signer is not the network's authority; sign with the authority")]
    AuthorityMismatch,
    /// add_oracle: the key is in the set.
    #[msg("oracle is in the set already; add another key")]
    OracleAlreadyAdded,
    /// add_oracle: the key is all zeros.
    #[msg("oracle key is all zeros, which nobody can sign for; give the oracle's ed25519 key")]
    OracleKeyZero,
    /// add_oracle: 16 oracles.
    #[msg("oracle set holds 16 oracles of epochs that are not closed; remove one and close its last epoch first")]
    OracleSetFull,
    /// add_oracle: a quorum that is half of the set or less.
    #[msg("quorum would not stay above half of the oracle set; add no more oracles than twice the quorum less one")]
    QuorumNotAboveHalf,
    /// The key is in no entry of the set.
    #[msg("oracle is not in the network's set; name one that is")]
    OracleUnknown,

    /// open_shard: the last shard has room.
    #[msg("last shard has not as many slots as it may have; register there")]
    ShardNotFull,
    /// open_shard: another index than the next one.
    #[msg("shard index is not the number of shards so far, or above 65,535; pass that number")]
    ShardIndexWrong,
    /// register_node: the shard has no room.
    #[msg("shard is full; register in the last shard, or open the next one")]
    ShardFull,
    /// An account of another network.
    #[msg("shard belongs to another network; pass a shard of this one")]
    ShardNetworkMismatch,
    /// A directory of another network.
    #[msg("directory belongs to another network; pass a directory of this one")]
    DirectoryNetworkMismatch,
    /// register_node: the device belongs into another directory.
    #[msg("directory is of another first byte; pass the one of the first byte of the device key")]
    DirectoryMismatch,
    /// register_node: the device is in the directory.
    #[msg("device is registered already; it has one slot in a network")]
    DeviceRegistered,
    /// The device is not in the directory.
    #[msg("device is not in this directory; pass the directory of its first byte, or register it")]
    DeviceUnknown,
    /// register_node: the network has a registrar that did not sign.
    #[msg("registration needs the signature of the network's registrar; have it co-sign")]
    RegistrarMissing,
    /// register_node: another account stands in the registrar's place.
    #[msg("registrar is not the one of the network; pass that one, or none if it has none")]
    RegistrarMismatch,

    /// submit_report: signed for another network or cluster.
    #[msg("report is signed for another domain; sign for the domain that the network's account shows")]
    DomainMismatch,
    /// submit_report: the data names another report than the accounts.
    #[msg("report account is not the one that the signed data names; pass that one")]
    ReportMismatch,
    /// A report of another network.
    #[msg("report belongs to another network; pass a report of this one")]
    ReportNetworkMismatch,
    /// submit_report: a relayed batch that could not be proven against.
    #[msg("relayed report has more than 280 slots; sign it in several batches, so that equivocation can be proven in one transaction")]
    RelayedReportTooLong,
    /// The report is of another shard.
    #[msg("report belongs to another shard; pass the report of this shard")]
    ReportShardMismatch,
    /// The report is of another oracle.
    #[msg("report belongs to another oracle; pass the reports of all active oracles, in the set's order")]
    ReportOracleMismatch,
    /// submit_report: the oracle doesn't measure this epoch.
    #[msg(
        "oracle is not active in this epoch; an oracle reports from the epoch after it was added until it is removed"
    )]
    OracleNotActive,
    /// The epoch is not over.
    #[msg("epoch has not ended; wait until it has")]
    EpochNotEnded,
    /// submit_report: too late.
    #[msg("report window of this epoch is closed; the next opens when the next epoch is over and open")]
    ReportWindowClosed,
    /// submit_report: the shard is scored for the epoch.
    #[msg("shard is already scored for this epoch; report the next one once it is open")]
    ReportAlreadyScored,
    /// submit_report: the measurements are no multiple of 6 bytes.
    #[msg("measurements are not a multiple of 6 bytes; send u32 bandwidth and u16 uptime for each slot")]
    MeasurementsMalformed,
    /// The slot is past the shard's end.
    #[msg("slot is past the shard's last one; name slots that have been registered")]
    SlotOutOfRange,
    /// submit_report: an uptime above 10,000 that is not all ones.
    #[msg("uptime is above 10,000 basis points; send 0 to 10,000, or 65,535 for not measured")]
    UptimeOutOfRange,
    /// submit_report: a total above the shard's slots.
    #[msg("report total is above the number of the shard's slots; count the slots that were measured")]
    ReportTotalOutOfRange,
    /// submit_report: a total that differs from that of the epoch's first batch.
    #[msg("report total differs from that of this epoch's earlier batches; send the same in each")]
    ReportTotalMismatch,
    /// submit_report: more slots than the total.
    #[msg("report holds more measured slots than its total; announce the number of all measured slots")]
    ReportTotalExceeded,
    /// submit_report: a second, other value for a slot.
    #[msg("measurement contradicts an earlier one for the same slot, and the first stands; send the same or none")]
    MeasurementContradicts,

    /// submit_report: neither the oracle's signature nor an ed25519 instruction.
    #[msg("report is not signed; the oracle signs the transaction, or pass the instructions sysvar to relay")]
    SignatureMissing,
    /// submit_report: relayed from inside another program.
    #[msg("relayed report is not a top-level instruction; send it in the transaction itself")]
    RelayNotTopLevel,
    /// submit_report: the instruction before is not ed25519.
    #[msg("instruction directly before the report is not an ed25519 check; put it there")]
    Ed25519InstructionMissing,
    /// submit_report: the ed25519 instruction has not exactly one signature in the expected layout.
    #[msg("ed25519 instruction is not one signature of 112 bytes with key at 16 and signature at 48; rebuild it")]
    Ed25519LayoutWrong,
    /// submit_report: the ed25519 instruction checks another key.
    #[msg("ed25519 instruction checks another key than the report's oracle; sign with the oracle's key")]
    Ed25519KeyMismatch,
    /// submit_report: the ed25519 instruction checks another message.
    #[msg("ed25519 instruction does not check exactly this instruction's data; point it there from 0 to its end")]
    Ed25519MessageMismatch,

    /// Another epoch than the open one.
    #[msg("epoch is not the open one; report and score the first epoch that is not closed")]
    EpochNotOpen,
    /// score_shard: already done.
    #[msg("shard is already scored for this epoch; nothing is left to do")]
    ShardAlreadyScored,
    /// score_shard: no node can earn.
    #[msg("no node of this shard can earn any more; nothing waits for it")]
    ShardDormant,
    /// score_shard: the scores before are not yet atoms.
    #[msg("shard has an epoch that is not settled; settle it first")]
    ShardNotSettled,
    /// score_shard: reports may still come.
    #[msg("reports of this shard are incomplete; wait for the rest or for the end of the report window")]
    ReportsIncomplete,
    /// score_shard: fewer reports than active oracles.
    #[msg("a report account is missing; pass those of all active oracles, in the set's order")]
    ReportAccountMissing,
    /// score_shard: more accounts than active oracles.
    #[msg("too many accounts; pass one report account for each active oracle, in the set's order")]
    ReportAccountExtra,
    /// close_epoch: a shard is missing.
    #[msg("a shard is not yet scored for this epoch; score it, or wait for the end of the scoring window")]
    ShardsNotScored,
    /// close_epoch: 32 epochs ago a shard was not settled.
    #[msg("epoch 32 before this one has unsettled shards; settle them first")]
    RingEntryUnsettled,
    /// settle_shard: the epoch has no rate yet.
    #[msg("epoch is not closed; close it first")]
    EpochNotClosed,
    /// settle_shard: nothing to do.
    #[msg("shard has nothing to settle; score the next epoch")]
    ShardAlreadySettled,
    /// The epoch's end is past the end of time.
    #[msg("epoch number is too large; name one whose end fits a 64-bit time")]
    EpochOutOfRange,

    /// claim: slots out of order or repeated.
    #[msg("slots are not in ascending order, each once; sort them")]
    SlotsNotAscending,
    /// claim: another owner's slot.
    #[msg("slot belongs to another owner; claim for one owner at a time")]
    SlotOwnerMismatch,
    /// claim: zero.
    #[msg("nothing to claim in these slots; settle the shard first, or wait for the next epoch")]
    NothingToClaim,
    /// claim: not the associated token account, and the owner did not sign.
    #[msg("destination is not the owner's associated token account; pass that one, or have the owner sign")]
    DestinationMismatch,
    /// claim: another mint.
    #[msg("mint is not the network's; pass the network's mint")]
    MintMismatch,
    /// claim, close_network: another account than the one that mints.
    #[msg("mint authority is not the one of the network; pass the address of the program for this mint")]
    MintAuthorityAccountMismatch,
    /// Another token program than the mint's.
    #[msg("token program is not the mint's; pass the program that owns the mint")]
    TokenProgramMismatch,

    /// An account of another version's layout.
    #[msg("account has another version than this program; migrate it, or use the program of that version")]
    AccountVersionWrong,
    /// policy: the bounds do not hold 10,000.
    #[msg("boost bounds do not include 10,000 basis points, which is no boost; widen them")]
    BoostBoundsWrong,
    /// policy: tolerance_bps is more than 10,000.
    #[msg("tolerance is above 10,000 basis points; choose 0 to 10,000")]
    ToleranceOutOfRange,
    /// create_network: the unit is empty or no text.
    #[msg("unit of bandwidth is not 1 to 16 printable characters filled up with zeros; name it, for example kbit/s")]
    UnitInvalid,
    /// policy: the mint limit is below an epoch's emission.
    #[msg("mint limit is below the emission of one epoch, so claims would fall behind; raise it, or pass 0 for none")]
    MintLimitTooLow,
    /// create_network, close_network: another account than the mint's first network.
    #[msg("first network is not network 0 of this mint; pass that one")]
    FirstNetworkMismatch,
    /// create_network: the first network can't hand over as much.
    #[msg("supply cap is above what the first network of the mint has left beyond its epochs that have begun; lower it, or close those epochs first")]
    CapExceedsShare,
    /// update_policy: the epoch is under way or past.
    #[msg("policy would change an epoch that has begun; name the next epoch or a later one")]
    PolicyEpochBegun,
    /// update_policy: a replacement has begun and is not in force.
    #[msg("an earlier policy change has begun and epochs before it are not closed; close them first")]
    PolicyPending,
    /// pause: nothing to do.
    #[msg("network is already paused; nothing is left to do")]
    AlreadyPaused,
    /// pause: the guardian paused a short time ago.
    #[msg("last pause of the guardian ended less than 7 days ago; wait, or have the authority pause")]
    GuardianPausedLately,
    /// resume: nothing to do.
    #[msg("network is not paused; nothing is left to do")]
    NotPaused,
    /// pause: neither guardian nor authority.
    #[msg("signer is neither the network's guardian nor its authority; sign with one of them")]
    GuardianMismatch,
    /// accept_authority: another signer than the one proposed.
    #[msg("signer is not the proposed authority; have the authority propose it first")]
    PendingAuthorityMismatch,
    /// submit_report, commit_evidence: the network is paused.
    #[msg("reports are paused; send the same again after the pause, the report window begins then")]
    ReportsPaused,
    /// score_shard, close_epoch: the network is paused.
    #[msg("scoring is paused; score after the pause, the window begins then")]
    ScoringPaused,
    /// claim: the network is paused.
    #[msg("claims are paused; claim after the pause, nothing is lost")]
    ClaimsPaused,
    /// claim: past what may be minted in an epoch's length of time.
    #[msg("mint limit of this epoch is used up; claim again in the next epoch, nothing is lost")]
    MintLimitReached,
    /// The oracle signed two values for one slot.
    #[msg("oracle was suspended for signing two values for one slot; use another key")]
    OracleSuspended,
    /// withdraw_bond: the oracle measures, or did a moment ago.
    #[msg("bond is held until an epoch is closed that the oracle did not measure; close it first")]
    BondHeld,
    /// Another account than the recorded payer.
    #[msg("payer is not the one that paid the rent or bond; pass the account that is recorded")]
    PayerMismatch,
    /// The account that is paid back would be below the rent of an empty one.
    #[msg("account that is paid back is empty and could not exist with that little; send it the rent of an empty account first")]
    PayerEmpty,
    /// Rent has risen since the account was paid for.
    #[msg("account would hold less than the present rent of its size; send it the difference first")]
    RentMissing,
    /// prove_equivocation: a signed message is no report.
    #[msg("signed message is not the data of a submit_report; pass two reports as they were signed")]
    StatementMalformed,
    /// prove_equivocation: the two do not contradict.
    #[msg("statements do not contradict: they need the same report and epoch, and a slot with two different values")]
    NotEquivocation,
    /// commit_evidence: a second, other hash.
    #[msg("evidence contradicts an earlier hash for the same epoch, and the first stands; send the same or none")]
    EvidenceContradicts,
    /// judge_shard: the shard has no scores of this epoch.
    #[msg("shard has no scores of this epoch; name the last one that it was scored for")]
    ShardNotScored,
    /// judge_shard: already done.
    #[msg("shard is already judged for this epoch; nothing is left to do")]
    ShardAlreadyJudged,
    /// settle_shard: the epoch's scores may still be voided.
    #[msg("epoch's dispute window is open; settle once it is over")]
    DisputeWindowOpen,
    /// void_score: too late, or the epoch has no dispute window.
    #[msg("epoch's dispute window is closed, or it has none; its scores stand")]
    DisputeWindowClosed,
    /// void_score: not the arbiter.
    #[msg("signer is not the arbiter of the epoch's policy; sign with that key")]
    ArbiterMismatch,
    /// void_score: already done.
    #[msg("slot's score is already voided; nothing is left to void")]
    ScoreAlreadyVoided,
    /// void_score: a slot that earned nothing.
    #[msg("slot has no score in the epoch; name one that has")]
    SlotNotScored,
    /// A split's recipients: none, or more than 8, or not as many shares.
    #[msg(
        "split has no recipient, more than 8 of them, or not as many shares; pass 1 to 8 wallets and a share for each"
    )]
    RecipientsOutOfRange,
    /// A split's recipients: the same twice.
    #[msg("split names a recipient twice; add its shares up")]
    RecipientDuplicate,
    /// A split's recipients: a split, another account of the program, or all zeros.
    #[msg(
        "recipient is a split or another account of this program, or all zeros, and could spend nothing; name wallets"
    )]
    RecipientRefused,
    /// A split's recipients: shares.
    #[msg("shares of the split are 0, or don't sum to 10,000 basis points; make them")]
    SharesWrong,
    /// update_split, close_split: not the authority, or there is none for ever.
    #[msg("signer is not the split's authority; sign with that key, and if it has none, it never changes")]
    SplitAuthorityMismatch,
    /// close_split: it owns nodes.
    #[msg("split owns nodes; transfer or close them first")]
    SplitInUse,
    /// claim: the owner is a split.
    #[msg("owner is a split; use claim_split, which pays its recipients")]
    OwnerIsSplit,
    /// claim_split: token accounts that are not the recipients'.
    #[msg("token accounts are not the recipients' associated ones, in the split's order; pass exactly those")]
    RecipientAccountsWrong,
    /// claim_split: a token account is not open.
    #[msg("recipient's associated token account is not open; open it, anybody can")]
    RecipientAccountMissing,
    /// A node's owner can't be an account of this program, but for a split.
    #[msg("owner is an account of this program and no split; name a wallet or a split")]
    OwnerRefused,
    /// close_node: another account than the node's owner.
    #[msg("account is not the node's owner; pass the one that its slot names")]
    NodeOwnerMismatch,
    /// A node of another shard.
    #[msg("node's slot is in another shard; pass that shard")]
    NodeShardMismatch,
    /// The signer is not the slot's owner.
    #[msg("signer is not the node's owner; sign with the owner's key")]
    OwnerMismatch,
    /// retire_node: neither owner nor registrar.
    #[msg("signer is neither the node's owner nor the network's registrar; sign with one of them")]
    RetirerMismatch,
    /// retire_node, void_score: the registrar or arbiter gives no reason.
    #[msg("eviction or voiding has no reason; say why in up to 32 bytes")]
    ReasonMissing,
    /// The node has retired.
    #[msg("node is retired; register the device again once its slot is closed")]
    NodeRetired,
    /// close_node: the node is live.
    #[msg("node is not retired; its owner or the registrar retires it first")]
    NodeNotRetired,
    /// close_node: epochs that count are not closed.
    #[msg("node still earns from epochs that are not closed; close them first")]
    NodeStillEarns,
    /// close_node: atoms have accrued.
    #[msg("node's slot has accrued atoms; claim them first, anybody can")]
    NodeOwed,
    /// set_boost: outside the policy's bounds.
    #[msg("boost is outside the bounds of the network's policy; choose one within")]
    BoostOutOfRange,
    /// The last boost has begun and epochs before it are not closed.
    #[msg("start or earlier boost of the node has begun and epochs before it are not closed; close them first")]
    BoostPending,
    /// register_node: the slot has a tenant.
    #[msg("slot has a tenant; name a vacant one, or none to add a slot")]
    SlotTaken,
    /// shrink_shard: the last slot has a tenant.
    #[msg("last slot of the shard has a tenant; nothing is left to shrink")]
    SlotNotVacant,
    /// shrink_shard: the epoch in which the slot was vacated is not closed.
    #[msg("slot was vacated in an epoch that is not closed, and reports of it may be on their way; close it first")]
    SlotVacatedLately,
    /// close_shard: another shard is behind it.
    #[msg("shard is not the last one of the network; pass that one")]
    ShardNotLast,
    /// close_shard: it has slots or reports.
    #[msg("shard has slots or open reports; close its nodes, shrink it and close its reports first")]
    ShardNotEmpty,
    /// close_directory: devices are left.
    #[msg("directory has devices; close their nodes first")]
    DirectoryNotEmpty,
    /// close_shard: it takes part in an epoch that is not closed.
    #[msg("shard is scored for the open epoch; close that epoch first")]
    ShardInUse,
    /// close_report: its oracle measures.
    #[msg(
        "report's oracle measures, or its bond is held; remove it, close its last epoch and withdraw the bond first"
    )]
    ReportInUse,
    /// close_network: something is left.
    #[msg("network has shards, directories, bonds or other networks of its mint; close those first")]
    NetworkNotEmpty,
}
