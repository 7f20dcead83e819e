//! What the accounts of one network say, wherever they are read from.

use crate::{
    account::{self, DecodeError},
    address,
    ledger::{Accounts, LedgerError, Search},
    snapshot::Snapshot,
};
use anchor_lang::Discriminator;
use solana_account::Account;
use solana_address::Address;
use std::{
    collections::{BTreeMap, BTreeSet},
    mem::offset_of,
    ops::Range,
};
use stipend::state::{Directory, DirectoryEntry, Entry, Network, Report, Shard, Slot, Split};

/// Why an account was not read, or a step that needed it stopped; what was sent before it stands.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A transaction had no effect, or the accounts can't be reached.
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
    /// A device is not registered.
    #[error("network {network} has no device {device}; a node that was closed is gone")]
    DeviceUnknown {
        /// The device's key.
        device: Address,
        /// The network.
        network: Address,
    },
}

/// Addresses of all networks that can be found.
pub fn networks(accounts: &mut impl Search) -> Result<Vec<Address>, LedgerError> {
    let found = accounts.find(&[(0, Network::DISCRIMINATOR)])?;
    Ok(found.into_iter().map(|(address, _)| address).collect())
}

/// Every open report of a shard. Those of the network's oracles are read; only if one is left, of an oracle that is in the set no
/// more, the accounts are searched.
pub fn reports_of(
    accounts: &mut impl Search,
    network: &Network,
    shard: &Address,
    header: &Shard,
) -> Result<Vec<Report>, ReadError> {
    let oracles: BTreeSet<_> = network.oracles.entries.iter().map(|oracle| oracle.key).collect();
    let pairs: Vec<_> = oracles.into_iter().map(|oracle| (*shard, oracle)).collect();
    let found = Reader::new(accounts, header.network).report_heads(&pairs)?;
    let known: Vec<_> = found.into_iter().flatten().collect();
    if known.len() >= usize::from(header.open_reports) {
        return Ok(known);
    }
    let shard_at = Report::DISCRIMINATOR.len() + offset_of!(Report, shard);
    let found = accounts.find(&[(0, Report::DISCRIMINATOR), (shard_at, shard.as_ref())])?;
    let header = |(address, found): (Address, Account)| {
        account::report(&found.data).map(|(report, _)| report).map_err(|source| ReadError::Decode { address, source })
    };
    found.into_iter().map(header).collect()
}

/// A shard as it was read.
#[derive(Clone, Debug)]
pub struct ShardState {
    /// Where it is.
    pub address: Address,
    /// Its header.
    pub header: Shard,
    /// Its slots.
    pub slots: Vec<Slot>,
}

/// A shard's header as it was read, without its slots.
#[derive(Clone, Debug)]
pub struct ShardHead {
    /// Where the shard is.
    pub address: Address,
    /// Its header.
    pub header: Shard,
    /// The first of its slots, if it has any.
    pub first_slot: Option<Slot>,
}

/// A directory as it was read.
#[derive(Clone, Debug)]
pub struct DirectoryState {
    /// Where it is.
    pub address: Address,
    /// Its header.
    pub header: Directory,
    /// Its devices, by their keys.
    pub entries: Vec<DirectoryEntry>,
}

/// A report's header and its entries, one for each slot that the shard may have.
pub type ReportState = (Report, Vec<Entry>);

/// Shards that are read at once: a number of shards that is not true is found out by the first that is missing.
const SHARDS_AT_ONCE: u32 = 1_000;

/// One network, and where its accounts are read.
pub struct Reader<'a, A> {
    accounts: &'a mut A,
    network: Address,
}

impl<'a, A: Accounts> Reader<'a, A> {
    /// - `network`: the network's address.
    pub fn new(accounts: &'a mut A, network: Address) -> Self {
        Self { accounts, network }
    }

    /// The network's account.
    pub fn network(&mut self) -> Result<Network, ReadError> {
        self.required("network", self.network, account::network)
    }

    /// A split, which belongs to no network.
    pub fn split(&mut self, address: Address) -> Result<Split, ReadError> {
        self.required("split", address, account::split)
    }

    /// Those of `owners` that are splits. Addresses of keys are none, and are not read.
    pub fn splits(&mut self, owners: impl IntoIterator<Item = Address>) -> Result<BTreeMap<Address, Split>, ReadError> {
        let derived: BTreeSet<_> = owners.into_iter().filter(|owner| !owner.is_on_curve()).collect();
        let derived: Vec<_> = derived.into_iter().collect();
        let mut splits = BTreeMap::new();
        for (address, found) in derived.iter().zip(self.accounts.accounts(&derived)?) {
            if let Some(split) = decode(*address, found, account::split)? {
                splits.insert(*address, split);
            }
        }
        Ok(splits)
    }

    /// A shard and its slots.
    pub fn shard(&mut self, index: u32) -> Result<ShardState, ReadError> {
        self.shard_at(address::shard(&self.network, index))
    }

    /// The same, by its address.
    pub fn shard_at(&mut self, address: Address) -> Result<ShardState, ReadError> {
        let (header, slots) = self.required("shard", address, account::shard)?;
        Ok(ShardState { address, header, slots })
    }

    /// Several shards, in the order of their addresses.
    pub fn shards_at(&mut self, addresses: Vec<Address>) -> Result<Vec<ShardState>, ReadError> {
        let found = self.accounts.accounts(&addresses)?;
        let shard = |(address, found)| {
            let decoded = decode(address, found, account::shard)?;
            let (header, slots) = decoded.ok_or(ReadError::Missing { expected: "shard", address })?;
            Ok(ShardState { address, header, slots })
        };
        addresses.into_iter().zip(found).map(shard).collect()
    }

    /// Shards by their indices.
    pub fn shards_of(&mut self, indices: Range<u32>) -> Result<Vec<ShardState>, ReadError> {
        self.shards_at(indices.map(|index| address::shard(&self.network, index)).collect())
    }

    /// All shards, by index.
    pub fn shards(&mut self) -> Result<Vec<ShardState>, ReadError> {
        let count = self.network()?.shard_count;
        self.first_shards(count)
    }

    /// The first `count` shards, by index, in as few requests as the accounts' origin allows.
    pub fn first_shards(&mut self, count: u32) -> Result<Vec<ShardState>, ReadError> {
        let mut shards = Vec::new();
        for first in (0..count).step_by(SHARDS_AT_ONCE as usize) {
            let last = count.min(first.saturating_add(SHARDS_AT_ONCE));
            shards.extend(self.shards_of(first..last)?);
        }
        Ok(shards)
    }

    /// The headers of the first `count` shards, by index, in as few requests as the accounts' origin allows.
    pub fn shard_heads(&mut self, count: u32) -> Result<Vec<ShardHead>, ReadError> {
        let mut heads = Vec::new();
        for first in (0..count).step_by(SHARDS_AT_ONCE as usize) {
            let last = count.min(first.saturating_add(SHARDS_AT_ONCE));
            let addresses: Vec<_> = (first..last).map(|index| address::shard(&self.network, index)).collect();
            for (address, found) in addresses.iter().zip(self.accounts.heads(&addresses, account::SHARD_HEAD_BYTES)?) {
                let decoded = decode(*address, found, account::shard_head)?;
                let (header, first_slot) =
                    decoded.ok_or(ReadError::Missing { expected: "shard", address: *address })?;
                heads.push(ShardHead { address: *address, header, first_slot });
            }
        }
        Ok(heads)
    }

    /// The headers of reports, each of a shard by an oracle; none where one was never opened.
    pub fn report_heads(&mut self, pairs: &[(Address, Address)]) -> Result<Vec<Option<Report>>, ReadError> {
        let addresses: Vec<_> = pairs.iter().map(|(shard, oracle)| address::report(shard, oracle)).collect();
        let found = self.accounts.heads(&addresses, account::REPORT_HEAD_BYTES)?;
        addresses.into_iter().zip(found).map(|(address, found)| decode(address, found, account::report_head)).collect()
    }

    /// Reports, each of a shard by an oracle, in as few requests as the accounts' origin allows; none where one was never opened.
    pub fn reports(&mut self, pairs: &[(Address, Address)]) -> Result<Vec<Option<ReportState>>, ReadError> {
        let addresses: Vec<_> = pairs.iter().map(|(shard, oracle)| address::report(shard, oracle)).collect();
        let found = self.accounts.accounts(&addresses)?;
        addresses.into_iter().zip(found).map(|(address, found)| decode(address, found, account::report)).collect()
    }

    /// What is recorded of a device: where its slot is, and what was paid for it. Reads one account.
    ///
    /// Errors: [`ReadError::DeviceUnknown`].
    pub fn node(&mut self, device: &Address) -> Result<DirectoryEntry, ReadError> {
        let found = self.optional(address::directory(&self.network, device), account::directory)?;
        let found = found.and_then(|(_, entries)| {
            let place = entries.binary_search_by(|entry| entry.device.cmp(device)).ok()?;
            entries.get(place).copied()
        });
        found.ok_or(ReadError::DeviceUnknown { device: *device, network: self.network })
    }

    /// The slots of those of `devices` that are registered. Reads their directories and shards.
    pub fn nodes_of(&mut self, devices: &[Address]) -> Result<BTreeMap<Address, Slot>, ReadError> {
        let first_bytes: BTreeSet<_> = devices.iter().map(address::first_byte).collect();
        let directories = self.directories_of(&first_bytes.into_iter().collect::<Vec<_>>())?;
        let entries = directories.iter().flat_map(|directory| &directory.entries);
        let found: Vec<_> = entries.filter(|entry| devices.contains(&entry.device)).collect();
        let indices: BTreeSet<_> = found.iter().map(|entry| u32::from(entry.shard)).collect();
        let addresses = indices.into_iter().map(|index| address::shard(&self.network, index)).collect();
        let shards = self.shards_at(addresses)?;
        let slot = |entry: &DirectoryEntry| {
            let shard = shards.iter().find(|shard| shard.header.index == u32::from(entry.shard))?;
            Some((entry.device, *shard.slots.get(usize::from(entry.slot))?))
        };
        Ok(found.into_iter().filter_map(slot).collect())
    }

    /// The same of every device, by its key.
    pub fn nodes(&mut self) -> Result<Vec<DirectoryEntry>, ReadError> {
        Ok(self.directories()?.into_iter().flat_map(|directory| directory.entries).collect())
    }

    /// All directories that are open, by the first byte of their devices' keys.
    pub fn directories(&mut self) -> Result<Vec<DirectoryState>, ReadError> {
        self.directories_of(&(0..=u8::MAX).collect::<Vec<_>>())
    }

    /// The headers of all directories, by the first byte of their devices' keys; none where one is not open.
    pub fn directory_heads(&mut self) -> Result<Vec<Option<Directory>>, ReadError> {
        let addresses = self.directory_addresses();
        let found = self.accounts.heads(&addresses, account::DIRECTORY_HEAD_BYTES)?;
        let head = |(address, found)| decode(address, found, account::directory_head);
        addresses.into_iter().zip(found).map(head).collect()
    }

    /// The directories of these first bytes, those that are open.
    pub fn directories_of(&mut self, first_bytes: &[u8]) -> Result<Vec<DirectoryState>, ReadError> {
        let addresses: Vec<_> = first_bytes.iter().map(|byte| address::directory_at(&self.network, *byte)).collect();
        let mut directories = Vec::new();
        for (address, found) in addresses.iter().zip(self.accounts.accounts(&addresses)?) {
            if let Some((header, entries)) = decode(*address, found, account::directory)? {
                directories.push(DirectoryState { address: *address, header, entries });
            }
        }
        Ok(directories)
    }

    fn directory_addresses(&self) -> Vec<Address> {
        (0..=u8::MAX).map(|first_byte| address::directory_at(&self.network, first_byte)).collect()
    }

    /// An oracle's report of a shard; none if it was never opened, or is closed.
    pub fn report(&mut self, shard: &Address, oracle: &Address) -> Result<Option<ReportState>, ReadError> {
        self.optional(address::report(shard, oracle), account::report)
    }

    /// Copies every account of the network to a snapshot: itself, its mint, directories, shards and reports, and the associated
    /// token accounts of everybody who owns a slot or `owners` names.
    ///
    /// Former owners are named, for the other accounts don't tell them.
    pub fn copy_to(&mut self, snapshot: &mut Snapshot, owners: &[Address]) -> Result<(), ReadError> {
        let network = self.network()?;
        let shards = self.shards()?;
        let mut addresses = vec![self.network, network.mint];
        addresses.extend(self.directory_addresses());
        let mut owners: BTreeSet<_> = owners.iter().copied().collect();
        for shard in &shards {
            addresses.push(shard.address);
            let keys = network.oracles.entries.iter().map(|oracle| oracle.key);
            addresses.extend(keys.map(|key| address::report(&shard.address, &key)));
            owners.extend(shard.slots.iter().map(|slot| slot.owner));
        }
        let token = |owner| address::associated_token(owner, &network.mint, &network.token_program);
        addresses.extend(owners.iter().map(token));
        for (address, found) in addresses.iter().zip(self.accounts.accounts(&addresses)?) {
            if let Some(found) = found {
                snapshot.insert(*address, found);
            }
        }
        Ok(())
    }

    /// What is at an address, if it is the program's.
    pub fn optional<T>(
        &mut self,
        address: Address,
        decode: impl FnOnce(&[u8]) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, ReadError> {
        let found = self.accounts.account(&address)?;
        self::decode(address, found, decode)
    }

    fn required<T>(
        &mut self,
        expected: &'static str,
        address: Address,
        decode: impl FnOnce(&[u8]) -> Result<T, DecodeError>,
    ) -> Result<T, ReadError> {
        self.optional(address, decode)?.ok_or(ReadError::Missing { expected, address })
    }
}

/// What an account holds, if it is there and the program's.
pub(crate) fn decode<T>(
    address: Address,
    found: Option<Account>,
    decode: impl FnOnce(&[u8]) -> Result<T, DecodeError>,
) -> Result<Option<T>, ReadError> {
    let Some(found) = found.filter(|found| found.owner == stipend::ID) else {
        return Ok(None);
    };
    decode(&found.data).map(Some).map_err(|source| ReadError::Decode { address, source })
}
