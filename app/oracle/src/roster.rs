//! Which device is in which slot, and from when until when: read once, and again where a counter says that it changed.

use solana_address::Address;
use stipend_client::ledger::Accounts;
use stipend_client::program::state::{DirectoryEntry, Network, Slot, SlotState};
use stipend_client::reader::{ReadError, Reader, ShardState};
use stipend_client::slots::Place;

/// Shards, or directories, that are held in memory whole.
const AT_ONCE: usize = 16;

/// The tenants of a network's slots.
#[derive(Debug, Default)]
pub struct Roster {
    /// By index.
    shards: Vec<Kept<Term>>,
    /// By the first byte of their devices' keys, if they are open.
    directories: Vec<Option<Kept<Tenant>>>,
}

/// What was read of an account, and its count of changes then.
#[derive(Debug)]
struct Kept<T> {
    changes: u64,
    items: Vec<T>,
}

/// The epochs that a slot's node earns in.
#[derive(Clone, Copy, Debug)]
struct Term {
    from: u32,
    until: u32,
}

/// A device, and where its slot is.
#[derive(Clone, Copy, Debug)]
struct Tenant {
    device: Address,
    shard: u16,
    slot: u16,
}

impl Term {
    fn new(slot: &Slot) -> Self {
        let from = if slot.state == SlotState::Starting as u8 { slot.from_epoch } else { 0 };
        Self { from, until: if slot.is_vacant() { 0 } else { slot.until } }
    }

    fn is_earning(&self, epoch: u32) -> bool {
        self.from <= epoch && epoch < self.until
    }
}

impl Tenant {
    fn new(entry: &DirectoryEntry) -> Self {
        Self { device: entry.device, shard: entry.shard, slot: entry.slot }
    }

    fn place(&self) -> Place {
        Place { shard: self.shard.into(), slot: self.slot }
    }
}

impl Roster {
    /// Reads what changed since it was last read.
    pub fn update(
        &mut self,
        accounts: &mut impl Accounts,
        address: Address,
        network: &Network,
    ) -> Result<(), ReadError> {
        self.update_shards(accounts, address, network)?;
        let mut reader = Reader::new(accounts, address);
        let heads = reader.directory_heads()?;
        self.directories.resize_with(heads.len(), || None);
        let mut stale = Vec::new();
        for (first_byte, (head, kept)) in (0..=u8::MAX).zip(heads.iter().zip(&mut self.directories)) {
            match (head, &*kept) {
                (None, _) => *kept = None,
                (Some(head), Some(kept)) if kept.changes == head.changes => {}
                (Some(_), _) => stale.push(first_byte),
            }
        }
        for some in stale.chunks(AT_ONCE) {
            for directory in reader.directories_of(some)? {
                let items = directory.entries.iter().map(Tenant::new).collect();
                let changes = directory.header.changes;
                if let Some(kept) = self.directories.get_mut(usize::from(directory.header.first_byte)) {
                    *kept = Some(Kept { changes, items });
                }
            }
        }
        Ok(())
    }

    /// The same of the shards alone.
    pub fn update_shards(
        &mut self,
        accounts: &mut impl Accounts,
        address: Address,
        network: &Network,
    ) -> Result<(), ReadError> {
        let mut reader = Reader::new(accounts, address);
        let heads = reader.shard_heads(network.shard_count)?;
        self.shards.truncate(heads.len());
        let is_stale = |index: usize, changes| self.shards.get(index).is_none_or(|kept| kept.changes != changes);
        let stale = heads.iter().enumerate().filter(|(index, head)| is_stale(*index, head.header.changes));
        let stale: Vec<_> = stale.map(|(_, head)| head.address).collect();
        for some in stale.chunks(AT_ONCE) {
            for shard in reader.shards_at(some.to_vec())? {
                self.keep_shard(&shard);
            }
        }
        Ok(())
    }

    /// Shards come by index, so that a new one stands behind all others.
    fn keep_shard(&mut self, shard: &ShardState) {
        let kept = Kept { changes: shard.header.changes, items: shard.slots.iter().map(Term::new).collect() };
        match self.shards.get_mut(shard.header.index as usize) {
            Some(old) => *old = kept,
            None => self.shards.push(kept),
        }
    }

    /// Indices of the shards in which any node earns in an epoch.
    pub fn earning_shards(&self, epoch: u32) -> impl Iterator<Item = u32> + '_ {
        let shards = (0u32..).zip(&self.shards);
        shards.filter(move |(_, kept)| kept.items.iter().any(|term| term.is_earning(epoch))).map(|(index, _)| index)
    }

    /// How many nodes earn in an epoch by the shards, and how many of them the directories know.
    pub fn earning(&self, epoch: u32) -> (usize, usize) {
        let terms = self.shards.iter().flat_map(|kept| &kept.items);
        let known = self.tenants().filter(|tenant| self.is_earning(tenant.place(), epoch));
        (terms.filter(|term| term.is_earning(epoch)).count(), known.count())
    }

    /// Where a device is that earns in an epoch.
    pub fn place(&self, device: &Address, epoch: u32) -> Option<Place> {
        let first_byte = device.as_array().first().copied().unwrap_or_default();
        let kept = self.directories.get(usize::from(first_byte))?.as_ref()?;
        let at = kept.items.binary_search_by(|tenant| tenant.device.cmp(device)).ok()?;
        let place = kept.items.get(at)?.place();
        self.is_earning(place, epoch).then_some(place)
    }

    /// Every device that earns in an epoch, and its place.
    pub fn earning_tenants(&self, epoch: u32) -> impl Iterator<Item = (Place, Address)> + '_ {
        let earning = self.tenants().filter(move |tenant| self.is_earning(tenant.place(), epoch));
        earning.map(|tenant| (tenant.place(), tenant.device))
    }

    fn tenants(&self) -> impl Iterator<Item = &Tenant> {
        self.directories.iter().flatten().flat_map(|kept| &kept.items)
    }

    /// A node that can earn was registered in an earlier epoch: it stands in its directory whatever registers between two reads.
    fn is_earning(&self, place: Place, epoch: u32) -> bool {
        let term = self.shards.get(place.shard as usize).and_then(|kept| kept.items.get(usize::from(place.slot)));
        term.is_some_and(|term| term.is_earning(epoch))
    }
}
