use crate::{
    account::{check, check_signer, take, write},
    ensure,
    error::StipendError,
    state::Network,
};
use anchor_lang::prelude::*;
use core::cell::RefMut;

/// Accounts of every instruction that somebody with a role gives the network: its authority, but where the instruction
/// says otherwise.
#[derive(Accounts)]
pub struct Govern<'info> {
    /// Who has the role.
    pub authority: Signer<'info>,
    /// The network.
    #[account(mut)]
    pub network: AccountLoader<'info, Network>,
}

/// What [`Govern`] says, checked.
pub struct Governed<'a> {
    /// Who signs.
    pub signer: Pubkey,
    /// The network's address.
    pub key: Pubkey,
    /// The network.
    pub network: RefMut<'a, Network>,
}

impl<'a> Governed<'a> {
    /// The accounts of somebody who signs, whose role is still to be checked.
    pub fn by_anybody(accounts: &'a [AccountInfo]) -> Result<Self> {
        let [authority, network] = take(accounts)?;
        check_signer(authority)?;
        check::<Network>(network)?;
        Ok(Self { signer: *authority.key, key: *network.key, network: write(network)? })
    }

    /// The accounts, where the network's authority signs. Errors: [`StipendError::AuthorityMismatch`].
    pub fn by_authority(accounts: &'a [AccountInfo]) -> Result<Self> {
        let governed = Self::by_anybody(accounts)?;
        ensure!(governed.network.authority == governed.signer, StipendError::AuthorityMismatch);
        Ok(governed)
    }
}
