use crate::{
    account::{check, check_signer, open_mut, read, take, write},
    check::OrRefuse,
    ensure,
    error::StipendError,
    state::*,
};
use anchor_lang::prelude::*;

/// Accounts of every instruction that somebody with a role gives a node.
#[derive(Accounts)]
pub struct ActOnNode<'info> {
    /// Who has the role.
    pub authority: Signer<'info>,
    /// The network.
    pub network: AccountLoader<'info, Network>,
    /// The [`Shard`] that holds the node's slot.
    #[account(mut)]
    pub shard: AccountLoader<'info, Shard>,
    /// The [`Node`].
    #[account(mut)]
    pub node: AccountLoader<'info, Node>,
}

/// Does something to a node and its slot, as [`ActOnNode`] names them; their relation to each other and to the network is
/// checked, and that the authority signs, whose role is for `act` to check.
///
/// - `act`: gets who signs, the network, the node and its slot.
///
/// Returns what `act` did, and the node's address.
///
/// Errors: [`StipendError::ShardNetworkMismatch`], [`StipendError::NodeNetworkMismatch`],
/// [`StipendError::NodeShardMismatch`], and those of `act`.
pub fn act_on_node<T>(
    accounts: &[AccountInfo],
    act: impl FnOnce(&Pubkey, &Network, &mut Node, &mut Slot) -> Result<T>,
) -> Result<(T, Pubkey)> {
    let [authority, network_info, shard_info, node_info] = take(accounts)?;
    check_signer(authority)?;
    check::<Network>(network_info)?;
    check::<Shard>(shard_info)?;
    check::<Node>(node_info)?;
    let (network, mut shard_data) = (read::<Network>(network_info)?, open_mut(shard_info)?);
    let (shard, slots) = Shard::split_mut(&mut shard_data)?;
    let mut node = write::<Node>(node_info)?;
    ensure!(shard.network == *network_info.key, StipendError::ShardNetworkMismatch);
    node.check_place(network_info.key, shard_info.key)?;
    let slot = slots.get_mut(usize::from(node.slot)).or_refuse(StipendError::SlotOutOfRange)?;
    network.invariant()?;
    Ok((act(authority.key, &network, &mut node, slot)?, *node_info.key))
}
