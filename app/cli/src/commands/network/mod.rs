//! `stipend network`: what whoever runs a network does.

mod accept_authority;
mod close;
mod create;
mod genesis;
mod govern;
mod list;
mod mint;
pub mod open_reports;
mod pause;
mod propose_authority;
mod resume;
pub mod rules;
mod set_guardian;
mod show;
mod update;
pub mod view;

use std::io::Write;

use clap::Subcommand;

use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub enum NetworkCommand {
    /// Create a network on a mint, which from then on only claims mint
    Create(create::Args),
    /// Show a network: roles, rules, oracles, budget
    Show(show::Args),
    /// List the networks of a cluster
    List(list::Args),
    /// Change the rules from an epoch on that has not begun
    Update(update::Args),
    /// Stop reports, scoring and claims; the guardian may too
    Pause(pause::Args),
    /// Let reports, scoring and claims go on
    Resume(resume::Args),
    /// Name who may become the authority
    ProposeAuthority(propose_authority::Args),
    /// Become the authority
    AcceptAuthority(accept_authority::Args),
    /// Name who may pause and not resume
    SetGuardian(set_guardian::Args),
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
        NetworkCommand::Pause(args) => pause::run(args, stdout),
        NetworkCommand::Resume(args) => resume::run(args, stdout),
        NetworkCommand::ProposeAuthority(args) => propose_authority::run(args, stdout),
        NetworkCommand::AcceptAuthority(args) => accept_authority::run(args, stdout),
        NetworkCommand::SetGuardian(args) => set_guardian::run(args, stdout),
        NetworkCommand::OpenReports(args) => open_reports::run(args, stdout),
        NetworkCommand::Close(args) => close::run(args, stdout),
    }
}
