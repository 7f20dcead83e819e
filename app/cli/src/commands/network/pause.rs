//! `stipend network pause`

use std::io::Write;

use stipend_client::instruction;

use super::govern::GovernArgs;
use crate::failure::Failure;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "The authority's pause lasts until it resumes. The guardian may pause too, with its key as --authority: that pause ends by itself after 7 \
                  days, and then the guardian can't pause for 7 days. Nothing that was earned is lost."
)]
pub struct Args {
    #[command(flatten)]
    govern: GovernArgs,
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    args.govern.act("pause the network", "stop reports, scoring and claims".to_owned(), instruction::pause, stdout)
}
