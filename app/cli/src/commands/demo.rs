//! `stipend demo`

use std::io::Write;
use std::path::{Path, PathBuf};

use stipend_client::program::constants::MAX_SHARD_SLOTS;
use stipend_client::snapshot::{check_free, Snapshot};

use crate::failure::Failure;
use crate::ingest::UnixTime;
use crate::print::{print, Format};
use stipend_client::unit::Unit;
use stipend_demo::{write_story, write_tables, Rows, Rules, Scenario, Stage, Story};

/// What the help says below the options.
const NOTES: &str =
    "Everything that decides a reward is decided by the program's sBPF artifact in the VM: the demo sends transactions \
    and reads accounts back. All keys are made of the nodes' labels, so that two runs are the same. STIPEND_PROGRAM \
    names another artifact. The JSON object is documented in the README of the command. The scenario `lifecycle` has \
    measurements and rules of its own; of the options it takes --accounts and --output.";

const LEAVING: &str = "leave the accounts";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub struct Args {
    /// What to show
    #[arg(long, value_name = "SCENARIO", default_value = "epochs")]
    scenario: Show,
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
    /// What bandwidth is measured in: 1 to 16 printable ASCII characters
    #[arg(long, value_name = "LABEL", default_value = "kbit/s")]
    unit: Unit,
    /// Uptime below this scores nothing
    #[arg(long, value_name = "BPS", default_value_t = 5_000)]
    min_uptime_bps: u16,
    /// Oracles that must have measured a value [default: more than half of the files]
    #[arg(long, value_name = "ORACLES")]
    quorum: Option<u8>,
    /// Slots of a shard
    #[arg(long, value_name = "SLOTS", default_value_t = MAX_SHARD_SLOTS)]
    shard_capacity: u16,
    /// The first moment of epoch 0: RFC 3339 with an offset, or Unix seconds
    #[arg(long, value_name = "TIME", default_value = "2021-06-30T00:00:00Z", value_parser = UnixTime::parse_unix_secs,
        allow_hyphen_values = true)]
    genesis: i64,
    /// The length of an epoch
    #[arg(long, value_name = "SECS", default_value_t = 86_400)]
    epoch_secs: u32,
    /// Oracles sign off chain, and somebody else relays what they signed
    #[arg(long)]
    relay: bool,
    /// Leave the accounts in this folder, one file each, for `stipend verify` and `stipend explain`
    #[arg(long, value_name = "FOLDER")]
    accounts: Option<PathBuf>,
    /// Show every row of the tables
    #[arg(long)]
    all: bool,
    /// What to print on stdout
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

/// What a demonstration shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Show {
    /// Measurement files, epoch by epoch
    Epochs,
    /// Everything that happens to a network between its first and its last day
    Lifecycle,
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    args.output.check_no_list()?;
    if let Some(folder) = &args.accounts {
        // Said before anything is done.
        check_free(folder).map_err(|error| Failure::usage(LEAVING, error))?;
    }
    match args.scenario {
        Show::Epochs => settle_epochs(args, stdout),
        Show::Lifecycle => {
            let story = Story::tell()?;
            leave(&story.accounts, args.accounts.as_deref())?;
            print(stdout, args.output, &story, |out| write_story(&story, out))
        }
    }
}

fn settle_epochs(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
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
        unit: args.unit,
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
    if args.accounts.is_some() {
        leave(&stage.accounts()?, args.accounts.as_deref())?;
    }
    let outcome = stage.into_outcome(epochs)?;
    let rows = if args.all { Rows::All } else { Rows::First };
    print(stdout, args.output, &outcome, |out| write_tables(&outcome, rows, out))
}

/// Leaves the accounts in a folder, if one was named.
fn leave(accounts: &Snapshot, folder: Option<&Path>) -> Result<(), Failure> {
    folder.map_or(Ok(()), |folder| accounts.write(folder).map_err(|error| Failure::usage(LEAVING, error)))
}
