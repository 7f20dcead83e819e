//! `stipend explain`

use std::io::Write;
use std::path::PathBuf;

use solana_address::Address;
use stipend_client::explain::{explain, network_of, ExplainError};

use crate::account_folder::{choose_network, read_accounts, unreadable};
use crate::explanation::{write_words, Outcome};
use crate::failure::Failure;
use crate::print::{print, Format};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A device's key, or the address of a node's account, in base58
    #[arg(value_name = "NODE")]
    node: Address,
    /// A folder of account files, as `solana account --output json` prints them
    #[arg(long, value_name = "FOLDER")]
    accounts: PathBuf,
    /// The network's address [default: the node's, or the only one in the folder]
    #[arg(long, value_name = "ADDRESS")]
    network: Option<Address>,
    /// What to print on stdout
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    let doing = || format!("explain node {}", args.node);
    let mut accounts = read_accounts(&args.accounts)?;
    let named = args.network.or_else(|| network_of(&mut accounts, &args.node));
    let network = choose_network(&accounts, &args.accounts, named)?;
    let explanation = explain(&mut accounts, &network, &args.node).map_err(|error| match error {
        ExplainError::Read(error) => unreadable(doing(), error),
        other => Failure::usage(doing(), other),
    })?;
    let outcome = Outcome::new(&network, &explanation);
    print(stdout, args.output, &outcome, |out| write_words(&outcome, out))
}
