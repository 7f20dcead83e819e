//! What a verification has to say.

use solana_address::Address;
use std::fmt;

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The epoch as a whole.
    Epoch,
    /// A shard, by its index.
    Shard(u32),
    /// A slot of a shard.
    Slot(u32, u16),
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Epoch => write!(formatter, "epoch"),
            Self::Shard(shard) => write!(formatter, "shard {shard}"),
            Self::Slot(shard, slot) => write!(formatter, "shard {shard}, slot {slot}"),
        }
    }
}

/// A number in an account that is not the one that it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Where.
    pub place: Place,
    /// Which number.
    pub what: &'static str,
    /// What the account says.
    pub found: String,
    /// What it is when rebuilt.
    pub rebuilt: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, what, found, rebuilt } = self;
        write!(formatter, "{place}: {what} is {found}, rebuilt {rebuilt}")
    }
}

/// Something that the accounts no longer hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Where.
    pub place: Place,
    /// Why.
    pub reason: GapReason,
}

impl fmt::Display for Gap {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place, self.reason)
    }
}

/// Why something could not be rebuilt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GapReason {
    /// The shard's slots hold another epoch.
    #[error("slots hold epoch {scored_epoch} by now, so neither scores nor rewards can be rebuilt")]
    ScoredSince {
        /// The epoch that they hold.
        scored_epoch: u32,
    },
    /// The shard had nodes that could earn, and took no part in the epoch.
    #[error("was not scored for this epoch and brought nothing")]
    NotScored,
    /// A report holds another epoch.
    #[error("report of oracle {oracle} holds epoch {epoch} by now; scores are rebuilt from the medians in the slots")]
    ReportOverwritten {
        /// The oracle.
        oracle: Address,
        /// The epoch that it holds.
        epoch: u32,
    },
    /// A report was closed, if there was one.
    #[error("report of oracle {oracle} is not there, and may have been closed; scores are rebuilt from the medians in the slots")]
    ReportGone {
        /// The oracle.
        oracle: Address,
    },
    /// A report counted, though its oracle was removed from this epoch on.
    #[error("scored with the report of oracle {oracle}, which was removed at once afterwards")]
    RemovedSince {
        /// The oracle.
        oracle: Address,
    },
    /// The set of oracles is not that of the epoch.
    #[error(
        "oracle {oracle} was added after this epoch, maybe in the place of one that measured it; scores are rebuilt from \
         the medians in the slots"
    )]
    OracleSetChanged {
        /// The oracle.
        oracle: Address,
    },
    /// The arbiter took the score away.
    #[error("was voided by the arbiter; it had scored {score}")]
    Voided {
        /// What the measurements come to.
        score: u32,
    },
    /// The slot was made vacant.
    #[error("was vacated since, so its score can't be rebuilt")]
    Vacated,
    /// The slot was taken.
    #[error("got a tenant since, so the score of the one before can't be rebuilt")]
    TakenSince,
    /// The slot has another boost.
    #[error("boost was replaced since; the score is that of a boost of {boost_bps} basis points")]
    BoostReplaced {
        /// The boost that gives the score.
        boost_bps: u16,
    },
    /// Slots are gone.
    #[error("slots were taken off its end since, so their scores can't be rebuilt")]
    Shrunk,
    /// Shards may be gone.
    #[error("total score is above that of all shards; one may have been closed since")]
    ShardClosed,
    /// The schedule of the epoch is not in the network any more.
    #[error("emission schedule of this epoch was replaced, so its emission can't be rebuilt")]
    ScheduleReplaced,
    /// The epochs before it have left the ring.
    #[error("epochs without a score before this one have left the ring, so what they carried can't be rebuilt")]
    CarryUnknown,
    /// The cap may have cut the epoch's emission.
    #[error("supply cap is reached or was shared, so what was left for this epoch can't be rebuilt")]
    CapReached,
}
