use crate::{check::OrRefuse, constants::*, ensure, error::StipendError, event::RewardsClaimed, state::*};
use anchor_lang::prelude::*;
use anchor_spl::token_interface::{mint_to, MintTo, TokenInterface};
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
/// stay cold. What must hold: the slots are the owner's and something has accrued. What changes: the atoms are in the
/// destination, and the slots have accrued nothing.
/// Errors: [`StipendError::SlotsMalformed`], [`StipendError::MintAuthorityAccountMismatch`],
/// [`StipendError::DestinationNotOpen`], [`StipendError::DestinationMismatch`] and those of [`take_accrued`].
pub fn claim(ctx: Context<Claim>, slots: &[u8]) -> Result<()> {
    let slots = bytemuck::try_cast_slice(slots).ok().or_refuse(StipendError::SlotsMalformed)?;
    ctx.accounts.validate()?;
    let atoms = ctx.accounts.apply(slots)?;
    emit!(RewardsClaimed {
        shard: ctx.accounts.shard.key(),
        owner: ctx.accounts.owner.key(),
        destination: ctx.accounts.destination.key(),
        atoms,
    });
    Ok(())
}

impl Claim<'_> {
    fn validate(&self) -> Result<()> {
        {
            // A mint begins with a tag of four bytes, 1 for an authority, and the authority's address.
            let mint = self.mint.try_borrow_data()?;
            let is_authority = mint.get(4..36) == Some(self.mint_authority.key.as_ref());
            ensure!(is_authority, StipendError::MintAuthorityAccountMismatch);
        }
        if !self.owner.is_signer {
            let seeds = [self.owner.key.as_ref(), self.token_program.key.as_ref(), self.mint.key.as_ref()];
            let (associated, _) = Pubkey::find_program_address(&seeds, &ASSOCIATED_TOKEN_PROGRAM_ID);
            ensure!(*self.destination.key == associated, StipendError::DestinationMismatch);
        }
        ensure!(address_eq(self.destination.owner, self.token_program.key), StipendError::DestinationNotOpen);
        Ok(())
    }

    fn apply(&self, places: &[[u8; 2]]) -> Result<u64> {
        let atoms = {
            let mut shard = self.shard.as_ref().try_borrow_mut_data()?;
            let (_, slots) = Shard::split_mut(&mut shard)?;
            take_accrued(slots, places, self.owner.key)?
        };
        let bump = {
            let mut network = self.network.load_mut()?;
            network.emission.mint(atoms)?;
            network.invariant()?;
            network.mint_authority_bump
        };
        let accounts = MintTo {
            mint: self.mint.to_account_info(),
            to: self.destination.to_account_info(),
            authority: self.mint_authority.to_account_info(),
        };
        let seeds: &[&[u8]] = &[MINT_AUTHORITY_SEED, self.mint.key.as_ref(), &[bump]];
        mint_to(CpiContext::new_with_signer(self.token_program.key(), accounts, &[seeds]), atoms)?;
        Ok(atoms)
    }
}
