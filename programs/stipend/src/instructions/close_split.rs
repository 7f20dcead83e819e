use crate::{error::StipendError, event::SplitClosed, state::*};
use anchor_lang::prelude::*;

/// Accounts of [`close_split`].
#[derive(Accounts)]
pub struct CloseSplit<'info> {
    /// The split's authority.
    pub authority: Signer<'info>,
    /// A split that owns no node.
    #[account(
        mut,
        close = payer,
        has_one = authority @ StipendError::SplitAuthorityMismatch,
        has_one = payer @ StipendError::PayerMismatch
    )]
    pub split: AccountLoader<'info, Split>,
    /// CHECK: who paid for the split, as it says.
    #[account(mut)]
    pub payer: UncheckedAccount<'info>,
}

/// Closes a split, and pays its rent back.
///
/// Who: the split's authority. What must hold: the split owns no node, of any network.
/// Errors: [`StipendError::SplitAuthorityMismatch`], [`StipendError::PayerMismatch`], [`StipendError::SplitInUse`].
pub fn close_split(ctx: Context<CloseSplit>) -> Result<()> {
    let split = ctx.accounts.split.load()?;
    split.invariant()?;
    require_eq!(split.nodes, 0, StipendError::SplitInUse);
    emit!(SplitClosed { split: ctx.accounts.split.key() });
    Ok(())
}
