//! `stipend oracle ingest`

use std::path::PathBuf;

use stipend_client::measurement::check_node_label;

use crate::failure::{ExitKind, Failure};
use crate::ingest::{BadRows, Decimal, EpochGrid, UnixTime, NodeSource, SampleColumns, Samples, Skipped, ZoneRule};
use crate::measurement_output::write_measurements;

const DOING: &str = "ingest samples";

/// What the help says below the options.
const RULES: &str =
    "Uptime: the windows of an epoch that hold a value in the uptime column, of all its windows, in basis points, \
    floored. Bandwidth: the lower median of the epoch's values, times the scale, floored. An empty cell is no \
    sample; a node without a sample in an epoch is not measured in it. Values are decimal numbers from 0 on; white \
    space around a cell does not count.";

#[derive(Debug, clap::Args)]
#[command(after_help = RULES)]
#[command(group(clap::ArgGroup::new("values").required(true).multiple(true)))]
#[command(group(clap::ArgGroup::new("nodes").required(true)))]
pub struct Args {
    /// Files of raw samples, with a header
    #[arg(required = true, value_name = "CSV")]
    samples: Vec<PathBuf>,
    /// The measurement file to make; replaced if it exists
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// When a sample was taken: RFC 3339 with an offset, or Unix seconds
    #[arg(long, value_name = "NAME")]
    time_column: String,
    /// Of which node a sample was taken
    #[arg(long, value_name = "NAME", group = "nodes")]
    node_column: Option<String>,
    /// All samples are of this node
    #[arg(long, value_name = "LABEL", group = "nodes")]
    node: Option<String>,
    /// A value here says that the node was up; name the time column if every row says so
    #[arg(long, value_name = "NAME", group = "values", requires = "sample_secs")]
    uptime_column: Option<String>,
    /// The bandwidth that the node served
    #[arg(long, value_name = "NAME", group = "values")]
    bandwidth_column: Option<String>,
    /// How often uptime is sampled: the length of a window; it divides the epoch
    #[arg(long, value_name = "SECS", requires = "uptime_column")]
    sample_secs: Option<u32>,
    /// The length of an epoch
    #[arg(long, value_name = "SECS", default_value_t = 86_400)]
    epoch_secs: u32,
    /// The first moment of epoch 0: RFC 3339 with an offset, or Unix seconds
    #[arg(long, value_name = "TIME", value_parser = UnixTime::parse_unix_secs, allow_hyphen_values = true)]
    genesis: i64,
    /// What a bandwidth is multiplied with, a decimal number
    #[arg(long, value_name = "FACTOR", default_value = "1", value_parser = Decimal::parse_scale, requires = "bandwidth_column")]
    scale: Decimal,
    /// Take times without an offset for UTC
    #[arg(long)]
    assume_utc: bool,
    /// Leave out rows that can't be read, and count them on stderr
    #[arg(long)]
    skip_bad_rows: bool,
}

pub fn run(args: &Args) -> Result<(), Failure> {
    // Without an uptime column nothing asks for windows: the epoch is one.
    let sample_secs = args.sample_secs.unwrap_or(args.epoch_secs);
    let grid = EpochGrid::new(UnixTime::from_unix_secs(args.genesis), args.epoch_secs, sample_secs)
        .map_err(|error| Failure::usage(DOING, error))?;
    let node = match (&args.node, &args.node_column) {
        (Some(node), _) => {
            check_node_label(node).map_err(|error| Failure::usage(DOING, error))?;
            NodeSource::Named(node.clone())
        }
        (None, Some(column)) => NodeSource::Column(column.clone()),
        (None, None) => {
            let cause = "arguments without --node and --node-column were let through";
            return Err(Failure::new(ExitKind::Bug, DOING, cause));
        }
    };
    let columns = SampleColumns {
        time: args.time_column.clone(),
        node,
        uptime: args.uptime_column.clone(),
        bandwidth: args.bandwidth_column.clone(),
    };

    let mut samples = Samples::new(grid, args.scale, ZoneRule::from_assume_utc(args.assume_utc));
    let mut skipped = Skipped::default();
    let bad_rows = BadRows::from_skip(args.skip_bad_rows);
    let mut rows_read = 0;
    for path in &args.samples {
        rows_read +=
            samples.add_file(path, &columns, bad_rows, &mut skipped).map_err(|error| Failure::usage(DOING, error))?;
    }
    let measurements = samples.into_measurements().map_err(|error| Failure::usage(DOING, error))?;

    eprint!("{skipped}");
    write_measurements(&measurements, rows_read, &args.samples, &args.out)
}
