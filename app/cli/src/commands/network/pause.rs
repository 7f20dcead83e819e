//! `stipend network pause`

use std::io::Write;

use stipend_client::instruction;

use super::govern::GovernArgs;
use crate::failure::Failure;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "The guardian may pause too: --authority is then the guardian's key. What was earned is not lost."
)]
pub struct Args {
    #[command(flatten)]
    govern: GovernArgs,
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    args.govern.act("pause the network", "stop reports, scoring and claims".to_owned(), instruction::pause, stdout)
}
