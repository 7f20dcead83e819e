//! What the suite looks at: every instruction has its file, and every error is asserted or is said to be out of reach.

use anchor_lang::Discriminator;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};
use stipend::error::StipendError;

/// How an error is covered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cover {
    /// Some test asserts it.
    Asserted,
    /// No test can, for this reason.
    #[allow(dead_code, reason = "every error is within reach so far")]
    OutOfReach(&'static str),
}
use Cover::Asserted;

/// Lists every error in the order of its number; one that is missing here does not compile.
macro_rules! errors {
    ($($variant:ident: $cover:expr,)*) => {
        const ERRORS: &[(&str, StipendError, Cover)] =
            &[$((stringify!($variant), StipendError::$variant, $cover)),*];

        #[allow(dead_code, reason = "it only has to compile")]
        fn is_listed(error: StipendError) {
            match error {
                $(StipendError::$variant => (),)*
            }
        }
    };
}

errors! {
    ArithmeticOverflow: Asserted,
    InvariantBroken: Asserted,
    AccountSizeWrong: Asserted,
    NetworkIdNotFirst: Asserted,
    MintAuthorityMismatch: Asserted,
    MintHasFreezeAuthority: Asserted,
    MintExtensionRefused: Asserted,
    GenesisInPast: Asserted,
    GenesisTooFar: Asserted,
    EpochLengthOutOfRange: Asserted,
    ReportWindowEmpty: Asserted,
    ReportWindowTooLong: Asserted,
    DisputeWindowTooLong: Asserted,
    ScoringWindowTooShort: Asserted,
    ScoringWindowTooLong: Asserted,
    UptimeWeightOutOfRange: Asserted,
    MinUptimeOutOfRange: Asserted,
    BandwidthCapOutOfRange: Asserted,
    EmissionZero: Asserted,
    CapBelowEmission: Asserted,
    CapExceedsSupplyRoom: Asserted,
    DecayOutOfRange: Asserted,
    DecayIncomplete: Asserted,
    CarryOutOfRange: Asserted,
    QuorumOutOfRange: Asserted,
    ShardCapacityOutOfRange: Asserted,
    AuthorityMismatch: Asserted,
    OracleAlreadyAdded: Asserted,
    OracleKeyZero: Asserted,
    OracleSetFull: Asserted,
    QuorumNotAboveHalf: Asserted,
    OracleUnknown: Asserted,
    ShardNotFull: Asserted,
    ShardIndexWrong: Asserted,
    ShardFull: Asserted,
    ShardNetworkMismatch: Asserted,
    DirectoryNetworkMismatch: Asserted,
    DirectoryMismatch: Asserted,
    DeviceRegistered: Asserted,
    DeviceUnknown: Asserted,
    RegistrarMissing: Asserted,
    RegistrarMismatch: Asserted,
    DomainMismatch: Asserted,
    ReportMismatch: Asserted,
    ReportNetworkMismatch: Asserted,
    RelayedReportTooLong: Asserted,
    ReportShardMismatch: Asserted,
    ReportOracleMismatch: Asserted,
    OracleNotActive: Asserted,
    EpochNotEnded: Asserted,
    ReportWindowClosed: Asserted,
    ReportAlreadyScored: Asserted,
    MeasurementsMalformed: Asserted,
    SlotOutOfRange: Asserted,
    UptimeOutOfRange: Asserted,
    ReportTotalOutOfRange: Asserted,
    ReportTotalMismatch: Asserted,
    ReportTotalExceeded: Asserted,
    MeasurementContradicts: Asserted,
    SignatureMissing: Asserted,
    RelayNotTopLevel: Asserted,
    Ed25519InstructionMissing: Asserted,
    Ed25519LayoutWrong: Asserted,
    Ed25519KeyMismatch: Asserted,
    Ed25519MessageMismatch: Asserted,
    EpochNotOpen: Asserted,
    ShardAlreadyScored: Asserted,
    ShardDormant: Asserted,
    ShardNotSettled: Asserted,
    ReportsIncomplete: Asserted,
    ReportAccountMissing: Asserted,
    ReportAccountExtra: Asserted,
    ShardsNotScored: Asserted,
    RingEntryUnsettled: Asserted,
    EpochNotClosed: Asserted,
    ShardAlreadySettled: Asserted,
    EpochOutOfRange: Asserted,
    SlotsNotAscending: Asserted,
    SlotOwnerMismatch: Asserted,
    NothingToClaim: Asserted,
    DestinationMismatch: Asserted,
    MintMismatch: Asserted,
    MintAuthorityAccountMismatch: Asserted,
    TokenProgramMismatch: Asserted,
    AccountVersionWrong: Asserted,
    BoostBoundsWrong: Asserted,
    ToleranceOutOfRange: Asserted,
    UnitInvalid: Asserted,
    MintLimitTooLow: Asserted,
    FirstNetworkMismatch: Asserted,
    CapExceedsShare: Asserted,
    PolicyEpochBegun: Asserted,
    PolicyPending: Asserted,
    AlreadyPaused: Asserted,
    GuardianPausedLately: Asserted,
    NotPaused: Asserted,
    GuardianMismatch: Asserted,
    PendingAuthorityMismatch: Asserted,
    ReportsPaused: Asserted,
    ScoringPaused: Asserted,
    ClaimsPaused: Asserted,
    MintLimitReached: Asserted,
    OracleSuspended: Asserted,
    BondHeld: Asserted,
    PayerMismatch: Asserted,
    PayerEmpty: Asserted,
    RentMissing: Asserted,
    StatementMalformed: Asserted,
    NotEquivocation: Asserted,
    EvidenceContradicts: Asserted,
    ShardNotScored: Asserted,
    ShardAlreadyJudged: Asserted,
    DisputeWindowOpen: Asserted,
    DisputeWindowClosed: Asserted,
    ArbiterMismatch: Asserted,
    ScoreAlreadyVoided: Asserted,
    SlotNotScored: Asserted,
    RecipientsOutOfRange: Asserted,
    RecipientDuplicate: Asserted,
    RecipientRefused: Asserted,
    SharesWrong: Asserted,
    SplitAuthorityMismatch: Asserted,
    SplitInUse: Asserted,
    OwnerIsSplit: Asserted,
    RecipientAccountsWrong: Asserted,
    RecipientAccountMissing: Asserted,
    OwnerRefused: Asserted,
    NodeOwnerMismatch: Asserted,
    NodeShardMismatch: Asserted,
    OwnerMismatch: Asserted,
    RetirerMismatch: Asserted,
    ReasonMissing: Asserted,
    NodeRetired: Asserted,
    NodeNotRetired: Asserted,
    NodeStillEarns: Asserted,
    NodeOwed: Asserted,
    BoostOutOfRange: Asserted,
    BoostPending: Asserted,
    SlotTaken: Asserted,
    SlotNotVacant: Asserted,
    SlotVacatedLately: Asserted,
    ShardNotLast: Asserted,
    ShardNotEmpty: Asserted,
    DirectoryNotEmpty: Asserted,
    ShardInUse: Asserted,
    ReportInUse: Asserted,
    NetworkNotEmpty: Asserted,
}

/// Lists every instruction by its arguments; [`every_instruction_has_a_file_of_tests`] compares it with the program's own list.
macro_rules! instructions {
    ($($instruction:ident { $($field:ident),* }: $name:ident,)*) => {
        /// Names and discriminators of the instructions.
        pub const INSTRUCTIONS: &[(&str, &[u8])] =
            &[$((stringify!($name), stipend::instruction::$instruction::DISCRIMINATOR)),*];

        #[allow(dead_code, reason = "it only has to compile: an argument that is missing here does not")]
        fn have_arguments() {
            $(let _ = |args: stipend::instruction::$instruction| {
                let stipend::instruction::$instruction { $($field: _),* } = args;
            };)*
        }
    };
}

instructions! {
    SubmitReport { domain, report, epoch, total, first_slot, measurements }: submit_report,
    CreateNetwork { params }: create_network,
    CloseNetwork {}: close_network,
    ProposeAuthority { new_pending }: propose_authority,
    AcceptAuthority {}: accept_authority,
    SetGuardian { new_guardian }: set_guardian,
    Pause {}: pause,
    Resume {}: resume,
    UpdatePolicy { from_epoch, params, emission }: update_policy,
    AddOracle { oracle }: add_oracle,
    RemoveOracle { oracle, at_once }: remove_oracle,
    ProveEquivocation { is_recorded }: prove_equivocation,
    WithdrawBond { oracle }: withdraw_bond,
    OpenShard { index }: open_shard,
    ShrinkShard {}: shrink_shard,
    CloseShard {}: close_shard,
    OpenReport { oracle }: open_report,
    CloseReport {}: close_report,
    OpenDirectory { first_byte }: open_directory,
    CloseDirectory {}: close_directory,
    RegisterNode { vacant }: register_node,
    TransferNode { device }: transfer_node,
    SetBoost { device, boost_bps }: set_boost,
    RetireNode { device, reason }: retire_node,
    CloseNode { device }: close_node,
    CommitEvidence { domain, report, epoch, evidence }: commit_evidence,
    ScoreShard { epoch }: score_shard,
    JudgeShard { epoch }: judge_shard,
    CloseEpoch {}: close_epoch,
    SettleShard {}: settle_shard,
    Claim { slots }: claim,
    ClaimSplit { slots, bumps }: claim_split,
    CreateSplit { id, authority, shares_bps }: create_split,
    UpdateSplit { new_authority, shares_bps }: update_split,
    CloseSplit {}: close_split,
    VoidScore { slot, reason }: void_score,
}

fn here() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests"))
}

/// The text of every file of the suite but this one.
fn suite() -> String {
    fn read(folder: &Path, text: &mut String) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, text);
            } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("coverage.rs") {
                text.push_str(&fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut text = String::new();
    read(&here(), &mut text);
    text
}

/// Whether `name` stands in the text as a whole word behind `StipendError::`.
fn is_asserted(text: &str, name: &str) -> bool {
    let wanted = format!("StipendError::{name}");
    text.match_indices(&wanted)
        .any(|(at, _)| !text[at + wanted.len()..].starts_with(|next: char| next.is_alphanumeric()))
}

/// Names of the program's instructions, from its own list of them.
pub fn instructions() -> BTreeSet<String> {
    let lib = concat!(env!("CARGO_MANIFEST_DIR"), "/../programs/stipend/src/lib.rs");
    let text = fs::read_to_string(lib).unwrap();
    let (_, program) = text.split_once("#[program]").unwrap();
    program.split("pub fn ").skip(1).map(|rest| rest.split(['(', '<']).next().unwrap().trim().to_owned()).collect()
}

#[test]
fn every_error_is_asserted_by_some_test_or_out_of_reach() {
    let suite = suite();
    let wrong: Vec<_> = ERRORS
        .iter()
        .filter(|(name, _, cover)| is_asserted(&suite, name) != (*cover == Asserted))
        .map(|e| e.0)
        .collect();
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn every_error_keeps_its_number() {
    for (number, (name, error, _)) in ERRORS.iter().enumerate() {
        assert_eq!(*error as usize, number, "{name}");
        assert_eq!(u32::from(*error), 6_000 + number as u32, "{name}");
    }
}

#[test]
fn every_instruction_has_a_file_of_tests() {
    let instructions = instructions();
    assert_eq!(instructions, INSTRUCTIONS.iter().map(|(name, _)| (*name).to_owned()).collect());
    let main = fs::read_to_string(here().join("main.rs")).unwrap();
    let suite = suite();
    for instruction in instructions {
        assert!(main.contains(&format!("mod {instruction};")), "{instruction} is not in main.rs");
        assert!(suite.contains(&format!("#[test]\nfn {instruction}_")), "no test bears the name of {instruction}");
    }
}
