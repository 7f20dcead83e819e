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
/// Errors: [`StipendError::OwnerIsSplit`], [`StipendError::ClaimsPaused`] and those of [`take_accrued`].
pub fn claim(ctx: Context<Claim>, slots: Vec<u16>) -> Result<()> {
    let accounts = ctx.accounts;
    require!(!is_split(&accounts.owner)?, StipendError::OwnerIsSplit);
    let taken = take(&accounts.network, &accounts.shard, accounts.owner.key, &slots)?;
    let minted = MintTo {
        mint: accounts.mint.to_account_info(),
        to: accounts.destination.to_account_info(),
        authority: accounts.mint_authority.to_account_info(),
    };
    taken.mint(accounts.token_program.key(), minted, taken.atoms)?;
    emit!(RewardsClaimed {
        shard: accounts.shard.key(),
        owner: accounts.owner.key(),
        destination: accounts.destination.key(),
        atoms: taken.atoms,
        left_atoms: taken.left_atoms,
        policy_from_epoch: taken.policy_from_epoch,
    });
    Ok(())
}

/// What was taken out of an owner's slots, and is to be minted.
pub(super) struct Taken {
    /// Atoms to be minted.
    pub(super) atoms: u64,
    /// Atoms that the mint limit left in the slots.
    pub(super) left_atoms: u64,
    /// Names the policy whose limit it was.
    pub(super) policy_from_epoch: u32,
    mint_authority_bump: u8,
}

/// Takes what an owner's slots have accrued, as far as the mint limit has room.
///
/// Errors: [`StipendError::ClaimsPaused`] and those of [`take_accrued`].
pub(super) fn take(
    network: &AccountLoader<Network>,
    shard: &AccountLoader<Shard>,
    owner: &Pubkey,
    slots: &[u16],
) -> Result<Taken> {
    let now = Clock::get()?.unix_timestamp;
    let mut network = network.load_mut()?;
    let mut data = shard.as_ref().try_borrow_mut_data()?;
    let (_, shard_slots) = Shard::split_mut(&mut data)?;
    require!(!network.is_paused(now), StipendError::ClaimsPaused);
    let epoch = network.schedule().current_epoch(now);
    let policy = network.policy_at(epoch);
    let policy_from_epoch = policy.from_epoch;
    let room_atoms = network.emission.mint_room_atoms(epoch, policy)?;
    let (atoms, left_atoms) = take_accrued(shard_slots, slots, owner, room_atoms)?;
    network.emission.mint(atoms, epoch)?;
    network.invariant()?;
    Ok(Taken { atoms, left_atoms, policy_from_epoch, mint_authority_bump: network.mint_authority_bump })
}

impl Taken {
    /// Mints `atoms` of them.
    pub(super) fn mint<'info>(&self, token_program: Pubkey, accounts: MintTo<'info>, atoms: u64) -> Result<()> {
        let mint = accounts.mint.key();
        let seeds: &[&[u8]] = &[MINT_AUTHORITY_SEED, mint.as_ref(), &[self.mint_authority_bump]];
        mint_to(CpiContext::new_with_signer(token_program, accounts, &[seeds]), atoms)
    }
}
