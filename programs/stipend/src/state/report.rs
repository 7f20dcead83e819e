//! One oracle's measurements of one shard.

use super::Tail;
use crate::{
    constants::{ACCOUNT_VERSION, MAX_SHARD_SLOTS},
    error::StipendError,
    math::{score, BPS},
};
use anchor_lang::prelude::*;
use core::mem::size_of;
use std::io::{ErrorKind, Read};

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
    /// The epoch of the entries, or [`NO_EPOCH`](crate::constants::NO_EPOCH).
    pub epoch: u32,
    /// Slots received so far; at most `total`.
    pub received: u16,
    /// Zero.
    pub reserved: [u8; 2],
    /// The epoch of the evidence, or [`NO_EPOCH`](crate::constants::NO_EPOCH).
    pub evidence_epoch: u32,
    /// The network of the shard.
    pub network: Pubkey,
    /// The shard that is measured.
    pub shard: Pubkey,
    /// The oracle that measures.
    pub oracle: Pubkey,
    /// Who paid the rent.
    pub payer: Pubkey,
    /// Hash of the raw data that the oracle keeps of the shard and `evidence_epoch`.
    pub evidence: [u8; 32],
    /// Zero.
    pub reserved_words: [u64; 2],
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

    /// Whether both measured a field and found different values.
    fn contradicts(&self, other: &Self) -> bool {
        let (uptime, other_uptime) = (self.uptime_bps(), other.uptime_bps());
        let (bandwidth, other_bandwidth) = (self.bandwidth(), other.bandwidth());
        let is_uptime_both = uptime != Self::NO_UPTIME && other_uptime != Self::NO_UPTIME;
        let is_bandwidth_both = bandwidth != Self::NO_BANDWIDTH && other_bandwidth != Self::NO_BANDWIDTH;
        is_uptime_both && uptime != other_uptime || is_bandwidth_both && bandwidth != other_bandwidth
    }

    /// Takes the fields that are not measured here from `other`.
    fn fill(&mut self, other: &Self) {
        if self.uptime_bps() == Self::NO_UPTIME {
            self.uptime_bps = other.uptime_bps;
        }
        if self.bandwidth() == Self::NO_BANDWIDTH {
            self.bandwidth = other.bandwidth;
        }
    }
}

impl Tail for Report {
    type Item = Entry;
}

/// [`Entry`]s end to end, as an argument: the bytes of a `Vec<u8>`.
///
/// Borsh takes memory for as many bytes as a `Vec<u8>` claims, which ends the program when its heap has fewer.
#[derive(AnchorSerialize, Clone, Debug, PartialEq, Eq)]
pub struct EntryBytes(pub Vec<u8>);

impl AnchorDeserialize for EntryBytes {
    fn deserialize_reader<R: Read>(reader: &mut R) -> std::io::Result<Self> {
        let len = u32::deserialize_reader(reader)? as usize;
        // No shard, and no transaction, has more.
        if len > usize::from(MAX_SHARD_SLOTS).saturating_mul(Entry::SIZE) {
            return Err(ErrorKind::InvalidData.into());
        }
        let mut bytes = vec![0; len];
        reader.read_exact(&mut bytes)?;
        Ok(Self(bytes))
    }
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
    /// Takes a batch: the first value of a field stands, the same value again changes nothing.
    ///
    /// - `entries`: the report's own; `slots`: how many of them the shard has by now.
    ///
    /// Returns how many slots are new. Errors, one a cause: the batch's shape ([`StipendError::MeasurementsMalformed`],
    /// [`StipendError::SlotOutOfRange`], [`StipendError::UptimeOutOfRange`]), its place in the report
    /// ([`StipendError::ReportTotalOutOfRange`], [`StipendError::ReportTotalMismatch`],
    /// [`StipendError::ReportTotalExceeded`]) and a second value for a slot
    /// ([`StipendError::MeasurementContradicts`]).
    pub fn receive(&mut self, entries: &mut [Entry], slots: usize, batch: &Batch) -> Result<u16> {
        if self.epoch != batch.epoch {
            self.begin(entries, slots, batch)?;
        }
        require_eq!(self.total, batch.total, StipendError::ReportTotalMismatch);

        let sent: &[Entry] =
            bytemuck::try_cast_slice(batch.measurements).ok().ok_or(StipendError::MeasurementsMalformed)?;
        let first = usize::from(batch.first_slot);
        let known = entries
            .get_mut(..slots)
            .and_then(|known| known.get_mut(first..first.checked_add(sent.len())?))
            .ok_or(StipendError::SlotOutOfRange)?;
        let measured = count_measured(sent)?;
        let fresh = if is_blank(known) {
            known.copy_from_slice(sent);
            measured
        } else {
            merge(known, sent)?
        };

        let received = self.received.checked_add(fresh).ok_or(StipendError::ReportTotalExceeded)?;
        require_gte!(self.total, received, StipendError::ReportTotalExceeded);
        self.received = received;
        Ok(fresh)
    }

    /// Whether all that the oracle announced has been received.
    pub fn is_complete(&self) -> bool {
        self.received == self.total
    }

    /// Keeps the hash of the oracle's raw data of an epoch: the first one stands, the same again changes nothing.
    ///
    /// Errors: [`StipendError::EvidenceContradicts`].
    pub fn commit(&mut self, epoch: u32, evidence: &[u8; 32]) -> Result<()> {
        if self.evidence_epoch == epoch {
            require!(self.evidence == *evidence, StipendError::EvidenceContradicts);
            return Ok(());
        }
        self.evidence_epoch = epoch;
        self.evidence = *evidence;
        Ok(())
    }

    /// Wipes the entries of an earlier epoch.
    fn begin(&mut self, entries: &mut [Entry], slots: usize, batch: &Batch) -> Result<()> {
        require_gte!(slots, usize::from(batch.total), StipendError::ReportTotalOutOfRange);
        self.epoch = batch.epoch;
        self.total = batch.total;
        self.received = 0;
        bytemuck::cast_slice_mut::<_, u8>(entries).fill(0xff);
        Ok(())
    }

    /// What holds of every report.
    pub fn invariant(&self) -> Result<()> {
        // Another version's account has another layout.
        require_eq!(self.version, ACCOUNT_VERSION, StipendError::AccountVersionWrong);
        // A report is complete when all that was announced is there, never more.
        require_gte!(self.total, self.received, StipendError::InvariantBroken);
        Ok(())
    }
}

/// The first slot for which two batches of one report and epoch have different values of one field, and those.
///
/// A field that either leaves blank is no contradiction: nothing was said about it.
pub fn contradiction(one: &Batch, other: &Batch) -> Option<(u16, Entry, Entry)> {
    let first_slot = one.first_slot.max(other.first_slot);
    let (one, other) = (one.entries_from(first_slot)?, other.entries_from(first_slot)?);
    let mut slot = first_slot;
    for (one, other) in one.iter().zip(other) {
        if one.contradicts(other) {
            return Some((slot, *one, *other));
        }
        slot = slot.saturating_add(1);
    }
    None
}

/// How many of the entries measure anything. Errors: [`StipendError::UptimeOutOfRange`].
fn count_measured(entries: &[Entry]) -> Result<u16> {
    let mut blank = 0u16;
    // Eight at a time: the loop would cost as much as the look at an entry.
    let (chunks, rest) = entries.as_chunks::<8>();
    for chunk in chunks {
        let [a, b, c, d, e, f, g, h] = chunk;
        let has_more = |one: &Entry, other: &Entry| one.uptime_bps() > BPS || other.uptime_bps() > BPS;
        if has_more(a, b) || has_more(c, d) || has_more(e, f) || has_more(g, h) {
            for entry in chunk {
                blank = blank.saturating_add(count_blank(entry)?);
            }
        }
    }
    for entry in rest {
        blank = blank.saturating_add(count_blank(entry)?);
    }
    let all = u16::try_from(entries.len()).ok().ok_or(StipendError::SlotOutOfRange)?;
    Ok(all.saturating_sub(blank))
}

/// 1 if the entry measures nothing, else 0. Errors: [`StipendError::UptimeOutOfRange`].
fn count_blank(entry: &Entry) -> Result<u16> {
    let uptime_bps = entry.uptime_bps();
    require!(uptime_bps <= BPS || uptime_bps == Entry::NO_UPTIME, StipendError::UptimeOutOfRange);
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

/// Puts the sent fields into the empty ones of the known. Returns how many slots are new.
fn merge(known: &mut [Entry], sent: &[Entry]) -> Result<u16> {
    let mut fresh = 0u16;
    for (known, sent) in known.iter_mut().zip(sent) {
        if *sent == Entry::BLANK || known == sent {
            continue;
        }
        require!(!known.contradicts(sent), StipendError::MeasurementContradicts);
        fresh = fresh.saturating_add(u16::from(*known == Entry::BLANK));
        known.fill(sent);
    }
    Ok(fresh)
}
