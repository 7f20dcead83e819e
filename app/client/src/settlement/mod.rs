//! The steps that keep a network going, over any [`Ledger`]: register, report, score, judge, close, settle,
//! claim, and at last close everything.
//!
//! Each step reads from the ledger what is left to do and sends one transaction for each instruction of it, so that a step
//! that was interrupted is finished by taking it again.

mod claim;
mod claim_cost;
mod crank;
mod ending;
mod judging;
mod packing;
mod registration;
mod report;

pub use claim::{ClaimOutcome, ClaimPlan, OwnerClaim};
pub use claim_cost::ClaimCost;
pub use packing::Part;

pub use crate::reader::{ReadError as SettlementError, ShardState};

use crate::{ledger::Ledger, reader::Reader};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use stipend::state::{Network, Node};

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

    /// What the network's accounts say.
    pub fn reader(&mut self) -> Reader<'_, L> {
        Reader::new(self.ledger, self.network)
    }

    /// The network's account.
    pub fn network(&mut self) -> Result<Network, SettlementError> {
        self.reader().network()
    }

    /// A shard and its slots.
    pub fn shard(&mut self, index: u32) -> Result<ShardState, SettlementError> {
        self.reader().shard(index)
    }

    /// All shards, by index.
    pub fn shards(&mut self) -> Result<Vec<ShardState>, SettlementError> {
        self.reader().shards()
    }

    /// A device's node.
    pub fn node(&mut self, device: &Address) -> Result<Node, SettlementError> {
        self.reader().node(device)
    }

    fn send(&mut self, instructions: &[Instruction], signers: &[&Keypair]) -> Result<(), SettlementError> {
        self.ledger.send(self.payer, instructions, signers)?;
        Ok(())
    }
}
