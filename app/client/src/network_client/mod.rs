//! One network on a ledger: the steps that keep it going, from registering to closing.
//!
//! Each step reads from the ledger what is left to do and sends one transaction for each instruction of it, so that a step
//! that was interrupted is finished by taking it again. What somebody else did meanwhile is no error.

mod advance;
mod report;

use crate::{
    ledger::{Ledger, LedgerError},
    reader::{ReadError, Reader, ShardState},
};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use std::collections::BTreeSet;
use stipend::{
    error::StipendError,
    state::{DirectoryEntry, Network},
};

/// One network on a ledger, and who pays for what is sent.
pub struct NetworkClient<'a, L> {
    pub(crate) ledger: &'a mut L,
    pub(crate) payer: &'a Keypair,
    pub(crate) network: Address,
}

impl<'a, L: Ledger> NetworkClient<'a, L> {
    /// - `payer` pays every fee and rent, but for what an oracle sends itself.
    pub fn new(ledger: &'a mut L, payer: &'a Keypair, network: Address) -> Self {
        Self { ledger, payer, network }
    }

    /// What the network's accounts say.
    pub fn reader(&mut self) -> Reader<'_, L> {
        Reader::new(self.ledger, self.network)
    }

    /// The network's account.
    pub fn network(&mut self) -> Result<Network, ReadError> {
        self.reader().network()
    }

    /// A shard and its slots.
    pub fn shard(&mut self, index: u32) -> Result<ShardState, ReadError> {
        self.reader().shard(index)
    }

    /// All shards, by index.
    pub fn shards(&mut self) -> Result<Vec<ShardState>, ReadError> {
        self.reader().shards()
    }

    /// What is recorded of a device.
    pub fn node(&mut self, device: &Address) -> Result<DirectoryEntry, ReadError> {
        self.reader().node(device)
    }

    pub(crate) fn send(&mut self, instructions: &[Instruction], signers: &[&Keypair]) -> Result<(), ReadError> {
        self.ledger.send(self.payer, instructions, signers)?;
        Ok(())
    }

    /// Sends what anybody may do. Returns whether it was still to be done: `done` are the errors which say that it was not.
    fn send_unless(&mut self, instructions: &[Instruction], done: &[StipendError]) -> Result<bool, ReadError> {
        match self.ledger.send(self.payer, instructions, &[]) {
            Ok(_) => Ok(true),
            Err(error) if done.iter().any(|done| error.is(*done)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Those of `addresses` where there is an account: an empty one could not exist with the rent of a slot alone.
    pub(crate) fn existing(&mut self, addresses: BTreeSet<Address>) -> Result<BTreeSet<Address>, LedgerError> {
        let addresses: Vec<_> = addresses.into_iter().collect();
        let found = self.ledger.accounts(&addresses)?;
        Ok(addresses.into_iter().zip(found).filter_map(|(address, found)| found.map(|_| address)).collect())
    }
}
