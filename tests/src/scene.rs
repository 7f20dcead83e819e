//! A network with its mint, oracles, shards and nodes, ready to be acted on.

mod epochs;
mod roles;

use crate::{
    address, key,
    mint::{self, MintState},
    stage::{Stage, START},
};
use bytemuck::bytes_of;
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend::{
    instructions::NetworkParams,
    state::{DirectoryEntry, EmissionParams, Entry, Network, PolicyParams, Report, Shard, Slot},
};
use stipend_client::{
    account, address as place,
    instruction::{self, ReportBatch},
};

/// Unix seconds at which epoch 0 begins.
pub const GENESIS: i64 = START + 1_000;
/// Length of an epoch.
pub const EPOCH_SECS: i64 = 100;
/// From an epoch's end, how long its reports are taken.
pub const REPORT_SECS: i64 = 40;
/// From an epoch's end, how long its shards may be scored.
pub const SCORE_SECS: i64 = 300;
/// Lamports of a bond.
pub const BOND_LAMPORTS: u64 = 7_000;

/// What bandwidth is measured in.
pub const UNIT: [u8; 16] = *b"Mbit/s\0\0\0\0\0\0\0\0\0\0";

/// What every network here chooses, unless its test alters it.
pub fn params() -> NetworkParams {
    NetworkParams {
        id: 0,
        genesis: GENESIS,
        epoch_secs: 100,
        shard_capacity: 4,
        unit: UNIT,
        guardian: None,
        cap_atoms: 1_000_000_000,
        policy: PolicyParams {
            report_secs: 40,
            score_secs: 300,
            uptime_weight_bps: 6_000,
            min_uptime_bps: 5_000,
            bandwidth_cap: 1_000,
            min_boost_bps: 1_000,
            max_boost_bps: 40_000,
            tolerance_bps: 500,
            quorum: 2,
            registrar: None,
            bond_lamports: BOND_LAMPORTS,
            oracle_bond_lamports: 0,
            ..PolicyParams::default()
        },
        emission: EmissionParams { per_epoch_atoms: 1_000_000, decay_bps: 0, decay_every_epochs: 0, carry_epochs: 2 },
    }
}

/// Second at which an epoch is over.
pub fn end(epoch: u32) -> i64 {
    GENESIS + (i64::from(epoch) + 1) * EPOCH_SECS
}

/// What an oracle measured of a slot: uptime and bandwidth.
pub type Measured = (Option<u16>, Option<u32>);

/// Both fields.
pub fn measured(uptime_bps: u16, bandwidth: u32) -> Measured {
    (Some(uptime_bps), Some(bandwidth))
}

/// The 6 bytes of each measurement, written out: bandwidth, then uptime, little-endian, all ones where there is none.
pub fn measurements(values: &[Measured]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (uptime_bps, bandwidth) in values {
        bytes.extend_from_slice(&bandwidth.unwrap_or(0xffff_ffff).to_le_bytes());
        bytes.extend_from_slice(&uptime_bps.unwrap_or(0xffff).to_le_bytes());
    }
    bytes
}

/// How many of the values are measured at all.
pub fn count(values: &[Measured]) -> u16 {
    values.iter().filter(|value| **value != (None, None)).count() as u16
}

/// A batch of a report of `total` slots, from `first_slot` on.
pub fn part_of(domain: [u8; 8], epoch: u32, total: u16, first_slot: u16, values: &[Measured]) -> ReportBatch {
    ReportBatch { domain, epoch, total, first_slot, measurements: measurements(values) }
}

/// A network.
pub struct Scene {
    /// The bank that it is in.
    pub stage: Stage,
    /// Its authority.
    pub authority: Keypair,
    /// Who pauses, if the network names it.
    pub guardian: Keypair,
    /// Its registrar, who signs if the network has one.
    pub registrar: Keypair,
    /// Its mint.
    pub mint: Address,
    /// The mint's program.
    pub token_program: Address,
    /// The network.
    pub network: Address,
    /// Its oracles, in the set's order.
    pub oracles: Vec<Keypair>,
    /// Its shards.
    pub shards: Vec<Address>,
    /// Its devices, in the order of their registration.
    pub devices: Vec<Keypair>,
}

impl Default for Scene {
    fn default() -> Self {
        Self::new()
    }
}

impl Scene {
    /// A network of [`params`] with three oracles and no shard.
    pub fn new() -> Self {
        Self::with(3, |_| ())
    }

    /// A network with `oracles` oracles, active from epoch 0 on, and altered parameters.
    pub fn with(oracles: usize, alter: impl FnOnce(&mut NetworkParams)) -> Self {
        let mut scene = Self::bare(spl_token_interface::ID, Vec::new(), alter);
        for place in 0..oracles {
            scene.add_oracle(key(&format!("oracle {place}")));
        }
        scene
    }

    /// A network without an oracle on a mint of `token_program`.
    pub fn bare(
        token_program: Address,
        extensions: Vec<(u16, Vec<u8>)>,
        alter: impl FnOnce(&mut NetworkParams),
    ) -> Self {
        let mut params = params();
        alter(&mut params);
        let mut stage = Stage::new();
        let authority = key("authority");
        let mint = address("mint");
        let state = MintState { authority: Some(authority.pubkey()), extensions, ..MintState::default() };
        stage.put(&mint, state.to_account(&token_program));
        let create =
            instruction::create_network(&stage.payer.pubkey(), &authority.pubkey(), &mint, &token_program, params);
        stage.accepts(&[create], &[&authority]);
        let network = place::network(&mint, 0);
        Self {
            stage,
            authority,
            guardian: key("guardian"),
            registrar: key("registrar"),
            mint,
            token_program,
            network,
            oracles: Vec::new(),
            shards: Vec::new(),
            devices: Vec::new(),
        }
    }

    /// A second network on another mint, with the same authority, oracles and parameters, and one shard with one node of
    /// `owner` and all reports open: what a confused caller could pass instead.
    pub fn twin(&mut self, owner: &Address) -> (Address, Address) {
        let mint = address("mint of the twin");
        let state = MintState { authority: Some(self.authority.pubkey()), ..MintState::default() };
        self.stage.put(&mint, state.to_account(&spl_token_interface::ID));
        let (payer, authority) = (self.stage.payer.pubkey(), self.authority.pubkey());
        // Its first epoch is still to come, whenever it is made.
        let params = NetworkParams { genesis: GENESIS.max(self.stage.now() + 1), ..params() };
        let mut instructions =
            vec![instruction::create_network(&payer, &authority, &mint, &spl_token_interface::ID, params)];
        let network = place::network(&mint, 0);
        for oracle in &self.oracles {
            instructions.push(instruction::add_oracle(&payer, &authority, &network, &oracle.pubkey()));
        }
        let shard = place::shard(&network, 0);
        instructions.push(instruction::open_shard(&payer, &network, 0));
        for oracle in &self.oracles {
            instructions.push(instruction::open_report(&payer, &network, &shard, &oracle.pubkey()));
        }
        let device = key("device of the twin");
        instructions.push(instruction::open_directory(&payer, &network, &device.pubkey()));
        instructions.push(instruction::register_node(&payer, &device.pubkey(), None, &network, &shard, owner, None));
        self.stage.accepts(&instructions, &[&self.authority, &device]);
        (network, shard)
    }

    /// Sets the clock, which never goes back.
    #[track_caller]
    pub fn warp_to(&mut self, now: i64) {
        self.stage.warp_to(now);
    }

    /// Keys of the oracles.
    pub fn oracle_keys(&self) -> Vec<Address> {
        self.oracles.iter().map(Signer::pubkey).collect()
    }

    /// Opens the next shard and the reports of all oracles.
    pub fn open_shard(&mut self) -> Address {
        let index = self.shards.len() as u32;
        let open = instruction::open_shard(&self.stage.payer.pubkey(), &self.network, index);
        self.stage.accepts(&[open], &[]);
        let shard = place::shard(&self.network, index);
        self.shards.push(shard);
        for oracle in self.oracle_keys() {
            self.open_report(&shard, &oracle);
        }
        shard
    }

    /// Opens an oracle's report of a shard.
    pub fn open_report(&mut self, shard: &Address, oracle: &Address) {
        let open = instruction::open_report(&self.stage.payer.pubkey(), &self.network, shard, oracle);
        self.stage.accepts(&[open], &[]);
    }

    /// Makes an owner's associated token account.
    pub fn open_token(&mut self, owner: &Address) -> Address {
        let create = spl_associated_token_account_interface::instruction::create_associated_token_account(
            &self.stage.payer.pubkey(),
            owner,
            &self.mint,
            &self.token_program,
        );
        self.stage.accepts(&[create], &[]);
        place::associated_token(owner, &self.mint, &self.token_program)
    }

    /// Atoms in a token account.
    pub fn atoms(&mut self, token: &Address) -> u64 {
        mint::atoms(&self.stage.account(token).expect("the token account is there"))
    }

    /// What the network's account says.
    pub fn network(&mut self) -> Network {
        account::network(&self.stage.data(&self.network)).expect("a network")
    }

    /// What a shard's account says.
    pub fn shard(&mut self, shard: &Address) -> (Shard, Vec<Slot>) {
        account::shard(&self.stage.data(shard)).expect("a shard")
    }

    /// What a slot says.
    pub fn slot(&mut self, shard: &Address, slot: u16) -> Slot {
        self.shard(shard).1[usize::from(slot)]
    }

    /// What a report's account says.
    pub fn report_state(&mut self, shard: &Address, oracle: usize) -> (Report, Vec<Entry>) {
        let report = place::report(shard, &self.oracles[oracle].pubkey());
        account::report(&self.stage.data(&report)).expect("a report")
    }

    /// Who owns a device that is registered; the payer of a vacant slot where it is not.
    pub fn owner_of(&mut self, shard: &Address, device: &Address) -> Address {
        let directory = place::directory(&self.network, device);
        let (_, entries) = account::directory(&self.stage.data(&directory)).expect("a directory");
        let slot = entries.iter().find(|entry| entry.device == *device).map_or(0, |entry| entry.slot);
        self.slot(shard, slot).owner
    }

    /// What a device's directory says of it.
    #[track_caller]
    pub fn node(&mut self, device: &Address) -> DirectoryEntry {
        let directory = self.stage.data(&place::directory(&self.network, device));
        let (_, entries) = account::directory(&directory).expect("a directory");
        *entries.iter().find(|entry| entry.device == *device).expect("the device is registered")
    }

    /// Opens a device's directory of a network, unless it is there.
    pub fn open_directory_of(&mut self, network: &Address, device: &Address) {
        if self.stage.account(&place::directory(network, device)).is_none() {
            let open = instruction::open_directory(&self.stage.payer.pubkey(), network, device);
            self.stage.accepts(&[open], &[]);
        }
    }

    /// Opens a device's directory of this network, unless it is there.
    pub fn open_directory(&mut self, device: &Address) {
        let network = self.network;
        self.open_directory_of(&network, device);
    }

    /// Writes the network's account, past every rule.
    pub fn forge_network(&mut self, change: impl FnOnce(&mut Network)) {
        let mut network = self.network();
        change(&mut network);
        self.stage.forge(&self.network, |data| data[8..].copy_from_slice(bytes_of(&network)));
    }

    /// Writes a shard's account, past every rule.
    pub fn forge_shard(&mut self, address: &Address, change: impl FnOnce(&mut Shard, &mut [Slot])) {
        let (mut shard, mut slots) = self.shard(address);
        change(&mut shard, &mut slots);
        self.stage.forge(address, |data| {
            let (head, tail) = data[8..].split_at_mut(size_of::<Shard>());
            head.copy_from_slice(bytes_of(&shard));
            tail.copy_from_slice(bytemuck::cast_slice(&slots));
        });
    }
}
