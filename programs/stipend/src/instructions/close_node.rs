use crate::{
    account::{check, check_address, check_writable, open_mut, read, take, write},
    check::OrRefuse,
    ensure,
    error::StipendError,
    event::{self, NodeClosed},
    rent,
    state::*,
};
use anchor_lang::prelude::*;

/// Accounts of [`close_node`].
#[derive(Accounts)]
pub struct CloseNode<'info> {
    /// The network.
    #[account(mut)]
    pub network: AccountLoader<'info, Network>,
    /// The [`Shard`] that holds the node's slot.
    #[account(mut)]
    pub shard: AccountLoader<'info, Shard>,
    /// The [`Node`].
    #[account(mut)]
    pub node: AccountLoader<'info, Node>,
    /// CHECK: who paid the node's rent and bond, as the node says.
    #[account(mut)]
    pub payer: UncheckedAccount<'info>,
}

/// Pays a retired node's bond and rent back, and makes its slot vacant for the next tenant.
///
/// The rent of the slot itself is paid back by that tenant, or by [`shrink_shard`](super::shrink_shard()).
///
/// Who: anybody. What must hold: every epoch that the node earns from is closed and settled, and nothing is left to claim.
/// Errors: [`StipendError::PayerMismatch`], [`StipendError::ShardNetworkMismatch`], those of [`Node::check_place`] and
/// [`Slot::vacate`].
pub fn close_node(accounts: &[AccountInfo]) -> Result<()> {
    let [network_info, shard_info, node_info, payer] = take(accounts)?;
    check::<Network>(network_info)?;
    check::<Shard>(shard_info)?;
    check::<Node>(node_info)?;
    check_writable(node_info)?;
    check_writable(payer)?;
    let slot = {
        let (mut network, mut shard_data) = (write::<Network>(network_info)?, open_mut(shard_info)?);
        let (shard, slots) = Shard::split_mut(&mut shard_data)?;
        let node = read::<Node>(node_info)?;
        ensure!(shard.network == *network_info.key, StipendError::ShardNetworkMismatch);
        node.check_place(network_info.key, shard_info.key)?;
        check_address(payer, &node.payer, StipendError::PayerMismatch)?;

        let epoch = network.schedule().current_epoch(Clock::get()?.unix_timestamp);
        let slot = slots.get_mut(usize::from(node.slot)).or_refuse(StipendError::SlotOutOfRange)?;
        slot.vacate(node.payer, epoch, network.open_epoch, shard.is_unsettled())?;
        shard.vacant_slots = shard.vacant_slots.checked_add(1).or_refuse(StipendError::ArithmeticOverflow)?;
        network.slot_count = network.slot_count.checked_sub(1).or_refuse(StipendError::InvariantBroken)?;
        network.invariant()?;
        node.slot
    };
    let refund_lamports = rent::close(node_info, payer)?;
    event::log(&NodeClosed { node: *node_info.key, shard: *shard_info.key, slot, payer: *payer.key, refund_lamports })
}
