//! A network's budget: what was scheduled, carried, accrued and minted.

use super::Policy;
use crate::{
    constants::LEAST_MINT_LIMIT_PARTS,
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
    /// Zero.
    pub reserved: [u64; 4],
}

/// What an epoch that closes shares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shared {
    /// Atoms among its slots.
    pub atoms: u64,
    /// Atoms that a ceiling kept back; as if they were never scheduled.
    pub kept_back_atoms: u64,
}

impl Emission {
    /// A budget that nothing was taken of.
    pub fn new(per_epoch_atoms: u64, cap_atoms: u64) -> Self {
        Self { per_epoch_atoms, cap_atoms, ..Self::default() }
    }

    /// Atoms that may still be scheduled.
    pub fn room_atoms(&self) -> Result<u64> {
        self.cap_atoms.checked_sub(self.scheduled_atoms).ok_or_else(|| error!(StipendError::InvariantBroken))
    }

    /// Closes the open epoch: returns the atoms that it shares, 0 if nothing scored.
    ///
    /// - `most_atoms`: what it may share at the ceiling; `policy`: of the epoch that closes.
    ///
    /// What passes the ceiling is not scheduled, and what of it was carried is scheduled no more: it is left to later epochs.
    /// An empty epoch's emission is carried for up to `carry_epochs` in a row; after that it lapses, and is not scheduled.
    pub fn close(&mut self, is_empty: bool, most_atoms: u64, policy: &Policy) -> Result<Shared> {
        let due_atoms = self.per_epoch_atoms.min(self.room_atoms()?);
        if !is_empty {
            self.empty_epochs = 0;
            self.schedule(due_atoms)?;
            let due_atoms = core::mem::take(&mut self.carried_atoms);
            let kept_back_atoms = due_atoms.saturating_sub(most_atoms);
            self.scheduled_atoms =
                self.scheduled_atoms.checked_sub(kept_back_atoms).ok_or(StipendError::InvariantBroken)?;
            return Ok(Shared { atoms: due_atoms.min(most_atoms), kept_back_atoms });
        }
        if self.empty_epochs < u32::from(policy.carry_epochs) {
            self.schedule(due_atoms)?;
        }
        self.empty_epochs = self.empty_epochs.saturating_add(1);
        Ok(Shared::default())
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
                checked_decay(self.per_epoch_atoms, policy.decay_bps).ok_or(StipendError::ArithmeticOverflow)?;
        }
        Ok(())
    }

    fn schedule(&mut self, atoms: u64) -> Result<()> {
        self.scheduled_atoms = self.scheduled_atoms.checked_add(atoms).ok_or(StipendError::ArithmeticOverflow)?;
        self.carry(atoms)
    }

    /// Keeps atoms for the next epoch that shares.
    pub fn carry(&mut self, atoms: u64) -> Result<()> {
        self.carried_atoms = self.carried_atoms.checked_add(atoms).ok_or(StipendError::ArithmeticOverflow)?;
        Ok(())
    }

    /// Counts atoms that were added to slots.
    pub fn accrue(&mut self, atoms: u64) -> Result<()> {
        self.accrued_atoms = self.accrued_atoms.checked_add(atoms).ok_or(StipendError::ArithmeticOverflow)?;
        Ok(())
    }

    /// Atoms that may still be minted while `epoch` is under way.
    ///
    /// The limit in force is the policy's, or 1/32 of what was owed when the first claim of `epoch` came if that is more: no
    /// policy can hold back what was earned for ever. Ceiling: something can be minted as long as something is owed.
    /// Source: DESIGN, Roles.
    pub fn mint_room_atoms(&self, epoch: u32, policy: &Policy) -> Result<u64> {
        if policy.mint_limit_atoms == 0 {
            return Ok(u64::MAX);
        }
        let minted_atoms = if self.mint_epoch == epoch { self.minted_in_epoch_atoms } else { 0 };
        let owed_atoms = self.accrued_atoms.checked_sub(self.minted_atoms).ok_or(StipendError::InvariantBroken)?;
        let owed_before_atoms = owed_atoms.checked_add(minted_atoms).ok_or(StipendError::ArithmeticOverflow)?;
        let limit_atoms = policy.mint_limit_atoms.max(owed_before_atoms.div_ceil(LEAST_MINT_LIMIT_PARTS));
        Ok(limit_atoms.saturating_sub(minted_atoms))
    }

    /// Counts atoms that are minted while `epoch` is under way.
    pub fn mint(&mut self, atoms: u64, epoch: u32) -> Result<()> {
        self.minted_atoms = self.minted_atoms.checked_add(atoms).ok_or(StipendError::ArithmeticOverflow)?;
        if self.mint_epoch != epoch {
            self.mint_epoch = epoch;
            self.minted_in_epoch_atoms = 0;
        }
        self.minted_in_epoch_atoms =
            self.minted_in_epoch_atoms.checked_add(atoms).ok_or(StipendError::ArithmeticOverflow)?;
        Ok(())
    }

    /// Moves the right to schedule `atoms` to another network of the mint: the sum of their caps stays what it was.
    ///
    /// - `kept_atoms`: what this network's epochs that have begun may still schedule, which it keeps.
    ///
    /// Errors: [`StipendError::CapExceedsShare`].
    pub fn hand_over(&mut self, atoms: u64, kept_atoms: u64) -> Result<()> {
        require_gte!(self.room_atoms()?.saturating_sub(kept_atoms), atoms, StipendError::CapExceedsShare);
        self.cap_atoms = self.cap_atoms.checked_sub(atoms).ok_or(StipendError::CapExceedsShare)?;
        Ok(())
    }

    /// What holds of every budget.
    pub fn invariant(&self) -> Result<()> {
        let promised = self.accrued_atoms.checked_add(self.carried_atoms).ok_or(StipendError::InvariantBroken)?;
        // Nobody is paid what was not earned.
        require_gte!(self.accrued_atoms, self.minted_atoms, StipendError::InvariantBroken);
        // Nothing is earned or carried that was not scheduled.
        require_gte!(self.scheduled_atoms, promised, StipendError::InvariantBroken);
        // The supply cap.
        require_gte!(self.cap_atoms, self.scheduled_atoms, StipendError::InvariantBroken);
        Ok(())
    }
}
