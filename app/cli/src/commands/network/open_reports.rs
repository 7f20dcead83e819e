//! `stipend network open-reports`

use std::io::Write;

use serde::Serialize;
use solana_address::Address;
use solana_instruction::Instruction;
use stipend_client::ledger::Accounts;
use stipend_client::program::state::Network;
use stipend_client::reader::{ReadError, Reader};
use stipend_client::{instruction, settlement};

use crate::cluster::{Done, NetworkArgs, SessionArgs, Step};
use crate::failure::Failure;
use crate::figure::counted;

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
    session: SessionArgs,
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
    let mut session = args.session.open(DOING)?;
    let (address, network) = args.network.read(&mut session.ledger)?;
    let missing =
        missing_reports(&mut session.ledger, &address, &network).map_err(|error| Failure::settling(DOING, error))?;
    let steps = steps(&session.payer_address(), &address, &missing);
    let done = session.carry_out(&steps, &[])?;
    let outcome = Outcome { network: address.to_string(), missing: missing.len(), done };
    session.print(stdout, &outcome, |out| {
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
    let oracles = settlement::reporting_oracles(network);
    let shards = Reader::new(accounts, *network_address).shard_heads(network.shard_count)?;
    let awake: Vec<_> = shards.iter().filter(|shard| !shard.header.is_dormant()).map(|shard| shard.address).collect();
    Ok(settlement::missing_reports(accounts, &awake, &oracles)?)
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
