//! Nodes and their slots.

use anchor_lang::prelude::*;

/// A device earns from an epoch on.
#[event]
pub struct NodeRegistered {
    /// The network.
    pub network: Pubkey,
    /// The device's key.
    pub device: Pubkey,
    /// Who is paid.
    pub owner: Pubkey,
    /// Where its slot is.
    pub shard: Pubkey,
    /// The slot.
    pub slot: u16,
    /// The first epoch that counts.
    pub since: u32,
    /// Lamports that it left.
    pub bond_lamports: u64,
    /// Who paid them.
    pub payer: Pubkey,
    /// Names the policy.
    pub policy_from_epoch: u32,
}

/// A node has another owner.
#[event]
pub struct NodeTransferred {
    /// The node's account.
    pub node: Pubkey,
    /// Who was paid until now.
    pub old_owner: Pubkey,
    /// Who is from now on.
    pub new_owner: Pubkey,
    /// Atoms that have accrued and go to the new owner.
    pub accrued_atoms: u64,
}

/// A node has another boost from an epoch on.
#[event]
pub struct BoostChanged {
    /// The node's account.
    pub node: Pubkey,
    /// The boost of the open epoch.
    pub old_boost_bps: u16,
    /// The boost from that epoch on.
    pub new_boost_bps: u16,
    /// The first epoch with it.
    pub from_epoch: u32,
    /// Names the policy.
    pub policy_from_epoch: u32,
}

/// A node earns no more.
#[event]
pub struct NodeRetired {
    /// The node's account.
    pub node: Pubkey,
    /// Who is paid for what it earned.
    pub owner: Pubkey,
    /// The first epoch that does not count.
    pub until: u32,
    /// A [`RetiredBy`](crate::state::RetiredBy).
    pub by: u8,
    /// Why, in words.
    pub reason: [u8; 32],
}

/// A node is gone, its slot is vacant, and its bond and rent are paid back.
#[event]
pub struct NodeClosed {
    /// The node's account.
    pub node: Pubkey,
    /// The shard.
    pub shard: Pubkey,
    /// The slot that is vacant.
    pub slot: u16,
    /// Who is paid back.
    pub payer: Pubkey,
    /// Lamports of bond and rent.
    pub refund_lamports: u64,
}
