//! Lamports that somebody paid for an account of the program, and gets back.
//!
//! What was paid is recorded and goes back to the lamport, whatever rent costs by then. So accounts that hold deposits are
//! resized here and not by Anchor's `realloc`, which pays everything above today's rent to whoever asks.

use crate::error::StipendError;
use anchor_lang::{
    prelude::*,
    system_program::{transfer, Transfer},
};

/// Lamports that growing `account` to `space` bytes costs: what these bytes cost today, or what the account then lacks if
/// that is more because rent has risen.
pub fn growth_lamports(account: &AccountInfo, space: usize) -> Result<u64> {
    let rent = Rent::get()?;
    let needed_lamports = rent.minimum_balance(space);
    let bytes_lamports = needed_lamports.saturating_sub(rent.minimum_balance(account.data_len()));
    Ok(bytes_lamports.max(needed_lamports.saturating_sub(account.lamports())))
}

/// Pays lamports of `payer`, who signs.
pub fn pay<'info>(
    system_program: &Program<'info, System>,
    payer: &Signer<'info>,
    account: AccountInfo<'info>,
    lamports: u64,
) -> Result<()> {
    transfer(CpiContext::new(system_program.key(), Transfer { from: payer.to_account_info(), to: account }), lamports)
}

/// Pays lamports of an account of the program back.
///
/// Errors: [`StipendError::PayerEmpty`] if `payer` could not exist with that little, [`StipendError::RentMissing`] if `account`
/// could not.
pub fn pay_back(account: &AccountInfo, payer: &AccountInfo, lamports: u64) -> Result<()> {
    move_lamports(account, payer, lamports)?;
    check_rent(payer)?;
    require!(has_rent(account)?, StipendError::RentMissing);
    Ok(())
}

/// Checks that an account that is paid back can exist with what it has.
///
/// Errors: [`StipendError::PayerEmpty`].
pub fn check_rent(payer: &AccountInfo) -> Result<()> {
    require!(has_rent(payer)?, StipendError::PayerEmpty);
    Ok(())
}

/// Moves lamports of an account of the program.
pub fn move_lamports(from: &AccountInfo, to: &AccountInfo, lamports: u64) -> Result<()> {
    from.sub_lamports(lamports)?;
    to.add_lamports(lamports)?;
    Ok(())
}

fn has_rent(account: &AccountInfo) -> Result<bool> {
    Ok(account.lamports() == 0 || Rent::get()?.is_exempt(account.lamports(), account.data_len()))
}
