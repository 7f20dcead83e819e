//! What the program tells the outside, one event a change of state.

use anchor_lang::prelude::*;

/// A mint's authority moved to the program, and its network began.
#[event]
pub struct NetworkCreated {
    /// The network.
    pub network: Pubkey,
    /// Its mint.
    pub mint: Pubkey,
    /// Who sets its rules.
    pub authority: Pubkey,
    /// What its oracles sign for.
    pub domain: [u8; 8],
}

/// An oracle measures from an epoch on.
#[event]
pub struct OracleAdded {
    /// The network.
    pub network: Pubkey,
    /// The oracle's key.
    pub oracle: Pubkey,
    /// Its first epoch.
    pub active_from: u32,
}

/// An oracle measures no more.
#[event]
pub struct OracleRemoved {
    /// The network.
    pub network: Pubkey,
    /// The oracle's key.
    pub oracle: Pubkey,
    /// The first epoch that it does not measure.
    pub active_until: u32,
}

/// A shard takes registrations.
#[event]
pub struct ShardOpened {
    /// The network.
    pub network: Pubkey,
    /// The shard.
    pub shard: Pubkey,
    /// Its place among the network's shards.
    pub index: u32,
}

/// An oracle can report a shard.
#[event]
pub struct ReportOpened {
    /// The shard.
    pub shard: Pubkey,
    /// The oracle's key.
    pub oracle: Pubkey,
    /// The report's account.
    pub report: Pubkey,
}

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
}

/// A shard has the scores of an epoch.
#[event]
pub struct ShardScored {
    /// The shard.
    pub shard: Pubkey,
    /// The epoch.
    pub epoch: u32,
    /// Sum of its slots' scores.
    pub total_score: u64,
}

/// An epoch will never change again.
#[event]
pub struct EpochClosed {
    /// The network.
    pub network: Pubkey,
    /// The epoch.
    pub epoch: u32,
    /// Atoms that it shares.
    pub emission_atoms: u64,
    /// Sum of all scores.
    pub total_score: u64,
}

/// A shard's scores became atoms.
#[event]
pub struct ShardSettled {
    /// The shard.
    pub shard: Pubkey,
    /// The epoch.
    pub epoch: u32,
    /// Atoms added to its slots.
    pub paid_atoms: u64,
}

/// Atoms were minted to an owner.
#[event]
pub struct RewardsClaimed {
    /// The shard.
    pub shard: Pubkey,
    /// The owner.
    pub owner: Pubkey,
    /// The token account.
    pub destination: Pubkey,
    /// Atoms minted.
    pub atoms: u64,
}
