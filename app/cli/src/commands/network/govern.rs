//! `stipend network pause`, `resume`, `propose-authority`, `accept-authority` and `set-guardian`: one signature of a role.

use std::io::Write;

use serde::Serialize;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer as _;
use stipend_client::instruction;

use super::rules::Somebody;
use crate::cluster::{AuthorityArgs, Done, NetworkArgs, SessionArgs, Step};
use crate::failure::Failure;

#[derive(Debug, clap::Args)]
pub struct GovernArgs {
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    authority: AuthorityArgs,
    #[command(flatten)]
    session: SessionArgs,
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "The authority's pause lasts until it resumes. The guardian may pause too, with its key as --authority: that \
                  pause ends by itself after 7 days, and then the guardian can't pause for 7 days. Nothing that was earned is lost."
)]
pub struct PauseArgs {
    #[command(flatten)]
    govern: GovernArgs,
}

#[derive(Debug, clap::Args)]
pub struct ResumeArgs {
    #[command(flatten)]
    govern: GovernArgs,
}

#[derive(Debug, clap::Args)]
pub struct ProposeAuthorityArgs {
    /// Who may become the authority; `none` withdraws a proposal
    #[arg(value_name = "ADDRESS")]
    new: Somebody,
    #[command(flatten)]
    govern: GovernArgs,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "--authority is the key of the new authority, who was proposed.")]
pub struct AcceptAuthorityArgs {
    #[command(flatten)]
    govern: GovernArgs,
}

#[derive(Debug, clap::Args)]
pub struct SetGuardianArgs {
    /// Who may pause and not resume; `none` for nobody
    #[arg(value_name = "ADDRESS")]
    new: Somebody,
    #[command(flatten)]
    govern: GovernArgs,
}

pub fn pause(args: &PauseArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
    args.govern.act("pause the network", "stop reports, scoring and claims", instruction::pause, stdout)
}

pub fn resume(args: &ResumeArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
    let effect = "let reports, scoring and claims go on; if the open epoch is over, its windows begin now";
    args.govern.act("resume the network", effect, instruction::resume, stdout)
}

pub fn propose_authority(args: &ProposeAuthorityArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
    let new = args.new.0;
    let effect = match new {
        Some(new) => format!("let {new} become the authority, once it accepts"),
        None => "let nobody else become the authority".to_owned(),
    };
    let build = |authority: &_, network: &_| instruction::propose_authority(authority, network, new.as_ref());
    args.govern.act("propose an authority", effect, build, stdout)
}

pub fn accept_authority(args: &AcceptAuthorityArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
    let effect = "make whoever signs the authority; the old one has no right left";
    args.govern.act("accept the authority", effect, instruction::accept_authority, stdout)
}

pub fn set_guardian(args: &SetGuardianArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
    let new = args.new.0;
    let effect = match new {
        Some(new) => format!("let {new} pause"),
        None => "let nobody but the authority pause".to_owned(),
    };
    let build = |authority: &_, network: &_| instruction::set_guardian(authority, network, new.as_ref());
    args.govern.act("set the guardian", effect, build, stdout)
}

/// The JSON object; its fields are documented in `app/cli/README.md`.
#[derive(Debug, Serialize)]
struct Outcome {
    network: String,
    effect: String,
    done: Done,
}

impl GovernArgs {
    /// Sends one instruction to a network.
    ///
    /// - `doing` reads well after "failed to", `effect` after "will"; `build` takes who signs, and the network.
    fn act(
        &self,
        doing: &'static str,
        effect: impl Into<String>,
        build: impl FnOnce(&Address, &Address) -> Instruction,
        stdout: &mut dyn Write,
    ) -> Result<(), Failure> {
        let effect = effect.into();
        let mut session = self.session.open(doing)?;
        let authority = self.authority.read(&session.payer)?;
        let (network, _) = self.network.read(&mut session.ledger)?;
        let step = Step::new(effect.clone(), vec![build(&authority.pubkey(), &network)]);
        let done = session.carry_out(&[step], &[&authority])?;
        let outcome = Outcome { network: network.to_string(), effect, done };
        session.print(stdout, &outcome, |out| {
            writeln!(out, "Network  {}", outcome.network)?;
            let done = if outcome.done.sent { "Done" } else { "Not done" };
            writeln!(out, "{done}: {}", outcome.effect)
        })
    }
}
