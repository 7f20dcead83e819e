use crate::{error::StipendError, event::DirectoryClosed, state::*};
use anchor_lang::prelude::*;

/// Accounts of [`close_directory`].
#[derive(Accounts)]
pub struct CloseDirectory<'info> {
    /// The network.
    #[account(mut)]
    pub network: AccountLoader<'info, Network>,
    /// A directory of the network without a device.
    #[account(
        mut,
        close = payer,
        has_one = network @ StipendError::DirectoryNetworkMismatch,
        has_one = payer @ StipendError::PayerMismatch
    )]
    pub directory: AccountLoader<'info, Directory>,
    /// CHECK: who opened the directory, as it says.
    #[account(mut)]
    pub payer: UncheckedAccount<'info>,
}

/// Closes a directory without a device, and pays its rent back.
///
/// Who: anybody. What must hold: the directory has no device.
/// Errors: [`StipendError::DirectoryNetworkMismatch`], [`StipendError::PayerMismatch`], [`StipendError::DirectoryNotEmpty`].
pub fn close_directory(ctx: Context<CloseDirectory>) -> Result<()> {
    let data = ctx.accounts.directory.as_ref().try_borrow_data()?;
    let (directory, entries) = Directory::split(&data)?;
    require!(entries.is_empty(), StipendError::DirectoryNotEmpty);
    let mut network = ctx.accounts.network.load_mut()?;
    network.directory_count = network.directory_count.checked_sub(1).ok_or(StipendError::InvariantBroken)?;
    network.invariant()?;
    emit!(DirectoryClosed { network: ctx.accounts.network.key(), first_byte: directory.first_byte });
    Ok(())
}
