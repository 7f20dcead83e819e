//! `stipend oracle run`

use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer as _;
use stipend_client::ledger::Accounts as _;
use stipend_client::rpc::RpcLedger;

use crate::cluster::{ClusterArgs, NamedNetworkArgs};
use crate::failure::{ExitKind, Failure};
use crate::keypair_file::{read_key, read_keypair};
use crate::print::{print, Format};
use crate::service::metrics::{MetricsArgs, OracleMetrics};
use crate::service::{kind_of, wait_for_cluster, RestArgs, Stop};
use crate::source::{EpochClock, SourceArgs};
use stipend_oracle::{Ends, Journal, OracleRunner, PlacesArgs, Role, RunError, Tick};

const DOING: &str = "run the oracle";

/// What the help says below the options.
const RULES: &str =
    "When an epoch is over, what the source knows of it is signed, kept in the journal, and then sent. Each epoch is signed \
    once: after a crash the same bytes are sent again. NEVER run one key with two journals, and never remove a journal of epochs \
    that are still reported: two values signed for one slot forfeit the oracle's bond, whoever made the mistake. Epochs whose \
    report window closed meanwhile are lost, and are said. SIGINT and SIGTERM end it between two steps, with exit code 0.";

#[derive(Debug, clap::Args)]
#[command(after_help = RULES)]
pub struct Args {
    /// The oracle's key, as `stipend oracle keygen` makes it
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The folder that keeps what was signed; made if it is missing
    #[arg(long, value_name = "FOLDER")]
    journal: PathBuf,
    /// The oracle's key pays its transactions itself; that is the default
    #[arg(long, group = "ends")]
    signed: bool,
    /// Key file that pays the transactions instead of the oracle's key
    #[arg(long, value_name = "FILE", group = "ends")]
    relayed_by: Option<PathBuf>,
    /// Send nothing: `stipend oracle relay` takes the journal's files to the cluster
    #[arg(long, group = "ends")]
    sign_only: bool,
    /// Do all that is due now, and end
    #[arg(long)]
    once: bool,
    /// Epochs that are done and kept in the journal
    #[arg(long, value_name = "EPOCHS", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
    keep: u16,
    #[command(flatten)]
    source: SourceArgs,
    #[command(flatten)]
    places: PlacesArgs,
    #[command(flatten)]
    rest: RestArgs,
    #[command(flatten)]
    metrics: MetricsArgs,
    #[command(flatten)]
    network: NamedNetworkArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
    /// What to print on stdout at the end
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

/// The JSON object; its fields are documented in `app/cli/README.md`.
#[derive(Debug, Serialize)]
struct Summary {
    network: String,
    oracle: String,
    newest_epoch: Option<u32>,
    pending_epochs: Vec<u32>,
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    args.output.check_no_list()?;
    let usage = |error: Box<dyn std::error::Error + Send + Sync>| Failure::usage(DOING, error);
    let key = read_key(&args.key).map_err(|error| usage(error.into()))?;
    let own = || Keypair::new_from_array(key.to_bytes());
    let (ends, payer) = match (&args.relayed_by, args.sign_only) {
        (Some(path), _) => (Ends::Relay, read_keypair(path).map_err(|error| usage(error.into()))?),
        (None, true) => (Ends::SignOnly, own()),
        (None, false) => (Ends::Pay(Box::new(own())), own()),
    };
    let places = args.places.read()?;
    let stop = Stop::listen().map_err(|error| usage(error.into()))?;
    let mut ledger = args.cluster.connect()?;
    let (registry, metrics) = OracleMetrics::register();
    args.metrics.serve(registry).map_err(|error| Failure::usage("serve the metrics", error))?;
    let mut rest = args.rest.rest();
    let found = wait_for_cluster(&stop, &mut rest, args.once, || args.network.read(&mut ledger))?;
    let Some((network, state)) = found else {
        return Ok(());
    };
    let oracle = Address::from(key.verifying_key().to_bytes());
    let role = if args.sign_only { Role::Sign } else { Role::Both };
    let journal =
        Journal::open(&args.journal, role, &network, &oracle).map_err(|error| Failure::usage(DOING, error))?;
    let clock = EpochClock { genesis: state.genesis, epoch_secs: state.epoch_secs };
    let source = args.source.open(&clock).map_err(|error| Failure::usage("open the source", error))?;
    tracing::info!("oracle {oracle} of network {network}, paid by {}", payer.pubkey());
    if !state.oracles.has(&oracle, state.open_epoch) {
        tracing::warn!("the network has no such oracle; it begins to report once the authority has added it");
    }

    let mut runner = OracleRunner {
        network,
        key,
        ends,
        journal,
        source,
        places,
        metrics,
        settle_secs: args.source.settle_secs(),
        keep_epochs: args.keep.into(),
        looked_until: 0,
        send_at: i64::MIN,
        measure_at: i64::MIN,
        awaited_epoch: None,
    };
    while !stop.is_asked() {
        let sleep = match runner.tick(&mut ledger, &payer) {
            Ok(Tick::Worked) => continue,
            Ok(Tick::Idle { .. }) if args.once => break,
            Ok(Tick::Idle { now, next }) => {
                note_balance(&mut ledger, &payer, &runner.metrics);
                rest.until(now, next)
            }
            Err(RunError::Journal(error)) => return Err(Failure::usage(DOING, error)),
            Err(RunError::Read(error)) => {
                runner.metrics.service.note_error(kind_of(&error));
                if args.once {
                    return Err(Failure::settling(DOING, error));
                }
                let sleep = rest.after_failure();
                tracing::warn!("{error}; trying again in {} s", sleep.as_secs());
                sleep
            }
        };
        stop.wait(sleep);
    }
    let journal = |error| Failure::usage(DOING, error);
    let summary = Summary {
        network: network.to_string(),
        oracle: oracle.to_string(),
        newest_epoch: runner.journal.newest().map_err(journal)?,
        pending_epochs: runner.journal.pending().map_err(journal)?,
    };
    print(stdout, args.output, &summary, |out: &mut dyn Write| {
        let newest = summary.newest_epoch.map_or_else(|| "none".to_owned(), |epoch| epoch.to_string());
        writeln!(out, "newest epoch in the journal: {newest}; signed and not there: {:?}", summary.pending_epochs)
    })?;
    if args.once && !args.sign_only && !summary.pending_epochs.is_empty() {
        let cause = format!("epochs {:?} are signed and not there; the log says why", summary.pending_epochs);
        return Err(Failure::new(ExitKind::Refused, DOING, cause));
    }
    Ok(())
}

fn note_balance(ledger: &mut RpcLedger, payer: &Keypair, metrics: &OracleMetrics) {
    // If the cluster is lost, the next look says so.
    if let Ok(found) = ledger.account(&payer.pubkey()) {
        metrics.service.set_balance(found.map_or(0, |found| found.lamports));
    }
}
