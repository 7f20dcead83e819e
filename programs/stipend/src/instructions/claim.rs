use crate::{
    account::{check, check_address, check_writable, open_mut, take, write},
    check::OrRefuse,
    constants::*,
    ensure,
    error::StipendError,
    event::{self, RewardsClaimed},
    mint::{check_mint_authority, mint_to},
    state::*,
};
use anchor_lang::prelude::*;
use anchor_spl::token_interface::TokenInterface;
use solana_address::address_eq;

/// Address of the associated token account program.
pub const ASSOCIATED_TOKEN_PROGRAM_ID: Pubkey = pubkey!("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");

/// Accounts of [`claim`].
#[derive(Accounts)]
pub struct Claim<'info> {
    /// The network.
    #[account(
        mut,
        has_one = mint @ StipendError::MintMismatch,
        has_one = token_program @ StipendError::TokenProgramMismatch
    )]
    pub network: AccountLoader<'info, Network>,
    /// The shard.
    #[account(mut, has_one = network @ StipendError::ShardNetworkMismatch)]
    pub shard: AccountLoader<'info, Shard>,
    /// CHECK: compared with the owner of each slot; signs if the destination is not its associated token account.
    pub owner: UncheckedAccount<'info>,
    /// CHECK: the network's mint, by its address, and so an account of its token program.
    #[account(mut)]
    pub mint: UncheckedAccount<'info>,
    /// CHECK: the mint's authority, as the mint itself says; that it is the program's address shows when it signs.
    pub mint_authority: UncheckedAccount<'info>,
    /// CHECK: the owner's associated token account, by its address; or any that the owner signs for. The token program
    /// checks that it is an account of the mint.
    #[account(mut)]
    pub destination: UncheckedAccount<'info>,
    /// The mint's token program.
    pub token_program: Interface<'info, TokenInterface>,
}

/// Mints what one owner's slots of a shard have accrued.
///
/// - `slots`: in ascending order, u16 little-endian each.
///
/// Who: anybody, to the owner's associated token account; the owner, to any token account of the mint: the owner's key can
/// stay cold. What must hold: the network is not paused, the slots are the owner's, something has accrued, and the epoch's
/// mint limit has room. What changes: the atoms are in the destination, and the slots have accrued nothing; of more than a
/// whole limit, as much as there is room for is minted, and the rest stays.
/// Errors: [`StipendError::ClaimsPaused`], [`StipendError::MintLimitReached`], [`StipendError::SlotsMalformed`], [`StipendError::MintAuthorityAccountMismatch`],
/// [`StipendError::DestinationNotOpen`], [`StipendError::DestinationMismatch`] and those of [`take_accrued`].
pub fn claim(accounts: &[AccountInfo], slots: &[u8]) -> Result<()> {
    let [network_info, shard_info, owner, mint, mint_authority, destination, token_program] = take(accounts)?;
    check::<Network>(network_info)?;
    check::<Shard>(shard_info)?;
    check_writable(mint)?;
    check_writable(destination)?;
    let mut network = write::<Network>(network_info)?;
    let mut data = open_mut(shard_info)?;
    let (shard, shard_slots) = Shard::split_mut(&mut data)?;
    check_address(mint, &network.mint, StipendError::MintMismatch)?;
    check_address(token_program, &network.token_program, StipendError::TokenProgramMismatch)?;
    check_address(network_info, &shard.network, StipendError::ShardNetworkMismatch)?;
    check_mint_authority(mint, mint_authority)?;
    check_destination(destination, owner, mint, token_program)?;

    ensure!(!network.is_paused(), StipendError::ClaimsPaused);
    let epoch = network.schedule().current_epoch(Clock::get()?.unix_timestamp);
    let policy = network.policy_at(epoch);
    let policy_from_epoch = policy.from_epoch;
    let places = bytemuck::try_cast_slice(slots).ok().or_refuse(StipendError::SlotsMalformed)?;
    let (atoms, left_atoms) = take_accrued(shard_slots, places, owner.key, |wanted_atoms| {
        network.emission.mintable_atoms(wanted_atoms, epoch, policy)
    })?;
    network.emission.mint(atoms, epoch)?;
    network.invariant()?;

    let seeds: &[&[u8]] = &[MINT_AUTHORITY_SEED, mint.key.as_ref(), &[network.mint_authority_bump]];
    mint_to(token_program, [mint, destination, mint_authority], atoms, seeds)?;
    event::log(&RewardsClaimed {
        shard: *shard_info.key,
        owner: *owner.key,
        destination: *destination.key,
        atoms,
        left_atoms,
        policy_from_epoch,
    })
}

/// Checks that the destination is the owner's associated token account, or that the owner signs for another one; and that it
/// is an account of the token program, which itself checks that it is one of the mint.
fn check_destination(
    destination: &AccountInfo,
    owner: &AccountInfo,
    mint: &AccountInfo,
    token_program: &AccountInfo,
) -> Result<()> {
    if !owner.is_signer {
        let seeds = [owner.key.as_ref(), token_program.key.as_ref(), mint.key.as_ref()];
        let (associated, _) = Pubkey::find_program_address(&seeds, &ASSOCIATED_TOKEN_PROGRAM_ID);
        check_address(destination, &associated, StipendError::DestinationMismatch)?;
    }
    ensure!(address_eq(destination.owner, token_program.key), StipendError::DestinationNotOpen);
    Ok(())
}
