//! What is no longer needed is closed, and goes back to whoever paid for it.

use crate::{
    address, instruction,
    ledger::{Ledger, LedgerError, Search},
    network_client::NetworkClient,
    reader::{reports_of, DirectoryState, ReadError, Reader, ShardState},
};
use solana_address::Address;
use solana_instruction::Instruction;
use std::collections::BTreeSet;
use stipend::{
    constants::MAX_ORACLES,
    state::{Network, Oracle, Report, Slot},
};

/// Slots that are taken off a shard in one transaction: each names who paid for it.
const SLOTS_AT_ONCE: usize = 20;
/// Directories that are closed in one transaction.
const DIRECTORIES_AT_ONCE: usize = 12;
/// Reports that are closed in one transaction.
const REPORTS_AT_ONCE: usize = 6;
/// Shards that are read at once.
const SHARDS_A_LOOK: usize = 32;

/// What a step of closing a network closes, or pays back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// So many vacant slots at the end of a shard.
    Slots(u32, usize),
    /// So many reports of a shard.
    Reports(u32, usize),
    /// A shard.
    Shard(u32),
    /// So many directories.
    Directories(usize),
    /// The bond of an oracle: its lamports, and who gets them.
    Bond(u64, Address),
    /// The network, and who gets its rent. Only the authority can do that.
    Network(Address),
}

/// One transaction of closing a network, and what it does.
#[derive(Clone, Debug)]
pub struct ClosingStep {
    /// What it closes.
    pub closes: Closed,
    /// How.
    pub instructions: Vec<Instruction>,
}

/// Why a network can't be closed, or not yet.
#[derive(Debug, thiserror::Error)]
pub enum ClosingError {
    /// The accounts can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// All but the last step are anybody's: who could not take the last one is to learn it before the first.
    #[error("{0} is not the network's authority; sign with the authority: --authority")]
    Authority(Address),
    /// Nodes that were not closed.
    #[error("nodes left: {0}; retire, pay and close them first")]
    Nodes(usize),
    /// A slot that was vacated lately.
    #[error("a slot was vacated in epoch {0}, which a report may still name; close that epoch first")]
    Vacated(u32),
    /// Whoever paid for a slot can't be paid back, for the account would be less than one may hold.
    #[error("{0} paid for a slot and is empty, so that it can't be paid back; send it 0.001 SOL first")]
    Payer(Address),
    /// A bond.
    #[error("the bond of oracle {0} is held; remove the oracle, and close an epoch that it does not measure")]
    Bond(Address),
    /// Networks of the same mint, which this one is the first of.
    #[error("other networks on the same mint: {0}; close them first")]
    Others(u16),
    /// A shard that is ahead.
    #[error("shard {0} is scored for the open epoch; close that epoch first")]
    Scored(u32),
}

impl From<LedgerError> for ClosingError {
    fn from(error: LedgerError) -> Self {
        Self::Read(error.into())
    }
}

/// All that is to be done until nothing of a network is left, in its order.
///
/// Errors: those of [`ClosingError`], which only others, or time, can mend.
pub fn plan_closing(
    ledger: &mut impl Search,
    address: &Address,
    authority: &Address,
) -> Result<Vec<ClosingStep>, ClosingError> {
    let network = Reader::new(ledger, *address).network()?;
    if network.authority != *authority {
        return Err(ClosingError::Authority(*authority));
    }
    let heads = Reader::new(ledger, *address).shard_heads(network.shard_count)?;
    let nodes: usize = heads.iter().map(|head| usize::from(head.header.nodes)).sum();
    if nodes > 0 {
        return Err(ClosingError::Nodes(nodes));
    }
    if network.other_networks > 0 {
        return Err(ClosingError::Others(network.other_networks));
    }
    let (mut steps, mut in_use) = (Vec::new(), None);
    let indices: Vec<_> = (0..network.shard_count).rev().collect();
    for some in indices.chunks(SHARDS_A_LOOK) {
        let addresses = some.iter().map(|index| address::shard(address, *index)).collect();
        let shards = Reader::new(ledger, *address).shards_at(addresses)?;
        in_use = in_use.or(shards.iter().find_map(|shard| why_needed(&network, shard)));
        require_payers(ledger, &shards)?;
        for shard in &shards {
            let reports = reports_of(ledger, &network, &shard.address, &shard.header)?;
            steps.extend(clear(address, shard, &reports));
        }
    }
    let is_held = |oracle: &&Oracle| oracle.bond_lamports > 0 && !is_free(&network, oracle);
    let held = network.oracles.entries.iter().find(is_held).map(|oracle| ClosingError::Bond(oracle.key));
    if let Some(error) = in_use.or(held) {
        return Err(error);
    }
    let directories = Reader::new(ledger, *address).directories()?;
    steps.extend(directories.chunks(DIRECTORIES_AT_ONCE).map(|some| ClosingStep {
        closes: Closed::Directories(some.len()),
        instructions: some.iter().map(|directory| close_directory(address, directory)).collect(),
    }));
    let bonded = network.oracles.entries.iter().filter(|oracle| oracle.bond_lamports > 0);
    steps.extend(bonded.map(|oracle| ClosingStep {
        closes: Closed::Bond(oracle.bond_lamports, oracle.payer),
        instructions: vec![instruction::withdraw_bond(address, &oracle.payer, &oracle.key)],
    }));
    let close =
        instruction::close_network(authority, &network.mint, network.id, &network.payer, &network.token_program);
    steps.push(ClosingStep { closes: Closed::Network(network.payer), instructions: vec![close] });
    Ok(steps)
}

/// What only time can mend in a shard without a node.
fn why_needed(network: &Network, shard: &ShardState) -> Option<ClosingError> {
    if let Some(slot) = shard.slots.iter().find(|slot| !is_past(network, slot)) {
        return Some(ClosingError::Vacated(slot.until));
    }
    let is_ahead = !shard.header.is_dormant() && shard.header.next_epoch > network.open_epoch;
    is_ahead.then_some(ClosingError::Scored(shard.header.index))
}

/// Whoever paid for a slot gets less than an account may hold, if it has none.
fn require_payers(ledger: &mut impl Search, shards: &[ShardState]) -> Result<(), ClosingError> {
    let payers: BTreeSet<_> = shards.iter().flat_map(|shard| &shard.slots).map(|slot| slot.owner).collect();
    let payers: Vec<_> = payers.into_iter().collect();
    let found = ledger.heads(&payers, 0)?;
    let missing = payers.iter().zip(found).find(|(_, found)| found.is_none());
    missing.map_or(Ok(()), |(payer, _)| Err(ClosingError::Payer(*payer)))
}

/// Whether no report of an epoch that is not closed may name a vacant slot.
fn is_past(network: &Network, slot: &Slot) -> bool {
    slot.until < network.open_epoch
}

/// Whether an oracle's bond is no longer held.
fn is_free(network: &Network, oracle: &Oracle) -> bool {
    network.open_epoch > oracle.active_until
}

/// What takes a shard away that has no tenant.
fn clear(network: &Address, shard: &ShardState, reports: &[Report]) -> Vec<ClosingStep> {
    let (index, address) = (shard.header.index, &shard.address);
    let payers: Vec<_> = shard.slots.iter().rev().map(|slot| slot.owner).collect();
    let slots = payers.chunks(SLOTS_AT_ONCE).map(|payers| ClosingStep {
        closes: Closed::Slots(index, payers.len()),
        instructions: vec![instruction::shrink_shard(network, address, payers)],
    });
    let close = |report: &Report| instruction::close_report(network, address, &report.oracle, &report.payer);
    let reports = reports.chunks(REPORTS_AT_ONCE).map(|reports| ClosingStep {
        closes: Closed::Reports(index, reports.len()),
        instructions: reports.iter().map(close).collect(),
    });
    let close = ClosingStep {
        closes: Closed::Shard(index),
        instructions: vec![instruction::close_shard(network, address, &shard.header.payer)],
    };
    slots.chain(reports).chain([close]).collect()
}

fn close_directory(network: &Address, directory: &DirectoryState) -> Instruction {
    // Any device of this directory names it.
    let device = Address::from([directory.header.first_byte; 32]);
    instruction::close_directory(network, &device, &directory.header.payer)
}

impl<L: Ledger> NetworkClient<'_, L> {
    /// Pays a retired node's deposit back, and makes its slot vacant.
    pub fn close_node(&mut self, device: &Address) -> Result<(), ReadError> {
        let node = self.node(device)?;
        let shard = self.shard(node.shard.into())?;
        // What the shard no longer has is rejected by the program.
        let owner = shard.slots.get(usize::from(node.slot)).map(|slot| slot.owner).unwrap_or_default();
        let close = instruction::close_node(&self.network, &shard.address, device, &owner, &node.payer);
        self.send(&[close], &[])
    }

    /// Takes the vacant slots off the ends of all shards, as far as their last epochs are closed and the accounts that paid for
    /// them are there to be paid back. Returns how many.
    pub fn shrink(&mut self) -> Result<usize, ReadError> {
        let network = self.network()?;
        let mut shrunk = 0;
        for shard in self.shards()? {
            let is_free = |slot: &&Slot| slot.is_vacant() && is_past(&network, slot);
            let payers: Vec<_> = shard.slots.iter().rev().take_while(is_free).map(|slot| slot.owner).collect();
            let existing = self.existing(payers.iter().copied().collect())?;
            let payers: Vec<_> = payers.into_iter().take_while(|payer| existing.contains(payer)).collect();
            for payers in payers.chunks(SLOTS_AT_ONCE) {
                self.send(&[instruction::shrink_shard(&self.network, &shard.address, payers)], &[])?;
            }
            shrunk += payers.len();
        }
        Ok(shrunk)
    }

    /// Pays the bonds of removed oracles back, those that are not held any more. Returns the lamports.
    pub fn withdraw_bonds(&mut self) -> Result<u64, ReadError> {
        let mut sum_lamports = 0;
        // Each withdrawal changes the set: it is read anew.
        for _ in 0..MAX_ORACLES {
            let network = self.network()?;
            let is_due = |oracle: &&Oracle| oracle.bond_lamports > 0 && is_free(&network, oracle);
            let due = network.oracles.entries.iter().find(is_due);
            let Some(oracle) = due else {
                break;
            };
            self.send(&[instruction::withdraw_bond(&self.network, &oracle.payer, &oracle.key)], &[])?;
            sum_lamports += oracle.bond_lamports;
        }
        Ok(sum_lamports)
    }
}
