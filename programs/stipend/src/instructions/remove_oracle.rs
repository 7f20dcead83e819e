use super::GovernByAuthority;
use crate::event::OracleRemoved;
use anchor_lang::prelude::*;

/// Removes an oracle from the next epoch on; or at once, which is for stolen keys: it voids the oracle's reports of every epoch
/// that is not closed, where shards are not scored yet, also of epochs that are over and measured.
///
/// Who: the authority. What must hold: the oracle is in the set. What changes: the oracle set. Fewer oracles than the
/// quorum may remain: then nothing scores until others are added.
/// Errors: [`AuthorityMismatch`](crate::error::StipendError::AuthorityMismatch),
/// [`OracleUnknown`](crate::error::StipendError::OracleUnknown).
pub fn remove_oracle(ctx: Context<GovernByAuthority>, oracle: Pubkey, at_once: bool) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let mut network = ctx.accounts.network.load_mut()?;
    let active_until = if at_once { network.open_epoch } else { network.schedule().next_epoch(now) };
    network.oracles.remove(&oracle, active_until)?;
    network.invariant()?;
    emit!(OracleRemoved { network: ctx.accounts.network.key(), oracle, active_until });
    Ok(())
}
