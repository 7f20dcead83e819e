//! `stipend network set-guardian`

use std::io::Write;

use stipend_client::instruction;

use super::govern::GovernArgs;
use super::rules::Somebody;
use crate::failure::Failure;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Who may pause and not resume; `none` for nobody
    #[arg(value_name = "ADDRESS")]
    new: Somebody,
    #[command(flatten)]
    govern: GovernArgs,
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    let new = args.new.0;
    let effect = match new {
        Some(new) => format!("let {new} pause"),
        None => "let nobody but the authority pause".to_owned(),
    };
    let build = |authority: &_, network: &_| instruction::set_guardian(authority, network, new.as_ref());
    args.govern.act("set the guardian", effect, build, stdout)
}
