//! `stipend oracle measure`

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use stipend_client::measurement::Measurements;

use crate::failure::{ExitKind, Failure};
use crate::ingest::UnixTime;
use crate::output_file::{write_output_file, Existing, Privacy};
use crate::source::{EpochClock, EpochSpan, Remark, SourceArgs, SourceError};

const DOING: &str = "measure the epoch";
/// How long the source may take.
const PATIENCE: Duration = Duration::from_secs(3_600);
/// Remarks that are printed; of the others, how many there are.
const MAX_REMARKS: usize = 20;

/// What the help says below the options.
const RULES: &str =
    "A gap in the source is \"not measured\", never \"down\": an epoch is cut into windows, and a window without a sample \
    counts neither for a node nor against it. An epoch that is not over is waited for. What is measured is exactly what \
    `stipend oracle run` would sign with the same source and options.";

#[derive(Debug, clap::Args)]
#[command(after_help = RULES)]
pub struct Args {
    /// The epoch to measure
    #[arg(long, value_name = "EPOCH")]
    epoch: u32,
    /// Measure all epochs from --epoch to this one, into one file; an epoch that the source has nothing of is left out
    #[arg(long, value_name = "EPOCH")]
    last_epoch: Option<u32>,
    /// The first moment of epoch 0: RFC 3339 with an offset, or Unix seconds
    #[arg(long, value_name = "TIME", value_parser = UnixTime::parse_unix_secs, allow_hyphen_values = true)]
    genesis: i64,
    /// The length of an epoch
    #[arg(long, value_name = "SECS", default_value_t = 86_400, value_parser = clap::value_parser!(u32).range(1..))]
    epoch_secs: u32,
    /// The measurement file to make; replaced if it exists
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    source: SourceArgs,
}

pub fn run(args: &Args) -> Result<(), Failure> {
    let clock = EpochClock { genesis: args.genesis, epoch_secs: args.epoch_secs };
    let last = args.last_epoch.unwrap_or(args.epoch);
    if last < args.epoch {
        return Err(Failure::usage(DOING, format!("--last-epoch {last} is before --epoch {}", args.epoch)));
    }
    if args.source.would_read(&args.out) {
        let cause = format!("the source reads `{}`, or the folder it is in; choose another name", args.out.display());
        return Err(Failure::usage("write the measurement file", cause));
    }
    let mut source = args.source.open(&clock).map_err(|error| Failure::usage(DOING, error))?;
    let (mut rows, mut nothing) = (Vec::new(), None);
    for epoch in args.epoch..=last {
        let span = clock.span(epoch);
        wait_for(&span, args.source.settle_secs())?;
        match source.measure(&span, Instant::now() + PATIENCE).and_then(|measured| measured.or_nothing(epoch)) {
            Ok(measured) => {
                print_remarks(&measured.remarks);
                if last > args.epoch {
                    eprintln!("epoch {epoch}: nodes measured: {}", measured.rows.len());
                }
                rows.extend(measured.rows);
            }
            Err(error @ SourceError::Nothing { .. }) if last > args.epoch => {
                eprintln!("{error}");
                nothing = Some(error);
            }
            Err(error) => return Err(Failure::usage(DOING, error)),
        }
    }
    if let (true, Some(error)) = (rows.is_empty(), nothing) {
        return Err(Failure::usage(DOING, error));
    }
    let measurements = Measurements::from_rows(rows).map_err(|error| Failure::new(ExitKind::Bug, DOING, error))?;
    write_output_file(&args.out, Privacy::Everybody, Existing::Replace, |output| measurements.write_to(output))
        .map_err(|error| Failure::usage("write the measurement file", error))?;
    let (count, out) = (measurements.rows().len(), args.out.display());
    if last > args.epoch {
        eprintln!("epochs {} to {last}: measurements: {count}, written to `{out}`", args.epoch);
    } else {
        eprintln!("epoch {last}: nodes measured: {count}, written to `{out}`");
    }
    Ok(())
}

/// Waits until the epoch is over, and until its last samples have had the time to come in.
fn wait_for(span: &EpochSpan, settle_secs: u32) -> Result<(), Failure> {
    let settled = u64::try_from(span.end).unwrap_or(0).saturating_add(u64::from(settle_secs));
    let mut is_said = false;
    loop {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_err(|_| Failure::usage(DOING, "this machine's clock is before 1970; set it"))?;
        let Some(left) = Duration::from_secs(settled).checked_sub(now).filter(|left| !left.is_zero()) else {
            return Ok(());
        };
        if !is_said {
            eprintln!("epoch {} can be measured in {} s; waiting", span.epoch, left.as_secs() + 1);
            is_said = true;
        }
        // In short sleeps, as the clock may be set meanwhile.
        thread::sleep(left.min(Duration::from_secs(1)));
    }
}

fn print_remarks(remarks: &[Remark]) {
    for remark in remarks.iter().take(MAX_REMARKS) {
        eprintln!("{remark}");
    }
    if let Some(more) = remarks.len().checked_sub(MAX_REMARKS).filter(|more| *more > 0) {
        eprintln!("{more} remarks more");
    }
}
