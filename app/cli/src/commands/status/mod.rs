//! `stipend status`

mod look;
mod words;

use std::io::Write;

use stipend_client::ledger::Ledger as _;

use crate::cluster::{Origin, ReadingArgs};
use crate::failure::Failure;
use crate::ingest::UnixTime;

const DOING: &str = "look at the network";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// What the clock shows: RFC 3339 with an offset, or Unix seconds [default: the cluster's; to be named with --accounts]
    #[arg(long, value_name = "TIME", value_parser = UnixTime::parse_unix_secs, allow_hyphen_values = true)]
    now: Option<i64>,
    #[command(flatten)]
    reading: ReadingArgs,
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    let (mut accounts, network) = args.reading.open_one()?;
    let now = match (args.now, &mut accounts) {
        (Some(now), _) => now,
        (None, Origin::Cluster(cluster)) => cluster.now().map_err(|error| Failure::settling(DOING, error))?,
        (None, Origin::Folder(_)) => {
            return Err(Failure::usage(DOING, "a folder has no clock; pass --now"));
        }
    };
    let looked = look::look(&mut accounts, &network, now).map_err(|error| accounts.unreadable(DOING, error))?;
    args.reading.print(stdout, &looked, |out| words::write(&looked, out))
}
