//! `stipend explain`

use std::io::Write;

use solana_address::Address;
use stipend_client::explain::{explain, ExplainError};

use crate::cluster::{NetworkArgs, OriginArgs};
use crate::explanation::{write_words, Outcome};
use crate::failure::Failure;
use crate::print::{print, Format};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The device's key, in base58
    #[arg(value_name = "DEVICE")]
    device: Address,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    origin: OriginArgs,
    /// What to print on stdout
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    args.output.check_no_list()?;
    let doing = || format!("explain device {}", args.device);
    let mut accounts = args.origin.open()?;
    let network = args.network.find(&mut accounts)?;
    let explanation = explain(&mut accounts, &network, &args.device).map_err(|error| match error {
        ExplainError::Read(error) => accounts.unreadable(doing(), error),
        other => Failure::usage(doing(), other),
    })?;
    let outcome = Outcome::new(&network, &explanation);
    print(stdout, args.output, &outcome, |out| write_words(&outcome, out))
}
