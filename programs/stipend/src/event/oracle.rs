//! Oracles and their bonds.

use anchor_lang::prelude::*;

/// An oracle measures from an epoch on.
#[event]
pub struct OracleAdded {
    /// The network.
    pub network: Pubkey,
    /// The oracle's key.
    pub oracle: Pubkey,
    /// Its first epoch.
    pub active_from: u32,
    /// Lamports that it left.
    pub bond_lamports: u64,
    /// Who paid them.
    pub payer: Pubkey,
    /// Names the policy.
    pub policy_from_epoch: u32,
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

/// An oracle signed two values for one slot: it measures no more, and its bond is gone.
#[event]
pub struct OracleSuspended {
    /// The network.
    pub network: Pubkey,
    /// The oracle's key.
    pub oracle: Pubkey,
    /// The shard that both values are of.
    pub shard: Pubkey,
    /// The epoch that both values are of.
    pub epoch: u32,
    /// The slot that both values are of.
    pub slot: u16,
    /// One value, as it was signed.
    pub one: [u8; 6],
    /// The other.
    pub other: [u8; 6],
    /// Who proved it.
    pub prover: Pubkey,
    /// Lamports of the bond that the prover got.
    pub reward_lamports: u64,
    /// Lamports of the bond that were burnt.
    pub burnt_lamports: u64,
}

/// The bond of an oracle that measures no more went back.
#[event]
pub struct BondWithdrawn {
    /// The network.
    pub network: Pubkey,
    /// The oracle's key.
    pub oracle: Pubkey,
    /// Who had paid it.
    pub payer: Pubkey,
    /// Lamports.
    pub bond_lamports: u64,
}
