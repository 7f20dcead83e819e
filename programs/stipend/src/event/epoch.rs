//! Epochs are scored, judged, closed, settled and paid.

use anchor_lang::prelude::*;

/// A shard has the scores of an epoch.
#[event]
pub struct ShardScored {
    /// The shard.
    pub shard: Pubkey,
    /// The epoch.
    pub epoch: u32,
    /// Sum of its slots' scores.
    pub total_score: u64,
    /// Names the policy.
    pub policy_from_epoch: u32,
}

/// The records of a shard's oracles have what they reported of an epoch.
#[event]
pub struct ShardJudged {
    /// The shard.
    pub shard: Pubkey,
    /// The epoch.
    pub epoch: u32,
    /// Values that were compared with a median.
    pub values_judged: u64,
    /// Of those, values outside the tolerance.
    pub values_outside: u64,
    /// Names the policy whose tolerance it was.
    pub policy_from_epoch: u32,
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
    /// Atoms that the policy's ceiling kept back, and that were never scheduled.
    pub kept_back_atoms: u64,
    /// Sum of all scores.
    pub total_score: u64,
    /// Names the policy.
    pub policy_from_epoch: u32,
}

/// The arbiter took a slot's score away.
#[event]
pub struct ScoreVoided {
    /// The shard.
    pub shard: Pubkey,
    /// The epoch.
    pub epoch: u32,
    /// The slot.
    pub slot: u16,
    /// The score that it had.
    pub score: u32,
    /// Who took it away.
    pub arbiter: Pubkey,
    /// Why.
    pub reason: [u8; 32],
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
    /// Names the policy that the epoch was scored by.
    pub policy_from_epoch: u32,
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
    /// Atoms of these slots that have accrued and wait for the next epoch's mint limit.
    pub left_atoms: u64,
    /// Names the policy whose limit it was.
    pub policy_from_epoch: u32,
}
