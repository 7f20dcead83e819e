use super::GovernByAuthority;
use crate::event::GuardianChanged;
use anchor_lang::prelude::*;

/// Names who may pause besides the authority; all zeros for nobody.
///
/// Who: the authority. What changes: the guardian.
/// Errors: [`AuthorityMismatch`](crate::error::StipendError::AuthorityMismatch).
pub fn set_guardian(ctx: Context<GovernByAuthority>, new_guardian: Pubkey) -> Result<()> {
    let mut network = ctx.accounts.network.load_mut()?;
    let old_guardian = core::mem::replace(&mut network.guardian, new_guardian);
    network.invariant()?;
    emit!(GuardianChanged { network: ctx.accounts.network.key(), old_guardian, new_guardian });
    Ok(())
}
