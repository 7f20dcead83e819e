//! One oracle's measurements of one shard.

use super::Tail;
use crate::{
    check::OrRefuse,
    constants::*,
    ensure, ensure_that,
    error::StipendError,
    math::{score, BPS},
};
use anchor_lang::prelude::*;
use core::mem::size_of;

/// An oracle's report of a shard: `["report", shard, oracle]`, then one [`Entry`] for each slot that the shard may have.
///
/// Reused every epoch: the first batch of an epoch wipes what the last one left.
#[account(zero_copy)]
#[derive(Debug)]
#[repr(C)]
pub struct Report {
    /// Layout of this account.
    pub version: u8,
    /// Bump of this account's address.
    pub bump: u8,
    /// Slots that the oracle measured in the epoch, as each of its batches says.
    pub total: u16,
    /// The epoch of the entries, or [`NO_EPOCH`].
    pub epoch: u32,
    /// Slots received so far; at most `total`.
    pub received: u16,
    /// Zero.
    pub reserved: [u8; 2],
    /// The epoch of the evidence, or [`NO_EPOCH`].
    pub evidence_epoch: u32,
    /// The shard that is measured.
    pub shard: Pubkey,
    /// The oracle that measures.
    pub oracle: Pubkey,
    /// Who paid the rent.
    pub payer: Pubkey,
    /// Hash of the raw data that the oracle keeps of the shard and `evidence_epoch`.
    pub evidence: [u8; 32],
    /// As many as the shard may have slots: the account's data goes on behind this header.
    pub entries: [Entry; 0],
}

/// One slot's measurement, 6 bytes: bandwidth u32, then uptime u16, little-endian. All ones in a field: not measured.
#[zero_copy]
#[derive(Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Entry {
    /// Bandwidth in the network's unit, little-endian.
    pub bandwidth: [u8; 4],
    /// Uptime in basis points of the epoch, little-endian.
    pub uptime_bps: [u8; 2],
}

impl Entry {
    /// Bytes of an entry.
    pub const SIZE: usize = size_of::<Self>();
    /// A bandwidth that was not measured.
    pub const NO_BANDWIDTH: u32 = score::NO_BANDWIDTH;
    /// An uptime that was not measured.
    pub const NO_UPTIME: u16 = score::NO_UPTIME;
    /// A slot that was not measured at all.
    pub const BLANK: Self = Self { bandwidth: [0xff; 4], uptime_bps: [0xff; 2] };

    /// The measurement of these values; `None` is not measured.
    pub fn new(uptime_bps: Option<u16>, bandwidth: Option<u32>) -> Self {
        Self {
            bandwidth: bandwidth.unwrap_or(Self::NO_BANDWIDTH).to_le_bytes(),
            uptime_bps: uptime_bps.unwrap_or(Self::NO_UPTIME).to_le_bytes(),
        }
    }

    /// Bandwidth, or [`Self::NO_BANDWIDTH`].
    #[inline(always)]
    pub fn bandwidth(&self) -> u32 {
        u32::from_le_bytes(self.bandwidth)
    }

    /// Uptime in basis points, or [`Self::NO_UPTIME`].
    #[inline(always)]
    pub fn uptime_bps(&self) -> u16 {
        u16::from_le_bytes(self.uptime_bps)
    }
}

impl Tail for Report {
    type Item = Entry;
}

/// What a batch of measurements says about itself.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// The epoch that was measured.
    pub epoch: u32,
    /// Slots that the oracle measured in the shard and epoch, over all batches.
    pub total: u16,
    /// Slot of the first measurement.
    pub first_slot: u16,
    /// [`Entry`]s, end to end.
    pub measurements: &'a [u8],
}

impl<'a> Batch<'a> {
    /// The entries from `slot` on; `None` if it is not reached, or the measurements are no entries.
    fn entries_from(&self, slot: u16) -> Option<&'a [Entry]> {
        let entries: &[Entry] = bytemuck::try_cast_slice(self.measurements).ok()?;
        entries.get(usize::from(slot.checked_sub(self.first_slot)?)..)
    }
}

impl Report {
    /// Takes a batch: the first value of a slot stands, the same value again changes nothing.
    ///
    /// - `entries`: the report's own; `slots`: how many of them the shard has by now.
    ///
    /// Returns how many slots are new. Errors, one a cause: the batch's shape ([`StipendError::MeasurementsMalformed`],
    /// [`StipendError::SlotOutOfRange`], [`StipendError::UptimeOutOfRange`]), its place in the report
    /// ([`StipendError::ReportEpochPassed`], [`StipendError::ReportTotalOutOfRange`],
    /// [`StipendError::ReportTotalMismatch`], [`StipendError::ReportTotalExceeded`]) and a second value for a slot
    /// ([`StipendError::MeasurementContradicts`]).
    pub fn receive(&mut self, entries: &mut [Entry], slots: usize, batch: &Batch) -> Result<u16> {
        if self.epoch != batch.epoch {
            self.begin(entries, slots, batch)?;
        }
        ensure_that!((self.total) == batch.total, StipendError::ReportTotalMismatch);

        let sent: &[Entry] =
            bytemuck::try_cast_slice(batch.measurements).ok().or_refuse(StipendError::MeasurementsMalformed)?;
        let first = usize::from(batch.first_slot);
        let known = entries
            .get_mut(..slots)
            .and_then(|known| known.get_mut(first..first.checked_add(sent.len())?))
            .or_refuse(StipendError::SlotOutOfRange)?;
        let measured = count_measured(sent)?;
        let fresh = if is_blank(known) {
            known.copy_from_slice(sent);
            measured
        } else {
            merge(known, sent)?
        };

        let received = self.received.checked_add(fresh).or_refuse(StipendError::ReportTotalExceeded)?;
        ensure_that!((self.total) >= received, StipendError::ReportTotalExceeded);
        self.received = received;
        Ok(fresh)
    }

    /// Whether all that the oracle announced has been received.
    pub fn is_complete(&self) -> bool {
        self.received == self.total
    }

    /// Keeps the hash of the oracle's raw data of an epoch: the first one stands, the same again changes nothing.
    ///
    /// Errors: [`StipendError::EvidenceEpochPassed`], [`StipendError::EvidenceContradicts`].
    pub fn commit(&mut self, epoch: u32, evidence: &[u8; 32]) -> Result<()> {
        if self.evidence_epoch == epoch {
            ensure!(self.evidence == *evidence, StipendError::EvidenceContradicts);
            return Ok(());
        }
        ensure!(self.evidence_epoch == NO_EPOCH || self.evidence_epoch < epoch, StipendError::EvidenceEpochPassed);
        self.evidence_epoch = epoch;
        self.evidence = *evidence;
        Ok(())
    }

    /// Wipes the entries of an earlier epoch.
    fn begin(&mut self, entries: &mut [Entry], slots: usize, batch: &Batch) -> Result<()> {
        ensure!(self.epoch == NO_EPOCH || self.epoch < batch.epoch, StipendError::ReportEpochPassed);
        ensure_that!(slots >= usize::from(batch.total), StipendError::ReportTotalOutOfRange);
        self.epoch = batch.epoch;
        self.total = batch.total;
        self.received = 0;
        bytemuck::cast_slice_mut::<_, u8>(entries).fill(0xff);
        Ok(())
    }

    /// What holds of every report.
    pub fn invariant(&self) -> Result<()> {
        // A report is complete when all that was announced is there, never more.
        ensure_that!((self.total) >= self.received, StipendError::InvariantBroken);
        Ok(())
    }
}

/// The first slot for which two batches of one report and epoch have different values, and those.
///
/// A slot that either leaves blank is no contradiction: nothing was said about it.
pub fn contradiction(one: &Batch, other: &Batch) -> Option<(u16, Entry, Entry)> {
    let first_slot = one.first_slot.max(other.first_slot);
    let (one, other) = (one.entries_from(first_slot)?, other.entries_from(first_slot)?);
    let mut slot = first_slot;
    for (one, other) in one.iter().zip(other) {
        if one != other && *one != Entry::BLANK && *other != Entry::BLANK {
            return Some((slot, *one, *other));
        }
        slot = slot.saturating_add(1);
    }
    None
}

/// How many of the entries measure anything. Errors: [`StipendError::UptimeOutOfRange`].
fn count_measured(entries: &[Entry]) -> Result<u16> {
    let mut blank = 0u16;
    // Four at a time: the loop would cost as much as the look at an entry.
    let mut rest = entries;
    while let [a, b, c, d, behind @ ..] = rest {
        if a.uptime_bps() > BPS || b.uptime_bps() > BPS || c.uptime_bps() > BPS || d.uptime_bps() > BPS {
            for entry in [a, b, c, d] {
                blank = blank.saturating_add(count_blank(entry)?);
            }
        }
        rest = behind;
    }
    for entry in rest {
        blank = blank.saturating_add(count_blank(entry)?);
    }
    let all = u16::try_from(entries.len()).ok().or_refuse(StipendError::SlotOutOfRange)?;
    Ok(all.saturating_sub(blank))
}

/// 1 if the entry measures nothing, else 0. Errors: [`StipendError::UptimeOutOfRange`].
fn count_blank(entry: &Entry) -> Result<u16> {
    let uptime_bps = entry.uptime_bps();
    ensure!(uptime_bps <= BPS || uptime_bps == Entry::NO_UPTIME, StipendError::UptimeOutOfRange);
    Ok(u16::from(*entry == Entry::BLANK))
}

/// Whether no entry holds a value: the first byte is all ones and every byte equals the one before it.
///
/// One memory comparison, which the VM does in a few units, instead of a look at each entry.
fn is_blank(entries: &[Entry]) -> bool {
    let bytes: &[u8] = bytemuck::cast_slice(entries);
    match (bytes.split_first(), bytes.split_last()) {
        (Some((first, behind)), Some((_, before))) => *first == 0xff && behind == before,
        _ => true,
    }
}

/// Puts the sent entries into the empty ones of the known. Returns how many are new.
fn merge(known: &mut [Entry], sent: &[Entry]) -> Result<u16> {
    let mut fresh = 0u16;
    for (known, sent) in known.iter_mut().zip(sent) {
        if *sent == Entry::BLANK || known == sent {
            continue;
        }
        ensure!(*known == Entry::BLANK, StipendError::MeasurementContradicts);
        *known = *sent;
        fresh = fresh.saturating_add(1);
    }
    Ok(fresh)
}
