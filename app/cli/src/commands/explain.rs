//! `stipend explain`

use std::io::Write;

use solana_address::Address;
use stipend_client::explain::{explain, network_of, ExplainError};

use crate::cluster::{NetworkArgs, OriginArgs};
use crate::explanation::{write_words, Outcome};
use crate::failure::Failure;
use crate::print::{print, Format};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A device's key, or the address of a node's account, in base58
    #[arg(value_name = "NODE")]
    node: Address,
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
    let doing = || format!("explain node {}", args.node);
    let mut accounts = args.origin.open()?;
    // A node's account says whose it is.
    let network = match args.network.named().or_else(|| network_of(&mut accounts, &args.node)) {
        Some(network) => network,
        None => args.network.find(&mut accounts)?,
    };
    let explanation = explain(&mut accounts, &network, &args.node).map_err(|error| match error {
        ExplainError::Read(error) => accounts.unreadable(doing(), error),
        other => Failure::usage(doing(), other),
    })?;
    let outcome = Outcome::new(&network, &explanation);
    print(stdout, args.output, &outcome, |out| write_words(&outcome, out))
}
