//! The VM with a network on it, and the steps that people take there.

use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer as _;
use stipend_client::batch::{cut, SignedBatch, RELAYED_NODES};
use stipend_client::embedded::EmbeddedLedger;
use stipend_client::instruction::instruction_name;
use stipend_client::ledger::{Accounts as _, Ledger as _, LedgerError};
use stipend_client::metered::Metered;
use stipend_client::network_client::NetworkClient;
use stipend_client::program::ID;
use stipend_client::reader::Reader;
use stipend_client::reader::{ReadError, ShardState};
use stipend_client::slots::{Place, Slots};
use stipend_client::snapshot::Snapshot;
use stipend_client::{account, address, instruction};

use super::cost::{Costs, Instruction, PerNodeEpoch, Rent};
use super::key::demo_key;
use super::outcome::{Balance, EpochOutcome, NetworkFacts, NodeFacts, NodeOutcome, OracleFacts, Outcome};
use super::progress::Progress;
use super::rules::Rules;
use super::scenario::Scenario;
use crate::failure::{ExitKind, Failure};
use crate::program::embedded_ledger;
use crate::token::DECIMALS;
use stipend_client::unit::unit_text;

const TOKEN_PROGRAM: Address = spl_token_interface::ID;
/// How long before the genesis the network is made.
const LEAD_SECS: i64 = 3_600;
const LAMPORTS_PER_SOL: u64 = 1_000_000_000;
/// What the wallet that pays rents is given: enough for 20 million nodes.
const PAYER_LAMPORTS: u64 = 100_000 * LAMPORTS_PER_SOL;
/// What an oracle, or a relayer, is given for fees.
const FEES_LAMPORTS: u64 = 1_000 * LAMPORTS_PER_SOL;

/// A node's keys and its place.
struct Member {
    device: Keypair,
    owner: Address,
    place: Place,
}

/// The VM with a network on it.
pub struct Stage<'a> {
    ledger: Metered<EmbeddedLedger>,
    scenario: &'a Scenario,
    rules: Rules,
    /// Pays for everything but reports, and is the mint's and the network's authority.
    payer: Keypair,
    relayer: Keypair,
    oracles: Vec<Keypair>,
    mint: Address,
    network: Address,
    /// In the order of the scenario's nodes.
    members: Vec<Member>,
    slots: Slots,
}

impl<'a> Stage<'a> {
    /// A fresh VM, mint and network, with the scenario's oracles.
    pub fn new(scenario: &'a Scenario, rules: Rules) -> Result<Self, Failure> {
        let ledger = embedded_ledger(rules.genesis.saturating_sub(LEAD_SECS))?;
        let mint_key = demo_key("mint", "");
        let mint = mint_key.pubkey();
        let oracles: Vec<_> = (0..scenario.oracles.len()).map(|place| demo_key("oracle", &place.to_string())).collect();
        let mut stage = Self {
            ledger: Metered::new(ledger),
            scenario,
            rules,
            payer: demo_key("payer", ""),
            relayer: demo_key("relayer", ""),
            oracles,
            mint,
            network: address::network(&mint, 0),
            members: Vec::new(),
            slots: Slots::default(),
        };
        for (wallet, lamports) in stage.wallets() {
            let given = stage.ledger.ledger_mut().airdrop(&wallet, lamports);
            given.map_err(|error| Failure::settling("give the wallets lamports", error))?;
        }
        stage.create_mint(&mint_key).map_err(|error| Failure::settling("create the mint", error))?;
        stage.create_network()?;
        Ok(stage)
    }

    /// Who pays, and what they are given.
    fn wallets(&self) -> Vec<(Address, u64)> {
        let oracles = self.oracles.iter().map(|oracle| (oracle.pubkey(), FEES_LAMPORTS));
        [(self.payer.pubkey(), PAYER_LAMPORTS), (self.relayer.pubkey(), FEES_LAMPORTS)]
            .into_iter()
            .chain(oracles)
            .collect()
    }

    fn create_mint(&mut self, mint: &Keypair) -> Result<(), LedgerError> {
        let authority = self.payer.pubkey();
        let rent_lamports = self.ledger.rent_lamports(instruction::MINT_BYTES)?;
        let create =
            instruction::create_mint(&authority, &mint.pubkey(), &authority, &TOKEN_PROGRAM, DECIMALS, rent_lamports);
        self.ledger.send(&self.payer, &create, &[mint]).map(drop)
    }

    fn create_network(&mut self) -> Result<(), Failure> {
        let authority = self.payer.pubkey();
        let params = self.rules.to_params();
        let create = instruction::create_network(&authority, &authority, &self.mint, &TOKEN_PROGRAM, params);
        let created = self.ledger.send(&self.payer, &[create], &[]);
        created.map_err(|error| Failure::settling("create the network", error))?;
        for (oracle, named) in self.oracles.iter().zip(&self.scenario.oracles) {
            let add = instruction::add_oracle(&authority, &authority, &self.network, &oracle.pubkey());
            let added = self.ledger.send(&self.payer, &[add], &[]);
            added.map_err(|error| Failure::settling(format!("add the oracle of `{}`", named.file), error))?;
        }
        Ok(())
    }

    fn client(&mut self) -> NetworkClient<'_, Metered<EmbeddedLedger>> {
        NetworkClient::new(&mut self.ledger, &self.payer, self.network)
    }

    /// Registers every node, and opens the reports.
    pub fn register(&mut self) -> Result<(), Failure> {
        let progress = Progress::begin("registering nodes", self.scenario.nodes.len() as u64);
        for node in &self.scenario.nodes {
            let member = self
                .register_node(node)
                .map_err(|error| Failure::settling(format!("register node {node:?}"), error))?;
            self.slots
                .insert(node, member.place)
                .map_err(|error| Failure::new(ExitKind::Bug, "place a node", error))?;
            self.members.push(member);
            progress.advance();
        }
        self.client().open_reports(0).map_err(|error| Failure::settling("open the reports", error))?;
        Ok(())
    }

    fn register_node(&mut self, label: &str) -> Result<Member, ReadError> {
        let device = demo_key("device", label);
        let owner = demo_key("owner", label).pubkey();
        // Each instruction has a transaction of its own, so that its costs are its own.
        let plan = self.client().plan_registrations(&[device.pubkey()], None, &owner)?;
        for instruction in plan.in_order().flatten() {
            let is_registration = instruction_name(&instruction) == "register_node";
            let signers: &[&Keypair] = if is_registration { &[&device] } else { &[] };
            self.ledger.send(&self.payer, &[instruction], signers)?;
        }
        let node = self.client().node(&device.pubkey())?;
        Ok(Member { device, owner, place: Place { shard: node.shard.into(), slot: node.slot } })
    }

    /// Lets every epoch pass: report, score, close, settle.
    pub fn settle_epochs(&mut self) -> Result<Vec<EpochOutcome<'a>>, Failure> {
        let count = self.scenario.epoch_count();
        let progress = Progress::begin("settling epochs", u64::from(count));
        let mut epochs = Vec::new();
        for epoch in 0..count {
            epochs.push(self.settle_epoch(epoch)?);
            progress.advance();
        }
        Ok(epochs)
    }

    fn settle_epoch(&mut self, epoch: u32) -> Result<EpochOutcome<'a>, Failure> {
        let failed = |step: &str| {
            let doing = format!("{step} epoch {epoch}");
            move |error| Failure::settling(doing, error)
        };
        let ended = self.client().network().map_err(failed("begin"))?.schedule().checked_end(epoch);
        let ended =
            ended.ok_or_else(|| Failure::usage(format!("end epoch {epoch}"), "its end is past the end of time"))?;
        self.ledger.ledger_mut().warp_to(ended);

        for oracle in 0..self.oracles.len() {
            self.report(oracle, epoch)?;
        }
        self.client().score(epoch).map_err(failed("score"))?;
        let before = self.client().shards().map_err(failed("read"))?;
        self.client().close().map_err(failed("close"))?;
        self.client().settle().map_err(failed("settle"))?;
        let after = self.client().shards().map_err(failed("read"))?;
        let network = self.client().network().map_err(failed("read"))?;

        let unreadable =
            || Failure::new(ExitKind::Bug, format!("read epoch {epoch}"), "accounts contradict each other");
        let closed = network.ring.iter().find(|closed| closed.epoch == epoch).ok_or_else(unreadable)?;
        let nodes = self.scenario.nodes.iter().zip(&self.members).map(|(node, member)| {
            let (before, after) = (slot(&before, member.place)?, slot(&after, member.place)?);
            NodeOutcome::checked_new(node, before, after)
        });
        Ok(EpochOutcome {
            epoch,
            // An epoch in which nothing scored hands on all that it had.
            emission_atoms: if closed.total_score == 0 {
                network.emission.carried_atoms
            } else {
                closed.emission_atoms
            },
            total_score: closed.total_score,
            nodes: nodes.collect::<Option<_>>().ok_or_else(unreadable)?,
        })
    }

    /// One oracle reports every shard.
    fn report(&mut self, oracle: usize, epoch: u32) -> Result<(), Failure> {
        let (Some(key), Some(named)) = (self.oracles.get(oracle), self.scenario.oracles.get(oracle)) else {
            return Err(Failure::new(ExitKind::Bug, "report", "an oracle has no file"));
        };
        let doing = || format!("report `{}` of epoch {epoch}", named.file);
        let rows = named.measurements.epoch(epoch);
        let shards = self.slots.entries(rows).map_err(|error| Failure::new(ExitKind::Bug, doing(), error))?;
        let network = self.network;
        // The relayer pays where it relays; else each oracle pays for itself.
        let mut client = NetworkClient::new(&mut self.ledger, &self.relayer, network);
        for (index, entries) in shards {
            let shard = address::shard(&network, index);
            if !self.rules.is_relayed {
                let reported = client.report(key, &shard, epoch, &entries);
                reported.map_err(|error| Failure::settling(doing(), error))?;
                continue;
            }
            let signing = ed25519_dalek::SigningKey::from_bytes(key.secret_bytes());
            let domain = client.network().map_err(|error| Failure::settling(doing(), error))?.domain;
            for batch in cut(domain, epoch, &entries, RELAYED_NODES) {
                let signed = SignedBatch::new(&signing, &network, &shard, &batch);
                client.relay(&signed).map_err(|error| Failure::settling(doing(), error))?;
            }
        }
        Ok(())
    }

    /// Claims for every owner.
    pub fn claim(&mut self) -> Result<(), Failure> {
        let shards = self.client().shards().map_err(|error| Failure::settling("claim", error))?;
        let progress = Progress::begin("claiming shards", shards.len() as u64);
        for shard in &shards {
            let claimed = self.client().claim_shard(shard);
            claimed.map_err(|error| Failure::settling(format!("claim in shard {}", shard.header.index), error))?;
            progress.advance();
        }
        Ok(())
    }

    /// Every account of the network as it is now.
    pub fn accounts(&mut self) -> Result<Snapshot, Failure> {
        let (mut snapshot, network) = (Snapshot::default(), self.network);
        let copied = Reader::new(&mut self.ledger, network).copy_to(&mut snapshot, &[]);
        copied.map(|()| snapshot).map_err(|error| Failure::settling("read the accounts", error))
    }

    /// What it all came to.
    pub fn into_outcome(mut self, epochs: Vec<EpochOutcome<'a>>) -> Result<Outcome<'a>, Failure> {
        let failed = |error| Failure::settling("read the accounts", error);
        let facts = self.facts().map_err(failed)?;
        let (balances, token_accounts) = self.balances().map_err(failed)?;
        let costs = self.costs(token_accounts).map_err(failed)?;
        Ok(Outcome { network: facts, epochs, balances, costs })
    }

    fn facts(&mut self) -> Result<NetworkFacts<'a>, ReadError> {
        let network = self.client().network()?;
        let oracles = self.scenario.oracles.iter().zip(&self.oracles);
        let nodes = self.scenario.nodes.iter().zip(&self.members);
        Ok(NetworkFacts {
            program: ID.to_string(),
            mint: self.mint.to_string(),
            decimals: DECIMALS,
            address: self.network.to_string(),
            domain: network.domain.iter().map(|byte| format!("{byte:02x}")).collect(),
            genesis: network.genesis,
            epoch_secs: network.epoch_secs,
            quorum: network.policy.quorum,
            bandwidth_unit: unit_text(&network.unit),
            relayed: self.rules.is_relayed,
            oracles: oracles
                .map(|(named, key)| OracleFacts { file: &named.file, key: key.pubkey().to_string() })
                .collect(),
            shards: network.shard_count,
            nodes: nodes
                .map(|(node, member)| NodeFacts {
                    node,
                    device: member.device.pubkey().to_string(),
                    owner: member.owner.to_string(),
                    shard: member.place.shard,
                    slot: member.place.slot,
                })
                .collect(),
        })
    }

    /// What the owners' token accounts hold, and their rent. An owner who was never paid has none.
    fn balances(&mut self) -> Result<(Vec<Balance<'a>>, Rent), ReadError> {
        let mut balances = Vec::new();
        let mut rent = Rent::none("associated_token");
        for (node, member) in self.scenario.nodes.iter().zip(&self.members) {
            let address = address::associated_token(&member.owner, &self.mint, &TOKEN_PROGRAM);
            let atoms = match self.ledger.account(&address)? {
                None => 0,
                Some(found) => {
                    rent.add(found.data.len(), found.lamports);
                    account::token_atoms(&found.data).map_err(|source| ReadError::Decode { address, source })?
                }
            };
            balances.push(Balance { node, atoms });
        }
        Ok((balances, rent))
    }

    fn costs(&mut self, token_accounts: Rent) -> Result<Costs, ReadError> {
        let shards: Vec<_> = self.client().shards()?.iter().map(|shard| shard.address).collect();
        let reports = shards
            .iter()
            .flat_map(|shard| self.oracles.iter().map(|oracle| address::report(shard, &oracle.pubkey())))
            .collect();
        let directories = self.client().reader().directories()?.iter().map(|found| found.address).collect();
        let mut rents = Vec::new();
        for (kind, addresses) in [
            ("mint", vec![self.mint]),
            ("network", vec![self.network]),
            ("shard", shards),
            ("report", reports),
            ("directory", directories),
        ] {
            let mut rent = Rent::none(kind);
            for address in addresses {
                if let Some(found) = self.ledger.account(&address)? {
                    rent.add(found.data.len(), found.lamports);
                }
            }
            rents.push(rent);
        }
        rents.push(token_accounts);

        let mut paid_lamports = 0;
        for (wallet, given_lamports) in self.wallets() {
            let left_lamports = self.ledger.account(&wallet)?.map_or(0, |wallet| wallet.lamports);
            paid_lamports += given_lamports.saturating_sub(left_lamports);
        }
        let instructions: Vec<_> = self.ledger.costs().iter().map(Instruction::from).collect();
        let node_epochs = self.members.len() as u64 * u64::from(self.scenario.epoch_count());
        let per_node_epoch = PerNodeEpoch::new(&instructions, node_epochs);
        Ok(Costs { instructions, rents, node_epochs, per_node_epoch, paid_lamports })
    }
}

/// The slot of a place.
fn slot(shards: &[ShardState], place: Place) -> Option<&stipend_client::program::state::Slot> {
    shards.get(place.shard as usize)?.slots.get(usize::from(place.slot))
}
