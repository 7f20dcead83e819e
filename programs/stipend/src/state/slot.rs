//! One node's place in a shard: who is paid, from when to when, and what the last scored epoch brought.

use super::Entry;
use crate::{
    constants::*,
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
    /// Who is paid; of a vacant slot, who paid its rent.
    pub owner: Pubkey,
    /// Atoms earned and not yet claimed.
    pub accrued_atoms: u64,
    /// Score of the shard's last scored epoch.
    pub score: u32,
    /// The first epoch that counts for a node that is [`SlotState::Starting`], or that has `next_boost_bps` for one that is
    /// [`SlotState::Boosting`]; of a vacant slot, lamports of its rent that `owner` gets back.
    pub from_epoch: u32,
    /// The first epoch that a retired node does not earn, else [`NO_EPOCH`]; of a vacant slot, the epoch that was under way
    /// when it became vacant.
    pub until: u32,
    /// Bandwidth of the last scored epoch, or [`Entry::NO_BANDWIDTH`] below the quorum.
    pub bandwidth: u32,
    /// Uptime of the last scored epoch in basis points, or [`Entry::NO_UPTIME`] below the quorum.
    pub uptime_bps: u16,
    /// Factor on the score in basis points; 10,000 is none.
    pub boost_bps: u16,
    /// The boost from `from_epoch` on, of a node that is [`SlotState::Boosting`].
    pub next_boost_bps: u16,
    /// A [`SlotState`].
    pub state: u8,
    /// A [`Reason`].
    pub reason: u8,
}

/// Whether a slot has a tenant, and what about it depends on the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum SlotState {
    /// Nobody.
    Vacant = 0,
    /// A node that earns alike in every epoch from the open one on.
    Active = 1,
    /// A node that earns from `from_epoch` on.
    Starting = 2,
    /// A node that has another boost from `from_epoch` on.
    Boosting = 3,
    /// A node that is retired, and was [`Self::Active`] before.
    Leaving = 4,
}

impl Slot {
    /// The slot of a node that counts from epoch `since` on.
    pub fn new(owner: Pubkey, since: u32) -> Self {
        Self {
            owner,
            from_epoch: since,
            until: NO_EPOCH,
            bandwidth: Entry::NO_BANDWIDTH,
            uptime_bps: Entry::NO_UPTIME,
            boost_bps: NO_BOOST_BPS,
            next_boost_bps: NO_BOOST_BPS,
            state: SlotState::Starting as u8,
            reason: Reason::None as u8,
            ..Self::default()
        }
    }

    /// Whether the slot has no tenant.
    pub fn is_vacant(&self) -> bool {
        self.state == SlotState::Vacant as u8
    }

    /// Whether the slot has a tenant that has not retired.
    pub fn is_live(&self) -> bool {
        !self.is_vacant() && self.until == NO_EPOCH
    }

    /// Whether the node can earn in `epoch`, the open one.
    pub fn is_earning(&self, epoch: u32) -> bool {
        let has_begun = self.state != SlotState::Starting as u8 || self.from_epoch <= epoch;
        !self.is_vacant() && has_begun && epoch < self.until
    }

    /// Whether the node can earn in any epoch from `epoch` on, the open one.
    pub fn is_earning_from(&self, epoch: u32) -> bool {
        !self.is_vacant() && epoch < self.until
    }

    /// Gives the node a boost from `epoch` on, which has not begun; one that was to come is replaced. Returns that of the open
    /// epoch.
    ///
    /// - `open_epoch`: the first epoch that is not closed.
    ///
    /// Errors: [`StipendError::NodeRetired`]; [`StipendError::BoostPending`] while the node's start, or an earlier change of
    /// its boost, has begun and epochs before it are not closed.
    pub fn set_boost(&mut self, boost_bps: u16, epoch: u32, open_epoch: u32) -> Result<u16> {
        require!(self.is_live(), StipendError::NodeRetired);
        self.begin(open_epoch);
        let old_boost_bps = self.boost_bps;
        if self.state != SlotState::Active as u8 {
            require_gte!(self.from_epoch, epoch, StipendError::BoostPending);
        }
        if self.state == SlotState::Starting as u8 {
            self.boost_bps = boost_bps;
            return Ok(old_boost_bps);
        }
        self.state = SlotState::Boosting as u8;
        self.next_boost_bps = boost_bps;
        self.from_epoch = epoch;
        Ok(old_boost_bps)
    }

    /// Ends the node's time with `epoch`, the one under way, which it no longer earns.
    ///
    /// Errors: [`StipendError::NodeRetired`].
    pub fn retire(&mut self, epoch: u32) -> Result<()> {
        require!(self.is_live(), StipendError::NodeRetired);
        self.until = epoch;
        if self.state == SlotState::Active as u8 {
            self.state = SlotState::Leaving as u8;
        }
        Ok(())
    }

    /// Puts in force what holds from `epoch` on, the open one.
    fn begin(&mut self, epoch: u32) {
        if self.state == SlotState::Active as u8 || self.from_epoch > epoch {
            return;
        }
        if self.state == SlotState::Boosting as u8 {
            self.boost_bps = self.next_boost_bps;
        }
        self.state = if self.until == NO_EPOCH { SlotState::Active as u8 } else { SlotState::Leaving as u8 };
    }

    /// Makes room for another tenant once nothing is owed to this one.
    ///
    /// - `payer`: who paid the slot's rent; `rent_lamports`: how much; `epoch`: the one under way.
    /// - `is_unsettled`: whether the shard is.
    ///
    /// Errors: [`StipendError::NodeNotRetired`], [`StipendError::NodeStillEarns`], [`StipendError::ShardNotSettled`],
    /// [`StipendError::NodeOwed`].
    pub fn vacate(
        &mut self,
        payer: Pubkey,
        rent_lamports: u32,
        epoch: u32,
        open_epoch: u32,
        is_unsettled: bool,
    ) -> Result<()> {
        require!(!self.is_vacant() && !self.is_live(), StipendError::NodeNotRetired);
        require!(!self.is_earning_from(open_epoch) || !self.has_begun_before(self.until), StipendError::NodeStillEarns);
        require!(!is_unsettled || self.score == 0, StipendError::ShardNotSettled);
        require_eq!(self.accrued_atoms, 0, StipendError::NodeOwed);
        *self = Self {
            owner: payer,
            from_epoch: rent_lamports,
            until: epoch,
            bandwidth: Entry::NO_BANDWIDTH,
            uptime_bps: Entry::NO_UPTIME,
            ..Self::default()
        };
        Ok(())
    }

    /// Whether the node has an epoch before `epoch` that counts for it.
    fn has_begun_before(&self, epoch: u32) -> bool {
        self.state != SlotState::Starting as u8 || self.from_epoch < epoch
    }

    /// Scores the slot from its medians, and returns the score.
    #[inline(always)]
    pub(super) fn score<const GATE: bool>(&mut self, epoch: u32, scorer: &Scorer) -> u32 {
        if self.state != SlotState::Active as u8 {
            return self.score_changing(epoch, scorer);
        }
        self.set_score(scorer.score_by::<GATE>(self.uptime_bps, self.bandwidth, self.boost_bps))
    }

    /// As [`Self::score`], of a slot whose state depends on the epoch, or that has no tenant.
    #[inline(never)]
    fn score_changing(&mut self, epoch: u32, scorer: &Scorer) -> u32 {
        if self.is_vacant() {
            return self.set_score((0, Reason::None));
        }
        if self.until <= epoch {
            return self.set_score((0, Reason::Retired));
        }
        if !self.is_earning(epoch) {
            return self.set_score((0, Reason::NotActiveYet));
        }
        self.begin(epoch);
        self.set_score(scorer.score(self.uptime_bps, self.bandwidth, self.boost_bps))
    }

    #[inline(always)]
    fn set_score(&mut self, (score, reason): (u32, Reason)) -> u32 {
        self.score = score;
        self.reason = reason as u8;
        score
    }

    /// Takes the last score away; returns what it was. Errors: [`StipendError::ScoreAlreadyVoided`],
    /// [`StipendError::SlotNotScored`].
    pub(super) fn void(&mut self) -> Result<u32> {
        require!(self.reason != Reason::Voided as u8, StipendError::ScoreAlreadyVoided);
        require_gt!(self.score, 0, StipendError::SlotNotScored);
        let score = self.score;
        self.set_score((0, Reason::Voided));
        Ok(score)
    }

    /// What holds of every slot.
    pub fn invariant(&self) -> Result<()> {
        // A slot without a tenant earns nothing and owes nothing.
        require!(!self.is_vacant() || self.score == 0 && self.accrued_atoms == 0, StipendError::InvariantBroken);
        // Only a tenant that is going has an end, and one that is gone has one for sure.
        let has_end = self.until != NO_EPOCH;
        require!(self.state != SlotState::Active as u8 || !has_end, StipendError::InvariantBroken);
        require!(self.state != SlotState::Leaving as u8 || has_end, StipendError::InvariantBroken);
        Ok(())
    }
}

/// Takes up to `room_atoms` of what `owner`'s slots have accrued, slot by slot in order; returns how many atoms were taken
/// and how many were left.
///
/// - `places`: slots in ascending order, so that none is named twice.
///
/// Errors: [`StipendError::SlotsNotAscending`], [`StipendError::SlotOutOfRange`], [`StipendError::SlotOwnerMismatch`],
/// [`StipendError::NothingToClaim`], [`StipendError::MintLimitReached`] if there is no room at all.
pub fn take_accrued(slots: &mut [Slot], places: &[u16], owner: &Pubkey, room_atoms: u64) -> Result<(u64, u64)> {
    let (mut taken_atoms, mut left_atoms) = (0u64, 0u64);
    let mut least = 0u16;
    for place in places {
        require!(*place >= least, StipendError::SlotsNotAscending);
        least = place.saturating_add(1);
        let slot = slots.get_mut(usize::from(*place)).ok_or(StipendError::SlotOutOfRange)?;
        require!(address_eq(&slot.owner, owner) && !slot.is_vacant(), StipendError::SlotOwnerMismatch);
        // All that ever accrued is at most the supply cap, so no sum passes a u64.
        let atoms = slot.accrued_atoms.min(room_atoms.wrapping_sub(taken_atoms));
        slot.accrued_atoms = slot.accrued_atoms.wrapping_sub(atoms);
        taken_atoms = taken_atoms.wrapping_add(atoms);
        left_atoms = left_atoms.wrapping_add(slot.accrued_atoms);
    }
    if taken_atoms == 0 {
        let error = if left_atoms == 0 { StipendError::NothingToClaim } else { StipendError::MintLimitReached };
        return Err(error.into());
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
