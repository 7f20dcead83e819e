use super::claim::take;
use crate::{error::StipendError, event::RewardsClaimed, state::*};
use anchor_lang::prelude::*;
use anchor_spl::{
    associated_token,
    token_interface::{MintTo, TokenInterface},
};

/// Accounts of [`claim_split`]; the remaining accounts are the recipients' associated token accounts, in the split's order.
#[derive(Accounts)]
pub struct ClaimSplit<'info> {
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
    /// The split, compared with the owner of each slot.
    pub split: AccountLoader<'info, Split>,
    /// CHECK: the network's mint, by its address, which was checked when the network was created.
    #[account(mut)]
    pub mint: UncheckedAccount<'info>,
    /// CHECK: the program's own address that mints, as the network says; it holds no data.
    pub mint_authority: UncheckedAccount<'info>,
    /// The mint's token program.
    pub token_program: Interface<'info, TokenInterface>,
}

/// Mints what a split's slots of a shard have accrued to its recipients, in their shares: all of them, or nothing.
///
/// - `slots`: in ascending order; `bumps`: of the recipients' associated token accounts, in the split's order. A wrong one names an
///   address where there can't be an account.
///
/// Who: anybody. What must hold: as for [`claim`](super::claim()), and every recipient's associated token account is open. What
/// changes: as there. The floors of the shares go to the first recipient.
/// Errors: [`StipendError::RecipientAccountsWrong`], [`StipendError::RecipientAccountMissing`], which logs whose,
/// [`StipendError::ClaimsPaused`] and those of [`take_accrued`].
pub fn claim_split<'info>(ctx: Context<'info, ClaimSplit<'info>>, slots: Vec<u16>, bumps: Vec<u8>) -> Result<()> {
    let accounts = ctx.accounts;
    let split = accounts.split.load()?;
    split.invariant()?;
    let taken = take(&accounts.network, &accounts.shard, &accounts.split.key(), &slots)?;
    let shares_atoms = split.checked_shares(taken.atoms)?;
    let count = split.recipients().count();
    require!(count == ctx.remaining_accounts.len() && count == bumps.len(), StipendError::RecipientAccountsWrong);
    let (mint, token_program) = (accounts.mint.key(), accounts.token_program.key());
    let recipients = split.recipients().zip(&bumps).zip(ctx.remaining_accounts);
    for (((recipient, bump), destination), atoms) in recipients.zip(shares_atoms) {
        let seeds = [recipient.wallet.as_ref(), token_program.as_ref(), mint.as_ref(), &[*bump]];
        let address = Pubkey::create_program_address(&seeds, &associated_token::ID).ok();
        require!(address == Some(destination.key()), StipendError::RecipientAccountsWrong);
        if *destination.owner != token_program {
            recipient.wallet.log();
            return err!(StipendError::RecipientAccountMissing);
        }
        if atoms == 0 {
            continue;
        }
        let minted = MintTo {
            mint: accounts.mint.to_account_info(),
            to: destination.clone(),
            authority: accounts.mint_authority.to_account_info(),
        };
        taken.mint(token_program, minted, atoms)?;
        emit!(RewardsClaimed {
            shard: accounts.shard.key(),
            owner: accounts.split.key(),
            destination: destination.key(),
            atoms,
            left_atoms: taken.left_atoms,
            policy_from_epoch: taken.policy_from_epoch,
        });
    }
    Ok(())
}
