//! A device, and where it is measured.

use anchor_lang::prelude::*;

/// One device of a network: `["node", network, device]`. One device, one node.
///
/// Besides its rent the account holds the node's bond.
#[account]
#[derive(Debug, InitSpace, PartialEq, Eq)]
pub struct Node {
    /// Layout of this account.
    pub version: u8,
    /// Bump of this account's address.
    pub bump: u8,
    /// The network that the node is in.
    pub network: Pubkey,
    /// The device's ed25519 key.
    pub device: Pubkey,
    /// The shard that holds the node's slot.
    pub shard: Pubkey,
    /// The node's slot in the shard.
    pub slot: u16,
    /// The first epoch that counts for the node.
    pub since: u32,
    /// Lamports of this account that are the node's bond.
    pub bond_lamports: u64,
    /// Who paid the rent and the bond.
    pub payer: Pubkey,
}
