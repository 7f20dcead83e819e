use crate::{constants::*, error::StipendError, event::RewardsClaimed, state::*};
use anchor_lang::prelude::*;
use anchor_spl::{
    associated_token::get_associated_token_address_with_program_id,
    token_interface::{mint_to, MintTo, TokenAccount, TokenInterface},
};

/// Accounts of [`claim`].
#[derive(Accounts)]
pub struct Claim<'info> {
    /// The network.
    #[account(
        mut,
        has_one = mint @ StipendError::MintMismatch,
        has_one = mint_authority @ StipendError::MintAuthorityAccountMismatch,
        has_one = token_program @ StipendError::TokenProgramMismatch
    )]
    pub network: AccountLoader<'info, Network>,
    /// The shard.
    #[account(mut, has_one = network @ StipendError::ShardNetworkMismatch)]
    pub shard: AccountLoader<'info, Shard>,
    /// CHECK: compared with the owner of each slot; signs if the destination is not its associated token account.
    pub owner: UncheckedAccount<'info>,
    /// CHECK: the network's mint, by its address, which was checked when the network was created.
    #[account(mut)]
    pub mint: UncheckedAccount<'info>,
    /// CHECK: the program's own address that mints, as the network says; it holds no data.
    pub mint_authority: UncheckedAccount<'info>,
    /// The owner's associated token account; or any of the mint that the owner signs for.
    #[account(
        mut,
        token::mint = mint,
        token::token_program = token_program,
        constraint = owner.is_signer || destination.key() == get_associated_token_address_with_program_id(
            owner.key, mint.key, token_program.key
        ) @ StipendError::DestinationMismatch
    )]
    pub destination: Box<InterfaceAccount<'info, TokenAccount>>,
    /// The mint's token program.
    pub token_program: Interface<'info, TokenInterface>,
}

/// Mints what one owner's slots of a shard have accrued.
///
/// - `slots`: in ascending order.
///
/// Who: anybody, to the owner's associated token account; the owner, to any token account of the mint: the owner's key can
/// stay cold. What must hold: the network is not paused, the slots are the owner's, something has accrued, and the epoch's
/// mint limit has room. What changes: the atoms are in the destination and no longer in the slots; where the limit has too
/// little room, the slots are emptied in order until it is used up, and the rest stays where it accrued.
/// Errors: [`StipendError::ClaimsPaused`] and those of [`take_accrued`].
pub fn claim(ctx: Context<Claim>, slots: Vec<u16>) -> Result<()> {
    let accounts = ctx.accounts;
    let now = Clock::get()?.unix_timestamp;
    let (claimed, mint_authority_bump) = {
        let mut network = accounts.network.load_mut()?;
        let mut data = accounts.shard.as_ref().try_borrow_mut_data()?;
        let (_, shard_slots) = Shard::split_mut(&mut data)?;
        require!(!network.is_paused(now), StipendError::ClaimsPaused);
        let epoch = network.schedule().current_epoch(now);
        let policy = network.policy_at(epoch);
        let policy_from_epoch = policy.from_epoch;
        let room_atoms = network.emission.mint_room_atoms(epoch, policy)?;
        let (atoms, left_atoms) = take_accrued(shard_slots, &slots, accounts.owner.key, room_atoms)?;
        network.emission.mint(atoms, epoch)?;
        network.invariant()?;
        let claimed = RewardsClaimed {
            shard: accounts.shard.key(),
            owner: accounts.owner.key(),
            destination: accounts.destination.key(),
            atoms,
            left_atoms,
            policy_from_epoch,
        };
        (claimed, network.mint_authority_bump)
    };
    let mint = accounts.mint.key();
    let seeds: &[&[u8]] = &[MINT_AUTHORITY_SEED, mint.as_ref(), &[mint_authority_bump]];
    let minted = MintTo {
        mint: accounts.mint.to_account_info(),
        to: accounts.destination.to_account_info(),
        authority: accounts.mint_authority.to_account_info(),
    };
    mint_to(CpiContext::new_with_signer(accounts.token_program.key(), minted, &[seeds]), claimed.atoms)?;
    emit!(claimed);
    Ok(())
}
