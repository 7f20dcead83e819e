use crate::{
    account::{check, check_address, check_payer, check_signer, check_system_program, take, write},
    constants::NO_EPOCH,
    ensure,
    error::StipendError,
    event::{self, OracleAdded},
    rent,
    state::*,
};
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
pub fn add_oracle(accounts: &[AccountInfo], key: Pubkey) -> Result<()> {
    let [payer, authority, network_info, system_program] = take(accounts)?;
    check_payer(payer)?;
    check_signer(authority)?;
    check::<Network>(network_info)?;
    check_system_program(system_program)?;
    ensure!(key != Pubkey::default(), StipendError::OracleKeyZero);

    let added = {
        let mut network = write::<Network>(network_info)?;
        check_address(authority, &network.authority, StipendError::AuthorityMismatch)?;
        let active_from = network.schedule().next_epoch(Clock::get()?.unix_timestamp);
        let policy = network.policy_at(active_from);
        let (bond_lamports, policy_from_epoch) = (policy.oracle_bond_lamports, policy.from_epoch);
        let payer = *payer.key;
        network.add_oracle(Oracle {
            key,
            active_from,
            active_until: NO_EPOCH,
            bond_lamports,
            payer,
            ..Oracle::default()
        })?;
        network.invariant()?;
        OracleAdded { network: *network_info.key, oracle: key, active_from, bond_lamports, payer, policy_from_epoch }
    };
    rent::pay(payer, network_info, added.bond_lamports)?;
    event::log(&added)
}
