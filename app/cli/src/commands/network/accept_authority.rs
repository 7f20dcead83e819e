//! `stipend network accept-authority`

use std::io::Write;

use stipend_client::instruction;

use super::govern::GovernArgs;
use crate::failure::Failure;

#[derive(Debug, clap::Args)]
#[command(after_help = "--authority is the key of the new authority, who was proposed.")]
pub struct Args {
    #[command(flatten)]
    govern: GovernArgs,
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    let effect = "make whoever signs the authority; the old one has no right left".to_owned();
    args.govern.act("accept the authority", effect, instruction::accept_authority, stdout)
}
