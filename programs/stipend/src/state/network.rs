//! One DePIN: its mint, oracles, rules, and the epoch that is being settled.

use super::{Emission, Oracle, OracleSet, Policy, Tail};
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
    /// 1 while reports, scoring and claims are paused, else 0.
    pub paused: u8,
    /// Number among the networks of the mint.
    pub id: u16,
    /// Slots of each shard.
    pub shard_capacity: u16,
    /// Who sets the rules and the oracles.
    pub authority: Pubkey,
    /// Who may accept to be the authority; all zeros for nobody.
    pub pending_authority: Pubkey,
    /// Who may pause, and not resume; all zeros for nobody.
    pub guardian: Pubkey,
    /// The mint of the rewards.
    pub mint: Pubkey,
    /// The token program that the mint belongs to.
    pub token_program: Pubkey,
    /// Who paid the rent of this account.
    pub payer: Pubkey,
    /// In every signed report: a signature for one cluster is worth nothing on another.
    pub domain: [u8; 8],
    /// What bandwidth is measured in: UTF-8, filled up with zeros.
    pub unit: [u8; 16],
    /// Unix seconds at which epoch 0 begins.
    pub genesis: i64,
    /// Unix seconds of the last resumption, or 0.
    pub resumed_at: i64,
    /// Length of an epoch.
    pub epoch_secs: u32,
    /// The first epoch that is not closed: the one that is measured, reported or scored.
    pub open_epoch: u32,
    /// Shards so far.
    pub shard_count: u32,
    /// Shards scored for the open epoch.
    pub scored_shards: u32,
    /// Of those, shards that scored anything.
    pub unsettled_shards: u32,
    /// Of the first network of a mint: other networks of that mint that are not closed.
    pub other_networks: u16,
    /// Of the first network of a mint: 1 once another network of that mint was opened, else 0.
    pub has_shared: u8,
    /// Zero.
    pub reserved: [u8; 1],
    /// Slots in all shards that have a tenant.
    pub slot_count: u64,
    /// Sum of the scores of the open epoch.
    pub total_score: u64,
    /// The rules of the open epoch.
    pub policy: Policy,
    /// The rules that replace them, from [`Policy::from_epoch`] on; [`NO_EPOCH`] there if none do.
    pub next_policy: Policy,
    /// The budget.
    pub emission: Emission,
    /// Who measures.
    pub oracles: OracleSet,
    /// The last closed epochs; epoch e is at e mod 32.
    pub ring: [ClosedEpoch; RING_EPOCHS],
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
    /// First epoch of the policy that the epoch was scored by: it names that policy.
    pub policy_from_epoch: u32,
    /// That policy's, so that an outsider can score again.
    pub bandwidth_cap: u32,
    /// That policy's.
    pub uptime_weight_bps: u16,
    /// That policy's.
    pub min_uptime_bps: u16,
    /// That policy's.
    pub quorum: u8,
    /// Zero.
    pub reserved: [u8; 3],
}

impl ClosedEpoch {
    /// Atoms a point of score.
    pub fn rate(&self) -> Rate {
        Rate { atoms: self.rate_atoms, fraction: self.rate_fraction }
    }

    /// How measurements became scores.
    pub fn scoring_rules(&self) -> ScoringRules {
        ScoringRules {
            bandwidth_cap: self.bandwidth_cap,
            uptime_weight_bps: self.uptime_weight_bps,
            min_uptime_bps: self.min_uptime_bps,
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
    #[inline(always)]
    pub fn schedule(&self) -> Schedule {
        Schedule { genesis: self.genesis, epoch_secs: self.epoch_secs }
    }

    /// The rules of `epoch`, which is the open one or a later one.
    #[inline(always)]
    pub fn policy_at(&self, epoch: u32) -> &Policy {
        if self.next_policy.from_epoch <= epoch {
            &self.next_policy
        } else {
            &self.policy
        }
    }

    /// Unix second at which `epoch` is over. Errors: [`StipendError::EpochOutOfRange`].
    #[inline(always)]
    pub fn end(&self, epoch: u32) -> Result<i64> {
        self.schedule().checked_end(epoch).or_refuse(StipendError::EpochOutOfRange)
    }

    /// Unix second at which `epoch` takes no more reports. Errors: [`StipendError::EpochOutOfRange`].
    pub fn report_end(&self, epoch: u32) -> Result<i64> {
        self.window_end(self.end(epoch)?, self.policy_at(epoch).report_secs)
    }

    /// Unix second at which `epoch` can no longer be scored. Errors: [`StipendError::EpochOutOfRange`].
    pub fn score_end(&self, epoch: u32) -> Result<i64> {
        self.window_end(self.end(epoch)?, self.policy_at(epoch).score_secs)
    }

    /// Unix second at which a window of `secs` behind an epoch's `end` closes. Errors: [`StipendError::EpochOutOfRange`].
    ///
    /// A pause takes nothing away: once it is over, the windows of every epoch that is not closed begin anew.
    #[inline(always)]
    pub fn window_end(&self, end: i64, secs: u32) -> Result<i64> {
        end.max(self.resumed_at).checked_add(i64::from(secs)).or_refuse(StipendError::EpochOutOfRange)
    }

    /// Whether reports, scoring and claims wait for the authority.
    pub fn is_paused(&self) -> bool {
        self.paused != 0
    }

    /// Stops reports, scoring and claims. Errors: [`StipendError::AlreadyPaused`].
    pub fn pause(&mut self) -> Result<()> {
        ensure!(!self.is_paused(), StipendError::AlreadyPaused);
        self.paused = 1;
        Ok(())
    }

    /// Lets reports, scoring and claims go on. Errors: [`StipendError::NotPaused`].
    pub fn resume(&mut self, now: i64) -> Result<()> {
        ensure!(self.is_paused(), StipendError::NotPaused);
        self.paused = 0;
        self.resumed_at = now;
        Ok(())
    }

    /// Makes `next` hold from its first epoch on, in place of what was to hold from any epoch that has not begun.
    ///
    /// Errors: [`StipendError::PolicyEpochBegun`], [`StipendError::PolicyPending`] while a replacement has begun and the
    /// epochs before it are not closed, [`StipendError::EpochOutOfRange`], [`StipendError::QuorumNotAboveHalf`].
    pub fn replace_policy(&mut self, next: Policy, now: i64) -> Result<()> {
        let unbegun_epoch = self.schedule().next_epoch(now);
        ensure_that!((next.from_epoch) >= unbegun_epoch, StipendError::PolicyEpochBegun);
        ensure!(next.from_epoch != NO_EPOCH, StipendError::EpochOutOfRange);
        ensure!(self.next_policy.from_epoch >= unbegun_epoch, StipendError::PolicyPending);
        self.oracles.check_quorum(next.from_epoch, &next)?;
        if next.from_epoch > unbegun_epoch {
            // Oracles may have been added by the quorum of the policy that was to come, and the one in force holds longer now.
            self.oracles.check_quorum(unbegun_epoch, &self.policy)?;
        }
        self.next_policy = next;
        if next.from_epoch <= self.open_epoch {
            self.begin_epoch()?;
        }
        Ok(())
    }

    /// Puts the policy in force that the open epoch is to have, and what that epoch emits.
    fn begin_epoch(&mut self) -> Result<()> {
        if self.next_policy.from_epoch <= self.open_epoch {
            self.policy = self.next_policy;
            self.next_policy = Policy { from_epoch: NO_EPOCH, ..Policy::default() };
        }
        self.emission.open(self.open_epoch, &self.policy)
    }

    /// Opens another network of the mint, which may emit `cap_atoms` of what this one has not scheduled.
    ///
    /// Errors: [`StipendError::CapExceedsShare`].
    pub fn share(&mut self, cap_atoms: u64) -> Result<()> {
        self.emission.hand_over(cap_atoms)?;
        self.other_networks = self.other_networks.checked_add(1).or_refuse(StipendError::ArithmeticOverflow)?;
        self.has_shared = 1;
        Ok(())
    }

    /// Closes another network of the mint, which has not scheduled `atoms` of what it might have.
    pub fn take_back(&mut self, atoms: u64) -> Result<()> {
        self.other_networks = self.other_networks.checked_sub(1).or_refuse(StipendError::InvariantBroken)?;
        self.emission.cap_atoms =
            self.emission.cap_atoms.checked_add(atoms).or_refuse(StipendError::ArithmeticOverflow)?;
        Ok(())
    }

    /// Adds an oracle, whose first epoch has not begun; the quorum stays above half in each policy that is to hold then.
    ///
    /// Errors: [`StipendError::QuorumNotAboveHalf`], and those of [`OracleSet::add`].
    pub fn add_oracle(&mut self, oracle: Oracle) -> Result<()> {
        self.oracles.add(oracle, self.open_epoch)?;
        let epoch = oracle.active_from;
        self.oracles.check_quorum(epoch, self.policy_at(epoch))?;
        if self.next_policy.from_epoch != NO_EPOCH {
            self.oracles.check_quorum(epoch, &self.next_policy)?;
        }
        Ok(())
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
        if self.scored_shards == self.shard_count {
            return Ok(now >= self.end(self.open_epoch)?);
        }
        Ok(!self.is_paused() && now >= self.score_end(self.open_epoch)?)
    }

    /// Whether [`Self::close`] would close the open epoch. Errors: [`StipendError::EpochOutOfRange`].
    pub fn is_closable(&mut self, now: i64) -> Result<bool> {
        let epoch = self.open_epoch;
        Ok(self.is_due(now)? && self.ring_entry(epoch)?.unsettled_shards == 0)
    }

    /// Closes the open epoch and opens the next; returns the closed one.
    ///
    /// Errors: [`StipendError::EpochNotEnded`], [`StipendError::ShardsNotScored`] while a shard can still be scored,
    /// [`StipendError::ScoringPaused`] while one could be if there were no pause, [`StipendError::RingEntryUnsettled`].
    pub fn close(&mut self, now: i64) -> Result<ClosedEpoch> {
        let epoch = self.open_epoch;
        ensure_that!(now >= (self.end(epoch)?), StipendError::EpochNotEnded);
        let cause = if self.is_paused() { StipendError::ScoringPaused } else { StipendError::ShardsNotScored };
        ensure!(self.is_due(now)?, cause);
        let next_epoch = epoch.checked_add(1).or_refuse(StipendError::EpochOutOfRange)?;

        let policy = self.policy;
        let emission_atoms = self.emission.close(self.total_score == 0, &policy)?;
        let rate = Rate::checked_new(emission_atoms, self.total_score).unwrap_or_default();
        let closed = ClosedEpoch {
            epoch,
            unsettled_shards: self.unsettled_shards,
            emission_atoms,
            total_score: self.total_score,
            paid_atoms: 0,
            rate_atoms: rate.atoms,
            rate_fraction: rate.fraction,
            policy_from_epoch: policy.from_epoch,
            bandwidth_cap: policy.bandwidth_cap,
            uptime_weight_bps: policy.uptime_weight_bps,
            min_uptime_bps: policy.min_uptime_bps,
            quorum: policy.quorum,
            reserved: [0; 3],
        };
        let entry = self.ring_entry(epoch)?;
        ensure_that!((entry.unsettled_shards) == 0, StipendError::RingEntryUnsettled);
        *entry = closed;

        self.open_epoch = next_epoch;
        self.scored_shards = 0;
        self.unsettled_shards = 0;
        self.total_score = 0;
        self.begin_epoch()?;
        Ok(closed)
    }

    /// A closed epoch of the ring. Errors: [`StipendError::EpochNotClosed`].
    pub fn closed(&mut self, epoch: u32) -> Result<&ClosedEpoch> {
        let entry = self.ring_entry(epoch)?;
        ensure_that!((entry.epoch) == epoch, StipendError::EpochNotClosed);
        Ok(entry)
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
        // Another version's account has another layout.
        ensure_that!((self.version) == ACCOUNT_VERSION, StipendError::AccountVersionWrong);
        self.emission.invariant()?;
        // The policy in force is that of the open epoch, and the next one's epoch is still to come.
        ensure_that!((self.policy.from_epoch) <= self.open_epoch, StipendError::InvariantBroken);
        ensure_that!((self.next_policy.from_epoch) > self.open_epoch, StipendError::InvariantBroken);
        // No shard is scored twice for an epoch.
        ensure_that!((self.shard_count) >= self.scored_shards, StipendError::InvariantBroken);
        // Only what was scored can be unsettled.
        ensure_that!((self.scored_shards) >= self.unsettled_shards, StipendError::InvariantBroken);
        Ok(())
    }
}
