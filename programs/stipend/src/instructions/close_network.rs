use crate::{constants::MINT_AUTHORITY_SEED, error::StipendError, event::NetworkClosed, state::*};
use anchor_lang::prelude::*;
use anchor_spl::{
    token_2022::spl_token_2022::instruction::AuthorityType,
    token_interface::{set_authority, SetAuthority, TokenInterface},
};

/// Accounts of [`close_network`].
#[derive(Accounts)]
pub struct CloseNetwork<'info> {
    /// The network's authority.
    pub authority: Signer<'info>,
    /// The network.
    #[account(
        mut,
        close = payer,
        has_one = authority @ StipendError::AuthorityMismatch,
        has_one = mint @ StipendError::MintMismatch,
        has_one = mint_authority @ StipendError::MintAuthorityAccountMismatch,
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
    /// CHECK: the program's own address that mints, as the network says; it holds no data.
    pub mint_authority: UncheckedAccount<'info>,
    /// CHECK: who paid the network's rent, as the network says.
    #[account(mut)]
    pub payer: UncheckedAccount<'info>,
    /// The mint's token program.
    pub token_program: Interface<'info, TokenInterface>,
}

/// Closes a network that has no shards, directories or bonds, and pays its rent back.
///
/// What it may still have scheduled goes back to the mint's first network. With the first network, which is closed last,
/// the right to mint ends: if no epoch was ever closed the authority has it again; else nobody can mint any more, so
/// that the supply cap holds for ever.
///
/// Who: the authority. What must hold: no shard, no directory, no oracle's bond, no other network of the mint is left.
/// Errors: [`StipendError::AuthorityMismatch`], [`StipendError::MintMismatch`], [`StipendError::TokenProgramMismatch`],
/// [`StipendError::PayerMismatch`], [`StipendError::NetworkNotEmpty`], [`StipendError::FirstNetworkMismatch`].
pub fn close_network(ctx: Context<CloseNetwork>) -> Result<()> {
    let accounts = ctx.accounts;
    let (id, mint_authority_bump, heir) = {
        let network = accounts.network.load()?;
        network.invariant()?;
        require!(network.is_empty(), StipendError::NetworkNotEmpty);
        if network.id != 0 {
            let first_network = accounts.first_network.as_ref().ok_or(StipendError::FirstNetworkMismatch)?;
            require_keys_neq!(first_network.key(), accounts.network.key(), StipendError::FirstNetworkMismatch);
            hand_back(&network, first_network)?;
        }
        // Once an epoch is closed, the supply cap is a promise.
        let is_unused = network.open_epoch == 0 && network.has_shared == 0;
        (network.id, network.mint_authority_bump, is_unused.then_some(network.authority))
    };
    let mint = accounts.mint.key();
    let mint_authority = if id == 0 {
        let bump = [mint_authority_bump];
        let signers: &[&[&[u8]]] = &[&[MINT_AUTHORITY_SEED, mint.as_ref(), &bump]];
        let change = SetAuthority {
            account_or_mint: accounts.mint.to_account_info(),
            current_authority: accounts.mint_authority.to_account_info(),
        };
        let call = CpiContext::new_with_signer(accounts.token_program.key(), change, signers);
        set_authority(call, AuthorityType::MintTokens, heir)?;
        heir.unwrap_or_default()
    } else {
        accounts.mint_authority.key()
    };
    emit!(NetworkClosed { network: accounts.network.key(), mint, id, mint_authority });
    Ok(())
}

/// Gives the mint's first network what this one may still have scheduled.
fn hand_back(network: &Network, first_network: &AccountLoader<Network>) -> Result<()> {
    let mut first = first_network.load_mut()?;
    require_eq!(first.id, 0, StipendError::FirstNetworkMismatch);
    first.take_back(network.emission.room_atoms()?)?;
    first.invariant()
}
