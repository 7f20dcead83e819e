//! A network's budget: what was scheduled, carried, accrued and minted.

use super::Policy;
use crate::{
    check::OrRefuse,
    ensure_that,
    error::StipendError,
    math::emission::{checked_decay, is_decay_epoch},
};
use anchor_lang::prelude::*;

/// The running sums of an emission schedule, whose rules are in the [`Policy`].
///
/// minted ≤ accrued, accrued + carried ≤ scheduled, scheduled ≤ cap, at all times.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Emission {
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
    /// Atoms minted while `mint_epoch` was under way.
    pub minted_in_epoch_atoms: u64,
    /// The epoch that was under way when something was last minted.
    pub mint_epoch: u32,
    /// Empty epochs in a row so far.
    pub empty_epochs: u32,
}

impl Emission {
    /// A budget that nothing was taken of.
    pub fn new(per_epoch_atoms: u64, cap_atoms: u64) -> Self {
        Self { per_epoch_atoms, cap_atoms, ..Self::default() }
    }

    /// Atoms that may still be scheduled.
    pub fn room_atoms(&self) -> Result<u64> {
        self.cap_atoms.checked_sub(self.scheduled_atoms).or_refuse(StipendError::InvariantBroken)
    }

    /// Closes the open epoch: returns the atoms that it shares, 0 if nothing scored.
    ///
    /// - `policy`: of the epoch that closes.
    ///
    /// An empty epoch's emission is carried for up to `carry_epochs` in a row; after that it lapses, and is not scheduled.
    pub fn close(&mut self, is_empty: bool, policy: &Policy) -> Result<u64> {
        let due_atoms = self.per_epoch_atoms.min(self.room_atoms()?);
        if !is_empty {
            self.empty_epochs = 0;
            self.schedule(due_atoms)?;
            return Ok(core::mem::take(&mut self.carried_atoms));
        }
        if self.empty_epochs < u32::from(policy.carry_epochs) {
            self.schedule(due_atoms)?;
        }
        self.empty_epochs = self.empty_epochs.saturating_add(1);
        Ok(0)
    }

    /// Opens `epoch`: takes its decay step, if it has one, or begins the schedule that begins there.
    ///
    /// - `policy`: of that epoch.
    pub fn open(&mut self, epoch: u32, policy: &Policy) -> Result<()> {
        let Some(age) = epoch.checked_sub(policy.emission_from_epoch) else {
            return Ok(());
        };
        if age == 0 {
            self.per_epoch_atoms = policy.per_epoch_atoms;
        } else if is_decay_epoch(age, policy.decay_every_epochs) {
            self.per_epoch_atoms =
                checked_decay(self.per_epoch_atoms, policy.decay_bps).or_refuse(StipendError::ArithmeticOverflow)?;
        }
        Ok(())
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

    /// Atoms of `wanted_atoms` that may be minted while `epoch` is under way.
    ///
    /// All of them, or none and an error; but what passes a whole limit could never be minted at once, and is given what
    /// room there is.
    ///
    /// Errors: [`StipendError::MintLimitReached`].
    pub fn mintable_atoms(&self, wanted_atoms: u64, epoch: u32, policy: &Policy) -> Result<u64> {
        let limit_atoms = policy.mint_limit_atoms;
        if limit_atoms == 0 {
            return Ok(wanted_atoms);
        }
        let minted_atoms = if self.mint_epoch == epoch { self.minted_in_epoch_atoms } else { 0 };
        let room_atoms = limit_atoms.saturating_sub(minted_atoms);
        let least_atoms = if wanted_atoms > limit_atoms { 1 } else { wanted_atoms };
        ensure_that!(room_atoms >= least_atoms, StipendError::MintLimitReached);
        Ok(wanted_atoms.min(room_atoms))
    }

    /// Counts atoms that are minted while `epoch` is under way.
    pub fn mint(&mut self, atoms: u64, epoch: u32) -> Result<()> {
        self.minted_atoms = self.minted_atoms.checked_add(atoms).or_refuse(StipendError::ArithmeticOverflow)?;
        if self.mint_epoch != epoch {
            self.mint_epoch = epoch;
            self.minted_in_epoch_atoms = 0;
        }
        // At most `minted_atoms`, which did not overflow.
        self.minted_in_epoch_atoms = self.minted_in_epoch_atoms.wrapping_add(atoms);
        Ok(())
    }

    /// Moves the right to schedule `atoms` to another network of the mint: the sum of their caps stays what it was.
    ///
    /// Errors: [`StipendError::CapExceedsShare`].
    pub fn hand_over(&mut self, atoms: u64) -> Result<()> {
        ensure_that!((self.room_atoms()?) >= atoms, StipendError::CapExceedsShare);
        self.cap_atoms = self.cap_atoms.checked_sub(atoms).or_refuse(StipendError::CapExceedsShare)?;
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
