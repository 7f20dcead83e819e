//! The tree of subcommands. What a subcommand takes is declared beside what it does, in [`crate::commands`].

use clap::{Parser, Subcommand};

use crate::commands::network::NetworkCommand;
use crate::commands::{
    airdrop, claim, completions, crank_run, explain, keygen, man, node_act, node_list, node_register, oracle_add,
    oracle_list, oracle_measure, oracle_relay, oracle_remove, oracle_run, oracle_sign, oracle_withdraw_bond, status,
    verify,
};

/// Settle the rewards of a network of devices on Solana
#[derive(Debug, Parser)]
#[command(
    name = "stipend",
    version,
    after_help = "Exit codes: 0 done, 1 bug, 2 wrong usage or input, 3 cluster unreachable or no SOL to pay with, 4 refused by \
                  the program or by a verification."
)]
pub struct Cli {
    /// Tell more on stderr: what is done, and each request if given twice; RUST_LOG chooses finer
    #[arg(short, long, global = true, action = clap::ArgAction::Count, display_order = 900)]
    pub verbose: u8,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Settle measurement files end to end on a Solana VM in this process
    #[cfg(feature = "demo")]
    Demo(crate::commands::demo::Args),
    /// Make a key: of a payer, a device, an oracle
    Keygen(keygen::Args),
    /// Ask the faucet of a test cluster for SOL
    Airdrop(airdrop::Args),
    /// Rebuild a closed epoch from accounts alone, and compare every number
    Verify(verify::Args),
    /// Say why a node's last scored epoch brought what it brought
    Explain(explain::Args),
    /// Keep a network going: score, judge, close, settle, claim
    #[command(subcommand)]
    Crank(CrankCommand),
    /// Create and run a network
    #[command(subcommand)]
    Network(NetworkCommand),
    /// Print what makes a shell complete this command
    Completions(completions::Args),
    /// Write the manual pages of all commands
    Man(man::Args),
    /// Show how a network stands: epochs, reports, deadlines, what is to be done, balances
    Status(status::Args),
    /// Register devices and act on their nodes
    #[command(subcommand)]
    Node(NodeCommand),
    /// Mint what has accrued to the owners, any number of nodes at once
    Claim(claim::Args),
    /// Measure: keys, measurement files, signed batches
    #[command(subcommand)]
    Oracle(OracleCommand),
}

impl Command {
    /// Whether it is a program that people leave running.
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
    /// Say where a node is, whose, and what it earned
    Show(explain::Args),
    /// Give a node another owner
    Transfer(node_act::TransferArgs),
    /// End a node's time
    Retire(node_act::RetireArgs),
    /// Give a node another factor on its score
    Boost(node_act::BoostArgs),
    /// Pay a retired node's deposit back
    Close(node_act::CloseArgs),
    /// Say why a node's last scored epoch brought what it brought
    Explain(explain::Args),
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

    use clap::CommandFactory as _;

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
    fn every_option_is_explained_and_has_a_name_of_its_own() {
        let mut cli = Cli::command();
        // Puts global options into every command.
        cli.build();

        check(&cli);
    }
}
