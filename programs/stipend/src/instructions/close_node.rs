use crate::{deposit, error::StipendError, event::NodeClosed, state::*};
use anchor_lang::prelude::*;

/// Accounts of [`close_node`].
#[derive(Accounts)]
pub struct CloseNode<'info> {
    /// The network.
    pub network: AccountLoader<'info, Network>,
    /// The directory that has the device.
    #[account(mut, has_one = network @ StipendError::DirectoryNetworkMismatch)]
    pub directory: AccountLoader<'info, Directory>,
    /// The shard that holds the node's slot.
    #[account(mut, has_one = network @ StipendError::ShardNetworkMismatch)]
    pub shard: AccountLoader<'info, Shard>,
    /// CHECK: the node's owner, as its slot says; a split counts the nodes that it owns.
    #[account(mut)]
    pub owner: UncheckedAccount<'info>,
    /// CHECK: who paid the node's deposit, as the directory says.
    #[account(mut)]
    pub payer: UncheckedAccount<'info>,
}

/// Pays a retired node's deposit back, takes its device out of the directory, and makes its slot vacant for another tenant.
///
/// What was paid for the slot stays in the shard as long as the slot does: that tenant pays it back, or
/// [`shrink_shard`](super::shrink_shard()) does.
///
/// Who: anybody. What must hold: every epoch that the node earns from is closed and settled, and nothing is left to claim.
/// Errors: [`StipendError::DirectoryNetworkMismatch`], [`StipendError::ShardNetworkMismatch`],
/// [`StipendError::DeviceUnknown`], [`StipendError::NodeShardMismatch`], [`StipendError::PayerMismatch`],
/// [`StipendError::NodeOwnerMismatch`], those of
/// [`Slot::vacate`] and [`deposit::pay_back`].
pub fn close_node(ctx: Context<CloseNode>, device: Pubkey) -> Result<()> {
    let accounts = ctx.accounts;
    let (entry, space) = {
        let network = accounts.network.load()?;
        network.invariant()?;
        let mut directory_data = accounts.directory.as_ref().try_borrow_mut_data()?;
        let (directory, entries) = Directory::split_mut(&mut directory_data)?;
        let entry = directory.remove(entries, &device)?;
        require_keys_eq!(entry.payer, accounts.payer.key(), StipendError::PayerMismatch);

        let mut shard_data = accounts.shard.as_ref().try_borrow_mut_data()?;
        let (shard, slots) = Shard::split_mut(&mut shard_data)?;
        let epoch = network.schedule().current_epoch(Clock::get()?.unix_timestamp);
        let slot = shard.slot_of(slots, &entry)?;
        require_keys_eq!(slot.owner, accounts.owner.key(), StipendError::NodeOwnerMismatch);
        slot.vacate(entry.payer, entry.slot_lamports, epoch, network.open_epoch, shard.is_unsettled())?;
        slot.invariant()?;
        shard.remove_node()?;
        let left = entries.len().checked_sub(1).and_then(Directory::checked_space);
        (entry, left.ok_or(StipendError::InvariantBroken)?)
    };
    note_lost(&accounts.owner)?;
    accounts.directory.as_ref().resize(space)?;
    let refund_lamports =
        entry.deposit_lamports.checked_sub(entry.slot_lamports.into()).ok_or(StipendError::InvariantBroken)?;
    deposit::pay_back(accounts.directory.as_ref(), &accounts.payer, refund_lamports)?;
    emit!(NodeClosed {
        network: accounts.network.key(),
        device,
        shard: accounts.shard.key(),
        slot: entry.slot,
        payer: entry.payer,
        refund_lamports,
        slot_lamports: entry.slot_lamports,
    });
    Ok(())
}
