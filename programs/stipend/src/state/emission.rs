//! A network's budget: what was scheduled, carried, accrued and minted.

use crate::{
    check::OrRefuse,
    ensure_that,
    error::StipendError,
    math::emission::{checked_decay, is_decay_epoch},
};
use anchor_lang::prelude::*;

/// The emission schedule and its running sums.
///
/// minted ≤ accrued, accrued + carried ≤ scheduled, scheduled ≤ cap, at all times.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Emission {
    /// Atoms of epoch 0, before any decay.
    pub first_per_epoch_atoms: u64,
    /// Atoms of the epoch that is open, after the decay steps so far.
    pub per_epoch_atoms: u64,
    /// Atoms that may ever be scheduled.
    pub cap_atoms: u64,
    /// Atoms scheduled so far: shared in closed epochs or carried.
    pub scheduled_atoms: u64,
    /// Atoms scheduled and not yet shared: empty epochs' emission and left-overs.
    pub carried_atoms: u64,
    /// Atoms added to slots so far.
    pub accrued_atoms: u64,
    /// Atoms minted so far.
    pub minted_atoms: u64,
    /// Epochs between two decay steps; 0 is never.
    pub decay_every_epochs: u32,
    /// What a decay step takes away, in basis points.
    pub decay_bps: u16,
    /// Empty epochs in a row whose emission is carried; that of further ones lapses.
    pub carry_epochs: u16,
    /// Empty epochs in a row so far.
    pub empty_epochs: u32,
    /// Zero.
    pub reserved: [u8; 4],
}

impl Emission {
    /// Closes the open epoch: returns the atoms that it shares, 0 if nothing scored.
    ///
    /// - `next_epoch`: the epoch that opens, whose decay step, if it has one, is taken.
    ///
    /// An empty epoch's emission is carried for up to `carry_epochs` in a row; after that it lapses, and is not scheduled.
    pub fn close(&mut self, is_empty: bool, next_epoch: u32) -> Result<u64> {
        let room_atoms = self.cap_atoms.checked_sub(self.scheduled_atoms).or_refuse(StipendError::InvariantBroken)?;
        let due_atoms = self.per_epoch_atoms.min(room_atoms);
        let shared_atoms = if !is_empty {
            self.empty_epochs = 0;
            self.schedule(due_atoms)?;
            core::mem::take(&mut self.carried_atoms)
        } else {
            if self.empty_epochs < u32::from(self.carry_epochs) {
                self.schedule(due_atoms)?;
            }
            self.empty_epochs = self.empty_epochs.saturating_add(1);
            0
        };
        if is_decay_epoch(next_epoch, self.decay_every_epochs) {
            self.per_epoch_atoms =
                checked_decay(self.per_epoch_atoms, self.decay_bps).or_refuse(StipendError::ArithmeticOverflow)?;
        }
        Ok(shared_atoms)
    }

    fn schedule(&mut self, atoms: u64) -> Result<()> {
        self.scheduled_atoms = self.scheduled_atoms.checked_add(atoms).or_refuse(StipendError::ArithmeticOverflow)?;
        self.carry(atoms)
    }

    /// Keeps atoms for the next epoch that shares.
    pub fn carry(&mut self, atoms: u64) -> Result<()> {
        self.carried_atoms = self.carried_atoms.checked_add(atoms).or_refuse(StipendError::ArithmeticOverflow)?;
        Ok(())
    }

    /// Counts atoms that were added to slots.
    pub fn accrue(&mut self, atoms: u64) -> Result<()> {
        self.accrued_atoms = self.accrued_atoms.checked_add(atoms).or_refuse(StipendError::ArithmeticOverflow)?;
        Ok(())
    }

    /// Counts atoms that are minted.
    pub fn mint(&mut self, atoms: u64) -> Result<()> {
        self.minted_atoms = self.minted_atoms.checked_add(atoms).or_refuse(StipendError::ArithmeticOverflow)?;
        Ok(())
    }

    /// What holds of every budget.
    pub fn invariant(&self) -> Result<()> {
        let promised = self.accrued_atoms.checked_add(self.carried_atoms).or_refuse(StipendError::InvariantBroken)?;
        // Nobody is paid what was not earned.
        ensure_that!((self.accrued_atoms) >= self.minted_atoms, StipendError::InvariantBroken);
        // Nothing is earned or carried that was not scheduled.
        ensure_that!((self.scheduled_atoms) >= promised, StipendError::InvariantBroken);
        // The supply cap.
        ensure_that!((self.cap_atoms) >= self.scheduled_atoms, StipendError::InvariantBroken);
        Ok(())
    }
}
