//! The oracles that a network trusts to measure, and when.

use crate::{check::OrRefuse, constants::*, ensure, error::StipendError};
use anchor_lang::prelude::*;
use solana_address::address_eq;

/// An oracle and the epochs in which it measures: [`active_from`, `active_until`).
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
}

impl Oracle {
    /// Whether the oracle measures `epoch`. An empty entry never does.
    #[inline(always)]
    pub fn is_active(&self, epoch: u32) -> bool {
        self.active_from <= epoch && epoch < self.active_until
    }

    /// Whether the oracle measures any epoch from `epoch` on.
    fn is_needed(&self, epoch: u32) -> bool {
        epoch < self.active_until && self.active_from < self.active_until
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

    /// Whether `key` measures `epoch`.
    pub fn is_active(&self, key: &Pubkey, epoch: u32) -> bool {
        self.entries.iter().any(|oracle| address_eq(&oracle.key, key) && oracle.is_active(epoch))
    }

    /// Whether `key` measures any epoch from `epoch` on.
    pub fn has(&self, key: &Pubkey, epoch: u32) -> bool {
        self.entries.iter().any(|oracle| oracle.key == *key && oracle.is_needed(epoch))
    }

    /// Adds `key` from epoch `active_from` on.
    ///
    /// - `open_epoch`: the first epoch that is not closed; entries that end before it are free.
    /// - `quorum`: stays above half of the set.
    ///
    /// Errors: [`StipendError::OracleAlreadyAdded`], [`StipendError::OracleSetFull`],
    /// [`StipendError::QuorumNotAboveHalf`].
    pub fn add(&mut self, key: Pubkey, active_from: u32, open_epoch: u32, quorum: u8) -> Result<()> {
        let is_there = self.entries.iter().any(|o| o.key == key && o.is_needed(active_from));
        ensure!(!is_there, StipendError::OracleAlreadyAdded);
        let entry =
            self.entries.iter_mut().find(|o| !o.is_needed(open_epoch)).or_refuse(StipendError::OracleSetFull)?;
        *entry = Oracle { key, active_from, active_until: NO_EPOCH };
        let size = self.entries.iter().filter(|o| o.is_needed(active_from)).count();
        ensure!(usize::from(quorum).saturating_mul(2) > size, StipendError::QuorumNotAboveHalf);
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
        ensure!(is_known, StipendError::OracleUnknown);
        Ok(())
    }
}
