//! The steps that keep a network going, over any [`Ledger`]: register, report, score, close, settle, claim.
//!
//! Each step reads from the ledger what is left to do and sends one transaction for each instruction of it, so that a step
//! that was interrupted is finished by taking it again.

mod claim;
mod crank;
mod registration;
mod report;

use crate::{
    account::{self, DecodeError},
    address,
    ledger::{Ledger, LedgerError},
};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use stipend::state::{Network, Node, Shard, Slot};

/// Why a step stopped; what was sent before it stands.
#[derive(Debug, thiserror::Error)]
pub enum SettlementError {
    /// A transaction had no effect.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// An account that must be there is not.
    #[error("there is no {expected} at {address}; name one of this cluster")]
    Missing {
        /// The account's type.
        expected: &'static str,
        /// Where it should be.
        address: Address,
    },
    /// An account is something else.
    #[error("account {address} can't be read")]
    Decode {
        /// Where it is.
        address: Address,
        /// What is wrong with it.
        source: DecodeError,
    },
}

/// A shard as it was read.
pub struct ShardState {
    /// Where it is.
    pub address: Address,
    /// Its header.
    pub header: Shard,
    /// Its slots.
    pub slots: Vec<Slot>,
}

/// One network on a ledger, and who pays for what is sent.
pub struct Settlement<'a, L> {
    ledger: &'a mut L,
    payer: &'a Keypair,
    network: Address,
}

impl<'a, L: Ledger> Settlement<'a, L> {
    /// - `payer` pays every fee and rent, but for what an oracle sends itself.
    pub fn new(ledger: &'a mut L, payer: &'a Keypair, network: Address) -> Self {
        Self { ledger, payer, network }
    }

    /// The network's account.
    pub fn network(&mut self) -> Result<Network, SettlementError> {
        self.read("network", self.network, account::network)
    }

    /// A shard and its slots.
    pub fn shard(&mut self, index: u32) -> Result<ShardState, SettlementError> {
        let address = address::shard(&self.network, index);
        let (header, slots) = self.read("shard", address, account::shard)?;
        Ok(ShardState { address, header, slots })
    }

    /// All shards, by index.
    pub fn shards(&mut self) -> Result<Vec<ShardState>, SettlementError> {
        let count = self.network()?.shard_count;
        (0..count).map(|index| self.shard(index)).collect()
    }

    /// A device's node.
    pub fn node(&mut self, device: &Address) -> Result<Node, SettlementError> {
        self.read("node", address::node(&self.network, device), account::node)
    }

    fn read<T>(
        &mut self,
        expected: &'static str,
        address: Address,
        decode: impl FnOnce(&[u8]) -> Result<T, DecodeError>,
    ) -> Result<T, SettlementError> {
        let account = self.ledger.account(&address)?.ok_or(SettlementError::Missing { expected, address })?;
        decode(&account.data).map_err(|source| SettlementError::Decode { address, source })
    }

    fn send(&mut self, instructions: &[Instruction], signers: &[&Keypair]) -> Result<(), SettlementError> {
        self.ledger.send(self.payer, instructions, signers)?;
        Ok(())
    }
}
