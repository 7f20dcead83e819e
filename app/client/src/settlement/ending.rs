//! What is no longer needed is closed, and goes back to whoever paid for it.

use super::{Settlement, SettlementError};
use crate::{address, instruction, ledger::Ledger};
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend::{
    constants::MAX_ORACLES,
    state::{Oracle, Slot},
};

/// Slots that are taken off a shard in one transaction: each names who paid for it.
const SHRUNK_SLOTS: usize = 20;

impl<L: Ledger> Settlement<'_, L> {
    /// Pays a retired node's deposit back, and makes its slot vacant.
    pub fn close_node(&mut self, device: &Address) -> Result<(), SettlementError> {
        let node = self.node(device)?;
        let shard = address::shard(&self.network, node.shard.into());
        self.send(&[instruction::close_node(&self.network, &shard, device, &node.payer)], &[])
    }

    /// Takes the vacant slots off the ends of all shards, as far as their last epochs are closed and the accounts that paid for
    /// them are there to be paid back. Returns how many.
    pub fn shrink(&mut self) -> Result<usize, SettlementError> {
        let open_epoch = self.network()?.open_epoch;
        let mut shrunk = 0;
        for shard in self.shards()? {
            let is_free = |slot: &&Slot| slot.is_vacant() && slot.until < open_epoch;
            let payers: Vec<_> = shard.slots.iter().rev().take_while(is_free).map(|slot| slot.owner).collect();
            let existing = self.existing(payers.iter().copied().collect())?;
            let payers: Vec<_> = payers.into_iter().take_while(|payer| existing.contains(payer)).collect();
            for payers in payers.chunks(SHRUNK_SLOTS) {
                self.send(&[instruction::shrink_shard(&self.network, &shard.address, payers)], &[])?;
            }
            shrunk += payers.len();
        }
        Ok(shrunk)
    }

    /// Closes the directories without a device. Returns how many.
    pub fn close_directories(&mut self) -> Result<usize, SettlementError> {
        let mut closed = 0;
        for directory in self.reader().directories()? {
            if directory.entries.is_empty() {
                // Any device of this directory names it.
                let device = Address::from([directory.header.first_byte; 32]);
                self.send(&[instruction::close_directory(&self.network, &device, &directory.header.payer)], &[])?;
                closed += 1;
            }
        }
        Ok(closed)
    }

    /// Closes the last shards, as long as they have neither a slot nor an open report. Returns how many.
    pub fn close_shards(&mut self) -> Result<usize, SettlementError> {
        let mut closed = 0;
        while let Some(last) = self.network()?.shard_count.checked_sub(1) {
            let shard = self.shard(last)?;
            if !shard.slots.is_empty() || shard.header.open_reports > 0 {
                break;
            }
            self.send(&[instruction::close_shard(&self.network, &shard.address, &shard.header.payer)], &[])?;
            closed += 1;
        }
        Ok(closed)
    }

    /// Closes the reports of all shards by `oracles`, those that are open and that nobody needs. Returns how many.
    ///
    /// - `oracles`: those that left too, for the set may no longer tell.
    pub fn close_reports(&mut self, oracles: &[Address]) -> Result<usize, SettlementError> {
        let network = self.network()?;
        let mut closed = 0;
        for shard in self.shards()? {
            for oracle in oracles {
                let is_needed = !shard.slots.is_empty() && network.oracles.is_answerable(oracle, network.open_epoch);
                if is_needed {
                    continue;
                }
                if let Some((report, _)) = self.reader().report(&shard.address, oracle)? {
                    let close = instruction::close_report(&self.network, &shard.address, oracle, &report.payer);
                    self.send(&[close], &[])?;
                    closed += 1;
                }
            }
        }
        Ok(closed)
    }

    /// Pays the bonds of removed oracles back, those that are not held any more. Returns the lamports.
    pub fn withdraw_bonds(&mut self) -> Result<u64, SettlementError> {
        let mut sum_lamports = 0;
        // Each withdrawal changes the set: it is read anew.
        for _ in 0..MAX_ORACLES {
            let network = self.network()?;
            let is_due = |oracle: &&Oracle| oracle.bond_lamports > 0 && network.open_epoch > oracle.active_until;
            let due = network.oracles.entries.iter().find(is_due);
            let Some(oracle) = due else {
                break;
            };
            self.send(&[instruction::withdraw_bond(&self.network, &oracle.payer, &oracle.key)], &[])?;
            sum_lamports += oracle.bond_lamports;
        }
        Ok(sum_lamports)
    }

    /// Closes the network, which has neither shards nor directories nor bonds.
    pub fn close_network(&mut self, authority: &Keypair) -> Result<(), SettlementError> {
        let network = self.network()?;
        let close = instruction::close_network(
            &authority.pubkey(),
            &network.mint,
            network.id,
            &network.payer,
            &network.token_program,
        );
        self.send(&[close], &[authority])
    }
}
