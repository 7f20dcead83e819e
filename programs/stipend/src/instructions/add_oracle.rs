use crate::{constants::NO_EPOCH, deposit, error::StipendError, event::OracleAdded, state::*};
use anchor_lang::prelude::*;

/// Accounts of [`add_oracle`].
#[derive(Accounts)]
pub struct AddOracle<'info> {
    /// Pays the bond, and gets it back.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// The network's authority.
    pub authority: Signer<'info>,
    /// The network, which holds the bond.
    #[account(mut, has_one = authority @ StipendError::AuthorityMismatch)]
    pub network: AccountLoader<'info, Network>,
    /// The system program.
    pub system_program: Program<'info, System>,
}

/// Adds an oracle, which measures from the next epoch on (from epoch 0 before the genesis), with the bond of that epoch's
/// policy.
///
/// Who: the authority; anybody pays. What must hold: the quorum stays above half of the set. What changes: the oracle set.
/// Errors: [`StipendError::AuthorityMismatch`], [`StipendError::OracleKeyZero`] and those of [`Network::add_oracle`].
pub fn add_oracle(ctx: Context<AddOracle>, oracle: Pubkey) -> Result<()> {
    require_keys_neq!(oracle, Pubkey::default(), StipendError::OracleKeyZero);
    let payer = ctx.accounts.payer.key();
    let added = {
        let mut network = ctx.accounts.network.load_mut()?;
        let active_from = network.schedule().next_epoch(Clock::get()?.unix_timestamp);
        let policy = network.policy_at(active_from);
        let (bond_lamports, policy_from_epoch) = (policy.oracle_bond_lamports, policy.from_epoch);
        network.add_oracle(Oracle {
            key: oracle,
            active_from,
            active_until: NO_EPOCH,
            bond_lamports,
            payer,
            ..Oracle::default()
        })?;
        network.invariant()?;
        OracleAdded {
            network: ctx.accounts.network.key(),
            oracle,
            active_from,
            bond_lamports,
            payer,
            policy_from_epoch,
        }
    };
    let network = ctx.accounts.network.to_account_info();
    deposit::pay(&ctx.accounts.system_program, &ctx.accounts.payer, network, added.bond_lamports)?;
    emit!(added);
    Ok(())
}
