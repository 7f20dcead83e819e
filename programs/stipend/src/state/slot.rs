//! One node's place in a shard: who is paid, from when to when, and what the last scored epoch brought.

use super::Entry;
use crate::{
    check::OrRefuse,
    constants::*,
    ensure, ensure_that,
    error::StipendError,
    math::{
        accuracy::is_outside,
        score::{Reason, Scorer},
    },
};
use anchor_lang::prelude::*;
use solana_address::address_eq;

/// One node's place in a shard, 64 bytes.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Slot {
    /// Who is paid; of a vacant slot, who paid its rent and gets that back from the next tenant.
    pub owner: Pubkey,
    /// Atoms earned and not yet claimed.
    pub accrued_atoms: u64,
    /// Score of the shard's last scored epoch.
    pub score: u32,
    /// The first epoch that counts for this tenant.
    pub since: u32,
    /// Bandwidth of the last scored epoch, or [`Entry::NO_BANDWIDTH`] below the quorum.
    pub bandwidth: u32,
    /// Uptime of the last scored epoch in basis points, or [`Entry::NO_UPTIME`] below the quorum.
    pub uptime_bps: u16,
    /// Factor on the score in basis points; 10,000 is none.
    pub boost_bps: u16,
    /// A [`SlotState`].
    pub state: u8,
    /// A [`Reason`].
    pub reason: u8,
    /// The boost from `change_epoch` on, of a slot that is [`SlotState::Changing`].
    pub next_boost_bps: u16,
    /// The first epoch with `next_boost_bps`, or that a retired node does not earn, or that a slot was vacant in; else
    /// [`NO_EPOCH`].
    pub change_epoch: u32,
}

/// Whether a slot has a tenant, and whether anything about it depends on the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum SlotState {
    /// Nobody.
    Vacant = 0,
    /// A node that earns, with the same boost in every epoch from the open one on.
    Active = 1,
    /// A node that earns from `since` on, and from `change_epoch` on with `next_boost_bps`.
    Changing = 2,
    /// A node that earns until `change_epoch`, and whose owner may still claim.
    Retired = 3,
}

impl Slot {
    /// The slot of a node that counts from epoch `since` on.
    pub fn new(owner: Pubkey, since: u32) -> Self {
        Self {
            owner,
            since,
            bandwidth: Entry::NO_BANDWIDTH,
            uptime_bps: Entry::NO_UPTIME,
            boost_bps: NO_BOOST_BPS,
            state: SlotState::Changing as u8,
            reason: Reason::None as u8,
            next_boost_bps: NO_BOOST_BPS,
            change_epoch: NO_EPOCH,
            ..Self::default()
        }
    }

    /// Whether the slot has a tenant that has not retired.
    pub fn is_live(&self) -> bool {
        self.state == SlotState::Active as u8 || self.state == SlotState::Changing as u8
    }

    /// Gives the node a boost from `epoch` on, which has not begun; one that was to come is replaced.
    ///
    /// - `open_epoch`: the first epoch that is not closed.
    ///
    /// Errors: [`StipendError::NodeRetired`], [`StipendError::BoostPending`].
    pub fn set_boost(&mut self, boost_bps: u16, epoch: u32, open_epoch: u32) -> Result<()> {
        ensure!(self.is_live(), StipendError::NodeRetired);
        self.take_boost(open_epoch);
        ensure!(self.change_epoch == NO_EPOCH || self.change_epoch >= epoch, StipendError::BoostPending);
        self.next_boost_bps = boost_bps;
        self.change_epoch = epoch;
        self.state = SlotState::Changing as u8;
        Ok(())
    }

    /// Ends the node's time with `epoch`, the one under way, which it no longer earns.
    ///
    /// Errors: [`StipendError::NodeRetired`], [`StipendError::BoostPending`] if epochs that are not closed would lose
    /// their boost.
    pub fn retire(&mut self, epoch: u32, open_epoch: u32) -> Result<()> {
        ensure!(self.is_live(), StipendError::NodeRetired);
        self.take_boost(open_epoch);
        ensure!(self.change_epoch >= epoch, StipendError::BoostPending);
        self.change_epoch = epoch;
        self.state = SlotState::Retired as u8;
        Ok(())
    }

    /// Puts the boost in force that the open epoch has.
    fn take_boost(&mut self, open_epoch: u32) {
        if self.change_epoch <= open_epoch {
            self.boost_bps = self.next_boost_bps;
            self.change_epoch = NO_EPOCH;
        }
    }

    /// Makes room for another tenant once nothing is owed to this one.
    ///
    /// - `payer`: who paid the slot's rent; `epoch`: the one under way.
    /// - `is_unsettled`: whether the shard is.
    ///
    /// Errors: [`StipendError::NodeNotRetired`], [`StipendError::NodeStillEarns`], [`StipendError::ShardNotSettled`],
    /// [`StipendError::NodeOwed`].
    pub fn vacate(&mut self, payer: Pubkey, epoch: u32, open_epoch: u32, is_unsettled: bool) -> Result<()> {
        ensure!(self.state == SlotState::Retired as u8, StipendError::NodeNotRetired);
        // It earns from the later of the two until it retired.
        ensure_that!((open_epoch.max(self.since)) >= self.change_epoch, StipendError::NodeStillEarns);
        ensure!(!is_unsettled || self.score == 0, StipendError::ShardNotSettled);
        ensure_that!((self.accrued_atoms) == 0, StipendError::NodeOwed);
        *self = Self {
            owner: payer,
            bandwidth: Entry::NO_BANDWIDTH,
            uptime_bps: Entry::NO_UPTIME,
            change_epoch: epoch,
            ..Self::default()
        };
        Ok(())
    }

    /// Scores the slot from its medians, and returns the score.
    #[inline(always)]
    pub(super) fn score(&mut self, epoch: u32, scorer: &Scorer) -> u32 {
        if self.state != SlotState::Active as u8 {
            return self.score_changing(epoch, scorer);
        }
        self.set_score(scorer.score(self.uptime_bps, self.bandwidth, self.boost_bps))
    }

    /// As [`Self::score`], of a slot whose state depends on the epoch, or that has no tenant.
    #[inline(never)]
    fn score_changing(&mut self, epoch: u32, scorer: &Scorer) -> u32 {
        let is_retired = self.state == SlotState::Retired as u8;
        if self.state == SlotState::Vacant as u8 {
            return self.set_score((0, Reason::None));
        }
        if is_retired && self.change_epoch <= epoch {
            return self.set_score((0, Reason::Retired));
        }
        if self.since > epoch {
            return self.set_score((0, Reason::NotActiveYet));
        }
        if !is_retired {
            self.take_boost(epoch);
            if self.change_epoch == NO_EPOCH {
                self.state = SlotState::Active as u8;
            }
        }
        self.set_score(scorer.score(self.uptime_bps, self.bandwidth, self.boost_bps))
    }

    #[inline(always)]
    fn set_score(&mut self, (score, reason): (u32, Reason)) -> u32 {
        self.score = score;
        self.reason = reason as u8;
        score
    }
}

/// Takes what `owner`'s slots have accrued; returns how many atoms were taken and how many were left.
///
/// - `places`: slots in ascending order, so that none is named twice; u16 little-endian each.
/// - `mintable_atoms`: how many of the sum may be taken; the rest is put back into the last slot, which is the owner's too.
///
/// Errors: [`StipendError::SlotsNotAscending`], [`StipendError::SlotOutOfRange`], [`StipendError::SlotOwnerMismatch`],
/// [`StipendError::NothingToClaim`], and those of `mintable_atoms`.
pub fn take_accrued(
    slots: &mut [Slot],
    places: &[[u8; 2]],
    owner: &Pubkey,
    mintable_atoms: impl FnOnce(u64) -> Result<u64>,
) -> Result<(u64, u64)> {
    let mut sum_atoms = 0u64;
    let mut least = 0u16;
    for place in places {
        let place = u16::from_le_bytes(*place);
        ensure!(place >= least, StipendError::SlotsNotAscending);
        least = place.saturating_add(1);
        let slot = slots.get_mut(usize::from(place)).or_refuse(StipendError::SlotOutOfRange)?;
        ensure!(address_eq(&slot.owner, owner), StipendError::SlotOwnerMismatch);
        sum_atoms = sum_atoms.checked_add(slot.accrued_atoms).or_refuse(StipendError::ArithmeticOverflow)?;
        slot.accrued_atoms = 0;
    }
    ensure_that!(sum_atoms > 0, StipendError::NothingToClaim);
    let taken_atoms = mintable_atoms(sum_atoms)?;
    let left_atoms = sum_atoms.checked_sub(taken_atoms).or_refuse(StipendError::InvariantBroken)?;
    if left_atoms > 0 {
        let last = usize::from(least).checked_sub(1).and_then(|last| slots.get_mut(last));
        last.or_refuse(StipendError::InvariantBroken)?.accrued_atoms = left_atoms;
    }
    Ok((taken_atoms, left_atoms))
}

/// Compares a report's values with the medians of the slots: returns how many there were, and how many of them lie outside
/// the tolerance. A value without a median is not compared.
pub fn judge(slots: &[Slot], entries: &[Entry], tolerance_bps: u16) -> (u64, u64) {
    let (mut judged, mut outside) = (0u64, 0u64);
    for (slot, entry) in slots.iter().zip(entries) {
        let (uptime_bps, bandwidth) = (entry.uptime_bps(), entry.bandwidth());
        if uptime_bps != Entry::NO_UPTIME && slot.uptime_bps != Entry::NO_UPTIME {
            judged = judged.wrapping_add(1);
            let is_outside = is_outside(uptime_bps.into(), slot.uptime_bps.into(), tolerance_bps);
            outside = outside.wrapping_add(u64::from(is_outside));
        }
        if bandwidth != Entry::NO_BANDWIDTH && slot.bandwidth != Entry::NO_BANDWIDTH {
            judged = judged.wrapping_add(1);
            outside = outside.wrapping_add(u64::from(is_outside(bandwidth, slot.bandwidth, tolerance_bps)));
        }
    }
    (judged, outside)
}
