//! The oracles that a network trusts to measure, when, and how well they do it.

use super::Policy;
use crate::{constants::*, error::StipendError};
use anchor_lang::prelude::*;
use solana_address::address_eq;

/// An oracle, the epochs in which it measures: [`active_from`, `active_until`), its bond and its record.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Oracle {
    /// Its ed25519 key.
    pub key: Pubkey,
    /// First epoch that it measures.
    pub active_from: u32,
    /// First epoch that it no longer measures; [`NO_EPOCH`] while it is not removed.
    pub active_until: u32,
    /// Shards and epochs that were scored with its complete report.
    pub reports_made: u32,
    /// Shards and epochs that were scored without.
    pub reports_missed: u32,
    /// Values that were compared with a median.
    pub values_judged: u64,
    /// Of those, values outside the tolerance.
    pub values_outside: u64,
    /// Lamports of the network's account that are the oracle's bond.
    pub bond_lamports: u64,
    /// Who paid the bond and gets it back.
    pub payer: Pubkey,
    /// 1 once the oracle was proven to have signed two values for one slot, else 0.
    pub suspended: u8,
    /// Zero.
    pub reserved: [u8; 7],
    /// Zero.
    pub reserved_words: [u64; 8],
}

impl Oracle {
    /// Whether the oracle measures `epoch`. An empty entry never does.
    #[inline(always)]
    pub fn is_active(&self, epoch: u32) -> bool {
        self.active_from <= epoch && epoch < self.active_until
    }

    /// Counts a shard and epoch that was scored with the oracle's complete report, or without.
    pub fn count_report(&mut self, is_made: bool) {
        let count = if is_made { &mut self.reports_made } else { &mut self.reports_missed };
        *count = count.saturating_add(1);
    }

    /// Whether the oracle measures any epoch from `epoch` on.
    fn is_needed(&self, epoch: u32) -> bool {
        epoch < self.active_until && self.active_from < self.active_until
    }

    /// Whether the entry may be used for another oracle: nothing is measured by it and nobody is owed a bond.
    fn is_free(&self, open_epoch: u32) -> bool {
        !self.is_needed(open_epoch) && self.bond_lamports == 0
    }
}

/// A network's oracle set. The order of the entries is the order in which reports are passed to `score_shard`.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct OracleSet {
    /// The entries; one that is no longer needed is used again.
    pub entries: [Oracle; MAX_ORACLES],
}

impl OracleSet {
    /// The oracles that measure `epoch`, in order.
    pub fn active(&self, epoch: u32) -> impl Iterator<Item = &Oracle> {
        self.entries.iter().filter(move |oracle| oracle.is_active(epoch))
    }

    /// The oracles that measure `epoch`, in order, to be changed.
    pub fn active_mut(&mut self, epoch: u32) -> impl Iterator<Item = &mut Oracle> {
        self.entries.iter_mut().filter(move |oracle| oracle.is_active(epoch))
    }

    /// Whether `key` measures `epoch`.
    pub fn is_active(&self, key: &Pubkey, epoch: u32) -> bool {
        self.entries.iter().any(|oracle| oracle.is_active(epoch) && address_eq(&oracle.key, key))
    }

    /// Whether `key` measures any epoch from `epoch` on.
    pub fn has(&self, key: &Pubkey, epoch: u32) -> bool {
        self.entries.iter().any(|oracle| oracle.key == *key && oracle.is_needed(epoch))
    }

    /// Whether `key` measures any epoch from `open_epoch` on, or left a bond that answers for what it measured before.
    pub fn is_answerable(&self, key: &Pubkey, open_epoch: u32) -> bool {
        self.entries.iter().any(|oracle| oracle.key == *key && !oracle.is_free(open_epoch))
    }

    /// Whether any oracle's bond is held.
    pub fn has_bond(&self) -> bool {
        self.entries.iter().any(|oracle| oracle.bond_lamports > 0)
    }

    /// Adds an oracle.
    ///
    /// - `open_epoch`: the first epoch that is not closed; entries that end before it are free.
    ///
    /// Errors: [`StipendError::OracleAlreadyAdded`], [`StipendError::OracleSuspended`], [`StipendError::OracleSetFull`].
    pub fn add(&mut self, oracle: Oracle, open_epoch: u32) -> Result<()> {
        for other in self.entries.iter().filter(|other| other.key == oracle.key) {
            require!(!other.is_needed(oracle.active_from), StipendError::OracleAlreadyAdded);
            require!(other.suspended == 0, StipendError::OracleSuspended);
        }
        let free = self.entries.iter_mut().filter(|entry| entry.is_free(open_epoch));
        // A suspended oracle's entry is the last to go: as long as it stands, its key can't come back.
        let entry = free.min_by_key(|entry| entry.suspended).ok_or(StipendError::OracleSetFull)?;
        *entry = oracle;
        Ok(())
    }

    /// Whether `policy`'s quorum is above half of the oracles that measure any epoch from `epoch` on.
    ///
    /// Errors: [`StipendError::QuorumNotAboveHalf`].
    pub fn check_quorum(&self, epoch: u32, policy: &Policy) -> Result<()> {
        let size = self.entries.iter().filter(|oracle| oracle.is_needed(epoch)).count();
        require!(usize::from(policy.quorum).saturating_mul(2) > size, StipendError::QuorumNotAboveHalf);
        Ok(())
    }

    /// Ends `key`'s time with epoch `active_until`, which it no longer measures.
    ///
    /// Errors: [`StipendError::OracleUnknown`] if the set has no such oracle from that epoch on.
    pub fn remove(&mut self, key: &Pubkey, active_until: u32) -> Result<()> {
        let mut is_known = false;
        // A key that was removed and added again stands in two entries until the first one's last epoch is closed.
        for oracle in self.entries.iter_mut().filter(|o| o.key == *key && o.is_needed(active_until)) {
            oracle.active_until = active_until;
            is_known = true;
        }
        require!(is_known, StipendError::OracleUnknown);
        Ok(())
    }

    /// Ends `key`'s time with the open epoch, which it no longer measures, and takes its bond, which is returned.
    ///
    /// Errors: [`StipendError::OracleUnknown`] if the set has no such oracle, [`StipendError::OracleSuspended`] if it was
    /// done before.
    pub fn suspend(&mut self, key: &Pubkey, open_epoch: u32) -> Result<u64> {
        let mut bonds_lamports = None;
        for oracle in self.entries.iter_mut().filter(|o| o.key == *key) {
            require!(oracle.suspended == 0, StipendError::OracleSuspended);
            if oracle.is_free(open_epoch) {
                continue;
            }
            oracle.suspended = 1;
            oracle.active_until = oracle.active_until.min(open_epoch);
            let bond_lamports = core::mem::take(&mut oracle.bond_lamports);
            bonds_lamports =
                Some(bond_lamports.checked_add(bonds_lamports.unwrap_or(0)).ok_or(StipendError::ArithmeticOverflow)?);
        }
        bonds_lamports.ok_or_else(|| error!(StipendError::OracleUnknown))
    }

    /// Takes the bond of `key`, which `payer` left, once an epoch is closed that the oracle did not measure; returns it.
    ///
    /// Errors: [`StipendError::OracleUnknown`] if there is no such bond, [`StipendError::BondHeld`].
    pub fn take_bond(&mut self, key: &Pubkey, payer: &Pubkey, open_epoch: u32) -> Result<u64> {
        let mut error = StipendError::OracleUnknown;
        for oracle in self.entries.iter_mut() {
            if oracle.key != *key || oracle.payer != *payer || oracle.bond_lamports == 0 {
                continue;
            }
            if open_epoch > oracle.active_until && !oracle.is_needed(open_epoch) {
                return Ok(core::mem::take(&mut oracle.bond_lamports));
            }
            error = StipendError::BondHeld;
        }
        Err(error.into())
    }
}
