//! What a crank does, and what became of it.

use crate::ledger::{LedgerError, Receipt};
use solana_address::Address;
use stipend::error::StipendError;

/// Refusals that say no more than that the accounts have changed since they were read: another crank was faster, the network
/// was paused, an epoch ended.
const OUTRUN: [StipendError; 15] = [
    StipendError::ShardAlreadyScored,
    StipendError::ShardDormant,
    StipendError::ShardAlreadyJudged,
    StipendError::ShardAlreadySettled,
    StipendError::ShardNotSettled,
    StipendError::ShardNotScored,
    StipendError::ShardsNotScored,
    StipendError::EpochNotOpen,
    StipendError::EpochNotEnded,
    StipendError::EpochNotClosed,
    StipendError::ReportsIncomplete,
    StipendError::NothingToClaim,
    StipendError::ScoringPaused,
    StipendError::ClaimsPaused,
    StipendError::MintLimitReached,
];

/// One transaction of a crank. Shards are named by their index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Task {
    /// Turns a shard's scores into atoms.
    Settle {
        /// The shard.
        shard: u32,
        /// The closed epoch of the scores.
        epoch: u32,
    },
    /// Scores a shard.
    Score {
        /// The shard.
        shard: u32,
        /// The open epoch.
        epoch: u32,
    },
    /// Closes the open epoch, and those behind it that can be closed.
    Close {
        /// The open epoch.
        epoch: u32,
    },
    /// Compares a shard's reports with the medians.
    Judge {
        /// The shard.
        shard: u32,
        /// The last one that it was scored for.
        epoch: u32,
    },
    /// Opens an oracle's report of a shard.
    OpenReport {
        /// The shard.
        shard: u32,
        /// The oracle's key.
        oracle: Address,
    },
    /// Has an owner paid for slots of a shard.
    Claim {
        /// The shard.
        shard: u32,
        /// Who is paid.
        owner: Address,
        /// The first of the slots.
        first_slot: u16,
    },
}

impl Task {
    /// What it is, in one word.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Settle { .. } => "settle",
            Self::Score { .. } => "score",
            Self::Close { .. } => "close",
            Self::Judge { .. } => "judge",
            Self::OpenReport { .. } => "open_report",
            Self::Claim { .. } => "claim",
        }
    }

    /// The shard that it is about.
    pub fn shard(&self) -> Option<u32> {
        match *self {
            Self::Settle { shard, .. }
            | Self::Score { shard, .. }
            | Self::Judge { shard, .. }
            | Self::OpenReport { shard, .. }
            | Self::Claim { shard, .. } => Some(shard),
            Self::Close { .. } => None,
        }
    }

    /// The names of all tasks.
    pub const NAMES: [&'static str; 6] = ["settle", "score", "close", "judge", "open_report", "claim"];
}

/// What is done, as a log says it.
impl std::fmt::Display for Task {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Settle { shard, epoch } => write!(formatter, "settle shard {shard} for epoch {epoch}"),
            Self::Score { shard, epoch } => write!(formatter, "score shard {shard} for epoch {epoch}"),
            Self::Close { epoch } => write!(formatter, "close epoch {epoch}"),
            Self::Judge { shard, epoch } => write!(formatter, "judge the reports of shard {shard} and epoch {epoch}"),
            Self::OpenReport { shard, oracle } => write!(formatter, "open the report of shard {shard} by {oracle}"),
            Self::Claim { shard, owner, first_slot } => {
                write!(formatter, "claim for {owner} in shard {shard} from slot {first_slot} on")
            }
        }
    }
}

/// What became of a task.
#[derive(Debug)]
pub enum Outcome {
    /// It landed.
    Done(Receipt),
    /// It was refused, because the accounts are not any more as they were read. That is no failure.
    Outrun(LedgerError),
    /// It was refused for another reason.
    Refused(LedgerError),
    /// Nothing is known of the task itself: the cluster is lost, or the payer has no lamports.
    Lost(LedgerError),
}

impl Outcome {
    pub(super) fn new(task: &Task, result: Result<Receipt, LedgerError>) -> Self {
        match result {
            Ok(receipt) => Self::Done(receipt),
            Err(
                error @ (LedgerError::NoFunds { .. } | LedgerError::Unreachable { .. } | LedgerError::Unknown { .. }),
            ) => Self::Lost(error),
            Err(error @ LedgerError::Refused { code: Some(code), .. }) if is_unpaid(task, code) => Self::Lost(error),
            Err(error @ LedgerError::Refused { code: Some(code), .. }) if is_outrun(task, code) => Self::Outrun(error),
            Err(error) => Self::Refused(error),
        }
    }
}

/// The system program's: who pays has too few lamports for a rent.
fn is_unpaid(task: &Task, code: u32) -> bool {
    matches!(task, Task::OpenReport { .. } | Task::Claim { .. }) && code == 1
}

fn is_outrun(task: &Task, code: u32) -> bool {
    // The system program's: the account is in use.
    let is_open = matches!(task, Task::OpenReport { .. }) && code == 0;
    is_open || OUTRUN.into_iter().any(|error| u32::from(error) == code)
}
