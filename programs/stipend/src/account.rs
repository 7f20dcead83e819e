//! Accounts as the runtime gives them, and what is checked of each: owner, type, role, address.
//!
//! An instruction takes its accounts from a slice and says line by line what must hold of them; what Anchor would generate for
//! that costs three quarters of the program. The `#[derive(Accounts)]` next to it declares the same to the IDL and to
//! clients, and checks nothing here. Where a check has a name in Anchor, its error keeps Anchor's number.

use crate::{
    check::{refuse, refuse_anchor},
    ensure,
    error::StipendError,
    state::Tail,
};
use anchor_lang::{prelude::*, system_program};
use core::cell::{Ref, RefMut};
use solana_address::address_eq;

/// The accounts that an instruction names; more of them are passed over.
///
/// Errors: Anchor's `AccountNotEnoughKeys`.
#[inline(always)]
pub fn take<'a, 'info, const N: usize>(accounts: &'a [AccountInfo<'info>]) -> Result<&'a [AccountInfo<'info>; N]> {
    take_first(accounts).map(|(accounts, _)| accounts)
}

/// The accounts that an instruction names, and those behind them.
///
/// Errors: Anchor's `AccountNotEnoughKeys`.
#[inline(always)]
pub fn take_first<'a, 'info, const N: usize>(
    accounts: &'a [AccountInfo<'info>],
) -> Result<(&'a [AccountInfo<'info>; N], &'a [AccountInfo<'info>])> {
    match accounts.split_first_chunk() {
        Some(accounts) => Ok(accounts),
        None => Err(refuse_anchor(ErrorCode::AccountNotEnoughKeys)),
    }
}

/// An account that an instruction can do without: in its place the program's own address says that there is none.
#[inline(always)]
pub fn optional<'a, 'info>(account: &'a AccountInfo<'info>) -> Option<&'a AccountInfo<'info>> {
    (!address_eq(account.key, &crate::ID)).then_some(account)
}

/// Checks that the account signs. Errors: Anchor's `AccountNotSigner`.
#[inline(never)]
pub fn check_signer(account: &AccountInfo) -> Result<()> {
    if account.is_signer {
        return Ok(());
    }
    Err(refuse_anchor(ErrorCode::AccountNotSigner))
}

/// Checks that the account may be changed. Errors: Anchor's `ConstraintMut`.
#[inline(never)]
pub fn check_writable(account: &AccountInfo) -> Result<()> {
    if account.is_writable {
        return Ok(());
    }
    Err(refuse_anchor(ErrorCode::ConstraintMut))
}

/// Checks that the account signs and may be changed. Errors: those of [`check_signer`] and [`check_writable`].
#[inline(never)]
pub fn check_payer(account: &AccountInfo) -> Result<()> {
    check_signer(account)?;
    check_writable(account)
}

/// Checks that the account is the system program. Errors: Anchor's `InvalidProgramId`.
#[inline(never)]
pub fn check_system_program(account: &AccountInfo) -> Result<()> {
    if address_eq(account.key, &system_program::ID) {
        return Ok(());
    }
    Err(refuse_anchor(ErrorCode::InvalidProgramId))
}

/// Checks that the account is at the program's address for these seeds, and may be changed; returns the address's bump.
///
/// Errors: Anchor's `ConstraintSeeds`, and those of [`check_writable`].
#[inline(never)]
pub fn check_derived(account: &AccountInfo, seeds: &[&[u8]]) -> Result<u8> {
    check_writable(account)?;
    let (address, bump) = Pubkey::find_program_address(seeds, &crate::ID);
    if address_eq(&address, account.key) {
        return Ok(bump);
    }
    Err(refuse_anchor(ErrorCode::ConstraintSeeds))
}

/// Checks that the account is the program's own and of this type.
///
/// All of an instruction's are checked before the first is borrowed, so that one in the wrong place is named as such.
///
/// Errors: Anchor's `AccountOwnedByWrongProgram`, `AccountDiscriminatorMismatch`.
#[inline(always)]
pub fn check<T: Tail>(account: &AccountInfo) -> Result<()> {
    check_tag(account, T::TAG)
}

#[inline(never)]
fn check_tag(account: &AccountInfo, tag: u64) -> Result<()> {
    check_owner(account)?;
    let data = borrow(account)?;
    if data.first_chunk().is_some_and(|found| u64::from_le_bytes(*found) == tag) {
        return Ok(());
    }
    Err(refuse_anchor(ErrorCode::AccountDiscriminatorMismatch))
}

/// Checks that the account is the program's own. Errors: Anchor's `AccountOwnedByWrongProgram`.
#[inline(always)]
fn check_owner(account: &AccountInfo) -> Result<()> {
    if address_eq(account.owner, &crate::ID) {
        return Ok(());
    }
    Err(refuse_anchor(ErrorCode::AccountOwnedByWrongProgram))
}

/// The account's data.
///
/// Errors: [`StipendError::AccountPassedTwice`] if it is being changed already, in another account's place.
#[inline(always)]
pub fn borrow<'a>(account: &'a AccountInfo) -> Result<Ref<'a, &'a mut [u8]>> {
    account.try_borrow_data().map_err(|_| refuse(StipendError::AccountPassedTwice))
}

/// The account's data, to be changed. Errors: [`StipendError::AccountPassedTwice`].
#[inline(always)]
pub fn borrow_mut<'a, 'info>(account: &'a AccountInfo<'info>) -> Result<RefMut<'a, &'info mut [u8]>> {
    account.try_borrow_mut_data().map_err(|_| refuse(StipendError::AccountPassedTwice))
}

/// The data of an account of the program's own, to be split by its type.
///
/// Errors: Anchor's `AccountOwnedByWrongProgram`, [`StipendError::AccountPassedTwice`].
#[inline(always)]
pub fn open<'a>(account: &'a AccountInfo) -> Result<Ref<'a, &'a mut [u8]>> {
    check_owner(account)?;
    borrow(account)
}

/// The data of an account of the program's own, to be split by its type and changed.
///
/// Errors: Anchor's `AccountOwnedByWrongProgram`, `ConstraintMut`, [`StipendError::AccountPassedTwice`].
#[inline(always)]
pub fn open_mut<'a, 'info>(account: &'a AccountInfo<'info>) -> Result<RefMut<'a, &'info mut [u8]>> {
    check_owner(account)?;
    check_writable(account)?;
    borrow_mut(account)
}

/// The header of an account of the program's own. Errors: those of [`open`] and [`Tail::split`].
#[inline(never)]
pub fn read<'a, T: Tail>(account: &'a AccountInfo) -> Result<Ref<'a, T>> {
    let data = open(account)?;
    T::split(&data)?;
    // It has just been split, so it can be again.
    Ref::filter_map(data, |data| T::split(data).ok().map(|(header, _)| header))
        .map_err(|_| refuse(StipendError::AccountSizeWrong))
}

/// The header of an account of the program's own, to be changed. Errors: those of [`open_mut`] and [`Tail::split`].
#[inline(never)]
pub fn write<'a, T: Tail>(account: &'a AccountInfo) -> Result<RefMut<'a, T>> {
    let data = open_mut(account)?;
    T::split(&data)?;
    RefMut::filter_map(data, |data| T::split_mut(data).ok().map(|(header, _)| header))
        .map_err(|_| refuse(StipendError::AccountSizeWrong))
}

/// Checks that the account has this address. Errors: `error`.
#[inline(always)]
pub fn check_address(account: &AccountInfo, address: &Pubkey, error: StipendError) -> Result<()> {
    ensure!(address_eq(account.key, address), error);
    Ok(())
}
