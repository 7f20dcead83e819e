use crate::{error::StipendError, event::SplitSet, state::*};
use anchor_lang::prelude::*;

/// Accounts of [`update_split`]; the remaining accounts are the recipients' wallets.
#[derive(Accounts)]
pub struct UpdateSplit<'info> {
    /// The split's authority.
    pub authority: Signer<'info>,
    /// The split.
    #[account(mut, has_one = authority @ StipendError::SplitAuthorityMismatch)]
    pub split: AccountLoader<'info, Split>,
}

/// Names other recipients or shares, or another authority.
///
/// - `new_authority`: none for nobody, for ever; `shares_bps`: of the recipients, in the order of the accounts.
///
/// Who: the split's authority. What changes: whatever is claimed from now on is paid by the new shares, also what accrued before.
/// Errors: [`StipendError::SplitAuthorityMismatch`] and those of [`Split::set_recipients`].
pub fn update_split(ctx: Context<UpdateSplit>, new_authority: Option<Pubkey>, shares_bps: Vec<u16>) -> Result<()> {
    let mut split = ctx.accounts.split.load_mut()?;
    split.invariant()?;
    split.authority = new_authority.unwrap_or_default();
    split.set_recipients(ctx.remaining_accounts, &shares_bps)?;
    split.invariant()?;
    emit!(SplitSet::new(ctx.accounts.split.key(), &split));
    Ok(())
}
