use crate::{deposit, event::BondWithdrawn, state::*};
use anchor_lang::prelude::*;

/// Accounts of [`withdraw_bond`].
#[derive(Accounts)]
pub struct WithdrawBond<'info> {
    /// The network, which holds the bond.
    #[account(mut)]
    pub network: AccountLoader<'info, Network>,
    /// CHECK: who paid the bond, as the oracle's entry says.
    #[account(mut)]
    pub payer: UncheckedAccount<'info>,
}

/// Pays the bond of a removed oracle back.
///
/// It is held for one more epoch than the oracle measured, so that a false report can still be proven.
///
/// Who: anybody. What must hold: an epoch is closed that the oracle did not measure.
/// Errors: those of [`OracleSet::take_bond`] and [`deposit::pay_back`].
pub fn withdraw_bond(ctx: Context<WithdrawBond>, oracle: Pubkey) -> Result<()> {
    let payer = ctx.accounts.payer.key();
    let bond_lamports = {
        let mut network = ctx.accounts.network.load_mut()?;
        let open_epoch = network.open_epoch;
        let bond_lamports = network.oracles.take_bond(&oracle, &payer, open_epoch)?;
        network.invariant()?;
        bond_lamports
    };
    deposit::pay_back(ctx.accounts.network.as_ref(), &ctx.accounts.payer, bond_lamports)?;
    emit!(BondWithdrawn { network: ctx.accounts.network.key(), oracle, payer, bond_lamports });
    Ok(())
}
