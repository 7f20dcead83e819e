//! Devices join, and shards and reports are opened for them.

use super::{packing::pack, Settlement, SettlementError};
use crate::{
    address,
    instruction::{self, Vacancy},
    ledger::Ledger,
};
use solana_address::Address;
use solana_instruction::Instruction;
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

    /// The transactions that register `devices`, to be sent in their order: shards are opened where all are full, vacant slots
    /// are taken first.
    ///
    /// - `devices`: none of them is registered; `registrar`: the network's, if it has one; `owner` is paid.
    pub fn plan_registrations(
        &mut self,
        devices: &[Address],
        registrar: Option<&Address>,
        owner: &Address,
    ) -> Result<Vec<Vec<Instruction>>, SettlementError> {
        let network = self.network()?;
        let (payer, capacity) = (self.payer.pubkey(), usize::from(network.shard_capacity));
        let mut places = Vec::new();
        for shard in self.shards()? {
            let slots = (0u16..).zip(&shard.slots);
            let vacant = slots.filter(|(_, slot)| slot.state == SlotState::Vacant as u8);
            places.extend(vacant.map(|(slot, tenant)| (shard.address, Some(Vacancy { slot, payer: tenant.owner }))));
            let room = capacity.saturating_sub(shard.slots.len());
            places.extend(std::iter::repeat_n((shard.address, None), room));
        }
        let mut places = places.into_iter();
        let mut parts = Vec::new();
        let (mut next, mut opened) = (network.shard_count, None);
        let mut room = 0;
        for device in devices {
            let mut part = Vec::new();
            let (shard, vacancy) = match (places.next(), opened) {
                (Some(place), _) => place,
                (None, Some(shard)) if room > 0 => (shard, None),
                (None, _) => {
                    part.push(instruction::open_shard(&payer, &self.network, next));
                    let shard = address::shard(&self.network, next);
                    (next, opened, room) = (next + 1, Some(shard), capacity);
                    (shard, None)
                }
            };
            room = room.saturating_sub(usize::from(opened == Some(shard)));
            part.push(instruction::register_node(&payer, device, registrar, &self.network, &shard, owner, vacancy));
            parts.push(part);
        }
        Ok(pack(&payer, parts).iter().map(|parts| parts.concat()).collect())
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
