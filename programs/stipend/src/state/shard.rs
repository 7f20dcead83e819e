//! Up to 600 nodes' slots in one account.

use super::{DirectoryEntry, Entry, Slot, Tail};
use crate::{
    constants::*,
    error::StipendError,
    math::{
        median::{lower_median, Row},
        reward::Rate,
        score::{Scorer, ScoringRules},
    },
};
use anchor_lang::prelude::*;

/// A shard: `["shard", network, index]`, then one [`Slot`] for each node, as many as have registered.
#[account(zero_copy)]
#[derive(Debug)]
#[repr(C)]
pub struct Shard {
    /// Layout of this account.
    pub version: u8,
    /// Bump of this account's address.
    pub bump: u8,
    /// Slots that the shard may have.
    pub capacity: u16,
    /// Place among the network's shards.
    pub index: u32,
    /// The network that the shard belongs to.
    pub network: Pubkey,
    /// Who opened the shard and paid for its header.
    pub payer: Pubkey,
    /// Sum of the slots' scores of `scored_epoch`.
    pub total_score: u64,
    /// The first epoch that the shard is not scored for.
    pub next_epoch: u32,
    /// The last epoch that the shard was scored for, or [`NO_EPOCH`].
    pub scored_epoch: u32,
    /// 1 while the scores of `scored_epoch` are still to be turned into atoms, else 0.
    pub unsettled: u8,
    /// Reports of the shard that are open.
    pub open_reports: u8,
    /// 1 if the network does not count the shard among those that are scored, since no node can earn; else 0.
    pub dormant: u8,
    /// Zero.
    pub reserved: u8,
    /// The first epoch whose reports are not compared with the medians.
    pub next_judged_epoch: u32,
    /// How often a node joined, left or was changed by whoever has a role: who is in the slots, and from when until when, is the
    /// same as long as this is.
    pub changes: u64,
    /// Slots that have a tenant.
    pub nodes: u16,
    /// Zero.
    pub reserved_bytes: [u8; 6],
    /// Zero.
    pub reserved_words: [u64; 2],
    /// As many as have registered: the account's data goes on behind this header.
    pub slots: [Slot; 0],
}

impl Tail for Shard {
    type Item = Slot;
}

impl Shard {
    /// Whether `epoch`'s scores still wait for their atoms.
    pub fn is_unsettled(&self) -> bool {
        self.unsettled != 0
    }

    /// The slot of the node that `entry` stands for, which is changed.
    ///
    /// Errors: [`StipendError::NodeShardMismatch`], [`StipendError::SlotOutOfRange`].
    pub fn slot_of<'a>(&mut self, slots: &'a mut [Slot], entry: &DirectoryEntry) -> Result<&'a mut Slot> {
        require_eq!(self.index, u32::from(entry.shard), StipendError::NodeShardMismatch);
        self.changes = self.changes.wrapping_add(1);
        slots.get_mut(usize::from(entry.slot)).ok_or_else(|| error!(StipendError::SlotOutOfRange))
    }

    /// Whether the network counts the shard among those that are scored.
    pub fn is_dormant(&self) -> bool {
        self.dormant != 0
    }

    /// Takes part in the network's epochs again, from the open one on. Returns whether it is scored for that one already.
    pub fn wake(&mut self, open_epoch: u32) -> bool {
        self.dormant = 0;
        let is_scored = self.next_epoch > open_epoch;
        self.next_epoch = self.next_epoch.max(open_epoch);
        is_scored
    }

    /// Scores every slot for `epoch` from the reports of its active oracles, and returns the sum.
    ///
    /// - `reports`: of the oracles that reported, at most [`MAX_ORACLES`].
    ///
    /// Errors: [`StipendError::ShardAlreadyScored`], [`StipendError::ShardNotSettled`].
    pub fn score(
        &mut self,
        slots: &mut [Slot],
        reports: &[&[Entry]],
        epoch: u32,
        quorum: u8,
        rules: &ScoringRules,
    ) -> Result<u64> {
        require_gte!(epoch, self.next_epoch, StipendError::ShardAlreadyScored);
        require!(!self.is_unsettled(), StipendError::ShardNotSettled);
        let scorer = Scorer::checked_new(rules).ok_or(StipendError::InvariantBroken)?;
        let quorum = usize::from(quorum);
        match reports.len() {
            // Not even a slot that all of them measured has the quorum.
            reported if reported < quorum => set_unmeasured(slots),
            0..=3 => set_medians::<3>(slots, &pad(reports), quorum)?,
            4..=5 => set_medians::<5>(slots, &pad(reports), quorum)?,
            6..=8 => set_medians::<8>(slots, &pad(reports), quorum)?,
            _ => set_medians::<MAX_ORACLES>(slots, &pad(reports), quorum)?,
        }
        let total_score = if scorer.is_uptime_gate() {
            score_slots::<true>(slots, epoch, &scorer)
        } else {
            score_slots::<false>(slots, epoch, &scorer)
        };
        self.total_score = total_score;
        self.scored_epoch = epoch;
        self.next_epoch = epoch.checked_add(1).ok_or(StipendError::ArithmeticOverflow)?;
        self.unsettled = u8::from(total_score > 0);
        Ok(total_score)
    }

    /// Adds each slot's reward of `scored_epoch` at `rate` to what it has accrued, and returns the sum.
    ///
    /// Errors: [`StipendError::ShardAlreadySettled`].
    pub fn settle(&mut self, slots: &mut [Slot], rate: Rate) -> Result<u64> {
        require!(self.is_unsettled(), StipendError::ShardAlreadySettled);
        // What all scores together earn fits, so each one's reward does, and so does their sum.
        rate.checked_reward(self.total_score).ok_or(StipendError::ArithmeticOverflow)?;
        let (mut paid_atoms, mut total_score) = (0u64, 0u64);
        for slot in slots {
            let reward_atoms = rate.reward_within(slot.score);
            slot.accrued_atoms =
                slot.accrued_atoms.checked_add(reward_atoms).ok_or(StipendError::ArithmeticOverflow)?;
            paid_atoms = paid_atoms.wrapping_add(reward_atoms);
            // At most 600 scores of 32 bits.
            total_score = total_score.wrapping_add(u64::from(slot.score));
        }
        // The scores that are paid are the ones that the rate was made from.
        require_eq!(total_score, self.total_score, StipendError::InvariantBroken);
        self.unsettled = 0;
        Ok(paid_atoms)
    }

    /// Takes the score of a slot away, before it becomes atoms; returns what it was. The rate stays, so nobody else gains.
    ///
    /// Errors: [`StipendError::ShardAlreadySettled`], [`StipendError::SlotOutOfRange`], [`StipendError::ScoreAlreadyVoided`],
    /// [`StipendError::SlotNotScored`].
    pub fn void(&mut self, slots: &mut [Slot], place: u16) -> Result<u32> {
        require!(self.is_unsettled(), StipendError::ShardAlreadySettled);
        let score = slots.get_mut(usize::from(place)).ok_or(StipendError::SlotOutOfRange)?.void()?;
        self.total_score = self.total_score.checked_sub(score.into()).ok_or(StipendError::InvariantBroken)?;
        Ok(score)
    }

    /// Counts a node that joined.
    pub fn add_node(&mut self) -> Result<()> {
        self.nodes = self.nodes.checked_add(1).ok_or(StipendError::ArithmeticOverflow)?;
        self.changes = self.changes.wrapping_add(1);
        Ok(())
    }

    /// Counts a node that is gone.
    pub fn remove_node(&mut self) -> Result<()> {
        self.nodes = self.nodes.checked_sub(1).ok_or(StipendError::InvariantBroken)?;
        Ok(())
    }

    /// What holds of every shard.
    pub fn invariant(&self, slots: &[Slot]) -> Result<()> {
        // A shard fits one report.
        require_gte!(usize::from(self.capacity), slots.len(), StipendError::InvariantBroken);
        // Tenants have slots.
        require_gte!(slots.len(), usize::from(self.nodes), StipendError::InvariantBroken);
        // Only what was scored can be unsettled, and the last scored epoch is before the next one.
        let is_scored = self.scored_epoch != NO_EPOCH;
        require!(is_scored || !self.is_unsettled(), StipendError::InvariantBroken);
        require!(!is_scored || self.scored_epoch < self.next_epoch, StipendError::InvariantBroken);
        Ok(())
    }
}

/// Whether any node can earn in `epoch`, the open one.
pub fn is_any_earning(slots: &[Slot], epoch: u32) -> bool {
    slots.iter().any(|slot| slot.is_earning(epoch))
}

/// Whether any node can earn in any epoch from `epoch` on, the open one.
pub fn is_any_earning_from(slots: &[Slot], epoch: u32) -> bool {
    slots.iter().any(|slot| slot.is_earning_from(epoch))
}

/// The reports, filled up to N with ones that measured nothing.
fn pad<'a, const N: usize>(reports: &[&'a [Entry]]) -> [&'a [Entry]; N] {
    let mut padded: [&[Entry]; N] = [&BLANK_REPORT; N];
    for (place, report) in padded.iter_mut().zip(reports) {
        *place = report;
    }
    padded
}

/// Sets each slot's uptime and bandwidth to what stands for a value below the quorum.
fn set_unmeasured(slots: &mut [Slot]) {
    for slot in slots {
        slot.uptime_bps = Entry::NO_UPTIME;
        slot.bandwidth = Entry::NO_BANDWIDTH;
    }
}

/// Sets each slot's uptime and bandwidth to the medians of the reports, of which there are at least `quorum`.
///
/// Errors: [`StipendError::AccountSizeWrong`] if a report has fewer entries than the shard has slots.
#[inline(never)]
fn set_medians<const N: usize>(slots: &mut [Slot], reports: &[&[Entry]; N], quorum: usize) -> Result<()>
where
    [u64; N]: Row,
{
    require!(reports.iter().all(|report| report.len() >= slots.len()), StipendError::AccountSizeWrong);
    for (place, slot) in slots.iter_mut().enumerate() {
        let uptimes = gather(reports, place, |entry| entry.uptime_bps().into());
        slot.uptime_bps = lower_median(uptimes, Entry::NO_UPTIME.into(), quorum) as u16;
        let bandwidths = gather(reports, place, |entry| entry.bandwidth().into());
        slot.bandwidth = lower_median(bandwidths, Entry::NO_BANDWIDTH.into(), quorum) as u32;
    }
    Ok(())
}

/// Scores every slot from its medians, and returns the sum.
#[inline(never)]
fn score_slots<const GATE: bool>(slots: &mut [Slot], epoch: u32, scorer: &Scorer) -> u64 {
    let mut total_score = 0u64;
    for slot in slots {
        // At most 600 scores of 32 bits.
        total_score = total_score.wrapping_add(u64::from(slot.score::<GATE>(epoch, scorer)));
    }
    total_score
}

/// One field of each report at `place`, which every report has.
#[inline(always)]
fn gather<const N: usize>(reports: &[&[Entry]; N], place: usize, field: impl Fn(&Entry) -> u64) -> [u64; N]
where
    [u64; N]: Row,
{
    // SAFETY: a row of N values asks for the places below N, which is how many reports there are; `set_medians` has
    // checked that every report has an entry for each slot, and `place` is a slot's.
    Row::from_places(|report| field(unsafe { reports.get_unchecked(report).get_unchecked(place) }))
}

/// What an oracle that is not there reported.
static BLANK_REPORT: [Entry; MAX_SHARD_SLOTS as usize] = [Entry::BLANK; MAX_SHARD_SLOTS as usize];
