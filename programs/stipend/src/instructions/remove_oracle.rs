use crate::{error::StipendError, event::OracleRemoved, state::*};
use anchor_lang::prelude::*;

/// Accounts of [`remove_oracle`].
#[derive(Accounts)]
pub struct RemoveOracle<'info> {
    /// The network's authority.
    pub authority: Signer<'info>,
    /// The network.
    #[account(mut, has_one = authority @ StipendError::AuthorityMismatch)]
    pub network: AccountLoader<'info, Network>,
}

/// Removes an oracle from the next epoch on, or at once, which voids its reports of shards that are not yet scored.
///
/// Who: the authority. What must hold: the oracle is in the set. What changes: the oracle set. Fewer oracles than the
/// quorum may remain: then nothing scores until others are added, which is what a stolen key asks for.
/// Errors: [`StipendError::AuthorityMismatch`], [`StipendError::OracleUnknown`].
pub fn remove_oracle(ctx: Context<RemoveOracle>, oracle: Pubkey, at_once: bool) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let mut network = ctx.accounts.network.load_mut()?;
    let active_until = if at_once { network.open_epoch } else { network.schedule().next_epoch(now) };
    network.oracles.remove(&oracle, active_until)?;
    network.invariant()?;
    emit!(OracleRemoved { network: ctx.accounts.network.key(), oracle, active_until });
    Ok(())
}
