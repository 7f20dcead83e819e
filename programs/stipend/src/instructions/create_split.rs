use crate::{constants::*, event::SplitSet, state::*};
use anchor_lang::prelude::*;

/// Accounts of [`create_split`]; the remaining accounts are the recipients' wallets.
#[derive(Accounts)]
#[instruction(id: u16)]
pub struct CreateSplit<'info> {
    /// Pays the rent of the split, and gets it back.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// Whose split it is: its address is made of this key.
    pub creator: Signer<'info>,
    /// The split, by its address.
    #[account(
        init,
        payer = payer,
        space = Split::SPACE,
        seeds = [SPLIT_SEED, creator.key().as_ref(), &id.to_le_bytes()],
        bump
    )]
    pub split: AccountLoader<'info, Split>,
    /// The system program.
    pub system_program: Program<'info, System>,
}

/// Creates a split, which may own nodes of any network.
///
/// - `authority`: who may change and close it, and act for its nodes; none for nobody, for ever.
/// - `shares_bps`: of the recipients, in the order of the accounts.
///
/// Who: anybody, for splits of their own. What changes: the split exists.
/// Errors: those of [`Split::set_recipients`].
pub fn create_split(ctx: Context<CreateSplit>, id: u16, authority: Option<Pubkey>, shares_bps: Vec<u16>) -> Result<()> {
    let accounts = ctx.accounts;
    let mut split = accounts.split.load_init()?;
    split.version = ACCOUNT_VERSION;
    split.bump = ctx.bumps.split;
    split.id = id;
    split.creator = accounts.creator.key();
    split.payer = accounts.payer.key();
    split.authority = authority.unwrap_or_default();
    split.set_recipients(ctx.remaining_accounts, &shares_bps)?;
    split.invariant()?;
    emit!(SplitSet::new(accounts.split.key(), &split));
    Ok(())
}
