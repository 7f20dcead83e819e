//! `stipend oracle relay`

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use solana_address::Address;
use stipend_client::batch::{self, SignedBatch};
use stipend_client::relay::{look, relay, Arrival, Relayed, Witness};

use crate::cluster::{ClusterArgs, PayerArgs};
use crate::failure::{ExitKind, Failure};
use crate::figure::{counted, sol};
use crate::print::{print, Format};
use crate::progress::Progress;

const DOING: &str = "relay the signed batches";

/// What the help says below the options.
const RULES: &str =
    "It looks at the reports first, opens those that are missing, and sends only what is not there: the same command again goes \
    on where the last one stopped, and once all is there it sends nothing. Exit code 4 if the program refuses a batch; the \
    others are sent all the same.";

#[derive(Debug, clap::Args)]
#[command(after_help = RULES)]
pub struct Args {
    /// Signed batches, as `stipend oracle sign` makes them, or the journal of `stipend oracle run`
    #[arg(value_name = "FILE|JOURNAL")]
    batches: PathBuf,
    /// Only look what is there, and send nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    payer: PayerArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
    /// What to print on stdout
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

/// The JSON object; its fields are documented in `app/cli/README.md`.
#[derive(Debug, Serialize)]
struct Outcome {
    batches: usize,
    arrived: usize,
    passed: usize,
    missing: usize,
    reports_opened: usize,
    sent: usize,
    refused: Vec<Refusal>,
    compute_units: u64,
    fee_lamports: u64,
}

#[derive(Debug, Serialize)]
struct Refusal {
    batch: usize,
    shard: String,
    epoch: Option<u32>,
    first_slot: Option<u16>,
    reason: String,
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    args.output.check_no_list()?;
    let batches = read(&args.batches)?;
    let payer = args.payer.read(&args.cluster)?;
    let mut ledger = args.cluster.connect()?;
    let settling = |error| Failure::settling(DOING, error);

    let mut outcome = Outcome {
        batches: batches.len(),
        arrived: 0,
        passed: 0,
        missing: 0,
        reports_opened: 0,
        sent: 0,
        refused: Vec::new(),
        compute_units: 0,
        fee_lamports: 0,
    };
    if args.dry_run {
        let arrivals = look(&mut ledger, &batches).map_err(settling)?;
        let count = |wanted| arrivals.iter().filter(|arrival| **arrival == wanted).count();
        outcome.arrived = count(Arrival::Arrived);
        outcome.passed = count(Arrival::Passed);
        outcome.missing = count(Arrival::Missing);
    } else {
        let progress = Progress::begin("relaying batches", batches.len() as u64);
        let mut dealt_before = 0;
        // A report holds one epoch: an earlier one comes first, or it could never come.
        for (places, batches) in by_epoch(&batches) {
            let relayed = relay(&mut ledger, &payer, &batches, Witness::Batch, |dealt| {
                progress.set((dealt_before + dealt) as u64);
            });
            outcome.add(&places, &batches, relayed.map_err(settling)?);
            dealt_before += batches.len();
        }
    }
    print(stdout, args.output, &outcome, |out: &mut dyn Write| -> io::Result<()> {
        let Outcome { batches, arrived, passed, missing, sent, reports_opened, .. } = &outcome;
        writeln!(
            out,
            "{}: {arrived} there before, {sent} sent, {missing} missing, {passed} passed by a later epoch, {} refused; \
             reports opened: {reports_opened}; fees {}",
            counted(*batches as u64, "batch"),
            outcome.refused.len(),
            sol(outcome.fee_lamports)
        )
    })?;
    if outcome.passed > 0 {
        tracing::warn!(
            "reports of {} batches hold a later epoch already; these can't be sent any more",
            outcome.passed
        );
    }
    match outcome.refused.first() {
        Some(first) => {
            let cause = format!(
                "{} of {} refused; the first is batch {} (shard {}, epoch {}, from slot {} on): {}",
                outcome.refused.len(),
                outcome.batches,
                first.batch,
                first.shard,
                first.epoch.map_or_else(|| "?".to_owned(), |epoch| epoch.to_string()),
                first.first_slot.map_or_else(|| "?".to_owned(), |slot| slot.to_string()),
                first.reason
            );
            Err(Failure::new(ExitKind::Refused, DOING, cause))
        }
        None => Ok(()),
    }
}

/// The batches of a file; of a folder, those of all its files of signed batches whose epoch is not done.
fn read(path: &Path) -> Result<Vec<SignedBatch>, Failure> {
    let failed = |path: &Path, error: &dyn Display| Failure::usage(DOING, format!("`{}`: {error}", path.display()));
    let mut files = Vec::new();
    if path.is_dir() {
        for entry in fs::read_dir(path).map_err(|error| failed(path, &error))? {
            let file = entry.map_err(|error| failed(path, &error))?.path();
            let is_batches = file.extension().is_some_and(|extension| extension == "batches");
            if is_batches && !file.with_extension("done").exists() {
                files.push(file);
            }
        }
        files.sort();
    } else {
        files.push(path.to_owned());
    }
    let mut batches = Vec::new();
    for file in &files {
        let open = File::open(file).map_err(|error| failed(file, &error))?;
        batches.extend(batch::read(BufReader::new(open)).map_err(|error| failed(file, &error))?);
    }
    Ok(batches)
}

/// The batches of each epoch, in ascending order, with their places in the file.
fn by_epoch(batches: &[SignedBatch]) -> Vec<(Vec<usize>, Vec<SignedBatch>)> {
    let mut epochs: BTreeMap<u32, (Vec<usize>, Vec<SignedBatch>)> = BTreeMap::new();
    for (place, batch) in batches.iter().enumerate() {
        // What is no report at all comes last; the program says what is wrong with it.
        let epoch = batch.args().map_or(u32::MAX, |args| args.epoch);
        let (places, of_epoch) = epochs.entry(epoch).or_default();
        places.push(place);
        of_epoch.push(batch.clone());
    }
    epochs.into_values().collect()
}

impl Outcome {
    fn add(&mut self, places: &[usize], batches: &[SignedBatch], relayed: Relayed) {
        self.arrived += relayed.arrived;
        self.passed += relayed.passed;
        self.reports_opened += relayed.opened;
        self.sent += relayed.sent;
        self.compute_units += relayed.compute_units;
        self.fee_lamports += relayed.fee_lamports;
        for (place, error) in relayed.refused {
            let batch = batches.get(place);
            let args = batch.and_then(SignedBatch::args);
            self.refused.push(Refusal {
                batch: places.get(place).copied().unwrap_or_default(),
                shard: batch.map(|batch| Address::from(batch.shard).to_string()).unwrap_or_default(),
                epoch: args.as_ref().map(|args| args.epoch),
                first_slot: args.as_ref().map(|args| args.first_slot),
                reason: error.to_string(),
            });
        }
    }
}
