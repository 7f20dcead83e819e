//! `stipend network resume`

use std::io::Write;

use stipend_client::instruction;

use super::govern::GovernArgs;
use crate::failure::Failure;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    govern: GovernArgs,
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    let effect = "let reports, scoring and claims go on; if the open epoch is over, its windows begin now";
    args.govern.act("resume the network", effect.to_owned(), instruction::resume, stdout)
}
