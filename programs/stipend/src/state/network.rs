//! One DePIN: its mint, oracles, rules, and the epoch that is being settled.

use super::{Emission, Oracle, OracleSet, Policy, UptimeMode};
use crate::{
    constants::*,
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
    /// Of the first network of a mint: 1 once another network of that mint was opened, else 0.
    pub has_shared: u8,
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
    /// The program's own address that mints.
    pub mint_authority: Pubkey,
    /// Who paid the rent of this account.
    pub payer: Pubkey,
    /// In every signed report: a signature for one cluster is worth nothing on another.
    pub domain: [u8; 8],
    /// What bandwidth is measured in: UTF-8, filled up with zeros.
    pub unit: [u8; 16],
    /// Unix seconds at which epoch 0 begins.
    pub genesis: i64,
    /// Unix seconds from which on the open epoch can be reported, once it is over: when the one before it was closed, or when that
    /// one's dispute window ends.
    pub opened_at: i64,
    /// Unix seconds at which the last pause ends or ended; [`NO_END`] for one that only the authority ends.
    pub pause_ends_at: i64,
    /// Unix seconds from which on the guardian may pause again.
    pub guardian_ready_at: i64,
    /// Length of an epoch.
    pub epoch_secs: u32,
    /// The first epoch that is not closed: the one that is measured, reported or scored.
    pub open_epoch: u32,
    /// Shards so far.
    pub shard_count: u32,
    /// Shards that are scored in every epoch: those with a node that may earn in this one or a later one.
    pub awake_shards: u32,
    /// Of these, shards scored for the open epoch.
    pub scored_shards: u32,
    /// Of those, shards that scored anything.
    pub unsettled_shards: u32,
    /// Directories so far.
    pub directory_count: u16,
    /// Of the first network of a mint: other networks of that mint that are not closed.
    pub other_networks: u16,
    /// How often a node got an owner, by registration or transfer: nobody owns other nodes than before as long as this is the
    /// same.
    pub owner_changes: u32,
    /// Sum of the scores of the open epoch.
    pub total_score: u64,
    /// The rules of the open epoch.
    pub policy: Policy,
    /// The rules that replace them, from [`Policy::from_epoch`] on; [`NO_EPOCH`] there if none do.
    pub next_policy: Policy,
    /// Zero.
    pub reserved: [u64; 8],
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
    pub min_boost_bps: u16,
    /// That policy's.
    pub max_boost_bps: u16,
    /// That policy's.
    pub quorum: u8,
    /// That policy's: see [`UptimeMode`](super::UptimeMode).
    pub uptime_mode: u8,
    /// Zero.
    pub reserved: [u8; 6],
    /// That policy's ceiling of a reward, which bounds the rate; 0 for none.
    pub max_reward_atoms: u64,
    /// Atoms that the ceiling kept back, which were never scheduled.
    pub kept_back_atoms: u64,
    /// Unix second from which on no score can be voided and shards can be settled; 0 if they can be at once.
    pub dispute_end: i64,
    /// Who may void scores until then; all zeros for nobody.
    pub arbiter: Pubkey,
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
            is_uptime_gate: self.uptime_mode == UptimeMode::Gate as u8,
            min_boost_bps: self.min_boost_bps,
            max_boost_bps: self.max_boost_bps,
        }
    }
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
        self.schedule().checked_end(epoch).ok_or_else(|| error!(StipendError::EpochOutOfRange))
    }

    /// Unix second at which the windows of the open epoch begin: the latest of its end, its opening and the end of a pause. So
    /// every epoch has its whole report window, whatever held its predecessors up. Errors: [`StipendError::EpochOutOfRange`].
    #[inline(always)]
    pub fn windows_begin(&self) -> Result<i64> {
        Ok(self.windows_begin_after(self.end(self.open_epoch)?))
    }

    #[inline(always)]
    fn windows_begin_after(&self, end: i64) -> i64 {
        end.max(self.opened_at).max(self.pause_ends_at)
    }

    /// Unix second at which the open epoch takes no more reports. Errors: [`StipendError::EpochOutOfRange`].
    #[inline(always)]
    pub fn report_end(&self) -> Result<i64> {
        checked_later(self.windows_begin()?, self.policy.report_secs)
    }

    /// Unix second from which on closing the open epoch waits for no shard. Errors: [`StipendError::EpochOutOfRange`].
    pub fn score_end(&self) -> Result<i64> {
        checked_later(self.windows_begin()?, self.policy.score_secs)
    }

    /// Whether reports, scoring and claims are paused.
    pub fn is_paused(&self, now: i64) -> bool {
        now < self.pause_ends_at
    }

    /// Checks that reports of `epoch` are taken at `now`.
    ///
    /// Errors: [`StipendError::ReportsPaused`], [`StipendError::EpochNotOpen`], [`StipendError::EpochNotEnded`],
    /// [`StipendError::ReportWindowClosed`].
    #[inline(always)]
    pub fn check_report_window(&self, epoch: u32, now: i64) -> Result<()> {
        require!(!self.is_paused(now), StipendError::ReportsPaused);
        require_eq!(epoch, self.open_epoch, StipendError::EpochNotOpen);
        let end = self.end(epoch)?;
        require_gte!(now, end, StipendError::EpochNotEnded);
        let window_end = checked_later(self.windows_begin_after(end), self.policy.report_secs)?;
        require_gt!(window_end, now, StipendError::ReportWindowClosed);
        Ok(())
    }

    /// Stops reports, scoring and claims: the authority until it resumes, the guardian for [`GUARDIAN_PAUSE_SECS`].
    ///
    /// Errors: [`StipendError::GuardianMismatch`], [`StipendError::AlreadyPaused`], [`StipendError::GuardianPausedLately`].
    pub fn pause(&mut self, signer: &Pubkey, now: i64) -> Result<()> {
        if *signer == self.authority {
            require!(self.pause_ends_at != NO_END, StipendError::AlreadyPaused);
            self.pause_ends_at = NO_END;
            return Ok(());
        }
        require_keys_eq!(*signer, self.guardian, StipendError::GuardianMismatch);
        require!(!self.is_paused(now), StipendError::AlreadyPaused);
        require_gte!(now, self.guardian_ready_at, StipendError::GuardianPausedLately);
        self.pause_ends_at = now.saturating_add(GUARDIAN_PAUSE_SECS);
        self.guardian_ready_at = self.pause_ends_at.saturating_add(GUARDIAN_PAUSE_SECS);
        Ok(())
    }

    /// Ends a pause. Errors: [`StipendError::NotPaused`].
    pub fn resume(&mut self, now: i64) -> Result<()> {
        require!(self.is_paused(now), StipendError::NotPaused);
        self.pause_ends_at = now;
        self.guardian_ready_at = self.guardian_ready_at.min(now.saturating_add(GUARDIAN_PAUSE_SECS));
        Ok(())
    }

    /// Makes `next` hold from its first epoch on, in place of what was to hold from any epoch that has not begun.
    ///
    /// Errors: [`StipendError::PolicyEpochBegun`], [`StipendError::PolicyPending`] while a replacement has begun and the
    /// epochs before it are not closed, [`StipendError::EpochOutOfRange`], [`StipendError::QuorumNotAboveHalf`].
    pub fn replace_policy(&mut self, next: Policy, now: i64) -> Result<()> {
        let unbegun_epoch = self.schedule().next_epoch(now);
        require_gte!(next.from_epoch, unbegun_epoch, StipendError::PolicyEpochBegun);
        require!(next.from_epoch != NO_EPOCH, StipendError::EpochOutOfRange);
        require!(self.next_policy.from_epoch >= unbegun_epoch, StipendError::PolicyPending);
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

    /// Opens another network of the mint, which may emit `cap_atoms` of what this one has not scheduled and its epochs that
    /// have begun can't schedule.
    ///
    /// Errors: [`StipendError::CapExceedsShare`].
    pub fn share(&mut self, cap_atoms: u64, now: i64) -> Result<()> {
        let kept_atoms = self.begun_atoms(now);
        self.emission.hand_over(cap_atoms, kept_atoms)?;
        self.other_networks = self.other_networks.checked_add(1).ok_or(StipendError::ArithmeticOverflow)?;
        self.has_shared = 1;
        Ok(())
    }

    /// The most atoms that the epochs which have begun and are not closed may schedule: as if none of them took a decay step.
    fn begun_atoms(&self, now: i64) -> u64 {
        let unbegun_epoch = self.schedule().next_epoch(now);
        let epochs = unbegun_epoch.saturating_sub(self.open_epoch);
        let has_next = self.next_policy.from_epoch < unbegun_epoch;
        let next_atoms = if has_next { self.next_policy.per_epoch_atoms } else { 0 };
        u64::from(epochs).saturating_mul(self.emission.per_epoch_atoms.max(next_atoms))
    }

    /// Closes another network of the mint, which has not scheduled `atoms` of what it might have.
    pub fn take_back(&mut self, atoms: u64) -> Result<()> {
        self.other_networks = self.other_networks.checked_sub(1).ok_or(StipendError::InvariantBroken)?;
        self.emission.cap_atoms = self.emission.cap_atoms.checked_add(atoms).ok_or(StipendError::ArithmeticOverflow)?;
        Ok(())
    }

    /// Whether nothing is left that the network is needed for.
    pub fn is_empty(&self) -> bool {
        let accounts = self.shard_count == 0 && self.directory_count == 0;
        accounts && self.other_networks == 0 && !self.oracles.has_bond()
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

    /// Counts a shard that was scored for the open epoch.
    pub fn add_scored(&mut self, shard_score: u64) -> Result<()> {
        self.scored_shards = self.scored_shards.checked_add(1).ok_or(StipendError::ArithmeticOverflow)?;
        if shard_score > 0 {
            self.unsettled_shards = self.unsettled_shards.checked_add(1).ok_or(StipendError::ArithmeticOverflow)?;
        }
        self.total_score = self.total_score.checked_add(shard_score).ok_or(StipendError::ArithmeticOverflow)?;
        Ok(())
    }

    /// Counts that a node got an owner.
    pub fn note_owner(&mut self) {
        self.owner_changes = self.owner_changes.wrapping_add(1);
    }

    /// Counts a shard that is scored from the open epoch on, or from the next one if `is_scored` for the open one already.
    pub fn add_awake(&mut self, is_scored: bool) -> Result<()> {
        self.awake_shards = self.awake_shards.checked_add(1).ok_or(StipendError::ArithmeticOverflow)?;
        if is_scored {
            self.scored_shards = self.scored_shards.checked_add(1).ok_or(StipendError::ArithmeticOverflow)?;
        }
        Ok(())
    }

    /// Stops counting a shard that is not scored for the open epoch and earns in no later one.
    pub fn remove_awake(&mut self) -> Result<()> {
        self.awake_shards = self.awake_shards.checked_sub(1).ok_or(StipendError::InvariantBroken)?;
        Ok(())
    }

    /// Whether closing the open epoch, which is over, waits for no shard. Errors: [`StipendError::EpochOutOfRange`].
    fn is_due(&self, now: i64) -> Result<bool> {
        Ok(self.scored_shards == self.awake_shards || !self.is_paused(now) && now >= self.score_end()?)
    }

    /// Whether [`Self::close`] would close the open epoch. Errors: [`StipendError::EpochOutOfRange`].
    pub fn is_closable(&self, now: i64) -> Result<bool> {
        let is_over = now >= self.end(self.open_epoch)?;
        Ok(is_over && self.is_due(now)? && self.ring_entry(self.open_epoch)?.unsettled_shards == 0)
    }

    /// Closes the open epoch and opens the next; returns the closed one.
    ///
    /// Errors: [`StipendError::EpochNotEnded`], [`StipendError::ShardsNotScored`] while a shard can still be scored,
    /// [`StipendError::ScoringPaused`] while one could be if there were no pause, [`StipendError::RingEntryUnsettled`].
    pub fn close(&mut self, now: i64) -> Result<ClosedEpoch> {
        let epoch = self.open_epoch;
        require_gte!(now, self.end(epoch)?, StipendError::EpochNotEnded);
        if !self.is_due(now)? {
            require!(!self.is_paused(now), StipendError::ScoringPaused);
            return err!(StipendError::ShardsNotScored);
        }
        let next_epoch = epoch.checked_add(1).ok_or(StipendError::EpochOutOfRange)?;

        let policy = self.policy;
        let ceiling = Rate::checked_ceiling(policy.max_reward_atoms);
        let most_atoms = ceiling.map_or(u64::MAX, |rate| rate.checked_reward(self.total_score).unwrap_or(u64::MAX));
        let shared = self.emission.close(self.total_score == 0, most_atoms, &policy)?;
        let due_atoms = shared.atoms.checked_add(shared.kept_back_atoms).ok_or(StipendError::ArithmeticOverflow)?;
        let rate = Rate::checked_new(due_atoms, self.total_score).unwrap_or_default();
        let rate = ceiling.map_or(rate, |ceiling| ceiling.min(rate));
        let mut closed = ClosedEpoch {
            epoch,
            unsettled_shards: self.unsettled_shards,
            emission_atoms: shared.atoms,
            kept_back_atoms: shared.kept_back_atoms,
            total_score: self.total_score,
            paid_atoms: 0,
            rate_atoms: rate.atoms,
            rate_fraction: rate.fraction,
            policy_from_epoch: policy.from_epoch,
            bandwidth_cap: policy.bandwidth_cap,
            uptime_weight_bps: policy.uptime_weight_bps,
            min_uptime_bps: policy.min_uptime_bps,
            min_boost_bps: policy.min_boost_bps,
            max_boost_bps: policy.max_boost_bps,
            quorum: policy.quorum,
            uptime_mode: policy.uptime_mode,
            max_reward_atoms: policy.max_reward_atoms,
            ..ClosedEpoch::default()
        };
        if let Some(dispute_secs) = policy.dispute_secs().filter(|_| self.unsettled_shards > 0) {
            closed.dispute_end = checked_later(now, dispute_secs)?;
            closed.arbiter = policy.arbiter;
        }
        let entry = self.ring_entry_mut(epoch)?;
        require_eq!(entry.unsettled_shards, 0, StipendError::RingEntryUnsettled);
        *entry = closed;

        self.open_epoch = next_epoch;
        // What was scored can be settled before the next scores come.
        self.opened_at = now.max(closed.dispute_end);
        self.scored_shards = 0;
        self.unsettled_shards = 0;
        self.total_score = 0;
        self.begin_epoch()?;
        Ok(closed)
    }

    /// A closed epoch of the ring. Errors: [`StipendError::EpochNotClosed`].
    pub fn closed(&self, epoch: u32) -> Result<&ClosedEpoch> {
        let entry = self.ring_entry(epoch)?;
        require_eq!(entry.epoch, epoch, StipendError::EpochNotClosed);
        Ok(entry)
    }

    /// Counts a shard that was settled for a closed epoch; the last one's left-over is carried.
    pub fn add_settled(&mut self, epoch: u32, paid_atoms: u64) -> Result<()> {
        let entry = self.ring_entry_mut(epoch)?;
        entry.paid_atoms = entry.paid_atoms.checked_add(paid_atoms).ok_or(StipendError::ArithmeticOverflow)?;
        entry.unsettled_shards = entry.unsettled_shards.checked_sub(1).ok_or(StipendError::InvariantBroken)?;
        let left_over_atoms =
            entry.emission_atoms.checked_sub(entry.paid_atoms).ok_or(StipendError::InvariantBroken)?;
        let is_last = entry.unsettled_shards == 0;
        self.emission.accrue(paid_atoms)?;
        if is_last {
            self.emission.carry(left_over_atoms)?;
        }
        Ok(())
    }

    /// The place of `epoch` in the ring.
    fn ring_entry(&self, epoch: u32) -> Result<&ClosedEpoch> {
        self.ring.get(epoch as usize % RING_EPOCHS).ok_or_else(|| error!(StipendError::InvariantBroken))
    }

    /// The place of `epoch` in the ring, to be changed.
    fn ring_entry_mut(&mut self, epoch: u32) -> Result<&mut ClosedEpoch> {
        self.ring.get_mut(epoch as usize % RING_EPOCHS).ok_or_else(|| error!(StipendError::InvariantBroken))
    }

    /// What holds of every network.
    pub fn invariant(&self) -> Result<()> {
        // Another version's account has another layout.
        require_eq!(self.version, ACCOUNT_VERSION, StipendError::AccountVersionWrong);
        self.emission.invariant()?;
        // The policy in force is that of the open epoch, and the next one's epoch is still to come.
        require_gte!(self.open_epoch, self.policy.from_epoch, StipendError::InvariantBroken);
        require_gt!(self.next_policy.from_epoch, self.open_epoch, StipendError::InvariantBroken);
        // No shard is scored twice for an epoch.
        require_gte!(self.awake_shards, self.scored_shards, StipendError::InvariantBroken);
        require_gte!(self.shard_count, self.awake_shards, StipendError::InvariantBroken);
        // Only what was scored can be unsettled.
        require_gte!(self.scored_shards, self.unsettled_shards, StipendError::InvariantBroken);
        Ok(())
    }
}

/// `secs` after `time`. Errors: [`StipendError::EpochOutOfRange`].
fn checked_later(time: i64, secs: u32) -> Result<i64> {
    time.checked_add(i64::from(secs)).ok_or_else(|| error!(StipendError::EpochOutOfRange))
}
