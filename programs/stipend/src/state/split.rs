//! What divides rewards among several recipients.

use crate::{
    constants::*,
    error::StipendError,
    math::{checked_share, BPS},
};
use anchor_lang::{prelude::*, Discriminator};

/// A split: `["split", creator, id]`. It serves any network and mint: whatever it is owed is paid to its recipients in their
/// shares, as they are at the time of the claim.
#[account(zero_copy)]
#[derive(Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Split {
    /// Layout of this account.
    pub version: u8,
    /// Bump of this account's address.
    pub bump: u8,
    /// Number among the splits of its creator.
    pub id: u16,
    /// Nodes that were given to it and that it still owns: as long as there are any, it can't be closed.
    pub nodes: u32,
    /// Who created it, which its address is made of.
    pub creator: Pubkey,
    /// Who paid for this account, and gets that back.
    pub payer: Pubkey,
    /// Who may change the shares, close the split and act for its nodes; all zeros for nobody, for ever.
    pub authority: Pubkey,
    /// Who is paid, the first places; all zeros behind them.
    pub recipients: [Recipient; MAX_RECIPIENTS],
    /// Zero.
    pub reserved: [u64; 4],
}

/// Somebody who is paid by a split.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Recipient {
    /// A wallet.
    pub wallet: Pubkey,
    /// Its share, in basis points of the whole.
    pub share_bps: u16,
}

impl Split {
    /// Bytes of the account.
    pub const SPACE: usize = Self::DISCRIMINATOR.len() + core::mem::size_of::<Self>();

    /// Those who are paid, in their order.
    pub fn recipients(&self) -> impl Iterator<Item = &Recipient> {
        self.recipients.iter().take_while(|recipient| recipient.share_bps > 0)
    }

    /// Names who is paid, and how much.
    ///
    /// - `wallets`: accounts of the recipients; `shares_bps`: of each, in the same order.
    ///
    /// Errors: [`StipendError::RecipientsOutOfRange`], [`StipendError::RecipientDuplicate`], [`StipendError::RecipientRefused`],
    /// [`StipendError::SharesWrong`].
    pub fn set_recipients(&mut self, wallets: &[AccountInfo], shares_bps: &[u16]) -> Result<()> {
        require!((1..=MAX_RECIPIENTS).contains(&wallets.len()), StipendError::RecipientsOutOfRange);
        require_eq!(shares_bps.len(), wallets.len(), StipendError::RecipientsOutOfRange);
        self.recipients = Default::default();
        let mut sum_bps = 0u32;
        for (place, (account, share_bps)) in wallets.iter().zip(shares_bps).enumerate() {
            // A split, or another account of the program, could never spend what it is paid; nor can all zeros.
            let is_refused = account.owner == &crate::ID || account.key() == Pubkey::default();
            require!(!is_refused, StipendError::RecipientRefused);
            let is_known = self.recipients.iter().any(|known| known.wallet == *account.key);
            require!(!is_known, StipendError::RecipientDuplicate);
            require_gt!(*share_bps, 0, StipendError::SharesWrong);
            sum_bps = sum_bps.saturating_add(u32::from(*share_bps));
            let recipient = self.recipients.get_mut(place).ok_or(StipendError::RecipientsOutOfRange)?;
            *recipient = Recipient { wallet: account.key(), share_bps: *share_bps };
        }
        require_eq!(sum_bps, u32::from(BPS), StipendError::SharesWrong);
        Ok(())
    }

    /// What each recipient gets of `atoms`, in their order.
    ///
    /// Floor: each of the others loses less than an atom, which the first one gets.
    pub fn checked_shares(&self, atoms: u64) -> Result<[u64; MAX_RECIPIENTS]> {
        let mut shares = [0u64; MAX_RECIPIENTS];
        let mut left_atoms = atoms;
        for (share, recipient) in shares.iter_mut().zip(self.recipients()).skip(1) {
            *share = checked_share(atoms, recipient.share_bps).ok_or(StipendError::ArithmeticOverflow)?;
            left_atoms = left_atoms.checked_sub(*share).ok_or(StipendError::InvariantBroken)?;
        }
        if let Some(first) = shares.first_mut() {
            *first = left_atoms;
        }
        Ok(shares)
    }

    /// What holds of every split.
    pub fn invariant(&self) -> Result<()> {
        require_eq!(self.version, ACCOUNT_VERSION, StipendError::AccountVersionWrong);
        let sum_bps: u32 =
            self.recipients().map(|recipient| u32::from(recipient.share_bps)).fold(0, u32::saturating_add);
        require_eq!(sum_bps, u32::from(BPS), StipendError::InvariantBroken);
        Ok(())
    }
}

/// Whether an account is a split.
pub fn is_split(account: &AccountInfo) -> Result<bool> {
    Ok(account.owner == &crate::ID && account.try_borrow_data()?.starts_with(Split::DISCRIMINATOR))
}

/// Counts a node that a split got, if its new owner is one.
///
/// Errors: [`StipendError::OwnerRefused`].
pub fn note_gained(owner: &AccountInfo) -> Result<()> {
    if owner.owner != &crate::ID {
        return Ok(());
    }
    require!(is_split(owner)?, StipendError::OwnerRefused);
    change_nodes(owner, |nodes| nodes.checked_add(1))
}

/// Counts a node that a split no longer owns, if its owner was one. One that was given to it before it was created was never
/// counted; and what was no account when it got the node may be another one of the program by now.
pub fn note_lost(owner: &AccountInfo) -> Result<()> {
    if !is_split(owner)? {
        return Ok(());
    }
    change_nodes(owner, |nodes| Some(nodes.saturating_sub(1)))
}

fn change_nodes(split: &AccountInfo, change: impl FnOnce(u32) -> Option<u32>) -> Result<()> {
    let mut data = split.try_borrow_mut_data()?;
    let split = data.get_mut(Split::DISCRIMINATOR.len()..Split::SPACE).ok_or(StipendError::AccountSizeWrong)?;
    let split: &mut Split = bytemuck::try_from_bytes_mut(split).ok().ok_or(StipendError::AccountSizeWrong)?;
    split.nodes = change(split.nodes).ok_or(StipendError::ArithmeticOverflow)?;
    Ok(())
}
