//! `stipend network show`

use std::io::Write;

use stipend_client::reader::Reader;

use super::view::NetworkView;
use crate::cluster::ReadingArgs;
use crate::failure::Failure;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    reading: ReadingArgs,
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    let (mut accounts, address) = args.reading.open_one()?;
    let read = Reader::new(&mut accounts, address).network();
    let network = read.map_err(|error| accounts.unreadable("show the network", error))?;
    let now = accounts.now().map_err(|error| Failure::settling("show the network", error))?;
    let view = NetworkView::new(&address, &network, now);
    args.reading.print(stdout, &view, |out| view.write(out))
}
