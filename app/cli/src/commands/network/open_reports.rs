//! `stipend network open-reports`

use std::io::Write;

use serde::Serialize;
use solana_address::Address;
use stipend_client::instruction;
use stipend_client::ledger::{pack, Ledger as _, Part, TransactionFormat};
use stipend_client::reports::{missing_reports, reporting_oracles};

use crate::cluster::{Done, NetworkArgs, SessionArgs, Step};
use crate::failure::Failure;
use crate::figure::counted;

const DOING: &str = "open the reports";

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
    let missing = missing_reports(&mut session.ledger, &address, &network, &reporting_oracles(&network))
        .map_err(|error| Failure::settling(DOING, error))?;
    let steps = steps(session.ledger.transaction_format(), &session.payer_address(), &address, &missing);
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

/// What opens these reports.
pub fn steps(
    format: TransactionFormat,
    payer: &Address,
    network: &Address,
    missing: &[(Address, Address)],
) -> Vec<Step> {
    let open = |(shard, oracle): &(Address, Address)| vec![instruction::open_report(payer, network, shard, oracle)];
    let step = |some: Vec<Part>| {
        Step::new(format!("open {}", counted(some.len() as u64, "report")), some.concat()).in_any_order()
    };
    pack(format, payer, missing.iter().map(open).collect()).into_iter().map(step).collect()
}
