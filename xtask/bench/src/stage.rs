//! A network on the embedded VM, as large as a measurement needs it.

use anyhow::Result;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend::{
    constants::MAX_SHARD_SLOTS,
    instructions::NetworkParams,
    state::{EmissionParams, Entry, PolicyParams, UptimeMode},
};
use stipend_client::{
    account, address,
    batch::{cut, SignedBatch, SIGNED_NODES},
    embedded::EmbeddedLedger,
    instruction::{self, ReportBatch},
    ledger::{Accounts as _, Ledger, Receipt},
};

/// Length of the stage's epochs.
pub const EPOCH_SECS: u32 = 86_400;
/// Most compute units that a transaction may ask for.
const MAX_COMPUTE_UNITS: u32 = 1_400_000;
const GENESIS: i64 = 1_700_000_000;
const COMPUTE_BUDGET: Address = Address::from_str_const("ComputeBudget111111111111111111111111111111");

/// A network with one shard, all of whose nodes one owner has.
pub struct Stage {
    pub ledger: EmbeddedLedger,
    pub payer: Keypair,
    pub owner: Keypair,
    pub oracles: Vec<Keypair>,
    pub mint: Address,
    pub network: Address,
    pub shard: Address,
    pub domain: [u8; 8],
    nodes: u16,
}

impl Stage {
    /// A network of `oracles` oracles and `nodes` nodes, before its genesis.
    pub fn new(program: &[u8], oracles: u8, nodes: u16) -> Result<Self> {
        Self::in_mode(program, oracles, nodes, UptimeMode::Multiply)
    }

    /// The same, by what uptime does.
    pub fn in_mode(program: &[u8], oracles: u8, nodes: u16, uptime_mode: UptimeMode) -> Result<Self> {
        let mut ledger = EmbeddedLedger::new(program, GENESIS)?;
        let [payer, owner, mint_key] = [1, 2, 3].map(|seed| Keypair::new_from_array([seed; 32]));
        ledger.airdrop(&payer.pubkey(), 1_000_000_000_000)?;
        let mint = mint_key.pubkey();
        create_mint(&mut ledger, &payer, &mint_key)?;
        let network = address::network(&mint, 0);
        let mut stage = Self {
            ledger,
            owner,
            oracles: (0..oracles).map(|number| Keypair::new_from_array([100 + number; 32])).collect(),
            mint,
            network,
            shard: address::shard(&network, 0),
            domain: [0; 8],
            nodes,
            payer,
        };
        stage.create_network(uptime_mode)?;
        stage.register()?;
        Ok(stage)
    }

    fn create_network(&mut self, uptime_mode: UptimeMode) -> Result<()> {
        let authority = self.payer.pubkey();
        let params = NetworkParams {
            id: 0,
            genesis: GENESIS + 1,
            epoch_secs: EPOCH_SECS,
            shard_capacity: MAX_SHARD_SLOTS,
            unit: *b"kbit/s\0\0\0\0\0\0\0\0\0\0",
            guardian: None,
            cap_atoms: 1_000_000_000_000_000_000,
            policy: PolicyParams {
                report_secs: EPOCH_SECS / 2,
                score_secs: 7 * EPOCH_SECS,
                uptime_weight_bps: 5_000,
                min_uptime_bps: 5_000,
                uptime_mode,
                bandwidth_cap: 1_000_000,
                min_boost_bps: 1_000,
                max_boost_bps: 40_000,
                tolerance_bps: 500,
                quorum: u8::try_from(self.oracles.len() / 2 + 1)?,
                ..PolicyParams::default()
            },
            emission: EmissionParams {
                per_epoch_atoms: 1_000_000_000_000,
                carry_epochs: 8,
                ..EmissionParams::default()
            },
        };
        let token_program = spl_token_interface::ID;
        self.send(&[instruction::create_network(&authority, &authority, &self.mint, &token_program, params)])?;
        for oracle in self.oracle_keys() {
            self.ledger.airdrop(&oracle, 1_000_000_000)?;
            self.send(&[instruction::add_oracle(&authority, &authority, &self.network, &oracle)])?;
        }
        let data = self.ledger.account(&self.network)?.unwrap_or_default().data;
        self.domain = account::network(&data)?.domain;
        Ok(())
    }

    fn register(&mut self) -> Result<()> {
        let payer = self.payer.pubkey();
        self.send(&[instruction::open_shard(&payer, &self.network, 0)])?;
        for oracle in self.oracle_keys() {
            self.send(&[instruction::open_report(&payer, &self.network, &self.shard, &oracle)])?;
        }
        for number in 0..self.nodes {
            self.register_device(&device(number))?;
        }
        let token_program = spl_token_interface::ID;
        let create = spl_associated_token_account_interface::instruction::create_associated_token_account(
            &payer,
            &self.owner.pubkey(),
            &self.mint,
            &token_program,
        );
        self.send(&[create])?;
        Ok(())
    }

    /// Registers a device, in a directory that is opened first if it is missing; returns what registering cost.
    pub fn register_device(&mut self, device: &Keypair) -> Result<Receipt> {
        let (payer, owner, key) = (self.payer.pubkey(), self.owner.pubkey(), device.pubkey());
        if self.ledger.account(&address::directory(&self.network, &key))?.is_none() {
            self.send(&[instruction::open_directory(&payer, &self.network, &key)])?;
        }
        let register = instruction::register_node(&payer, &key, None, &self.network, &self.shard, &owner, None);
        Ok(self.ledger.send(&self.payer, &[register], &[device])?)
    }

    /// Sends what the payer alone signs for.
    pub fn send(&mut self, instructions: &[Instruction]) -> Result<Receipt> {
        Ok(self.ledger.send(&self.payer, instructions, &[])?)
    }

    /// Sends one instruction that may use all the compute units of a transaction.
    pub fn send_large(&mut self, instruction: Instruction) -> Result<Receipt> {
        let mut data = vec![2];
        data.extend_from_slice(&MAX_COMPUTE_UNITS.to_le_bytes());
        let limit = Instruction { program_id: COMPUTE_BUDGET, accounts: Vec::new(), data };
        self.send(&[limit, instruction])
    }

    /// The oracles' keys, in the set's order.
    pub fn oracle_keys(&self) -> Vec<Address> {
        self.oracles.iter().map(Signer::pubkey).collect()
    }

    /// Turns the clock to the end of an epoch.
    pub fn end(&mut self, epoch: u32) {
        self.ledger.warp_to(GENESIS + 1 + i64::from(epoch + 1) * i64::from(EPOCH_SECS));
    }

    /// Measurements of the whole shard by one oracle: none missing, no two alike.
    pub fn entries(&self, oracle: u64) -> Vec<Entry> {
        let mut random = oracle.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        (0..self.nodes)
            .map(|_| {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                let uptime_bps = 5_000 + u16::try_from(random % 5_001).unwrap_or(0);
                Entry::new(Some(uptime_bps), Some(u32::try_from(random >> 44).unwrap_or(0)))
            })
            .collect()
    }

    /// Reports the whole shard for an epoch by every oracle.
    pub fn report_all(&mut self, epoch: u32) -> Result<()> {
        for number in 0..self.oracles.len() {
            for batch in cut(self.domain, epoch, &self.entries(number as u64 + 1), SIGNED_NODES) {
                self.submit(number, &batch)?;
            }
        }
        Ok(())
    }

    /// Reports a batch in a transaction that the oracle signs and pays for.
    pub fn submit(&mut self, oracle: usize, batch: &ReportBatch) -> Result<Receipt> {
        let key = &self.oracles[oracle];
        let report = instruction::submit_report(&key.pubkey(), &self.network, &self.shard, batch);
        Ok(self.ledger.send(key, &[report], &[])?)
    }

    /// The same in a transaction of version 1 that another key pays for.
    pub fn submit_v1(&mut self, oracle: usize, batch: &ReportBatch) -> Result<Receipt> {
        let key = &self.oracles[oracle];
        let report = instruction::submit_report(&key.pubkey(), &self.network, &self.shard, batch);
        Ok(self.ledger.send_v1(&self.payer, &[report], &[key])?)
    }

    /// Relays a batch that the oracle signed.
    pub fn relay(&mut self, oracle: usize, batch: &ReportBatch) -> Result<Receipt> {
        let instructions = self.relayed(oracle, batch);
        self.send(&instructions)
    }

    /// The same in a transaction of version 1.
    pub fn relay_v1(&mut self, oracle: usize, batch: &ReportBatch) -> Result<Receipt> {
        let instructions = self.relayed(oracle, batch);
        Ok(self.ledger.send_v1(&self.payer, &instructions, &[])?)
    }

    fn relayed(&self, oracle: usize, batch: &ReportBatch) -> Vec<Instruction> {
        let key = ed25519_dalek::SigningKey::from_bytes(self.oracles[oracle].secret_bytes());
        SignedBatch::new(&key, &self.network, &self.shard, batch).to_instructions().into()
    }

    /// The oracle's signature of a batch.
    pub fn sign(&self, oracle: usize, batch: &ReportBatch) -> [u8; 64] {
        let key = &self.oracles[oracle];
        let report = address::report(&self.shard, &key.pubkey());
        key.sign_message(&batch.to_data(&report)).into()
    }
}

/// The key of a device.
pub fn device(number: u16) -> Keypair {
    let mut seed = [200; 32];
    seed[..2].copy_from_slice(&number.to_le_bytes());
    Keypair::new_from_array(seed)
}

fn create_mint(ledger: &mut EmbeddedLedger, payer: &Keypair, mint: &Keypair) -> Result<()> {
    let rent_lamports = ledger.rent_lamports(instruction::MINT_BYTES)?;
    let (token_program, authority) = (spl_token_interface::ID, payer.pubkey());
    let create = instruction::create_mint(&authority, &mint.pubkey(), &authority, &token_program, 9, rent_lamports);
    ledger.send(payer, &create, &[mint])?;
    Ok(())
}
