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
    /// Lamports of its bond.
    pub bond_lamports: u64,
    /// Lamports that were paid for it, bond and rents together.
    pub deposit_lamports: u64,
    /// Who paid them.
    pub payer: Pubkey,
    /// Names the policy.
    pub policy_from_epoch: u32,
}

/// A node has another owner.
#[event]
pub struct NodeTransferred {
    /// The network.
    pub network: Pubkey,
    /// The device's key.
    pub device: Pubkey,
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
    /// The network.
    pub network: Pubkey,
    /// The device's key.
    pub device: Pubkey,
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
    /// The network.
    pub network: Pubkey,
    /// The device's key.
    pub device: Pubkey,
    /// Who is paid for what it earned.
    pub owner: Pubkey,
    /// The first epoch that does not count.
    pub until: u32,
    /// A [`RetiredBy`](crate::instructions::RetiredBy).
    pub by: u8,
    /// Why, in words.
    pub reason: [u8; 32],
}

/// A node is gone, its slot is vacant, and its deposit is paid back.
#[event]
pub struct NodeClosed {
    /// The network.
    pub network: Pubkey,
    /// The device's key.
    pub device: Pubkey,
    /// The shard.
    pub shard: Pubkey,
    /// The slot that is vacant.
    pub slot: u16,
    /// Who is paid back.
    pub payer: Pubkey,
    /// Lamports that went back.
    pub refund_lamports: u64,
    /// Lamports that go back once the slot is taken or cut off.
    pub slot_lamports: u32,
}
