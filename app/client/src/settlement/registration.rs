//! Devices join, and shards and reports are opened for them.

use super::{Settlement, SettlementError};
use crate::{address, instruction, ledger::Ledger};
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;

impl<L: Ledger> Settlement<'_, L> {
    /// Registers a device in the last shard, or in a new one if that is full.
    ///
    /// - `registrar`: the network's, if it has one; `owner` is paid.
    pub fn register(
        &mut self,
        device: &Keypair,
        registrar: Option<&Keypair>,
        owner: &Address,
    ) -> Result<(), SettlementError> {
        let network = self.network()?;
        let payer = self.payer.pubkey();
        let index = if network.is_full() {
            self.send(&[instruction::open_shard(&payer, &self.network, network.shard_count)], &[])?;
            network.shard_count
        } else {
            network.shard_count.saturating_sub(1)
        };
        let registrar_key = registrar.map(Signer::pubkey);
        let shard = address::shard(&self.network, index);
        let register =
            instruction::register_node(&payer, &device.pubkey(), registrar_key.as_ref(), &self.network, &shard, owner);
        let signers: Vec<_> = [device].into_iter().chain(registrar).collect();
        self.send(&[register], &signers)
    }

    /// Opens the reports of all shards by the oracles of `epoch`, those that are not open. Returns how many.
    pub fn open_reports(&mut self, epoch: u32) -> Result<usize, SettlementError> {
        let network = self.network()?;
        let mut opened = 0;
        for index in 0..network.shard_count {
            let shard = address::shard(&self.network, index);
            for oracle in network.oracles.active(epoch) {
                if self.ledger.account(&address::report(&shard, &oracle.key))?.is_none() {
                    let payer = self.payer.pubkey();
                    self.send(&[instruction::open_report(&payer, &self.network, &shard, &oracle.key)], &[])?;
                    opened += 1;
                }
            }
        }
        Ok(opened)
    }
}
