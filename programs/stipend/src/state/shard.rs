//! Up to 1,024 nodes' slots in one account.

use super::{Entry, Tail};
use crate::{
    check::OrRefuse,
    constants::*,
    ensure, ensure_that,
    error::StipendError,
    math::{
        median::{lower_median, SortRow},
        reward::Rate,
        score::{checked_score, Reason, ScoringRules},
    },
};
use anchor_lang::{prelude::*, Discriminator};

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
    /// Zero.
    pub reserved: [u8; 7],
}

/// One node's place in a shard, 64 bytes.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Slot {
    /// Who is paid.
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
    /// Zero.
    pub reserved: [u8; 6],
}

/// Whether a slot has a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum SlotState {
    /// Nobody.
    Vacant = 0,
    /// A node that can earn.
    Active = 1,
}

impl Tail for Shard {
    type Item = Slot;
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
            state: SlotState::Active as u8,
            reason: Reason::None as u8,
            ..Self::default()
        }
    }

    /// Scores the slot from one row of values each, and returns the score.
    #[inline(always)]
    fn score<const N: usize>(
        &mut self,
        rows: &mut Rows<N>,
        epoch: u32,
        quorum: usize,
        rules: &ScoringRules,
    ) -> Result<u32>
    where
        [u32; N]: SortRow,
    {
        let uptime_bps = if rows.uptimes_measured < quorum {
            None
        } else {
            lower_median(&mut rows.uptimes, rows.uptimes_measured).and_then(|uptime| u16::try_from(uptime).ok())
        };
        let bandwidth = if rows.bandwidths_measured < quorum {
            None
        } else {
            lower_median(&mut rows.bandwidths, rows.bandwidths_measured)
        };
        let (score, reason) = if self.since > epoch {
            (0, Reason::NotActiveYet)
        } else {
            checked_score(rules, uptime_bps, bandwidth, self.boost_bps).or_refuse(StipendError::ArithmeticOverflow)?
        };
        self.uptime_bps = uptime_bps.unwrap_or(Entry::NO_UPTIME);
        self.bandwidth = bandwidth.unwrap_or(Entry::NO_BANDWIDTH);
        self.score = score;
        self.reason = reason as u8;
        Ok(score)
    }
}

/// What N oracles measured of one slot; what was not measured is all ones and sorts behind the rest.
struct Rows<const N: usize> {
    uptimes: [u32; N],
    uptimes_measured: usize,
    bandwidths: [u32; N],
    bandwidths_measured: usize,
}

impl<const N: usize> Rows<N> {
    /// The measurements of slot `place`; a report that ends before it did not measure it.
    #[inline(always)]
    fn gather(reports: &[&[Entry]; N], place: usize) -> Self {
        let mut rows =
            Self { uptimes: [u32::MAX; N], uptimes_measured: 0, bandwidths: [u32::MAX; N], bandwidths_measured: 0 };
        for ((entries, uptime), bandwidth) in reports.iter().zip(&mut rows.uptimes).zip(&mut rows.bandwidths) {
            if let Some(entry) = entries.get(place) {
                *uptime = u32::from(entry.uptime_bps());
                *bandwidth = entry.bandwidth();
                rows.uptimes_measured =
                    rows.uptimes_measured.wrapping_add(usize::from(entry.uptime_bps() != Entry::NO_UPTIME));
                rows.bandwidths_measured =
                    rows.bandwidths_measured.wrapping_add(usize::from(entry.bandwidth() != Entry::NO_BANDWIDTH));
            }
        }
        rows
    }
}

impl Shard {
    /// Bytes of a shard without a slot.
    pub const HEADER_SPACE: usize = Self::DISCRIMINATOR.len() + core::mem::size_of::<Self>();

    /// Whether `epoch`'s scores still wait for their atoms.
    pub fn is_unsettled(&self) -> bool {
        self.unsettled != 0
    }

    /// Scores every slot for `epoch` from the reports of its active oracles, and returns the sum.
    ///
    /// - `reports`: at most [`MAX_ORACLES`]; an oracle that did not report gives an empty slice.
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
        ensure_that!(epoch >= self.next_epoch, StipendError::ShardAlreadyScored);
        ensure!(!self.is_unsettled(), StipendError::ShardNotSettled);
        let quorum = usize::from(quorum);
        let total_score = match reports.len() {
            0..=3 => score_slots::<3>(slots, &pad(reports), epoch, quorum, rules),
            4..=5 => score_slots::<5>(slots, &pad(reports), epoch, quorum, rules),
            6..=8 => score_slots::<8>(slots, &pad(reports), epoch, quorum, rules),
            _ => score_slots::<MAX_ORACLES>(slots, &pad(reports), epoch, quorum, rules),
        }?;
        self.total_score = total_score;
        self.scored_epoch = epoch;
        self.next_epoch = epoch.checked_add(1).or_refuse(StipendError::ArithmeticOverflow)?;
        self.unsettled = u8::from(total_score > 0);
        Ok(total_score)
    }

    /// Adds each slot's reward of `scored_epoch` at `rate` to what it has accrued, and returns the sum.
    ///
    /// Errors: [`StipendError::ShardAlreadySettled`].
    pub fn settle(&mut self, slots: &mut [Slot], rate: Rate) -> Result<u64> {
        ensure!(self.is_unsettled(), StipendError::ShardAlreadySettled);
        let (mut paid_atoms, mut total_score) = (0u64, 0u64);
        for slot in slots {
            if slot.score == 0 {
                continue;
            }
            let reward_atoms = rate.checked_reward(slot.score).or_refuse(StipendError::ArithmeticOverflow)?;
            slot.accrued_atoms =
                slot.accrued_atoms.checked_add(reward_atoms).or_refuse(StipendError::ArithmeticOverflow)?;
            paid_atoms = paid_atoms.checked_add(reward_atoms).or_refuse(StipendError::ArithmeticOverflow)?;
            // At most 1,024 scores of 32 bits.
            total_score = total_score.wrapping_add(u64::from(slot.score));
        }
        // The scores that are paid are the ones that the rate was made from.
        ensure_that!(total_score == self.total_score, StipendError::InvariantBroken);
        self.unsettled = 0;
        Ok(paid_atoms)
    }
}

/// Takes what `owner`'s slots have accrued, and returns the sum in atoms.
///
/// - `places`: slots in ascending order, so that none is named twice.
///
/// Errors: [`StipendError::SlotsNotAscending`], [`StipendError::SlotOutOfRange`], [`StipendError::SlotOwnerMismatch`],
/// [`StipendError::NothingToClaim`].
pub fn take_accrued(slots: &mut [Slot], places: &[u16], owner: &Pubkey) -> Result<u64> {
    let mut sum_atoms = 0u64;
    let mut least = 0u16;
    for &place in places {
        ensure!(place >= least, StipendError::SlotsNotAscending);
        least = place.saturating_add(1);
        let slot = slots.get_mut(usize::from(place)).or_refuse(StipendError::SlotOutOfRange)?;
        ensure!(slot.owner == *owner, StipendError::SlotOwnerMismatch);
        sum_atoms = sum_atoms.checked_add(slot.accrued_atoms).or_refuse(StipendError::ArithmeticOverflow)?;
        slot.accrued_atoms = 0;
    }
    ensure_that!(sum_atoms > 0, StipendError::NothingToClaim);
    Ok(sum_atoms)
}

/// The reports, filled up to N with oracles that measured nothing.
fn pad<'a, const N: usize>(reports: &[&'a [Entry]]) -> [&'a [Entry]; N] {
    let mut padded: [&[Entry]; N] = [&[]; N];
    for (place, report) in padded.iter_mut().zip(reports) {
        *place = report;
    }
    padded
}

#[inline(never)]
fn score_slots<const N: usize>(
    slots: &mut [Slot],
    reports: &[&[Entry]; N],
    epoch: u32,
    quorum: usize,
    rules: &ScoringRules,
) -> Result<u64>
where
    [u32; N]: SortRow,
{
    let mut total_score = 0u64;
    for (place, slot) in slots.iter_mut().enumerate() {
        if slot.state != SlotState::Active as u8 {
            continue;
        }
        let score = slot.score(&mut Rows::gather(reports, place), epoch, quorum, rules)?;
        // At most 1,024 scores of 32 bits.
        total_score = total_score.wrapping_add(u64::from(score));
    }
    Ok(total_score)
}
