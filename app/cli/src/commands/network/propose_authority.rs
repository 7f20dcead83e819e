//! `stipend network propose-authority`

use std::io::Write;

use stipend_client::instruction;

use super::govern::GovernArgs;
use super::rules::Somebody;
use crate::failure::Failure;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Who may become the authority; `none` takes a proposal back
    #[arg(value_name = "ADDRESS")]
    new: Somebody,
    #[command(flatten)]
    govern: GovernArgs,
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    let new = args.new.0;
    let effect = match new {
        Some(new) => format!("let {new} become the authority, once it accepts"),
        None => "let nobody else become the authority".to_owned(),
    };
    let build = |authority: &_, network: &_| instruction::propose_authority(authority, network, new.as_ref());
    args.govern.act("propose an authority", effect, build, stdout)
}
