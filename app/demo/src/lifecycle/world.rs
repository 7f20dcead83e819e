//! The VM with two networks on it, everybody who takes part, and the notebook.

use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer as _;
use stipend_client::batch::{cut, SignedBatch, RELAYED_NODES};
use stipend_client::embedded::EmbeddedLedger;
use stipend_client::instruction::{transaction_name, ReportBatch};
use stipend_client::ledger::{Accounts as _, Ledger as _, LedgerError};
use stipend_client::metered::Metered;
use stipend_client::network_client::NetworkClient;
use stipend_client::program::error::StipendError;
use stipend_client::program::state::{Entry, Network, Slot};
use stipend_client::reader::Reader;
use stipend_client::reader::{ReadError, ShardState};
use stipend_client::snapshot::Snapshot;
use stipend_client::{account, address};

use super::step::{Refusal, Step};
use crate::failure::{ExitKind, Failure};
use crate::key::demo_key;
use crate::program::embedded_ledger;

/// Unix seconds at which epoch 0 begins: 2026-01-01T00:00:00Z.
pub const GENESIS: i64 = 1_767_225_600;
pub const EPOCH_SECS: u32 = 3_600;
pub const REPORT_SECS: u32 = 1_800;
pub const SCORE_SECS: u32 = 3 * EPOCH_SECS;
pub const TOKEN_PROGRAM: Address = spl_token_interface::ID;

pub const LAMPORTS_PER_SOL: u64 = 1_000_000_000;
/// What each wallet that pays anything is given.
const GIVEN_LAMPORTS: u64 = 100 * LAMPORTS_PER_SOL;

/// Who pays for something: rents, fees, bonds.
const WALLETS: [&str; 12] = [
    "operator",
    "authority",
    "heir",
    "guardian",
    "registrar",
    "watcher",
    "oracle 1",
    "oracle 2",
    "oracle 3",
    "oracle 4",
    "oracle 5",
    "oracle 6",
];

/// Who is paid for nodes; owners pay nothing.
pub const OWNERS: [&str; 4] = ["ann", "bob", "cem", "dora"];

/// Somebody's key.
pub fn key(name: &str) -> Keypair {
    demo_key("lifecycle", name)
}

/// What an oracle measured of a slot.
pub type Measure<'a> = &'a dyn Fn(&str, u32, u16) -> Entry;

/// The world, and what was written down so far.
pub struct World {
    pub ledger: Metered<EmbeddedLedger>,
    pub operator: Keypair,
    pub mint: Address,
    /// For bandwidth.
    pub first: Address,
    /// For something else, on the same mint.
    pub second: Address,
    chapter: &'static str,
    steps: Vec<Step>,
    fees_lamports: u64,
}

/// What there was before a step.
struct Before {
    costs: Vec<stipend_client::metered::InstructionCost>,
    wallets_lamports: u64,
}

impl World {
    pub fn new() -> Result<Self, Failure> {
        let mint = key("mint").pubkey();
        let mut world = Self {
            ledger: Metered::new(embedded_ledger(GENESIS - i64::from(EPOCH_SECS))?),
            operator: key("operator"),
            mint,
            first: address::network(&mint, 0),
            second: address::network(&mint, 1),
            chapter: "",
            steps: Vec::new(),
            fees_lamports: 0,
        };
        for wallet in WALLETS {
            let given = world.ledger.ledger_mut().airdrop(&key(wallet).pubkey(), GIVEN_LAMPORTS);
            given.map_err(|error| Failure::settling("give the wallets lamports", error))?;
        }
        Ok(world)
    }

    /// What the wallets were given.
    pub fn given_lamports(&self) -> u64 {
        GIVEN_LAMPORTS * WALLETS.len() as u64
    }

    pub fn fees_lamports(&self) -> u64 {
        self.fees_lamports
    }

    /// What the wallets hold now.
    pub fn wallets_lamports(&mut self) -> Result<u64, Failure> {
        WALLETS.iter().map(|wallet| self.lamports(&key(wallet).pubkey())).sum()
    }

    pub fn lamports(&mut self, address: &Address) -> Result<u64, Failure> {
        let found = self.ledger.account(address).map_err(|error| Failure::settling("read an account", error))?;
        Ok(found.map_or(0, |found| found.lamports))
    }

    /// Begins a chapter.
    pub fn begin(&mut self, chapter: &'static str) {
        self.chapter = chapter;
    }

    /// Sends one transaction and writes it down.
    pub fn send(
        &mut self,
        effect: impl Into<String>,
        payer: &Keypair,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<(), Failure> {
        let before = self.before()?;
        let effect = effect.into();
        let sent = self.ledger.send(payer, instructions, signers);
        sent.map_err(|error| Failure::settling(format!("tell that {effect}"), error))?;
        self.write_down(&before, effect)
    }

    /// Takes steps of the client library on a network, and writes them down as one.
    pub fn act<T>(
        &mut self,
        network: Address,
        effect: impl Into<String>,
        action: impl FnOnce(&mut NetworkClient<'_, Metered<EmbeddedLedger>>) -> Result<T, ReadError>,
    ) -> Result<T, Failure> {
        let before = self.before()?;
        let effect = effect.into();
        let done = action(&mut NetworkClient::new(&mut self.ledger, &self.operator, network));
        let done = done.map_err(|error| Failure::settling(format!("tell that {effect}"), error))?;
        self.write_down(&before, effect)?;
        Ok(done)
    }

    /// Sends a transaction that is refused with exactly this error, and writes that down.
    pub fn refused(
        &mut self,
        expected: StipendError,
        tried: impl Into<String>,
        payer: &Keypair,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<(), Failure> {
        let tried = tried.into();
        let before = self.wallets_lamports()?;
        let result = self.ledger.send(payer, instructions, signers);
        let number = u32::from(expected);
        let message = match result {
            Err(LedgerError::Refused { code: Some(code), reason, .. }) if code == number => reason,
            Err(error) => return Err(Failure::settling(format!("tell that it is refused when {tried}"), error)),
            Ok(_) => {
                let cause = format!("it was not, and {} was expected", expected.name());
                return Err(Failure::new(ExitKind::Bug, format!("tell that it is refused when {tried}"), cause));
            }
        };
        // What is refused costs its fee all the same.
        let fee_lamports = before.saturating_sub(self.wallets_lamports()?);
        self.fees_lamports += fee_lamports;
        self.steps.push(Step {
            step: self.steps.len() + 1,
            chapter: self.chapter,
            instruction: transaction_name(instructions).to_owned(),
            transactions: 0,
            compute_units: 0,
            fee_lamports,
            deposit_lamports: 0,
            effect: tried,
            refused: Some(Refusal { number, name: expected.name(), message }),
        });
        Ok(())
    }

    /// Says what the last step did, where only its accounts tell.
    pub fn tell_last(&mut self, effect: String) {
        if let Some(step) = self.steps.last_mut() {
            step.effect = effect;
        }
    }

    /// Writes something down that needs no transaction.
    pub fn note(&mut self, what: &str, effect: impl Into<String>) {
        self.steps.push(Step {
            step: self.steps.len() + 1,
            chapter: self.chapter,
            instruction: what.to_owned(),
            transactions: 0,
            compute_units: 0,
            fee_lamports: 0,
            deposit_lamports: 0,
            effect: effect.into(),
            refused: None,
        });
    }

    fn before(&mut self) -> Result<Before, Failure> {
        Ok(Before { costs: self.ledger.costs().to_vec(), wallets_lamports: self.wallets_lamports()? })
    }

    fn write_down(&mut self, before: &Before, effect: String) -> Result<(), Failure> {
        let (mut names, mut transactions, mut compute_units, mut fee_lamports) = (Vec::new(), 0, 0, 0);
        for cost in self.ledger.costs() {
            let old = before.costs.iter().find(|old| old.instruction == cost.instruction);
            let count = cost.count - old.map_or(0, |old| old.count);
            if count > 0 {
                names.push(cost.instruction);
                transactions += count;
                compute_units += cost.total_compute_units - old.map_or(0, |old| old.total_compute_units);
                fee_lamports += cost.fee_lamports - old.map_or(0, |old| old.fee_lamports);
            }
        }
        if transactions == 0 {
            return Ok(());
        }
        let spent = before.wallets_lamports as i64 - self.wallets_lamports()? as i64;
        self.fees_lamports += fee_lamports;
        self.steps.push(Step {
            step: self.steps.len() + 1,
            chapter: self.chapter,
            instruction: names.join(" + "),
            transactions,
            compute_units,
            fee_lamports,
            deposit_lamports: spent - fee_lamports as i64,
            effect,
            refused: None,
        });
        Ok(())
    }

    /// Sets the clock to `secs` after the end of an epoch.
    pub fn warp_behind(&mut self, epoch: u32, secs: u32) {
        let end = GENESIS + (i64::from(epoch) + 1) * i64::from(EPOCH_SECS);
        self.ledger.ledger_mut().warp_to(end + i64::from(secs));
    }

    pub fn network(&mut self, network: Address) -> Result<Network, Failure> {
        self.reader(network).network().map_err(|error| Failure::settling("read the network", error))
    }

    pub fn reader(&mut self, network: Address) -> Reader<'_, Metered<EmbeddedLedger>> {
        Reader::new(&mut self.ledger, network)
    }

    pub fn shards(&mut self, network: Address) -> Result<Vec<ShardState>, Failure> {
        self.reader(network).shards().map_err(|error| Failure::settling("read the shards", error))
    }

    pub fn slot(&mut self, network: Address, shard: u32, slot: u16) -> Result<Slot, Failure> {
        let state = self.reader(network).shard(shard).map_err(|error| Failure::settling("read a shard", error))?;
        let missing = || Failure::new(ExitKind::Bug, "read a shard", format!("it has no slot {slot}"));
        state.slots.get(usize::from(slot)).copied().ok_or_else(missing)
    }

    /// Atoms of an owner's token account.
    pub fn atoms(&mut self, owner: &Address) -> Result<u64, Failure> {
        let token = address::associated_token(owner, &self.mint, &TOKEN_PROGRAM);
        let found = self.ledger.account(&token).map_err(|error| Failure::settling("read an account", error))?;
        found.map_or(Ok(0), |found| {
            account::token_atoms(&found.data).map_err(|error| Failure::new(ExitKind::Bug, "read an account", error))
        })
    }

    /// A batch that is all of an oracle's report of a shard.
    pub fn batch(
        &mut self,
        network: Address,
        oracle: &str,
        shard: u32,
        epoch: u32,
        measure: Measure,
    ) -> Result<ReportBatch, Failure> {
        let domain = self.network(network)?.domain;
        let state = self.reader(network).shard(shard).map_err(|error| Failure::settling("read a shard", error))?;
        let slots = (0u16..).take(state.slots.len());
        let entries: Vec<_> = slots.map(|slot| measure(oracle, shard, slot)).collect();
        let batches = cut(domain, epoch, &entries, RELAYED_NODES);
        batches.into_iter().next().ok_or_else(|| Failure::new(ExitKind::Bug, "measure", "a shard has no batch"))
    }

    /// An oracle's signature of a batch.
    pub fn sign(&self, network: Address, oracle: &str, shard: u32, batch: &ReportBatch) -> SignedBatch {
        let signing = ed25519_dalek::SigningKey::from_bytes(key(oracle).secret_bytes());
        SignedBatch::new(&signing, &network, &address::shard(&network, shard), batch)
    }

    /// Oracles report every shard, each in transactions of its own.
    pub fn report(
        &mut self,
        network: Address,
        oracles: &[&str],
        epoch: u32,
        effect: impl Into<String>,
        measure: Measure,
    ) -> Result<(), Failure> {
        let shards = self.shards(network)?;
        self.act(network, effect, |client| {
            for oracle in oracles {
                for shard in &shards {
                    let slots = (0u16..).take(shard.slots.len());
                    let entries: Vec<_> = slots.map(|slot| measure(oracle, shard.header.index, slot)).collect();
                    client.report(&key(oracle), &shard.address, epoch, &entries)?;
                }
            }
            Ok(())
        })
    }

    /// Scores, judges, closes and settles an epoch.
    pub fn finish(&mut self, network: Address, epoch: u32) -> Result<(), Failure> {
        self.act(network, format!("all shards of epoch {epoch} are scored, judged and settled"), |client| {
            client.score(epoch)?;
            client.judge(epoch)?;
            client.close()?;
            client.settle()
        })?;
        Ok(())
    }

    /// All accounts of both networks, as they are now.
    pub fn accounts(&mut self) -> Result<Snapshot, Failure> {
        let mut snapshot = Snapshot::default();
        let owners: Vec<_> = OWNERS.iter().map(|owner| key(owner).pubkey()).collect();
        for network in [self.first, self.second] {
            let copied = self.reader(network).copy_to(&mut snapshot, &owners);
            copied.map_err(|error| Failure::settling("read the accounts", error))?;
        }
        Ok(snapshot)
    }

    pub fn into_steps(self) -> Vec<Step> {
        self.steps
    }
}
