//! `stipend explain`

use std::io::Write;

use solana_address::Address;
use stipend_client::explain::{explain, ExplainError};

use crate::cluster::ReadingArgs;
use crate::explanation::{write_words, Outcome};
use crate::failure::Failure;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The device's key, in base58
    #[arg(value_name = "DEVICE")]
    device: Address,
    #[command(flatten)]
    reading: ReadingArgs,
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    let doing = || format!("explain device {}", args.device);
    let (mut accounts, network) = args.reading.open_one()?;
    let explanation = explain(&mut accounts, &network, &args.device).map_err(|error| match error {
        ExplainError::Read(error) => accounts.unreadable(doing(), error),
        other => Failure::usage(doing(), other),
    })?;
    let outcome = Outcome::new(&network, &explanation);
    args.reading.print(stdout, &outcome, |out| write_words(&outcome, out))
}
