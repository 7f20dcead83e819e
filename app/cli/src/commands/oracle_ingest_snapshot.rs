//! `stipend oracle ingest-snapshot`

use std::path::PathBuf;

use crate::failure::Failure;
use crate::ingest::{BadRows, UnixTime, InstantError, Skipped, Snapshot, SnapshotColumns, ZoneRule};
use crate::measurement_output::write_measurements;

const DOING: &str = "ingest the snapshot";

/// What the help says below the options.
const RULES: &str =
    "The epoch is the time before the snapshot. A node was up from the later of its boot and the epoch's start, to \
    the snapshot if it is online, else to when it was last seen; its uptime is 0 if that is no time at all. \
    Bandwidth is not measured.";

#[derive(Debug, clap::Args)]
#[command(after_help = RULES)]
pub struct Args {
    /// One row a node, with a header
    #[arg(value_name = "CSV")]
    snapshot: PathBuf,
    /// The measurement file to make; replaced if it exists
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// When the snapshot was taken: RFC 3339 with an offset, or Unix seconds
    #[arg(long, value_name = "TIME", value_parser = parse_instant)]
    snapshot_time: UnixTime,
    /// The node
    #[arg(long, value_name = "NAME", default_value = "node")]
    node_column: String,
    /// Whether it is there: `true` or `false`
    #[arg(long, value_name = "NAME", default_value = "online")]
    online_column: String,
    /// When it was started last
    #[arg(long, value_name = "NAME", default_value = "booted")]
    booted_column: String,
    /// When it was there last
    #[arg(long, value_name = "NAME", default_value = "last_seen")]
    last_seen_column: String,
    /// The length of the epoch, which ends with the snapshot
    #[arg(long, value_name = "SECS", default_value_t = 86_400)]
    epoch_secs: u32,
    /// The number of the epoch
    #[arg(long, value_name = "EPOCH", default_value_t = 0)]
    epoch: u32,
    /// Take times without an offset for UTC
    #[arg(long)]
    assume_utc: bool,
    /// Leave out rows that can't be read, and count them on stderr
    #[arg(long)]
    skip_bad_rows: bool,
}

fn parse_instant(text: &str) -> Result<UnixTime, InstantError> {
    UnixTime::parse(text, ZoneRule::OffsetRequired)
}

pub fn run(args: &Args) -> Result<(), Failure> {
    let columns = SnapshotColumns {
        node: args.node_column.clone(),
        online: args.online_column.clone(),
        booted: args.booted_column.clone(),
        last_seen: args.last_seen_column.clone(),
    };
    let mut snapshot = Snapshot::new(args.snapshot_time, args.epoch_secs, ZoneRule::from_assume_utc(args.assume_utc))
        .map_err(|error| Failure::usage(DOING, error))?;
    let mut skipped = Skipped::default();
    let rows_read = snapshot
        .add_file(&args.snapshot, &columns, BadRows::from_skip(args.skip_bad_rows), &mut skipped)
        .map_err(|error| Failure::usage(DOING, error))?;
    let contradictions = snapshot.contradictions();
    let measurements = snapshot.into_measurements(args.epoch).map_err(|error| Failure::usage(DOING, error))?;

    eprint!("{skipped}");
    if contradictions > 0 {
        eprintln!(
            "nodes seen in the epoch, but booted after they were last seen, and so credited with 0: {contradictions}"
        );
    }
    write_measurements(&measurements, rows_read, std::slice::from_ref(&args.snapshot), &args.out)
}
