//! `stipend crank run`

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use solana_keypair::Keypair;
use solana_signer::Signer as _;
use stipend_client::crank::{Crank, CrankOptions, Openings, Outcome, Step, Task};
use stipend_client::ledger::{Accounts as _, LedgerError};
use stipend_client::reader::ReadError;
use stipend_client::rpc::RpcLedger;

use crate::cluster::{ClusterArgs, NamedNetworkArgs, PayerArgs};
use crate::failure::{ExitKind, Failure};
use crate::figure::{counted, sol};
use crate::print::{print, Format};
use crate::service::metrics::{CrankMetrics, MetricsArgs};
use crate::service::{kind_of, wait_for_cluster, Rest, RestArgs, Stop};

const DOING: &str = "keep the network going";

/// What the help says below the options.
const RULES: &str =
    "It does what can be done at the moment, and sleeps until there is more. Any number of cranks may run for a network: what \
    another one did first is no failure. An unreachable cluster, a payer without lamports and a paused network are waited \
    out. SIGINT and SIGTERM end it between two steps, with exit code 0.";

#[derive(Debug, clap::Args)]
#[command(after_help = RULES)]
pub struct Args {
    /// Do all that is due now, and end
    #[arg(long)]
    once: bool,
    /// Have everybody paid who has a token account
    #[arg(long)]
    claim: bool,
    /// With --claim: open token accounts that are missing, once for an owner ever; FILE remembers whose, and is made if it is
    /// missing
    #[arg(long, value_name = "FILE", requires = "claim")]
    open_token_accounts: Option<PathBuf>,
    /// Rent that may be paid for token accounts on a day in UTC; one of SPL Token takes about 0.001 to 0.002 SOL
    #[arg(long, value_name = "LAMPORTS", default_value_t = 50_000_000, requires = "open_token_accounts")]
    open_lamports_a_day: u64,
    /// With --claim: leave what an owner has accrued in a shard until it is at least so much
    #[arg(long, value_name = "ATOMS", default_value_t = 1, requires = "claim")]
    claim_from: u64,
    /// Open the reports that oracles will need; the payer pays their rent, about 0.027 SOL for 600 nodes
    #[arg(long)]
    open_reports: bool,
    #[command(flatten)]
    rest: RestArgs,
    #[command(flatten)]
    metrics: MetricsArgs,
    #[command(flatten)]
    network: NamedNetworkArgs,
    #[command(flatten)]
    payer: PayerArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
    /// What to print on stdout at the end
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

/// The JSON object; its fields are documented in `app/cli/README.md`.
#[derive(Debug, Default, Serialize)]
struct Summary {
    network: String,
    open_epoch: u32,
    settled: usize,
    scored: usize,
    closed: usize,
    judged: usize,
    reports_opened: usize,
    claims: usize,
    claims_without_token_account: usize,
    outrun: usize,
    refused: usize,
    fee_lamports: u64,
}

impl Summary {
    fn note(&mut self, step: &Step) {
        self.open_epoch = step.network.open_epoch;
        self.claims_without_token_account = step.unopened;
        for (task, outcome) in &step.outcomes {
            let count = match outcome {
                Outcome::Done(receipt) => {
                    self.fee_lamports = self.fee_lamports.saturating_add(receipt.fee_lamports);
                    match task {
                        Task::Settle { .. } => &mut self.settled,
                        Task::Score { .. } => &mut self.scored,
                        Task::Close { .. } => &mut self.closed,
                        Task::Judge { .. } => &mut self.judged,
                        Task::OpenReport { .. } => &mut self.reports_opened,
                        Task::Claim { .. } => &mut self.claims,
                    }
                }
                Outcome::Outrun(_) => &mut self.outrun,
                Outcome::Refused(_) => &mut self.refused,
                Outcome::Lost(_) => continue,
            };
            *count += 1;
        }
    }
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    args.output.check_no_list()?;
    let payer = args.payer.read(&args.cluster)?;
    let openings = args.open_token_accounts.as_ref().map(|path| Openings::read(path, args.open_lamports_a_day));
    let openings = openings.transpose().map_err(|error| Failure::usage(DOING, error))?;
    let stop = Stop::listen().map_err(|error| Failure::usage(DOING, error))?;
    let mut ledger = args.cluster.connect_until(stop.flag())?;
    let (registry, metrics) = CrankMetrics::register();
    args.metrics.serve(registry).map_err(|error| Failure::usage("serve the metrics", error))?;
    let mut rest = args.rest.rest();
    let Some((network, _)) = wait_for_cluster(&stop, &mut rest, args.once, || args.network.read(&mut ledger))? else {
        return Ok(());
    };
    let options = CrankOptions {
        claim_from_atoms: args.claim.then_some(args.claim_from),
        open_reports: args.open_reports,
        all_reports: args.once,
    };
    tracing::info!("crank of network {network}, paid by {}", payer.pubkey());

    let mut crank = Crank::new(network, options);
    if let Some(openings) = openings {
        crank = crank.with_openings(openings);
    }
    let mut summary = Summary { network: network.to_string(), ..Summary::default() };
    while !stop.is_asked() {
        let stepped = crank.step(&mut ledger, &payer);
        let lost = match &stepped {
            Ok(step) => {
                summary.note(step);
                metrics.note(step, crank.held());
                tell(step);
                step.outcomes.iter().find_map(|(_, outcome)| match outcome {
                    Outcome::Lost(error) => Some(error.to_string()),
                    _ => None,
                })
            }
            Err(_) => None,
        };
        let sleep = match stepped {
            Ok(step) if lost.is_none() => {
                if !step.outcomes.is_empty() {
                    continue;
                }
                if args.once {
                    break;
                }
                note_balance(&mut ledger, &payer, &metrics);
                rest.until(step.now, step.next)
            }
            Ok(step) => {
                let error = step.outcomes.into_iter().find_map(|(_, outcome)| match outcome {
                    Outcome::Lost(error) => Some(error),
                    _ => None,
                });
                let error = error.unwrap_or(LedgerError::NotExecuted { reason: "nothing is known of it".to_owned() });
                fail(args, error.into(), &mut rest, &metrics)?
            }
            Err(error) => fail(args, error, &mut rest, &metrics)?,
        };
        stop.wait(sleep);
    }
    finish(args, &summary, crank.held(), stdout)
}

/// Says what went wrong, and how long it is waited out; whoever asked for one pass is told at once.
fn fail(args: &Args, error: ReadError, rest: &mut Rest, metrics: &CrankMetrics) -> Result<Duration, Failure> {
    metrics.service.note_error(kind_of(&error));
    if args.once {
        return Err(Failure::settling(DOING, error));
    }
    let sleep = rest.after_failure();
    tracing::warn!("{error}; trying again in {} s", sleep.as_secs());
    Ok(sleep)
}

fn note_balance(ledger: &mut RpcLedger, payer: &Keypair, metrics: &CrankMetrics) {
    // If the cluster is lost, the next step says so.
    if let Ok(found) = ledger.account(&payer.pubkey()) {
        metrics.service.set_balance(found.map_or(0, |found| found.lamports));
    }
}

fn tell(step: &Step) {
    for (task, outcome) in &step.outcomes {
        match outcome {
            Outcome::Done(receipt) => tracing::info!("{task}: done, {} compute units", receipt.compute_units),
            Outcome::Outrun(error) => tracing::debug!("{task}: another one was faster: {error}"),
            Outcome::Refused(error) => tracing::warn!("{task}: {error}; trying again later"),
            Outcome::Lost(error) => tracing::debug!("{task}: {error}"),
        }
    }
}

fn finish(args: &Args, summary: &Summary, held: usize, stdout: &mut dyn Write) -> Result<(), Failure> {
    print(stdout, args.output, summary, |out: &mut dyn Write| -> io::Result<()> {
        let Summary { scored, judged, closed, settled, claims, .. } = summary;
        writeln!(
            out,
            "scored {scored}, judged {judged}, closed {closed}, settled {settled}, claimed {claims}; fees {}; open epoch {}",
            sol(summary.fee_lamports),
            summary.open_epoch
        )
    })?;
    if args.once && held > 0 && summary.refused > 0 {
        let cause = format!("{} refused; the log says which and why", counted(held as u64, "step"));
        return Err(Failure::new(ExitKind::Refused, DOING, cause));
    }
    Ok(())
}
