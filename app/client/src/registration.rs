//! Devices join, and shards and reports are opened for them.

use crate::{
    address,
    instruction::{self, Vacancy},
    ledger::{pack, Ledger, Part},
    network_client::NetworkClient,
    reader::{ReadError, ShardState},
    reports::missing_reports,
};
use solana_account::Account;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::{collections::BTreeSet, iter::repeat_n};

/// Shards that are read at once in search of room.
const SHARDS_A_LOOK: usize = 32;

/// A shard, and the vacant slot of it that is taken; none adds a slot.
type Room = (Address, Option<Vacancy>);

/// Transactions that register devices.
#[derive(Clone, Debug, Default)]
pub struct Registrations {
    /// What opens directories and shards, in their order.
    pub openings: Vec<Vec<Instruction>>,
    /// Behind them, in any order; alone, and with the openings in it, if all fits one transaction.
    pub registrations: Vec<Vec<Instruction>>,
}

impl Registrations {
    /// All of them, in an order in which they can be sent one by one.
    pub fn in_order(self) -> impl Iterator<Item = Vec<Instruction>> {
        self.openings.into_iter().chain(self.registrations)
    }
}

impl<L: Ledger> NetworkClient<'_, L> {
    /// Registers a device, as [`Self::plan_registrations`] plans it.
    ///
    /// - `registrar`: the network's, if it has one; `owner` is paid.
    pub fn register(
        &mut self,
        device: &Keypair,
        registrar: Option<&Keypair>,
        owner: &Address,
    ) -> Result<(), ReadError> {
        let registrar_key = registrar.map(Signer::pubkey);
        let signers: Vec<_> = [device].into_iter().chain(registrar).collect();
        for transaction in self.plan_registrations(&[device.pubkey()], registrar_key.as_ref(), owner)?.in_order() {
            self.send(&transaction, &signers)?;
        }
        Ok(())
    }

    /// The transactions that register `devices`: vacant slots are taken first, then slots are added where there is room; shards and
    /// directories are opened where they are missing.
    ///
    /// - `devices`: none of them is registered; `registrar`: the network's, if it has one; `owner` is paid.
    pub fn plan_registrations(
        &mut self,
        devices: &[Address],
        registrar: Option<&Address>,
        owner: &Address,
    ) -> Result<Registrations, ReadError> {
        let (network, payer) = (self.network, self.payer.pubkey());
        let state = self.network()?;
        let mut missing = self.missing_directories(devices)?;
        let mut rooms = self.rooms(state.shard_count, devices.len())?.into_iter();
        let mut next_shard = state.shard_count;
        let (mut openings, mut parts): (Vec<Part>, Vec<Part>) = (Vec::new(), Vec::new());
        for device in devices {
            if missing.remove(&address::directory(&network, device)) {
                openings.push(vec![instruction::open_directory(&payer, &network, device)]);
            }
            let (shard, vacancy) = match rooms.next() {
                Some(room) => room,
                None => {
                    openings.push(vec![instruction::open_shard(&payer, &network, next_shard)]);
                    let shard = address::shard(&network, next_shard);
                    next_shard += 1;
                    // This device takes the first of its slots.
                    rooms = vec![(shard, None); usize::from(state.shard_capacity).saturating_sub(1)].into_iter();
                    (shard, None)
                }
            };
            parts.push(vec![instruction::register_node(&payer, device, registrar, &network, &shard, owner, vacancy)]);
        }
        let format = self.ledger.transaction_format();
        let pack = |parts| pack(format, &payer, parts).iter().map(|parts| parts.concat()).collect::<Vec<_>>();
        let together = pack(openings.iter().chain(&parts).cloned().collect());
        if together.len() <= 1 {
            return Ok(Registrations { openings: Vec::new(), registrations: together });
        }
        Ok(Registrations { openings: pack(openings), registrations: pack(parts) })
    }

    /// Where up to `wanted` nodes can register: of the shards that have room, as many are read as are needed.
    fn rooms(&mut self, shard_count: u32, wanted: usize) -> Result<Vec<Room>, ReadError> {
        let heads = self.reader().shard_heads(shard_count)?;
        let roomy = heads.iter().filter(|head| head.header.nodes < head.header.capacity);
        let roomy: Vec<_> = roomy.map(|head| head.address).collect();
        let mut rooms = Vec::new();
        for some in roomy.chunks(SHARDS_A_LOOK) {
            if rooms.len() >= wanted {
                break;
            }
            let shards = self.reader().shards_at(some.to_vec())?;
            rooms.extend(self.rooms_of(&shards)?);
        }
        Ok(rooms)
    }

    /// The vacant slots whose payers can be paid, then what the shards have not grown to.
    fn rooms_of(&mut self, shards: &[ShardState]) -> Result<Vec<Room>, ReadError> {
        let slots = shards.iter().flat_map(|shard| (0u16..).zip(&shard.slots).map(move |place| (shard.address, place)));
        let vacant = slots.filter(|(_, (_, slot))| slot.is_vacant());
        let vacant: Vec<_> =
            vacant.map(|(shard, (slot, vacant))| (shard, Vacancy { slot, payer: vacant.owner })).collect();
        let payers = self.existing(vacant.iter().map(|(_, vacancy)| vacancy.payer).collect())?;
        let vacant = vacant.into_iter().filter(|(_, vacancy)| payers.contains(&vacancy.payer));
        let added = shards.iter().flat_map(|shard| {
            let room = usize::from(shard.header.capacity).saturating_sub(shard.slots.len());
            repeat_n((shard.address, None), room)
        });
        Ok(vacant.map(|(shard, vacancy)| (shard, Some(vacancy))).chain(added).collect())
    }

    /// The directories of `devices` that are not open.
    fn missing_directories(&mut self, devices: &[Address]) -> Result<BTreeSet<Address>, ReadError> {
        let directories: BTreeSet<_> = devices.iter().map(|device| address::directory(&self.network, device)).collect();
        let directories: Vec<_> = directories.into_iter().collect();
        let found = self.ledger.accounts(&directories)?;
        // Lamports alone, which anybody can send there, open nothing.
        let is_missing = |found: &Option<Account>| found.as_ref().is_none_or(|found| found.owner != stipend::ID);
        let missing = directories.into_iter().zip(found).filter(|(_, found)| is_missing(found));
        Ok(missing.map(|(address, _)| address).collect())
    }

    /// Opens the reports of all shards by the oracles of `epoch`, those that are not open. A shard in which no node can earn
    /// needs none. Returns how many.
    pub fn open_reports(&mut self, epoch: u32) -> Result<usize, ReadError> {
        let network = self.network()?;
        let oracles: Vec<_> = network.oracles.active(epoch).map(|oracle| oracle.key).collect();
        let missing = missing_reports(self.ledger, &self.network, &network, &oracles)?;
        let payer = self.payer.pubkey();
        let open =
            |(shard, oracle): &(Address, Address)| vec![instruction::open_report(&payer, &self.network, shard, oracle)];
        let transactions: Vec<_> = missing.iter().map(open).collect();
        for result in self.ledger.send_all(self.payer, &transactions, &[]) {
            result?;
        }
        Ok(missing.len())
    }
}
