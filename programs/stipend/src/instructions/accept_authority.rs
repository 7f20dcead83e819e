use super::Govern;
use crate::{error::StipendError, event::AuthorityChanged};
use anchor_lang::prelude::*;

/// Takes over a network.
///
/// Who: the one that the authority proposed; a multisig's vault too. What changes: the authority; nobody is pending.
/// Errors: [`StipendError::PendingAuthorityMismatch`].
pub fn accept_authority(ctx: Context<Govern>) -> Result<()> {
    let mut network = ctx.accounts.network.load_mut()?;
    let new_authority = ctx.accounts.authority.key();
    // Nobody can sign for all zeros, which stand for nobody.
    require_keys_eq!(network.pending_authority, new_authority, StipendError::PendingAuthorityMismatch);
    network.pending_authority = Pubkey::default();
    let old_authority = core::mem::replace(&mut network.authority, new_authority);
    network.invariant()?;
    emit!(AuthorityChanged { network: ctx.accounts.network.key(), old_authority, new_authority });
    Ok(())
}
