//! `stipend network show`

use std::io::Write;

use stipend_client::reader::Reader;

use super::view::NetworkView;
use crate::cluster::{NetworkArgs, OriginArgs};
use crate::failure::Failure;
use crate::print::{print, Format};

#[derive(Debug, clap::Args)]
pub struct Args {
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
    let mut accounts = args.origin.open()?;
    let address = args.network.find(&mut accounts)?;
    let read = Reader::new(&mut accounts, address).network();
    let network = read.map_err(|error| accounts.unreadable("show the network", error))?;
    let now = accounts.now().map_err(|error| Failure::settling("show the network", error))?;
    let view = NetworkView::new(&address, &network, now);
    print(stdout, args.output, &view, |out| view.write(out))
}
