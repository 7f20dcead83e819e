//! `stipend network`: what whoever runs a network does.

mod close;
pub mod create;
mod genesis;
mod govern;
mod list;
mod mint;
pub mod open_reports;
pub mod rules;
mod show;
mod update;
pub mod view;

use std::io::Write;

use clap::Subcommand;

use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub enum NetworkCommand {
    /// Create a network on a mint, which from then on only claims mint
    Create(Box<create::Args>),
    /// Show a network: roles, rules, oracles, budget
    Show(show::Args),
    /// List the networks of a cluster
    List(list::Args),
    /// Change the rules from an epoch on that has not begun
    Update(Box<update::Args>),
    /// Stop reports, scoring and claims; the guardian may too
    Pause(govern::PauseArgs),
    /// Let reports, scoring and claims go on
    Resume(govern::ResumeArgs),
    /// Name who may become the authority
    ProposeAuthority(govern::ProposeAuthorityArgs),
    /// Become the authority
    AcceptAuthority(govern::AcceptAuthorityArgs),
    /// Name who may pause and not resume
    SetGuardian(govern::SetGuardianArgs),
    /// Open the reports that the active oracles need of all shards
    OpenReports(open_reports::Args),
    /// Close a network that nobody uses any more; all rents and bonds go back
    Close(close::Args),
}

pub fn run(command: &NetworkCommand, stdout: &mut dyn Write) -> Result<(), Failure> {
    match command {
        NetworkCommand::Create(args) => create::run(args, stdout),
        NetworkCommand::Show(args) => show::run(args, stdout),
        NetworkCommand::List(args) => list::run(args, stdout),
        NetworkCommand::Update(args) => update::run(args, stdout),
        NetworkCommand::Pause(args) => govern::pause(args, stdout),
        NetworkCommand::Resume(args) => govern::resume(args, stdout),
        NetworkCommand::ProposeAuthority(args) => govern::propose_authority(args, stdout),
        NetworkCommand::AcceptAuthority(args) => govern::accept_authority(args, stdout),
        NetworkCommand::SetGuardian(args) => govern::set_guardian(args, stdout),
        NetworkCommand::OpenReports(args) => open_reports::run(args, stdout),
        NetworkCommand::Close(args) => close::run(args, stdout),
    }
}
