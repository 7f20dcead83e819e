//! The tree of subcommands. What a subcommand takes is declared beside what it does, in [`crate::commands`].

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::commands::network::NetworkCommand;
use crate::commands::{
    airdrop, claim, completions, crank_run, explain, keygen, node_act, node_list, node_register, oracle_add,
    oracle_list, oracle_measure, oracle_relay, oracle_remove, oracle_run, oracle_sign, oracle_withdraw_bond,
    simulate_policy, split, status, verify,
};

/// The commands by who uses them, in the order of the top-level help.
const GROUPS: [(&str, &[&str]); 5] = [
    ("First steps", &["demo", "status", "claim", "verify"]),
    ("For operators, who own devices", &["node", "explain", "split"]),
    ("For oracles, who measure", &["oracle"]),
    ("For deployers, who run a network", &["network", "simulate-policy", "crank"]),
    ("For anyone", &["keygen", "airdrop", "completions"]),
];

/// Settle the rewards of a network of devices on Solana
#[derive(Debug, Parser)]
#[command(
    name = "stipend",
    version,
    after_help = "Exit codes: 0 done, 1 bug, 2 wrong usage or input, 3 cluster unreachable or no SOL to pay with, 4 rejected by \
                  the program or by a verification."
)]
pub struct Cli {
    /// Log more on stderr: what is done, and each request if given twice; RUST_LOG overrides it
    #[arg(short, long, global = true, action = clap::ArgAction::Count, display_order = 900)]
    pub verbose: u8,
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// Reads the command line. Exits where it asks for help, or is wrong.
    pub fn from_command_line() -> Self {
        Self::from_arg_matches(&with_groups(Self::command()).get_matches()).unwrap_or_else(|error| error.exit())
    }
}

/// The command with its subcommands listed by [`GROUPS`], which clap has no words for.
fn with_groups(command: clap::Command) -> clap::Command {
    let mut template = "{about-with-newline}\n{usage-heading} {usage}\n".to_owned();
    for (heading, names) in GROUPS {
        template += &format!("\n{heading}:\n");
        for found in names.iter().filter_map(|name| command.find_subcommand(name)) {
            let about = found.get_about().map(ToString::to_string).unwrap_or_default();
            template += &format!("  {:<16} {about}\n", found.get_name());
        }
    }
    template += "\nOptions:\n{options}{after-help}";
    command.help_template(template)
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Settle measurement files end to end on a Solana VM in this process
    #[cfg(feature = "demo")]
    Demo(crate::commands::demo::Args),
    /// Show a network's epochs, reports, deadlines, due steps and balances
    Status(status::Args),
    /// Pay owners what their nodes have accrued, any number of nodes at once
    Claim(claim::Args),
    /// Rebuild a closed epoch from accounts alone and compare every number
    Verify(verify::Args),
    /// Register devices and manage their nodes
    #[command(subcommand)]
    Node(NodeCommand),
    /// Explain what a node earned in its last scored epoch
    Explain(explain::Args),
    /// Divide what nodes earn among several recipients
    #[command(subcommand)]
    Split(SplitCommand),
    /// Measure, sign and report; add and remove oracles
    #[command(subcommand)]
    Oracle(OracleCommand),
    /// Create, configure and close a network
    #[command(subcommand)]
    Network(NetworkCommand),
    /// Show what other rules would have paid for the same measurements
    SimulatePolicy(Box<simulate_policy::Args>),
    /// Keep a network going: score, judge, close, settle, claim
    #[command(subcommand)]
    Crank(CrankCommand),
    /// Create a key for a payer, a device or an oracle
    Keygen(keygen::Args),
    /// Request SOL from the faucet of a test cluster
    Airdrop(airdrop::Args),
    /// Print a shell's completion script for this command
    Completions(completions::Args),
}

impl Command {
    /// Whether it runs until it is stopped.
    pub fn is_service(&self) -> bool {
        matches!(self, Self::Crank(CrankCommand::Run(_)) | Self::Oracle(OracleCommand::Run(_)))
    }
}

#[derive(Debug, Subcommand)]
pub enum NodeCommand {
    /// Register devices, many at once
    Register(node_register::Args),
    /// List nodes, and what they have earned
    List(node_list::Args),
    /// Print the slots file that oracles use
    Slots(node_list::SlotsArgs),
    /// Show where a node is, who owns it, and what it earned
    Show(explain::Args),
    /// Give a node another owner
    Transfer(node_act::TransferArgs),
    /// End a node's time
    Retire(node_act::RetireArgs),
    /// Give a node another factor on its score
    Boost(node_act::BoostArgs),
    /// Void the score of a node in the dispute window of its last epoch
    Void(node_act::VoidArgs),
    /// Pay a retired node's deposit back
    Close(node_act::CloseArgs),
    /// Say why a node's last scored epoch brought what it brought
    Explain(explain::Args),
}

#[derive(Debug, Subcommand)]
pub enum SplitCommand {
    /// Create a split, which may own nodes of any network
    Create(split::CreateArgs),
    /// Give a split other shares or another authority
    Update(split::UpdateArgs),
    /// Show who is paid by a split, and who may change it
    Show(split::ShowArgs),
    /// Close a split that owns no node
    Close(split::CloseArgs),
}

#[derive(Debug, Subcommand)]
pub enum OracleCommand {
    /// Let an oracle measure from the next epoch on
    Add(oracle_add::Args),
    /// Let an oracle measure no more
    Remove(oracle_remove::Args),
    /// List a network's oracles, with their records and bonds
    List(oracle_list::Args),
    /// Pay a removed oracle's bond back to whoever left it
    WithdrawBond(oracle_withdraw_bond::Args),
    /// Make an oracle's key
    Keygen(keygen::Args),
    /// Make a measurement file of one epoch or several, from any source
    Measure(Box<oracle_measure::Args>),
    /// Sign a measurement file, for anybody to relay
    Sign(oracle_sign::Args),
    /// Measure, sign and report every epoch
    Run(Box<oracle_run::Args>),
    /// Send a file of signed batches, those that are not there yet
    Relay(oracle_relay::Args),
}

#[derive(Debug, Subcommand)]
pub enum CrankCommand {
    /// Take every step that is due, again and again, beside other cranks
    Run(crank_run::Args),
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Checks a command and all below it.
    fn check(command: &clap::Command) {
        let name = command.get_name();
        let (mut longs, mut shorts) = (BTreeSet::new(), BTreeSet::new());
        for arg in command.get_arguments() {
            assert!(arg.get_long().is_none_or(|long| longs.insert(long)), "{name}: {arg} twice");
            assert!(arg.get_short().is_none_or(|short| shorts.insert(short)), "{name}: -{:?} twice", arg.get_short());
            assert!(arg.get_help().is_some(), "{name}: {arg} is not explained");
        }
        assert!(command.get_about().is_some(), "{name} is not explained");
        command.get_subcommands().for_each(check);
    }

    #[test]
    fn every_command_is_in_one_group() {
        let mut grouped: Vec<_> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        let command = Cli::command();
        let mut commands: Vec<_> = command.get_subcommands().map(clap::Command::get_name).collect();

        grouped.sort_unstable();
        commands.sort_unstable();
        if cfg!(not(feature = "demo")) {
            commands.insert(4, "demo");
        }
        assert_eq!(grouped, commands);
    }

    #[cfg(feature = "demo")]
    #[test]
    fn the_commands_that_people_meet_first_stand_first_in_the_help() {
        let help = with_groups(Cli::command()).render_help().to_string();

        assert_eq!(
            help,
            "\
Settle the rewards of a network of devices on Solana

Usage: stipend [OPTIONS] <COMMAND>

First steps:
  demo             Settle measurement files end to end on a Solana VM in this process
  status           Show a network's epochs, reports, deadlines, due steps and balances
  claim            Pay owners what their nodes have accrued, any number of nodes at once
  verify           Rebuild a closed epoch from accounts alone and compare every number

For operators, who own devices:
  node             Register devices and manage their nodes
  explain          Explain what a node earned in its last scored epoch
  split            Divide what nodes earn among several recipients

For oracles, who measure:
  oracle           Measure, sign and report; add and remove oracles

For deployers, who run a network:
  network          Create, configure and close a network
  simulate-policy  Show what other rules would have paid for the same measurements
  crank            Keep a network going: score, judge, close, settle, claim

For anyone:
  keygen           Create a key for a payer, a device or an oracle
  airdrop          Request SOL from the faucet of a test cluster
  completions      Print a shell's completion script for this command

Options:
  -v, --verbose...  Log more on stderr: what is done, and each request if given twice; RUST_LOG overrides it
  -h, --help        Print help
  -V, --version     Print version

Exit codes: 0 done, 1 bug, 2 wrong usage or input, 3 cluster unreachable or no SOL to pay with, 4 rejected by the program or by a verification.
"
        );
    }

    #[test]
    fn every_option_is_explained_and_has_a_name_of_its_own() {
        let mut cli = Cli::command();
        // Puts global options into every command.
        cli.build();

        check(&cli);
    }
}
