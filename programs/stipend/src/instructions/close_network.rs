use crate::{
    account::{check, check_address, check_signer, check_writable, optional, take, write},
    check::OrRefuse,
    constants::MINT_AUTHORITY_SEED,
    ensure,
    error::StipendError,
    event::{self, NetworkClosed},
    mint::{check_mint_authority, set_mint_authority},
    rent,
    state::*,
};
use anchor_lang::prelude::*;

/// Accounts of [`close_network`].
#[derive(Accounts)]
pub struct CloseNetwork<'info> {
    /// The network's authority.
    pub authority: Signer<'info>,
    /// The network.
    #[account(
        mut,
        has_one = authority @ StipendError::AuthorityMismatch,
        has_one = mint @ StipendError::MintMismatch,
        has_one = token_program @ StipendError::TokenProgramMismatch,
        has_one = payer @ StipendError::PayerMismatch
    )]
    pub network: AccountLoader<'info, Network>,
    /// The mint's first network, if this is another one.
    #[account(mut, has_one = mint @ StipendError::FirstNetworkMismatch)]
    pub first_network: Option<AccountLoader<'info, Network>>,
    /// CHECK: the network's mint, by its address.
    #[account(mut)]
    pub mint: UncheckedAccount<'info>,
    /// CHECK: the mint's authority; that it is the program's address shows when it signs.
    pub mint_authority: UncheckedAccount<'info>,
    /// CHECK: who paid the network's rent, as the network says.
    #[account(mut)]
    pub payer: UncheckedAccount<'info>,
    /// CHECK: the mint's token program, as the network says.
    pub token_program: UncheckedAccount<'info>,
}

/// Closes a network that has neither shards nor bonds, and pays its rent back.
///
/// What it may still have scheduled goes back to the mint's first network. With the first network, which is closed last,
/// the right to mint ends: if no epoch was ever closed the authority has it again; else nobody can mint any more, so
/// that the supply cap holds for ever.
///
/// Who: the authority. What must hold: no shard, no oracle's bond, no other network of the mint is left.
/// Errors: [`StipendError::AuthorityMismatch`], [`StipendError::MintMismatch`], [`StipendError::TokenProgramMismatch`],
/// [`StipendError::PayerMismatch`], [`StipendError::NetworkNotEmpty`], [`StipendError::FirstNetworkMismatch`],
/// [`StipendError::MintAuthorityAccountMismatch`].
pub fn close_network(accounts: &[AccountInfo]) -> Result<()> {
    let [authority, network_info, first_info, mint, mint_authority, payer, token_program] = take(accounts)?;
    check_signer(authority)?;
    check::<Network>(network_info)?;
    check_writable(mint)?;
    check_writable(payer)?;
    let (id, bump, heir) = {
        let network = write::<Network>(network_info)?;
        check_address(authority, &network.authority, StipendError::AuthorityMismatch)?;
        check_address(mint, &network.mint, StipendError::MintMismatch)?;
        check_address(token_program, &network.token_program, StipendError::TokenProgramMismatch)?;
        check_address(payer, &network.payer, StipendError::PayerMismatch)?;
        network.invariant()?;
        let is_empty = network.shard_count == 0 && network.other_networks == 0 && !network.oracles.has_bond();
        ensure!(is_empty, StipendError::NetworkNotEmpty);
        if network.id != 0 {
            hand_back(&network, first_info)?;
        }
        // Once an epoch is closed, the supply cap is a promise.
        let is_unused = network.open_epoch == 0 && network.has_shared == 0;
        (network.id, network.mint_authority_bump, is_unused.then_some(network.authority))
    };
    let minter = if id == 0 {
        check_mint_authority(mint, mint_authority)?;
        let seeds: &[&[u8]] = &[MINT_AUTHORITY_SEED, mint.key.as_ref(), &[bump]];
        set_mint_authority(token_program, [mint, mint_authority], heir.as_ref(), seeds)?;
        heir.unwrap_or_default()
    } else {
        let seeds: &[&[u8]] = &[MINT_AUTHORITY_SEED, mint.key.as_ref()];
        Pubkey::find_program_address(seeds, &crate::ID).0
    };
    rent::close(network_info, payer)?;
    event::log(&NetworkClosed { network: *network_info.key, mint: *mint.key, id, mint_authority: minter })
}

/// Gives the mint's first network what this one may still have scheduled.
fn hand_back(network: &Network, first_info: &AccountInfo) -> Result<()> {
    let first_info = optional(first_info).or_refuse(StipendError::FirstNetworkMismatch)?;
    let mut first = write::<Network>(first_info)?;
    ensure!(first.id == 0 && first.mint == network.mint, StipendError::FirstNetworkMismatch);
    first.take_back(network.emission.room_atoms()?)?;
    first.invariant()
}
