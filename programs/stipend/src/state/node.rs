//! A device, and where it is measured.

use super::Tail;
use crate::{constants::NO_EPOCH, ensure, error::StipendError};
use anchor_lang::{prelude::*, Discriminator};

/// One device of a network: `["node", network, device]`. One device, one node.
///
/// Besides its rent the account holds the node's bond.
#[account(zero_copy)]
#[derive(Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Node {
    /// Layout of this account.
    pub version: u8,
    /// Bump of this account's address.
    pub bump: u8,
    /// The node's slot in the shard.
    pub slot: u16,
    /// The first epoch that counts for the node.
    pub since: u32,
    /// The first epoch that does not count any more: in which it retired; [`NO_EPOCH`] before that.
    pub until: u32,
    /// A [`RetiredBy`].
    pub retired_by: u8,
    /// Zero.
    pub reserved: [u8; 3],
    /// Lamports of this account that are the node's bond.
    pub bond_lamports: u64,
    /// The network that the node is in.
    pub network: Pubkey,
    /// The device's ed25519 key.
    pub device: Pubkey,
    /// The shard that holds the node's slot.
    pub shard: Pubkey,
    /// Who paid the rent and the bond and gets both back.
    pub payer: Pubkey,
    /// Why it was retired, in words: UTF-8, filled up with zeros.
    pub reason: [u8; 32],
}

/// Who ended a node's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum RetiredBy {
    /// Nobody.
    Nobody = 0,
    /// Its owner.
    Owner = 1,
    /// The network's registrar: an eviction.
    Registrar = 2,
}

impl Tail for Node {
    /// There are none: a node has no tail.
    type Item = u8;
}

impl Node {
    /// Bytes of the account.
    pub const SPACE: usize = Self::DISCRIMINATOR.len() + core::mem::size_of::<Self>();

    /// Checks that the node is in this network and its slot in this shard.
    ///
    /// Errors: [`StipendError::NodeNetworkMismatch`], [`StipendError::NodeShardMismatch`].
    pub fn check_place(&self, network: &Pubkey, shard: &Pubkey) -> Result<()> {
        ensure!(self.network == *network, StipendError::NodeNetworkMismatch);
        ensure!(self.shard == *shard, StipendError::NodeShardMismatch);
        Ok(())
    }

    /// Ends the node's time with epoch `until`. Errors: [`StipendError::NodeRetired`].
    pub fn retire(&mut self, until: u32, by: RetiredBy, reason: [u8; 32]) -> Result<()> {
        ensure!(self.until == NO_EPOCH, StipendError::NodeRetired);
        self.until = until;
        self.retired_by = by as u8;
        self.reason = reason;
        Ok(())
    }
}
