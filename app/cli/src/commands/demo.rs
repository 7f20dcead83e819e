//! `stipend demo`

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use crate::demo::{write_tables, Outcome, Rows, Rules, Scenario, Stage};
use crate::failure::Failure;
use crate::ingest::Instant;

/// What the help says below the options.
const NOTES: &str =
    "Everything that decides a reward is decided by the program's sBPF artifact in the VM: the demo sends transactions \
    and reads accounts back. All keys are made of the nodes' labels, so that two runs are the same. STIPEND_PROGRAM \
    names another artifact. The JSON object is documented in the README of the command.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub struct Args {
    /// A measurement file; one oracle signs each [default: three of two homes on 62 days]
    #[arg(long, value_name = "FILE", num_args = 1..)]
    measurements: Vec<PathBuf>,
    /// Emission of an epoch; a token has 1,000,000,000 atoms
    #[arg(long, value_name = "ATOMS", default_value_t = 1_000_000_000_000)]
    emission_atoms: u64,
    /// Weight of uptime in a score; bandwidth has the rest of 10,000
    #[arg(long, value_name = "BPS", default_value_t = 5_000)]
    uptime_weight_bps: u16,
    /// Bandwidth past this earns nothing more
    #[arg(long, value_name = "BANDWIDTH", default_value_t = 1_000_000)]
    bandwidth_cap: u32,
    /// Uptime below this scores nothing
    #[arg(long, value_name = "BPS", default_value_t = 5_000)]
    min_uptime_bps: u16,
    /// Oracles that must have measured a value [default: more than half of the files]
    #[arg(long, value_name = "ORACLES")]
    quorum: Option<u8>,
    /// Slots of a shard
    #[arg(long, value_name = "SLOTS", default_value_t = 1_024)]
    shard_capacity: u16,
    /// The first moment of epoch 0: RFC 3339 with an offset, or Unix seconds
    #[arg(long, value_name = "TIME", default_value = "2021-06-30T00:00:00Z", value_parser = Instant::parse_unix_secs,
        allow_hyphen_values = true)]
    genesis: i64,
    /// The length of an epoch
    #[arg(long, value_name = "SECS", default_value_t = 86_400)]
    epoch_secs: u32,
    /// Oracles sign off chain, and somebody else relays what they signed
    #[arg(long)]
    relay: bool,
    /// Show every row of the tables
    #[arg(long)]
    all: bool,
    /// What to print on stdout
    #[arg(long, value_name = "FORMAT", default_value = "tables")]
    output: Format,
}

/// How the outcome is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Tables for people
    Tables,
    /// One JSON object
    Json,
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    let scenario = if args.measurements.is_empty() { Scenario::samples() } else { Scenario::read(&args.measurements) }
        .map_err(|error| Failure::usage("read the measurements", error))?;
    let majority = u8::try_from(scenario.oracles.len() / 2 + 1).unwrap_or(u8::MAX);
    let rules = Rules {
        genesis: args.genesis,
        epoch_secs: args.epoch_secs,
        emission_atoms: args.emission_atoms,
        uptime_weight_bps: args.uptime_weight_bps,
        bandwidth_cap: args.bandwidth_cap,
        min_uptime_bps: args.min_uptime_bps,
        quorum: args.quorum.unwrap_or(majority),
        shard_capacity: args.shard_capacity,
        is_relayed: args.relay,
    };

    let mut stage = Stage::new(&scenario, rules)?;
    if usize::from(rules.quorum) > scenario.oracles.len() {
        eprintln!(
            "warning: a quorum of {} is more than the {} oracles that measure; nothing will score",
            rules.quorum,
            scenario.oracles.len()
        );
    }
    stage.register()?;
    let epochs = stage.settle_epochs()?;
    stage.claim()?;
    let outcome = stage.into_outcome(epochs)?;

    match print(&outcome, args, stdout) {
        // Who reads has seen enough, as `head` has.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed.map_err(|error| Failure::usage("print the outcome", error)),
    }
}

fn print(outcome: &Outcome, args: &Args, stdout: &mut dyn Write) -> io::Result<()> {
    let mut stdout = BufWriter::new(stdout);
    match args.output {
        Format::Json => {
            serde_json::to_writer(&mut stdout, outcome)?;
            writeln!(stdout)?;
        }
        Format::Tables => write_tables(outcome, if args.all { Rows::All } else { Rows::First }, &mut stdout)?,
    }
    stdout.flush()
}
