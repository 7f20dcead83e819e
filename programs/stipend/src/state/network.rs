//! One DePIN: its mint, oracles, rules, and the epoch that is being settled.

use super::{Emission, OracleSet, Tail};
use crate::{
    check::OrRefuse,
    constants::*,
    ensure, ensure_that,
    error::StipendError,
    math::{reward::Rate, schedule::Schedule, score::ScoringRules},
};
use anchor_lang::{prelude::*, Discriminator};

/// A network: `["network", mint, id]`.
#[account(zero_copy)]
#[derive(Debug)]
#[repr(C)]
pub struct Network {
    /// Layout of this account.
    pub version: u8,
    /// Bump of this account's address.
    pub bump: u8,
    /// Bump of the mint authority's address.
    pub mint_authority_bump: u8,
    /// Oracles that must have measured a value for it to count.
    pub quorum: u8,
    /// Number among the networks of the mint.
    pub id: u16,
    /// Slots of each shard.
    pub shard_capacity: u16,
    /// Who sets the rules and the oracles.
    pub authority: Pubkey,
    /// Who co-signs registrations; all zeros for nobody.
    pub registrar: Pubkey,
    /// The mint of the rewards.
    pub mint: Pubkey,
    /// The token program that the mint belongs to.
    pub token_program: Pubkey,
    /// In every signed report: a signature for one cluster is worth nothing on another.
    pub domain: [u8; 8],
    /// Unix seconds at which epoch 0 begins.
    pub genesis: i64,
    /// Length of an epoch.
    pub epoch_secs: u32,
    /// From an epoch's end, how long its reports are taken.
    pub report_secs: u32,
    /// From an epoch's end, how long its shards may be scored.
    pub score_secs: u32,
    /// How measurements become scores.
    pub policy: Policy,
    /// The first epoch that is not closed: the one that is measured, reported or scored.
    pub open_epoch: u32,
    /// Shards so far.
    pub shard_count: u32,
    /// Shards scored for the open epoch.
    pub scored_shards: u32,
    /// Of those, shards that scored anything.
    pub unsettled_shards: u32,
    /// Zero.
    pub reserved: [u8; 4],
    /// Lamports that each registration leaves as a bond.
    pub bond_lamports: u64,
    /// Slots in all shards.
    pub slot_count: u64,
    /// Sum of the scores of the open epoch.
    pub total_score: u64,
    /// The budget.
    pub emission: Emission,
    /// Who measures.
    pub oracles: OracleSet,
    /// The last closed epochs; epoch e is at e mod 32.
    pub ring: [ClosedEpoch; RING_EPOCHS],
}

/// How measurements become scores: [`ScoringRules`], stored.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Policy {
    /// Bandwidth past this earns nothing more, in the network's unit.
    pub bandwidth_cap: u32,
    /// Weight of being up in basis points; the rest is the weight of bandwidth.
    pub uptime_weight_bps: u16,
    /// Uptime below this scores nothing.
    pub min_uptime_bps: u16,
}

/// An epoch that never changes again, but for the shards that are still to be settled.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct ClosedEpoch {
    /// The epoch, or [`NO_EPOCH`] if the place was never used.
    pub epoch: u32,
    /// Shards that scored and are not settled.
    pub unsettled_shards: u32,
    /// Atoms that the epoch shares.
    pub emission_atoms: u64,
    /// Sum of all scores.
    pub total_score: u64,
    /// Atoms added to slots so far.
    pub paid_atoms: u64,
    /// Whole atoms a point of score.
    pub rate_atoms: u64,
    /// The rest of the rate, in 1/2^64 atoms.
    pub rate_fraction: u64,
}

impl ClosedEpoch {
    /// Atoms a point of score.
    pub fn rate(&self) -> Rate {
        Rate { atoms: self.rate_atoms, fraction: self.rate_fraction }
    }
}

impl From<Policy> for ScoringRules {
    fn from(policy: Policy) -> Self {
        Self {
            bandwidth_cap: policy.bandwidth_cap,
            uptime_weight_bps: policy.uptime_weight_bps,
            min_uptime_bps: policy.min_uptime_bps,
        }
    }
}

impl Tail for Network {
    /// There are none: a network has no tail.
    type Item = u8;
}

impl Network {
    /// Bytes of the account.
    pub const SPACE: usize = Self::DISCRIMINATOR.len() + core::mem::size_of::<Self>();

    /// When the epochs begin and end.
    pub fn schedule(&self) -> Schedule {
        Schedule {
            genesis: self.genesis,
            epoch_secs: self.epoch_secs,
            report_secs: self.report_secs,
            score_secs: self.score_secs,
        }
    }

    /// Unix second at which `epoch` is over. Errors: [`StipendError::EpochOutOfRange`].
    pub fn end(&self, epoch: u32) -> Result<i64> {
        self.schedule().checked_end(epoch).or_refuse(StipendError::EpochOutOfRange)
    }

    /// Unix second at which `epoch` takes no more reports. Errors: [`StipendError::EpochOutOfRange`].
    pub fn report_end(&self, epoch: u32) -> Result<i64> {
        self.schedule().checked_report_end(epoch).or_refuse(StipendError::EpochOutOfRange)
    }

    /// Unix second at which `epoch` can no longer be scored. Errors: [`StipendError::EpochOutOfRange`].
    pub fn score_end(&self, epoch: u32) -> Result<i64> {
        self.schedule().checked_score_end(epoch).or_refuse(StipendError::EpochOutOfRange)
    }

    /// Whether every shard is full, so that the next one may open.
    pub fn is_full(&self) -> bool {
        u64::from(self.shard_count).checked_mul(u64::from(self.shard_capacity)) == Some(self.slot_count)
    }

    /// Counts a shard that was scored for the open epoch.
    pub fn add_scored(&mut self, shard_score: u64) -> Result<()> {
        let overflow = StipendError::ArithmeticOverflow;
        self.scored_shards = self.scored_shards.checked_add(1).or_refuse(overflow)?;
        if shard_score > 0 {
            self.unsettled_shards = self.unsettled_shards.checked_add(1).or_refuse(StipendError::ArithmeticOverflow)?;
        }
        self.total_score = self.total_score.checked_add(shard_score).or_refuse(StipendError::ArithmeticOverflow)?;
        Ok(())
    }

    /// Whether nothing more can be scored for the open epoch, which is over. Errors: [`StipendError::EpochOutOfRange`].
    fn is_due(&self, now: i64) -> Result<bool> {
        let from = if self.scored_shards == self.shard_count {
            self.end(self.open_epoch)?
        } else {
            self.score_end(self.open_epoch)?
        };
        Ok(now >= from)
    }

    /// Whether [`Self::close`] would close the open epoch. Errors: [`StipendError::EpochOutOfRange`].
    pub fn is_closable(&mut self, now: i64) -> Result<bool> {
        let epoch = self.open_epoch;
        Ok(self.is_due(now)? && self.ring_entry(epoch)?.unsettled_shards == 0)
    }

    /// Closes the open epoch and opens the next; returns the closed one.
    ///
    /// Errors: [`StipendError::EpochNotEnded`], [`StipendError::ShardsNotScored`] while a shard can still be scored,
    /// [`StipendError::RingEntryUnsettled`].
    pub fn close(&mut self, now: i64) -> Result<ClosedEpoch> {
        let epoch = self.open_epoch;
        ensure_that!(now >= (self.end(epoch)?), StipendError::EpochNotEnded);
        ensure!(self.is_due(now)?, StipendError::ShardsNotScored);
        let next_epoch = epoch.checked_add(1).or_refuse(StipendError::EpochOutOfRange)?;

        let emission_atoms = self.emission.close(self.total_score == 0, next_epoch)?;
        let rate = Rate::checked_new(emission_atoms, self.total_score).unwrap_or_default();
        let closed = ClosedEpoch {
            epoch,
            unsettled_shards: self.unsettled_shards,
            emission_atoms,
            total_score: self.total_score,
            paid_atoms: 0,
            rate_atoms: rate.atoms,
            rate_fraction: rate.fraction,
        };
        let entry = self.ring_entry(epoch)?;
        ensure_that!((entry.unsettled_shards) == 0, StipendError::RingEntryUnsettled);
        *entry = closed;

        self.open_epoch = next_epoch;
        self.scored_shards = 0;
        self.unsettled_shards = 0;
        self.total_score = 0;
        Ok(closed)
    }

    /// The rate of a closed epoch. Errors: [`StipendError::EpochNotClosed`].
    pub fn rate(&mut self, epoch: u32) -> Result<Rate> {
        let entry = self.ring_entry(epoch)?;
        ensure_that!((entry.epoch) == epoch, StipendError::EpochNotClosed);
        Ok(entry.rate())
    }

    /// Counts a shard that was settled for a closed epoch; the last one's left-over is carried.
    pub fn add_settled(&mut self, epoch: u32, paid_atoms: u64) -> Result<()> {
        let entry = self.ring_entry(epoch)?;
        entry.paid_atoms = entry.paid_atoms.checked_add(paid_atoms).or_refuse(StipendError::ArithmeticOverflow)?;
        entry.unsettled_shards = entry.unsettled_shards.checked_sub(1).or_refuse(StipendError::InvariantBroken)?;
        let left_over_atoms =
            entry.emission_atoms.checked_sub(entry.paid_atoms).or_refuse(StipendError::InvariantBroken)?;
        let is_last = entry.unsettled_shards == 0;
        self.emission.accrue(paid_atoms)?;
        if is_last {
            self.emission.carry(left_over_atoms)?;
        }
        Ok(())
    }

    /// The place of `epoch` in the ring.
    fn ring_entry(&mut self, epoch: u32) -> Result<&mut ClosedEpoch> {
        let place = epoch as usize % RING_EPOCHS;
        self.ring.get_mut(place).or_refuse(StipendError::InvariantBroken)
    }

    /// What holds of every network.
    pub fn invariant(&self) -> Result<()> {
        self.emission.invariant()?;
        // No shard is scored twice for an epoch.
        ensure_that!((self.shard_count) >= self.scored_shards, StipendError::InvariantBroken);
        // Only what was scored can be unsettled.
        ensure_that!((self.scored_shards) >= self.unsettled_shards, StipendError::InvariantBroken);
        Ok(())
    }
}
