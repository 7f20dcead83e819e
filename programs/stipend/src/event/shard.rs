//! Shards are opened, shrunk and closed.

use anchor_lang::prelude::*;

/// A shard takes registrations.
#[event]
pub struct ShardOpened {
    /// The network.
    pub network: Pubkey,
    /// The shard.
    pub shard: Pubkey,
    /// Its place among the network's shards.
    pub index: u32,
    /// Who paid its rent.
    pub payer: Pubkey,
}

/// Vacant slots at a shard's end are gone, and their rent is paid back.
#[event]
pub struct ShardShrunk {
    /// The shard.
    pub shard: Pubkey,
    /// Slots before.
    pub old_slots: u16,
    /// Slots now.
    pub new_slots: u16,
}

/// A network's last shard is gone, and its rent is paid back.
#[event]
pub struct ShardClosed {
    /// The network.
    pub network: Pubkey,
    /// The shard.
    pub shard: Pubkey,
    /// Its place among the network's shards.
    pub index: u32,
}
