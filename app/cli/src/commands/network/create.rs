//! `stipend network create`

use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer as _;
use stipend_client::ledger::Ledger as _;
use stipend_client::program::instructions::NetworkParams;
use stipend_client::reader::Reader;
use stipend_client::{address, instruction};

use super::genesis::Genesis;
use super::mint::{self, TOKEN_2022};
use super::rules::{default_emission, default_rules, DecayArgs, RulesArgs};
use super::view::NetworkView;
use crate::cluster::{carry_out, AuthorityArgs, ClusterArgs, ConsentArgs, Done, PayerArgs, Step};
use crate::demo::Unit;
use crate::failure::{ExitKind, Failure};
use crate::figure::grouped;
use crate::keypair_file::{generate_key, read_keypair};
use crate::print::{print, Format};

const DOING: &str = "create the network";

/// What the help says below the options.
const NOTES: &str = "Where nothing is named: reports are taken for half an epoch, scores for seven; uptime and bandwidth weigh the same; \
    below 50 % of uptime nothing scores; bandwidth counts up to 1,000,000; no boosts; a tolerance of 5 %; a quorum of 2, enough \
    for three oracles; no registrar, bonds, mint limit or decay; 8 empty epochs in a row are carried.\n\n\
    With the first network of a mint, the mint's authority moves to the program: from then on only claims mint.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
#[command(group(clap::ArgGroup::new("which mint").required(true).args(["mint", "create_mint"])))]
pub struct Args {
    /// The mint of the rewards, whose authority signs
    #[arg(long, value_name = "ADDRESS")]
    mint: Option<Address>,
    /// Make a mint in the same transaction
    #[arg(long)]
    create_mint: bool,
    /// Decimals of the new mint
    #[arg(long, value_name = "DECIMALS", default_value_t = 9, conflicts_with = "mint")]
    decimals: u8,
    /// The new mint belongs to Token-2022
    #[arg(long, conflicts_with = "mint")]
    token_2022: bool,
    /// Key file of the new mint, which gives it its address [default: a new key, which nobody needs later]
    #[arg(long, value_name = "FILE", conflicts_with = "mint")]
    mint_key: Option<PathBuf>,
    /// Number among the networks of the mint; another one than 0 takes a share of network 0's supply cap
    #[arg(long, value_name = "ID", default_value_t = 0)]
    id: u16,
    /// The first moment of epoch 0: RFC 3339 with an offset, Unix seconds, or `+SECONDS` from now
    #[arg(long, value_name = "TIME", default_value = "+300", value_parser = Genesis::parse, allow_hyphen_values = true)]
    genesis: Genesis,
    /// The length of an epoch
    #[arg(long, value_name = "SECS", default_value_t = 86_400)]
    epoch_secs: u32,
    /// Slots of a shard
    #[arg(long, value_name = "SLOTS", default_value_t = 1_024)]
    shard_capacity: u16,
    /// What bandwidth is measured in: 1 to 16 printable ASCII characters
    #[arg(long, value_name = "LABEL", default_value = "kbit/s")]
    unit: Unit,
    /// Who may pause and not resume
    #[arg(long, value_name = "ADDRESS")]
    guardian: Option<Address>,
    /// What may ever be emitted [default: all that the mint can still hold; to be named for another network than 0]
    #[arg(long, value_name = "ATOMS")]
    cap_atoms: Option<u64>,
    /// What an epoch emits, before any decay
    #[arg(long, value_name = "ATOMS", help_heading = "Emission")]
    emission_atoms: u64,
    #[command(flatten)]
    decay: DecayArgs,
    #[command(flatten)]
    rules: RulesArgs,
    #[command(flatten)]
    authority: AuthorityArgs,
    #[command(flatten)]
    payer: PayerArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
    #[command(flatten)]
    consent: ConsentArgs,
    /// What to print on stdout
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

/// The JSON object; its fields are documented in `app/cli/README.md`.
#[derive(Debug, Serialize)]
struct Outcome {
    network: String,
    mint: String,
    /// None if nothing was sent.
    domain: Option<String>,
    done: Done,
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    args.consent.check(DOING)?;
    let payer = args.payer.read(&args.cluster)?;
    let authority = args.authority.read(&payer)?;
    let mut ledger = args.cluster.connect()?;
    let (new_mint, mint, token_program, supply_atoms) = match args.mint {
        Some(address) => {
            let (token_program, found) = mint::read(&mut ledger, &address)?;
            (None, address, token_program, found.supply_atoms)
        }
        None => {
            let key = args.mint_key()?;
            let address = key.pubkey();
            (Some(key), address, args.token_program(), 0)
        }
    };
    let now = ledger.now().map_err(|error| Failure::settling(DOING, error))?;
    let params = args.params(now, supply_atoms)?;
    let mut instructions = Vec::new();
    if let Some(key) = &new_mint {
        let create =
            mint::create(&mut ledger, &payer.pubkey(), key, &authority.pubkey(), &token_program, args.decimals)?;
        instructions.extend(create);
    }
    let effect = args.effect(&mint, &params);
    let create = instruction::create_network(&payer.pubkey(), &authority.pubkey(), &mint, &token_program, params);
    instructions.push(create);
    let signers: Vec<_> = [&authority].into_iter().chain(&new_mint).collect();
    let done = carry_out(&mut ledger, &payer, DOING, &[Step::new(effect, instructions)], &signers, &args.consent)?;

    let network = address::network(&mint, args.id);
    let domain = if done.sent {
        let read = Reader::new(&mut ledger, network).network();
        let read = read.map_err(|error| Failure::settling("read the new network", error))?;
        Some(NetworkView::new(&network, &read).domain)
    } else {
        None
    };
    let outcome = Outcome { network: network.to_string(), mint: mint.to_string(), domain, done };
    print(stdout, args.output, &outcome, |out: &mut dyn Write| -> io::Result<()> {
        writeln!(out, "Network  {}", outcome.network)?;
        writeln!(out, "Mint     {}", outcome.mint)?;
        match &outcome.domain {
            Some(domain) => writeln!(out, "Domain   {domain}"),
            None => writeln!(out, "Nothing was sent"),
        }
    })
}

impl Args {
    fn mint_key(&self) -> Result<Keypair, Failure> {
        let doing = "make the mint's key";
        match &self.mint_key {
            Some(path) => read_keypair(path).map_err(|error| Failure::usage("read the mint's key", error)),
            None => {
                let key = generate_key().map_err(|error| Failure::new(ExitKind::Bug, doing, error.to_string()))?;
                Ok(Keypair::new_from_array(key.to_bytes()))
            }
        }
    }

    fn token_program(&self) -> Address {
        if self.token_2022 {
            TOKEN_2022
        } else {
            spl_token_interface::ID
        }
    }

    /// - `now`: of the cluster's clock; `supply_atoms`: of the mint.
    fn params(&self, now: i64, supply_atoms: u64) -> Result<NetworkParams, Failure> {
        let cap_atoms = match (self.cap_atoms, self.id) {
            (Some(cap_atoms), _) => cap_atoms,
            (None, 0) => u64::MAX - supply_atoms,
            (None, _) => {
                return Err(Failure::usage(DOING, "its share of the supply cap is to be named; pass --cap-atoms"));
            }
        };
        Ok(NetworkParams {
            id: self.id,
            genesis: self.genesis.at(now),
            epoch_secs: self.epoch_secs,
            shard_capacity: self.shard_capacity,
            unit: self.unit.to_bytes(),
            guardian: self.guardian,
            cap_atoms,
            policy: self.rules.apply_to(default_rules(self.epoch_secs)),
            emission: self.decay.apply_to(default_emission(self.emission_atoms)),
        })
    }

    fn effect(&self, mint: &Address, params: &NetworkParams) -> String {
        let made = if self.create_mint { format!("make the mint {mint} and ") } else { String::new() };
        let moved = if self.id == 0 { "; its authority moves to the program" } else { "" };
        format!(
            "{made}create network {} on mint {mint}: {} atoms an epoch of {} s from {} on, at most {} atoms ever{moved}",
            self.id,
            grouped(params.emission.per_epoch_atoms),
            grouped(params.epoch_secs.into()),
            params.genesis,
            grouped(params.cap_atoms),
        )
    }
}
