use crate::{
    account::{check, check_writable, take, write},
    event::{self, BondWithdrawn},
    rent,
    state::*,
};
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
/// Errors: those of [`OracleSet::take_bond`].
pub fn withdraw_bond(accounts: &[AccountInfo], oracle: Pubkey) -> Result<()> {
    let [network_info, payer] = take(accounts)?;
    check::<Network>(network_info)?;
    check_writable(payer)?;
    let bond_lamports = {
        let mut network = write::<Network>(network_info)?;
        let open_epoch = network.open_epoch;
        let bond_lamports = network.oracles.take_bond(&oracle, payer.key, open_epoch)?;
        network.invariant()?;
        bond_lamports
    };
    rent::pay_out(network_info, payer, bond_lamports)?;
    event::log(&BondWithdrawn { network: *network_info.key, oracle, payer: *payer.key, bond_lamports })
}
