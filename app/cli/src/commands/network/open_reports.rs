//! `stipend network open-reports`

use std::io::{self, Write};

use serde::Serialize;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer as _;
use stipend_client::ledger::Accounts;
use stipend_client::program::state::Network;
use stipend_client::reader::{ReadError, Reader};
use stipend_client::{address, instruction};

use crate::cluster::{carry_out, ClusterArgs, ConsentArgs, Done, NetworkArgs, PayerArgs, Step};
use crate::failure::Failure;
use crate::figure::counted;
use crate::print::{print, Format};

const DOING: &str = "open the reports";
/// Reports that one transaction opens: as many as are sure to fit.
const AT_ONCE: usize = 6;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Every oracle that measures the open epoch or a later one needs a report of each shard with a node that may earn; its rent is paid \
                  once."
)]
pub struct Args {
    #[command(flatten)]
    network: NetworkArgs,
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
    /// Reports that were missing.
    missing: usize,
    done: Done,
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    args.consent.check(DOING)?;
    args.output.check_no_list()?;
    let payer = args.payer.read(&args.cluster)?;
    let mut ledger = args.cluster.connect()?;
    let address = args.network.find(&mut ledger)?;
    let read = Reader::new(&mut ledger, address).network();
    let network = read.map_err(|error| Failure::settling(DOING, error))?;
    let missing = missing_reports(&mut ledger, &address, &network).map_err(|error| Failure::settling(DOING, error))?;
    let steps = steps(&payer.pubkey(), &address, &missing);
    let done = carry_out(&mut ledger, &payer, DOING, &steps, &[], &args.consent)?;
    let outcome = Outcome { network: address.to_string(), missing: missing.len(), done };
    print(stdout, args.output, &outcome, |out: &mut dyn Write| -> io::Result<()> {
        writeln!(out, "Network  {}", outcome.network)?;
        match (outcome.missing as u64, outcome.done.sent) {
            (0, _) => writeln!(out, "Every report is open"),
            (missing, true) => writeln!(out, "Opened {}", counted(missing, "report")),
            (missing, false) => writeln!(out, "{} not open; nothing was sent", counted(missing, "report")),
        }
    })
}

/// Shard and oracle of each report that is needed and not there.
pub fn missing_reports(
    accounts: &mut impl Accounts,
    network_address: &Address,
    network: &Network,
) -> Result<Vec<(Address, Address)>, ReadError> {
    let mut oracles: Vec<Address> = Vec::new();
    for oracle in &network.oracles.entries {
        if network.oracles.has(&oracle.key, network.open_epoch) && !oracles.contains(&oracle.key) {
            oracles.push(oracle.key);
        }
    }
    let shards = Reader::new(accounts, *network_address).first_shards(network.shard_count)?;
    let awake = shards.iter().filter(|shard| !shard.header.is_dormant());
    let pairs: Vec<_> = awake.flat_map(|shard| oracles.iter().map(|oracle| (shard.address, *oracle))).collect();
    let reports: Vec<_> = pairs.iter().map(|(shard, oracle)| address::report(shard, oracle)).collect();
    let found = accounts.accounts(&reports)?;
    // Lamports that somebody sent there are no report.
    let is_open = |found: &Option<solana_account::Account>| {
        found.as_ref().is_some_and(|found| found.owner == stipend_client::program::ID)
    };
    Ok(pairs.into_iter().zip(&found).filter(|(_, found)| !is_open(found)).map(|(pair, _)| pair).collect())
}

/// What opens these reports.
pub fn steps(payer: &Address, network: &Address, missing: &[(Address, Address)]) -> Vec<Step> {
    let open = |(shard, oracle): &(Address, Address)| -> Instruction {
        instruction::open_report(payer, network, shard, oracle)
    };
    let step = |some: &[(Address, Address)]| {
        Step::new(format!("open {}", counted(some.len() as u64, "report")), some.iter().map(open).collect())
    };
    missing.chunks(AT_ONCE).map(step).collect()
}
