//! Lamports move: accounts are opened and closed, bonds are left and paid back.

use crate::{check::OrRefuse, ensure, error::StipendError, invoke::call, state::Tail};
use anchor_lang::{prelude::*, solana_program::instruction::AccountMeta, system_program};

// The numbers of the system program's instructions.
const ASSIGN: u8 = 1;
const TRANSFER: u8 = 2;
const ALLOCATE: u8 = 8;

/// Opens an account of the program's own, with `items` items of zeros behind its header, and pays its rent.
///
/// - `seeds`: of the account's address, with the bump, which the caller has checked.
///
/// An address that somebody sent lamports to is opened all the same: only what is missing is paid.
///
/// Errors: the system program's, if the account is there already or the payer has too little.
pub fn open<'info, T: Tail>(
    account: &AccountInfo<'info>,
    payer: &AccountInfo<'info>,
    items: usize,
    seeds: &[&[u8]],
) -> Result<()> {
    let space = T::checked_space(items).or_refuse(StipendError::ArithmeticOverflow)?;
    open_space(account, payer, space, seeds)
}

#[inline(never)]
fn open_space<'info>(
    account: &AccountInfo<'info>,
    payer: &AccountInfo<'info>,
    space: usize,
    seeds: &[&[u8]],
) -> Result<()> {
    fund(account, payer, space)?;
    let space = u64::try_from(space).ok().or_refuse(StipendError::ArithmeticOverflow)?;
    change(account, ALLOCATE, &space.to_le_bytes(), seeds)?;
    change(account, ASSIGN, crate::ID.as_ref(), seeds)
}

/// Has the system program change an account of its own.
#[inline(never)]
fn change(account: &AccountInfo, number: u8, argument: &[u8], seeds: &[&[u8]]) -> Result<()> {
    let mut data = vec![number, 0, 0, 0];
    data.extend_from_slice(argument);
    let metas = vec![AccountMeta::new(*account.key, true)];
    call(&system_program::ID, core::slice::from_ref(account), metas, data, seeds)
}

/// Pays what an account needs to hold `space` bytes, if it has less.
pub fn fund<'info>(account: &AccountInfo<'info>, payer: &AccountInfo<'info>, space: usize) -> Result<()> {
    pay(payer, account, minimum_lamports(space)?.saturating_sub(account.lamports()))
}

/// Pays lamports of somebody who signs.
#[inline(never)]
pub fn pay<'info>(from: &AccountInfo<'info>, to: &AccountInfo<'info>, lamports: u64) -> Result<()> {
    if lamports == 0 {
        return Ok(());
    }
    let mut data = vec![TRANSFER, 0, 0, 0];
    data.extend_from_slice(&lamports.to_le_bytes());
    let metas = vec![AccountMeta::new(*from.key, true), AccountMeta::new(*to.key, false)];
    call(&system_program::ID, &[from.clone(), to.clone()], metas, data, &[])
}

/// Pays lamports of an account of the program's own.
///
/// Errors: [`StipendError::InvariantBroken`] if it has less.
#[inline(never)]
pub fn pay_out(from: &AccountInfo, to: &AccountInfo, lamports: u64) -> Result<()> {
    if from.key == to.key {
        return Ok(());
    }
    let left = from.lamports().checked_sub(lamports).or_refuse(StipendError::InvariantBroken)?;
    let sum = to.lamports().checked_add(lamports).or_refuse(StipendError::ArithmeticOverflow)?;
    **from.try_borrow_mut_lamports()? = left;
    **to.try_borrow_mut_lamports()? = sum;
    Ok(())
}

/// Pays rent that somebody once paid back, if its account can take it: one that has been emptied would be left with too
/// little to exist, and must not keep others from going on.
///
/// - `pay_back`: pays that many lamports.
pub fn refund(to: &AccountInfo, lamports: u64, pay_back: impl FnOnce(u64) -> Result<()>) -> Result<()> {
    if to.lamports().saturating_add(lamports) < minimum_lamports(to.data_len())? {
        return Ok(());
    }
    pay_back(lamports)
}

/// Closes an account of the program's own, and pays all its lamports to `receiver`; returns them.
///
/// Its data is gone at once: whoever sends lamports there in the same transaction revives nothing.
///
/// Errors: [`StipendError::PayerMismatch`] if both are the same.
#[inline(never)]
pub fn close(account: &AccountInfo, receiver: &AccountInfo) -> Result<u64> {
    ensure!(account.key != receiver.key, StipendError::PayerMismatch);
    let lamports = account.lamports();
    pay_out(account, receiver, lamports)?;
    account.assign(&system_program::ID);
    account.resize(0)?;
    Ok(lamports)
}

/// Lamports of rent that one more item costs. Errors: [`StipendError::ArithmeticOverflow`].
pub fn item_lamports<T: Tail>() -> Result<u64> {
    let (none, one) = (T::checked_space(0), T::checked_space(1));
    let (none, one) = none.zip(one).or_refuse(StipendError::ArithmeticOverflow)?;
    Ok(minimum_lamports(one)?.saturating_sub(minimum_lamports(none)?))
}

/// Lamports that an account of `space` bytes must hold.
fn minimum_lamports(space: usize) -> Result<u64> {
    Ok(Rent::get()?.minimum_balance(space))
}
