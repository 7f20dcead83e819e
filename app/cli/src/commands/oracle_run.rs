//! `stipend oracle run`

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

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
use crate::service::{kind_of, wait_for_cluster, Rest, RestArgs, Stop};
use crate::source::{EpochClock, SourceArgs, SourceWorker};
use stipend_oracle::{
    Ends, Journal, JournalError, JournalIdentity, Memory, OracleRunner, PlacesArgs, PlacesError, Role, RunError,
    RunnerOptions, Tick,
};

const DOING: &str = "run the oracle";

/// What the help says below the options.
const RULES: &str =
    "When an epoch is over, what the source knows of it is signed, kept in the journal, and then sent. Each epoch is signed \
    once: after a crash the same bytes are sent again. NEVER run one key with two journals, and never remove a journal of epochs \
    that are still reported: two values signed for one slot forfeit the oracle's bond, whoever made the mistake. A source that \
    has nothing is asked again until the report window is nearly over; then the epoch is skipped, and never signed as \"not \
    measured\". Skipped and missed epochs are logged as errors and counted. SIGINT and SIGTERM end it between two steps, with \
    exit code 0. With --once, exit code 4 says that the network does not let the oracle report, or that something is not there.";

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
    /// Epochs that are done and kept in the journal, and in the log of --probe
    #[arg(long, value_name = "EPOCHS", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
    keep: u16,
    /// Ask the source again if the number of nodes with a value falls by more than this from one epoch to the next, and sign it
    /// only when the report window is nearly over; 100 is never
    #[arg(long, value_name = "PERCENT", default_value_t = 50, value_parser = clap::value_parser!(u8).range(0..=100))]
    max_drop_percent: u8,
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
    let mut ledger = args.cluster.connect_until(stop.flag())?;
    let (registry, metrics) = OracleMetrics::register();
    args.metrics.serve(registry).map_err(|error| Failure::usage("serve the metrics", error))?;
    let role = if args.sign_only { Role::Sign } else { Role::Both };
    let mut waiting = Waiting { stop: stop.clone(), rest: args.rest.rest(), once: args.once, metrics: metrics.clone() };
    let Some((journal, known)) = waiting.for_journal(|| {
        let journal = Journal::open(&args.journal, role)?;
        let known = journal.identity()?;
        Ok((journal, known))
    })?
    else {
        return Ok(());
    };
    // A prober is at work whether or not the cluster answers: the journal remembers when the network's epochs are.
    let source = known.map(|known| start(&args.source, &known.clock)).transpose()?;
    let found = wait_for_cluster(&stop, &mut waiting.rest, args.once, || args.network.read(&mut ledger))?;
    let Some((network, state)) = found else {
        return Ok(());
    };
    let oracle = Address::from(key.verifying_key().to_bytes());
    let clock = EpochClock { genesis: state.genesis, epoch_secs: state.epoch_secs };
    let identity = JournalIdentity { network, oracle, domain: state.domain, clock };
    if waiting.for_journal(|| journal.claim(&identity))?.is_none() {
        return Ok(());
    }
    let source = match source {
        Some(source) => source,
        None => start(&args.source, &clock)?,
    };
    tracing::info!("oracle {oracle} of network {network}, paid by {}", payer.pubkey());

    let mut runner = OracleRunner {
        network,
        key,
        ends,
        journal,
        source,
        places,
        metrics,
        stop: stop.clone(),
        options: RunnerOptions {
            settle_secs: args.source.settle_secs(),
            keep_epochs: args.keep.into(),
            max_drop_percent: args.max_drop_percent,
        },
        memory: Memory::default(),
    };
    while !stop.is_asked() {
        let sleep = match runner.tick(&mut ledger, &payer) {
            Ok(Tick::Worked | Tick::Measuring) => continue,
            Ok(Tick::Idle { .. }) if args.once => break,
            Ok(Tick::Idle { now, next }) => {
                note_balance(&mut ledger, &payer, &runner.metrics);
                waiting.rest.until(now, next)
            }
            Err(error) => waiting.after(error)?,
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
    if let Some(standing) = runner.standing().filter(|standing| args.once && standing.is_fault()) {
        return Err(Failure::new(ExitKind::Refused, DOING, standing.to_string()));
    }
    if args.once && !args.sign_only && !summary.pending_epochs.is_empty() {
        let cause = format!("epochs {:?} are signed and not there; the log says why", summary.pending_epochs);
        return Err(Failure::new(ExitKind::Refused, DOING, cause));
    }
    Ok(())
}

/// Opens the source, and starts what it does by itself.
fn start(source: &SourceArgs, clock: &EpochClock) -> Result<SourceWorker, Failure> {
    let doing = "open the source";
    let opened = source.open(clock).map_err(|error| Failure::usage(doing, error))?;
    SourceWorker::start(opened).map_err(|error| Failure::usage(doing, error))
}

/// What waits after a failure that may be over by itself.
struct Waiting {
    stop: Stop,
    rest: Rest,
    once: bool,
    metrics: OracleMetrics,
}

impl Waiting {
    /// How long to wait after an error.
    ///
    /// Errors: what no waiting mends, and with `--once` any error.
    fn after(&mut self, error: RunError) -> Result<Duration, Failure> {
        let is_passing = !matches!(&error, RunError::Journal(error) if !error.is_passing());
        let kind = match &error {
            RunError::Read(error) | RunError::Places(PlacesError::Read(error)) => kind_of(error),
            RunError::Places(PlacesError::Partial { .. }) => "account",
            RunError::Journal(_) => "disk",
        };
        self.metrics.service.note_error(kind);
        if self.once || !is_passing {
            return Err(match error {
                RunError::Read(error) | RunError::Places(PlacesError::Read(error)) => Failure::settling(DOING, error),
                RunError::Places(error) => Failure::new(ExitKind::Cluster, DOING, error),
                RunError::Journal(error) => Failure::usage(DOING, error),
            });
        }
        let sleep = self.rest.after_failure();
        tracing::warn!("{}; trying again in {} s", Failure::usage(DOING, error), sleep.as_secs());
        Ok(sleep)
    }

    /// Tries something with the journal until the disk lets it. `None`: somebody ended the program before.
    fn for_journal<T>(&mut self, mut act: impl FnMut() -> Result<T, JournalError>) -> Result<Option<T>, Failure> {
        while !self.stop.is_asked() {
            match act() {
                Ok(done) => return Ok(Some(done)),
                Err(error) => {
                    let sleep = self.after(error.into())?;
                    self.stop.wait(sleep);
                }
            }
        }
        Ok(None)
    }
}

fn note_balance(ledger: &mut RpcLedger, payer: &Keypair, metrics: &OracleMetrics) {
    // If the cluster is lost, the next look says so.
    if let Ok(found) = ledger.account(&payer.pubkey()) {
        metrics.service.set_balance(found.map_or(0, |found| found.lamports));
    }
}
