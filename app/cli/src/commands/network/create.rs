//! `stipend network create`

use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer as _;
use stipend_client::address::TOKEN_2022;
use stipend_client::ledger::Ledger;
use stipend_client::program::constants::MAX_SHARD_SLOTS;
use stipend_client::program::instructions::NetworkParams;
use stipend_client::reader::Reader;
use stipend_client::{address, instruction};

use super::genesis::Genesis;
use super::mint;
use super::rules::{DecayArgs, RulesArgs};
use super::view::{domain_text, RulesView};
use crate::cluster::{AuthorityArgs, Done, SessionArgs, Step};
use crate::failure::{ExitKind, Failure};
use crate::figure::{grouped, utc};
use crate::keypair_file::{generate_key, read_keypair};
use stipend_client::rules::{default_emission, default_rules, Template};
use stipend_client::unit::{unit_text, Unit};

const DOING: &str = "create the network";

/// What the help says below the options.
const NOTES: &str = "Where nothing is named: reports are taken for half an epoch, scores for seven; uptime and bandwidth weigh the same; \
    below 50 % of uptime nothing scores; bandwidth counts up to 1,000,000; no boosts; a tolerance of 5 %; a quorum of 2, enough \
    for three oracles; no registrar, bonds, mint limit or decay; 8 empty epochs in a row are carried.\n\n\
    With the first network of a mint, the mint's authority moves to the program: from then on only claims mint.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
#[command(group(clap::ArgGroup::new("which_mint").required(true).args(["mint", "create_mint"])))]
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
    #[arg(long, value_name = "SLOTS", default_value_t = MAX_SHARD_SLOTS)]
    shard_capacity: u16,
    /// What bandwidth is measured in: 1 to 16 printable ASCII characters [default: the template's, or kbit/s]
    #[arg(long, value_name = "LABEL")]
    unit: Option<Unit>,
    /// Rules that suit a service; each can be named otherwise
    #[arg(long, value_name = "SERVICE", help_heading = "Rules")]
    template: Option<TemplateArg>,
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
    session: SessionArgs,
}

/// A service that a network pays for.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum TemplateArg {
    /// Being up
    Uptime,
    /// A link's measured bandwidth, and a little for being up
    Bandwidth,
    /// Each mebibyte delivered, at a price
    DeliveredData,
    /// Each minute that a GPU was lent, at a price
    GpuHours,
}

impl TemplateArg {
    /// The rules that suit it.
    pub fn template(self) -> Template {
        match self {
            Self::Uptime => Template::Uptime,
            Self::Bandwidth => Template::Bandwidth,
            Self::DeliveredData => Template::DeliveredData,
            Self::GpuHours => Template::GpuHours,
        }
    }
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
    let mut session = args.session.open(DOING)?;
    let authority = args.authority.read(&session.payer)?;
    let Plan { mint, mint_key, step } = args.plan(&mut session.ledger, &session.payer.pubkey(), &authority.pubkey())?;
    let signers: Vec<_> = [&authority].into_iter().chain(&mint_key).collect();
    let done = session.carry_out(&[step], &signers)?;

    let network = address::network(&mint, args.id);
    let domain = if done.sent {
        let read = Reader::new(&mut session.ledger, network).network();
        let read = read.map_err(|error| Failure::settling("read the new network", error))?;
        Some(domain_text(&read.domain))
    } else {
        None
    };
    let outcome = Outcome { network: network.to_string(), mint: mint.to_string(), domain, done };
    session.print(stdout, &outcome, |out| {
        writeln!(out, "Network  {}", outcome.network)?;
        writeln!(out, "Mint     {}", outcome.mint)?;
        match &outcome.domain {
            Some(domain) => writeln!(out, "Domain   {domain}"),
            None => writeln!(out, "Nothing was sent"),
        }
    })
}

/// What is to be done.
struct Plan {
    mint: Address,
    /// Of a mint that is to be made.
    mint_key: Option<Keypair>,
    step: Step,
}

impl Args {
    fn plan(&self, ledger: &mut impl Ledger, payer: &Address, authority: &Address) -> Result<Plan, Failure> {
        let mint_key = if self.mint.is_some() { None } else { Some(self.mint_key()?) };
        let mut instructions = Vec::new();
        let (mint, token_program, supply_atoms) = match (self.mint, &mint_key) {
            (None, Some(key)) => {
                let program = self.token_program();
                instructions.extend(mint::create(ledger, payer, key, authority, &program, self.decimals)?);
                (key.pubkey(), program, 0)
            }
            (mint, _) => {
                let mint = mint.unwrap_or_default();
                let (program, found) = mint::read(ledger, &mint)?;
                (mint, program, found.supply_atoms)
            }
        };
        let now = ledger.now().map_err(|error| Failure::settling(DOING, error))?;
        let params = self.params(now, supply_atoms)?;
        let rules = RulesView::new(0, &params.policy, &params.emission);
        for (name, value) in rules.lines(&unit_text(&params.unit)) {
            eprintln!("  {name:<22} {value}");
        }
        let effect = self.effect(&mint, &params);
        instructions.push(instruction::create_network(payer, authority, &mint, &token_program, params));
        Ok(Plan { mint, mint_key, step: Step::new(effect, instructions) })
    }

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

    fn unit(&self, template: Option<Template>) -> Result<Unit, Failure> {
        let default = template.map_or("kbit/s", |template| template.unit());
        self.unit.map_or_else(|| default.parse().map_err(|error| Failure::usage(DOING, error)), Ok)
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
        let template = self.template.map(TemplateArg::template);
        let rules = template.map_or_else(|| default_rules(self.epoch_secs), |template| template.rules(self.epoch_secs));
        let policy = self.rules.apply_to(rules);
        if template.is_some_and(|template| template.has_price()) && policy.max_reward_atoms == 0 {
            let cause = "this template pays a price, and the ceiling is it; pass --max-reward-atoms, what a node earns that delivers \
                         the whole --bandwidth-cap in an epoch";
            return Err(Failure::usage(DOING, cause));
        }
        Ok(NetworkParams {
            id: self.id,
            genesis: self.genesis.at(now),
            epoch_secs: self.epoch_secs,
            shard_capacity: self.shard_capacity,
            unit: self.unit(template)?.to_bytes(),
            guardian: self.guardian,
            cap_atoms,
            policy,
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
            utc(params.genesis),
            grouped(params.cap_atoms),
        )
    }
}

#[cfg(all(test, feature = "demo"))]
pub(super) mod tests {
    use clap::Parser;
    use stipend_client::embedded::EmbeddedLedger;
    use stipend_client::program::state::{EmissionParams, Network};

    use super::*;
    use stipend_demo::embedded_ledger;

    #[derive(Parser)]
    struct Only {
        #[command(flatten)]
        args: Args,
    }

    const NOW: i64 = 1_700_000_000;

    /// A VM with a network as these options say, its address, and the key that created it.
    pub fn opened(options: &[&str]) -> (EmbeddedLedger, Address, Keypair) {
        let all = [&["create", "--create-mint", "--emission-atoms", "1000"], options].concat();
        let args = Only::try_parse_from(all).expect("options").args;
        let mut ledger = embedded_ledger(NOW).expect("a VM");
        let payer = Keypair::new_from_array([7; 32]);
        ledger.airdrop(&payer.pubkey(), 10_000_000_000).expect("lamports");
        let plan = args.plan(&mut ledger, &payer.pubkey(), &payer.pubkey()).expect("a plan");
        let key = plan.mint_key.expect("a key");
        ledger.send(&payer, &plan.step.instructions, &[&key]).expect("created");
        (ledger, address::network(&plan.mint, 0), payer)
    }

    /// A network's account, as these options say, and the program that its mint belongs to.
    pub fn created(options: &[&str]) -> (Network, Address) {
        let (mut ledger, address, _) = opened(options);
        let network = Reader::new(&mut ledger, address).network().expect("a network");
        (network, mint::read(&mut ledger, &network.mint).expect("a mint").0)
    }

    #[test]
    fn a_network_and_its_mint_are_made_at_once_in_both_token_programs() {
        let (network, owner) = created(&["--genesis", "+300"]);
        let (newer, newer_owner) = created(&["--token-2022"]);

        assert_eq!((owner, network.token_program), (spl_token_interface::ID, spl_token_interface::ID));
        assert_eq!((newer_owner, newer.token_program), (TOKEN_2022, TOKEN_2022));
        assert_eq!(network.genesis, 1_700_000_300);
        assert_eq!(network.policy.params(), default_rules(86_400));
        // All that a mint can hold.
        assert_eq!(network.emission.cap_atoms, u64::MAX);
    }

    #[test]
    fn what_is_named_is_what_the_network_has() {
        let options = "--genesis 2023-11-15T00:00:00Z --epoch-secs 3600 --shard-capacity 8 --unit GPU-hours --cap-atoms 5000 \
                       --decay-bps 100 --decay-every-epochs 10 --carry-epochs 3 --quorum 3 --report-secs 60 --score-secs 4000 \
                       --oracle-bond-lamports 9 --mint-limit-atoms 2000";
        let options: Vec<_> = options.split_whitespace().collect();

        let (network, ..) = created(&options);

        // 2023-11-15 is day 19,676 since 1970.
        assert_eq!(network.genesis, 19_676 * 86_400);
        assert_eq!((network.epoch_secs, network.shard_capacity, network.emission.cap_atoms), (3_600, 8, 5_000));
        assert_eq!(&network.unit, b"GPU-hours\0\0\0\0\0\0\0");
        let emission =
            EmissionParams { per_epoch_atoms: 1_000, decay_bps: 100, decay_every_epochs: 10, carry_epochs: 3 };
        assert_eq!(network.policy.emission_params(), emission);
        let rules = network.policy.params();
        assert_eq!((rules.quorum, rules.report_secs, rules.score_secs), (3, 60, 4_000));
        assert_eq!((rules.oracle_bond_lamports, rules.mint_limit_atoms), (9, 2_000));
    }
}
