use super::GovernByAuthority;
use crate::event::AuthorityProposed;
use anchor_lang::prelude::*;

/// Names who may become the authority by [`accept_authority`](super::accept_authority()); all zeros for nobody.
///
/// Two steps, so that no authority is lost to a key that nobody holds.
///
/// Who: the authority. What changes: the pending authority.
/// Errors: [`AuthorityMismatch`](crate::error::StipendError::AuthorityMismatch).
pub fn propose_authority(ctx: Context<GovernByAuthority>, new_pending: Pubkey) -> Result<()> {
    let mut network = ctx.accounts.network.load_mut()?;
    let old_pending = core::mem::replace(&mut network.pending_authority, new_pending);
    network.invariant()?;
    emit!(AuthorityProposed { network: ctx.accounts.network.key(), old_pending, new_pending });
    Ok(())
}
