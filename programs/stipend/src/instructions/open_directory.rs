use crate::{constants::*, error::StipendError, event::DirectoryOpened, state::*};
use anchor_lang::prelude::*;

/// Accounts of [`open_directory`].
#[derive(Accounts)]
#[instruction(first_byte: u8)]
pub struct OpenDirectory<'info> {
    /// Pays the rent of the directory's header, and gets it back.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// The network.
    #[account(mut)]
    pub network: AccountLoader<'info, Network>,
    /// The directory, by its address.
    #[account(
        init,
        payer = payer,
        space = Directory::HEADER_SPACE,
        seeds = [DIRECTORY_SEED, network.key().as_ref(), &first_byte.to_le_bytes()],
        bump
    )]
    pub directory: AccountLoader<'info, Directory>,
    /// The system program.
    pub system_program: Program<'info, System>,
}

/// Opens the directory of the devices whose keys begin with `first_byte`, without a device: each registration adds its own.
///
/// Who: anybody. What changes: the directory exists.
pub fn open_directory(ctx: Context<OpenDirectory>, first_byte: u8) -> Result<()> {
    let (network_key, payer) = (ctx.accounts.network.key(), ctx.accounts.payer.key());
    let mut network = ctx.accounts.network.load_mut()?;
    network.directory_count = network.directory_count.checked_add(1).ok_or(StipendError::ArithmeticOverflow)?;
    network.invariant()?;
    let mut directory = ctx.accounts.directory.load_init()?;
    directory.version = ACCOUNT_VERSION;
    directory.bump = ctx.bumps.directory;
    directory.first_byte = first_byte;
    directory.network = network_key;
    directory.payer = payer;
    emit!(DirectoryOpened { network: network_key, first_byte, payer });
    Ok(())
}
