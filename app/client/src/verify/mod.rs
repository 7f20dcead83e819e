//! An epoch of the ring rebuilt from accounts alone, with the program's own arithmetic, and compared slot by slot.
//!
//! What is rebuilt follows from what stands before it, never from a number that is itself compared: medians from the
//! reports, scores from these medians, totals from these scores, the rate from this total, rewards from this rate. So one
//! wrong number is one mismatch.
//!
//! Accounts keep the newest only: a report holds one epoch, a slot its last scores, the ring 32 epochs. What an older epoch
//! can't be rebuilt from any more is a [`Gap`], and never passes for a match.

mod finding;
mod reports;
mod ring;
mod shard;

pub use finding::{Gap, GapReason, Mismatch, Place};
pub use shard::RebuiltShard;

use crate::{
    ledger::Accounts,
    reader::{ReadError, Reader},
};
use solana_address::Address;
use stipend::{
    constants::RING_EPOCHS,
    math::score::Reason,
    state::{ClosedEpoch, Network},
};

/// Shards that are held in memory with their reports.
const SHARDS_AT_ONCE: u32 = 32;

/// Why an epoch can't be verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// An account is not there, or can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The epoch is still to be closed.
    #[error("epoch {epoch} is not closed; the first that is not is {open_epoch}")]
    NotClosed {
        /// The epoch.
        epoch: u32,
        /// The network's open epoch.
        open_epoch: u32,
    },
    /// The ring has gone on.
    #[error("epoch {epoch} has left the ring, which keeps the last {RING_EPOCHS}; the oldest is {oldest}")]
    LeftRing {
        /// The epoch.
        epoch: u32,
        /// The first epoch of the ring.
        oldest: u32,
    },
    /// The network's rules are none.
    #[error("epoch {epoch} has rules that no network has; the account was changed")]
    RulesMalformed {
        /// The epoch.
        epoch: u32,
    },
    /// A report is not as long as the program makes it.
    #[error("report of oracle {oracle} has {entries} entries for {slots} slots; the account was changed")]
    ReportMalformed {
        /// The oracle.
        oracle: Address,
        /// What it measures at most.
        entries: usize,
        /// What its shard has.
        slots: usize,
    },
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Verification {
    /// The epoch, as the ring has it.
    pub closed: ClosedEpoch,
    /// Every shard, by index.
    pub shards: Vec<RebuiltShard>,
    /// Where accounts and arithmetic differ.
    pub mismatches: Vec<Mismatch>,
    /// What could not be rebuilt, and why.
    pub gaps: Vec<Gap>,
}

/// The place of a closed epoch in the ring.
///
/// Errors: [`VerifyError::NotClosed`], [`VerifyError::LeftRing`].
pub fn closed_epoch(network: &Network, epoch: u32) -> Result<ClosedEpoch, VerifyError> {
    let open_epoch = network.open_epoch;
    if epoch >= open_epoch {
        return Err(VerifyError::NotClosed { epoch, open_epoch });
    }
    let oldest = open_epoch.saturating_sub(RING_EPOCHS as u32);
    ring_entry(network, epoch).ok_or(VerifyError::LeftRing { epoch, oldest })
}

/// The ring's entry of an epoch, if it has one.
pub fn ring_entry(network: &Network, epoch: u32) -> Option<ClosedEpoch> {
    network.ring.get(epoch as usize % RING_EPOCHS).copied().filter(|closed| closed.epoch == epoch)
}

/// Rebuilds a closed epoch of a network, and compares.
pub fn verify<A: Accounts>(accounts: &mut A, address: &Address, epoch: u32) -> Result<Verification, VerifyError> {
    let mut reader = Reader::new(accounts, *address);
    let network = reader.network()?;
    let closed = closed_epoch(&network, epoch)?;
    let mut found = Verification { closed, shards: Vec::new(), mismatches: Vec::new(), gaps: Vec::new() };
    let rules = with_rules_in_force(&network, closed);
    for first in (0..network.shard_count).step_by(SHARDS_AT_ONCE as usize) {
        let last = network.shard_count.min(first.saturating_add(SHARDS_AT_ONCE));
        let states = reader.shards_of(first..last)?;
        let reports = reports::of_shards(&mut reader, &network, &states, epoch)?;
        for (state, reports) in states.iter().zip(&reports) {
            let rebuilt = shard::rebuild(&rules, network.open_epoch, state, reports, &mut found)?;
            found.shards.push(rebuilt);
        }
    }
    ring::check(&network, &mut found);
    Ok(found)
}

/// The epoch by the rules of its policy, which the ring repeats, where that is still in force.
fn with_rules_in_force(network: &Network, closed: ClosedEpoch) -> ClosedEpoch {
    let policy = &network.policy;
    if policy.from_epoch > closed.epoch {
        return closed;
    }
    ClosedEpoch {
        bandwidth_cap: policy.bandwidth_cap,
        uptime_weight_bps: policy.uptime_weight_bps,
        min_uptime_bps: policy.min_uptime_bps,
        uptime_mode: policy.uptime_mode,
        max_reward_atoms: policy.max_reward_atoms,
        min_boost_bps: policy.min_boost_bps,
        max_boost_bps: policy.max_boost_bps,
        quorum: policy.quorum,
        ..closed
    }
}

impl Verification {
    fn differs(&mut self, place: Place, what: &'static str, found: impl ToString, rebuilt: impl ToString) {
        let (found, rebuilt) = (found.to_string(), rebuilt.to_string());
        self.mismatches.push(Mismatch { place, what, found, rebuilt });
    }

    fn compare<T: PartialEq + ToString>(&mut self, place: Place, what: &'static str, found: T, rebuilt: T) {
        if found != rebuilt {
            self.differs(place, what, found, rebuilt);
        }
    }

    fn misses(&mut self, place: Place, reason: GapReason) {
        self.gaps.push(Gap { place, reason });
    }
}

/// A reason as files and options write it: `no_uptime_quorum`.
pub fn reason_name(reason: Reason) -> &'static str {
    match reason {
        Reason::None => "none",
        Reason::Scored => "scored",
        Reason::Capped => "capped",
        Reason::NoBandwidthQuorum => "no_bandwidth_quorum",
        Reason::BelowMinimumUptime => "below_minimum_uptime",
        Reason::NoUptimeQuorum => "no_uptime_quorum",
        Reason::NotActiveYet => "not_active_yet",
        Reason::Retired => "retired",
        Reason::Voided => "voided",
    }
}
