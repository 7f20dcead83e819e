use crate::{error::StipendError, state::Network};
use anchor_lang::prelude::*;

/// Accounts of what the network's authority does to it.
#[derive(Accounts)]
pub struct GovernByAuthority<'info> {
    /// The network's authority.
    pub authority: Signer<'info>,
    /// The network.
    #[account(mut, has_one = authority @ StipendError::AuthorityMismatch)]
    pub network: AccountLoader<'info, Network>,
}

/// Accounts of what somebody else than the authority may do to a network as well: the handler checks the role.
#[derive(Accounts)]
pub struct Govern<'info> {
    /// Who has the role.
    pub authority: Signer<'info>,
    /// The network.
    #[account(mut)]
    pub network: AccountLoader<'info, Network>,
}
