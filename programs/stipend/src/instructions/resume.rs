use super::GovernByAuthority;
use crate::event::NetworkResumed;
use anchor_lang::prelude::*;

/// Ends a pause.
///
/// Who: the authority. What must hold: the network is paused. What changes: the report and scoring windows of the open epoch,
/// if it is over, begin now.
/// Errors: [`AuthorityMismatch`](crate::error::StipendError::AuthorityMismatch),
/// [`NotPaused`](crate::error::StipendError::NotPaused).
pub fn resume(ctx: Context<GovernByAuthority>) -> Result<()> {
    let resumed_at = Clock::get()?.unix_timestamp;
    let mut network = ctx.accounts.network.load_mut()?;
    network.resume(resumed_at)?;
    network.invariant()?;
    emit!(NetworkResumed { network: ctx.accounts.network.key(), resumed_at });
    Ok(())
}
