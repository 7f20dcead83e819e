use crate::{ensure, error::StipendError, event::OracleAdded, state::*};
use anchor_lang::prelude::*;

/// Accounts of [`add_oracle`].
#[derive(Accounts)]
pub struct AddOracle<'info> {
    /// The network's authority.
    pub authority: Signer<'info>,
    /// The network.
    #[account(mut, has_one = authority @ StipendError::AuthorityMismatch)]
    pub network: AccountLoader<'info, Network>,
}

/// Adds an oracle, which measures from the next epoch on (from epoch 0 before the genesis).
///
/// Who: the authority. What must hold: the quorum stays above half of the set. What changes: the oracle set.
/// Errors: [`StipendError::AuthorityMismatch`], [`StipendError::OracleKeyZero`] and those of [`OracleSet::add`].
pub fn add_oracle(ctx: Context<AddOracle>, oracle: Pubkey) -> Result<()> {
    ensure!(oracle != Pubkey::default(), StipendError::OracleKeyZero);
    let now = Clock::get()?.unix_timestamp;
    let mut network = ctx.accounts.network.load_mut()?;
    let active_from = network.schedule().next_epoch(now);
    let (open_epoch, quorum) = (network.open_epoch, network.quorum);
    network.oracles.add(oracle, active_from, open_epoch, quorum)?;
    network.invariant()?;
    emit!(OracleAdded { network: ctx.accounts.network.key(), oracle, active_from });
    Ok(())
}
