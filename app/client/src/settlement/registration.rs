//! Devices join, and shards and reports are opened for them.

use super::{Settlement, SettlementError};
use crate::{
    address,
    instruction::{self, Vacancy},
    ledger::Ledger,
};
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend::state::{Network, SlotState};

impl<L: Ledger> Settlement<'_, L> {
    /// Registers a device in a shard with room, in a vacant slot of it if it has one, or in a new shard if all are full.
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
        let (index, vacancy) = match self.room(&network)? {
            Some(room) => room,
            None => {
                self.send(&[instruction::open_shard(&payer, &self.network, network.shard_count)], &[])?;
                (network.shard_count, None)
            }
        };
        let registrar_key = registrar.map(Signer::pubkey);
        let shard = address::shard(&self.network, index);
        let register = instruction::register_node(
            &payer,
            &device.pubkey(),
            registrar_key.as_ref(),
            &self.network,
            &shard,
            owner,
            vacancy,
        );
        let signers: Vec<_> = [device].into_iter().chain(registrar).collect();
        self.send(&[register], &signers)
    }

    /// Index of a shard with room, and its vacant slot if it has one; none if every shard is full.
    fn room(&mut self, network: &Network) -> Result<Option<(u32, Option<Vacancy>)>, SettlementError> {
        let Some(last) = network.shard_count.checked_sub(1).filter(|_| !network.is_full()) else {
            return Ok(None);
        };
        // If the shards before the last are full and nothing is vacant, the tenants alone tell how many slots the last has.
        let slots_before = u64::from(last) * u64::from(network.shard_capacity);
        if slots_before + self.shard(last)?.slots.len() as u64 == network.slot_count {
            return Ok(Some((last, None)));
        }
        for index in 0..=last {
            let shard = self.shard(index)?;
            let vacant = (0u16..).zip(&shard.slots).find(|(_, slot)| slot.state == SlotState::Vacant as u8);
            if let Some((slot, tenant)) = vacant {
                return Ok(Some((index, Some(Vacancy { slot, payer: tenant.owner }))));
            }
            if shard.slots.len() < usize::from(network.shard_capacity) {
                return Ok(Some((index, None)));
            }
        }
        Ok(None)
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
