//! A network of a million nodes, whose accounts are made of their addresses whenever somebody asks for them.
//!
//! It has lived for some epochs: all oracles measured every node in each, and each is scored, closed and settled by the program's
//! own code. Keys and values are pseudo-random, so that nothing compresses better than it does on a cluster.

use anchor_lang::Discriminator;
use bytemuck::Zeroable;
use solana_account::Account;
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::collections::HashMap;
use stipend::{
    constants::{
        ACCOUNT_VERSION, DIRECTORY_SEED, MINT_AUTHORITY_SEED, NETWORK_SEED, NO_EPOCH, REPORT_SEED, SHARD_SEED,
    },
    math::reward::Rate,
    state::{
        Directory, DirectoryEntry, Emission, EmissionParams, Entry, Network, Oracle, Policy, PolicyParams, Report,
        Shard, Slot,
    },
};

const TOKEN: Address = Address::from_str_const("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
const MINT: Address = Address::new_from_array([77; 32]);
/// Who pays for registrations: a few services.
const PAYERS: u64 = 16;
/// Nodes that an owner has, next to one another.
const NODES_OF_AN_OWNER: u64 = 3;
const QUORUM: u8 = 2;
const EPOCH_SECS: u32 = 86_400;
const EMISSION_ATOMS: u64 = 1_000_000_000_000;

/// How large it is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Shards, all of them full.
    pub shards: u32,
    /// Slots of each.
    pub slots: u16,
    /// Oracles.
    pub oracles: u8,
}

impl Size {
    /// 990,000 nodes in 1,650 shards, and three oracles.
    pub const MILLION: Self = Self { shards: 1_650, slots: 600, oracles: 3 };

    fn nodes(&self) -> u64 {
        u64::from(self.shards) * u64::from(self.slots)
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Network,
    Mint,
    Shard(u32),
    Directory(u8),
    Report(u32, u8),
}

/// See the top of this file.
pub struct LargeNetwork {
    size: Size,
    genesis: i64,
    address: Address,
    network: Box<Network>,
    /// Of each epoch that is closed.
    rates: Vec<Rate>,
    places: HashMap<Address, (Kind, u8)>,
}

impl LargeNetwork {
    /// Finds the addresses of all accounts, and sums all scores.
    ///
    /// - `genesis`: Unix second at which epoch 0 begins; `epochs`: how many are closed and settled, at least one.
    pub fn new(size: Size, genesis: i64, epochs: u32) -> Self {
        let mut places = HashMap::new();
        let mut place = |seeds: &[&[u8]], kind| {
            let (address, bump) = Address::find_program_address(seeds, &stipend::ID);
            places.insert(address, (kind, bump));
            (address, bump)
        };
        let (address, bump) = place(&[NETWORK_SEED, MINT.as_ref(), &0u16.to_le_bytes()], Kind::Network);
        for first_byte in 0..=u8::MAX {
            place(&[DIRECTORY_SEED, address.as_ref(), &[first_byte]], Kind::Directory(first_byte));
        }
        for index in 0..size.shards {
            let (shard, _) = place(&[SHARD_SEED, address.as_ref(), &index.to_le_bytes()], Kind::Shard(index));
            for number in 0..size.oracles {
                let oracle = oracle_key(number).pubkey();
                place(&[REPORT_SEED, shard.as_ref(), oracle.as_ref()], Kind::Report(index, number));
            }
        }
        places.insert(MINT, (Kind::Mint, 0));
        let network = first_network(size, genesis, bump);
        let mut large = Self { size, genesis, address, network, rates: Vec::new(), places };
        for epoch in 0..epochs {
            large.live_through(epoch);
        }
        large.network.invariant().expect("a network");
        large
    }

    /// The network's address.
    pub fn address(&self) -> Address {
        self.address
    }

    /// Unix second at which an epoch begins.
    pub fn begins(&self, epoch: u32) -> i64 {
        self.genesis + i64::from(epoch) * i64::from(EPOCH_SECS)
    }

    /// An oracle's key.
    pub fn oracle(&self, number: u8) -> Keypair {
        oracle_key(number)
    }

    /// Addresses of all its accounts.
    pub fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.places.keys()
    }

    /// The device in a slot.
    pub fn device(&self, shard: u32, slot: u16) -> Address {
        device(self.first_node(shard) + u64::from(slot))
    }

    /// Who owns a slot's node, and the two next to it.
    pub fn owner(&self, shard: u32, slot: u16) -> Address {
        owner(self.first_node(shard) + u64::from(slot))
    }

    /// An account of the network, if the address is one's.
    pub fn account(&self, address: &Address) -> Option<Account> {
        let (kind, bump) = *self.places.get(address)?;
        let (data, owner) = match kind {
            Kind::Network => (bytes(&*self.network, &[] as &[Slot]), stipend::ID),
            Kind::Mint => (self.mint(), TOKEN),
            Kind::Shard(index) => {
                let (shard, slots) = self.scored_shard(index, bump, self.last_epoch());
                (bytes(&shard, &slots), stipend::ID)
            }
            Kind::Directory(first_byte) => (self.directory(first_byte, bump), stipend::ID),
            Kind::Report(shard, oracle) => (self.report(shard, oracle, bump), stipend::ID),
        };
        let lamports = (128 + data.len() as u64) * 6_960;
        Some(Account { lamports, data, owner, executable: false, rent_epoch: u64::MAX })
    }

    /// Scores, closes and settles an epoch.
    fn live_through(&mut self, epoch: u32) {
        let scored: Vec<_> = (0..self.size.shards).map(|index| self.scored_shard(index, 0, epoch)).collect();
        for (shard, _) in &scored {
            self.network.add_scored(shard.total_score).expect("a shard is scored");
        }
        let closed = self.network.close(self.begins(epoch + 1)).expect("the epoch is closed");
        self.rates.push(closed.rate());
        for (mut shard, mut slots) in scored {
            let paid_atoms = shard.settle(&mut slots, closed.rate()).expect("a shard is settled");
            self.network.add_settled(epoch, paid_atoms).expect("a shard is settled");
        }
        for oracle in self.network.oracles.active_mut(epoch) {
            oracle.reports_made += self.size.shards;
        }
    }

    /// The last that is closed.
    fn last_epoch(&self) -> u32 {
        self.network.open_epoch.saturating_sub(1)
    }

    fn first_node(&self, shard: u32) -> u64 {
        u64::from(shard) * u64::from(self.size.slots)
    }

    /// After `epoch` was scored, and all before it were settled.
    fn scored_shard(&self, index: u32, bump: u8, epoch: u32) -> (Shard, Vec<Slot>) {
        let first = self.first_node(index);
        let mut slots: Vec<_> = (0..u64::from(self.size.slots)).map(|slot| Slot::new(owner(first + slot), 0)).collect();
        let mut shard = Shard {
            version: ACCOUNT_VERSION,
            bump,
            capacity: self.size.slots,
            nodes: self.size.slots,
            index,
            network: self.address,
            payer: payer(0),
            scored_epoch: NO_EPOCH,
            open_reports: self.size.oracles,
            ..Shard::zeroed()
        };
        let reports: Vec<_> = (0..self.size.oracles).map(|oracle| self.entries(index, oracle)).collect();
        let reports: Vec<_> = reports.iter().map(Vec::as_slice).collect();
        let rules = self.network.policy.scoring_rules();
        for earlier in 0..=epoch {
            shard.score(&mut slots, &reports, earlier, QUORUM, &rules).expect("a shard is scored");
            if let Some(rate) = self.rates.get(earlier as usize) {
                shard.settle(&mut slots, *rate).expect("a shard is settled");
            }
        }
        shard.next_judged_epoch = epoch + 1;
        (shard, slots)
    }

    fn entries(&self, shard: u32, oracle: u8) -> Vec<Entry> {
        let first = self.first_node(shard);
        let entry = |slot| {
            let truth = mixed(Domain::Truth, first + slot);
            let error = mixed(Domain::Error, (first + slot) * 16 + u64::from(oracle));
            let uptime_bps = 9_000 + (truth % 990) as u16 + (error % 10) as u16;
            let bandwidth = 100_000 + (truth >> 32) as u32 % 800_000 + (error >> 32) as u32 % 1_000;
            Entry::new(Some(uptime_bps), Some(bandwidth))
        };
        (0..u64::from(self.size.slots)).map(entry).collect()
    }

    fn report(&self, shard: u32, oracle: u8, bump: u8) -> Vec<u8> {
        let seeds: [&[u8]; 3] = [SHARD_SEED, self.address.as_ref(), &shard.to_le_bytes()];
        let report = Report {
            version: ACCOUNT_VERSION,
            bump,
            total: self.size.slots,
            epoch: self.last_epoch(),
            received: self.size.slots,
            evidence_epoch: NO_EPOCH,
            network: self.address,
            shard: Address::find_program_address(&seeds, &stipend::ID).0,
            oracle: oracle_key(oracle).pubkey(),
            payer: payer(0),
            ..Report::zeroed()
        };
        bytes(&report, &self.entries(shard, oracle))
    }

    fn directory(&self, first_byte: u8, bump: u8) -> Vec<u8> {
        let nodes = (u64::from(first_byte)..self.size.nodes()).step_by(256);
        let mut entries: Vec<_> = nodes.map(|node| self.directory_entry(node)).collect();
        entries.sort_by_key(|entry| entry.device);
        let directory = Directory {
            version: ACCOUNT_VERSION,
            bump,
            first_byte,
            network: self.address,
            payer: payer(0),
            ..Zeroable::zeroed()
        };
        bytes(&directory, &entries)
    }

    fn directory_entry(&self, node: u64) -> DirectoryEntry {
        let (shard, slot) = (node / u64::from(self.size.slots), node % u64::from(self.size.slots));
        DirectoryEntry {
            device: device(node),
            payer: payer(mixed(Domain::Payer, node) % PAYERS),
            deposit_lamports: 144 * 6_960,
            slot_lamports: 64 * 6_960,
            shard: shard as u16,
            slot: slot as u16,
        }
    }

    /// Minted by the program, with 9 decimals, and nothing minted yet.
    fn mint(&self) -> Vec<u8> {
        let mut data = vec![0; 82];
        data[0] = 1;
        data[4..36].copy_from_slice(self.network.mint_authority.as_ref());
        data[44..46].copy_from_slice(&[9, 1]);
        data
    }
}

fn first_network(size: Size, genesis: i64, bump: u8) -> Box<Network> {
    let params = PolicyParams {
        report_secs: EPOCH_SECS,
        score_secs: 2 * EPOCH_SECS,
        uptime_weight_bps: 5_000,
        min_uptime_bps: 5_000,
        bandwidth_cap: 1_000_000,
        min_boost_bps: 10_000,
        max_boost_bps: 20_000,
        tolerance_bps: 500,
        quorum: QUORUM,
        ..PolicyParams::default()
    };
    let emission = EmissionParams { per_epoch_atoms: EMISSION_ATOMS, ..EmissionParams::default() };
    let (mint_authority, mint_authority_bump) =
        Address::find_program_address(&[MINT_AUTHORITY_SEED, MINT.as_ref()], &stipend::ID);
    let mut network: Box<Network> = Box::new(Network::zeroed());
    network.version = ACCOUNT_VERSION;
    network.bump = bump;
    network.mint_authority_bump = mint_authority_bump;
    network.mint_authority = mint_authority;
    network.shard_capacity = size.slots;
    network.authority = payer(0);
    network.payer = payer(0);
    network.mint = MINT;
    network.token_program = TOKEN;
    network.domain = [7; 8];
    network.unit[..6].copy_from_slice(b"kbit/s");
    network.genesis = genesis;
    network.epoch_secs = EPOCH_SECS;
    network.shard_count = size.shards;
    network.awake_shards = size.shards;
    network.directory_count = 256;
    network.policy = Policy::new(0, &params, &emission);
    network.next_policy.from_epoch = NO_EPOCH;
    network.emission = Emission::new(EMISSION_ATOMS, 1_000_000 * EMISSION_ATOMS);
    for (number, oracle) in (0..size.oracles).zip(&mut network.oracles.entries) {
        *oracle =
            Oracle { key: oracle_key(number).pubkey(), active_until: NO_EPOCH, payer: payer(0), ..Zeroable::zeroed() };
    }
    for closed in &mut network.ring {
        closed.epoch = NO_EPOCH;
    }
    network
}

fn bytes<T: Discriminator + bytemuck::NoUninit, I: bytemuck::NoUninit>(header: &T, tail: &[I]) -> Vec<u8> {
    [T::DISCRIMINATOR, bytemuck::bytes_of(header), bytemuck::cast_slice(tail)].concat()
}

/// What a pseudo-random number is for.
#[derive(Clone, Copy)]
enum Domain {
    Truth = 1,
    Error = 2,
    Payer = 3,
    Device = 4,
    Owner = 5,
}

/// SplitMix64 of a number.
fn mixed(domain: Domain, number: u64) -> u64 {
    let mut mixed =
        (number ^ (domain as u64) << 56).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// 32 pseudo-random bytes.
fn key_bytes(domain: Domain, number: u64) -> [u8; 32] {
    let mut key = [0; 32];
    for (place, bytes) in (0u64..).zip(key.chunks_exact_mut(8)) {
        bytes.copy_from_slice(&mixed(domain, number * 4 + place).to_le_bytes());
    }
    key
}

/// A node's device. Directories are filled evenly.
fn device(node: u64) -> Address {
    let mut key = key_bytes(Domain::Device, node);
    key[0] = (node % 256) as u8;
    Address::new_from_array(key)
}

/// Several nodes next to one another have one owner.
fn owner(node: u64) -> Address {
    Address::new_from_array(key_bytes(Domain::Owner, node / NODES_OF_AN_OWNER))
}

fn payer(number: u64) -> Address {
    Address::new_from_array(key_bytes(Domain::Payer, number))
}

fn oracle_key(number: u8) -> Keypair {
    Keypair::new_from_array([number + 1; 32])
}
