//! One file a subcommand: what it takes and what it does.

pub mod airdrop;
pub mod claim;
pub mod completions;
pub mod crank_run;
#[cfg(feature = "demo")]
pub mod demo;
pub mod explain;
pub mod keygen;
pub mod network;
pub mod node_act;
pub mod node_list;
pub mod node_register;
pub mod oracle_add;
pub mod oracle_list;
pub mod oracle_measure;
pub mod oracle_relay;
pub mod oracle_remove;
pub mod oracle_run;
pub mod oracle_sign;
pub mod oracle_withdraw_bond;
pub mod simulate_policy;
pub mod split;
pub mod status;
pub mod verify;

use std::io::Write;

use crate::args::{Cli, Command, CrankCommand, NodeCommand, OracleCommand, SplitCommand};
use crate::failure::Failure;

/// Does what the command line asks for. Results go to `stdout`.
pub fn run(cli: Cli, stdout: &mut dyn Write) -> Result<(), Failure> {
    match cli.command {
        Command::Airdrop(args) => airdrop::run(&args, stdout),
        Command::Completions(args) => completions::run(&args, stdout),
        #[cfg(feature = "demo")]
        Command::Demo(args) => demo::run(&args, stdout),
        Command::Verify(args) => verify::run(&args, stdout),
        Command::Explain(args) => explain::run(&args, stdout),
        Command::Keygen(args) => keygen::run(&args, stdout),
        Command::Network(command) => network::run(&command, stdout),
        Command::Status(args) => status::run(&args, stdout),
        Command::Oracle(OracleCommand::Add(args)) => oracle_add::run(&args, stdout),
        Command::Oracle(OracleCommand::Remove(args)) => oracle_remove::run(&args, stdout),
        Command::Oracle(OracleCommand::List(args)) => oracle_list::run(&args, stdout),
        Command::Oracle(OracleCommand::WithdrawBond(args)) => oracle_withdraw_bond::run(&args, stdout),
        Command::SimulatePolicy(args) => simulate_policy::run(&args, stdout),
        Command::Split(SplitCommand::Create(args)) => split::create(&args, stdout),
        Command::Split(SplitCommand::Update(args)) => split::update(&args, stdout),
        Command::Split(SplitCommand::Show(args)) => split::show(&args, stdout),
        Command::Split(SplitCommand::Close(args)) => split::close(&args, stdout),
        Command::Node(NodeCommand::Register(args)) => node_register::run(&args, stdout),
        Command::Node(NodeCommand::List(args)) => node_list::run(&args, stdout),
        Command::Node(NodeCommand::Slots(args)) => node_list::run_slots(&args, stdout),
        Command::Claim(args) => claim::run(&args, stdout),
        Command::Node(NodeCommand::Show(args)) => explain::run(&args, stdout),
        Command::Node(NodeCommand::Transfer(args)) => node_act::transfer(&args, stdout),
        Command::Node(NodeCommand::Retire(args)) => node_act::retire(&args, stdout),
        Command::Node(NodeCommand::Boost(args)) => node_act::boost(&args, stdout),
        Command::Node(NodeCommand::Void(args)) => node_act::void(&args, stdout),
        Command::Node(NodeCommand::Close(args)) => node_act::close(&args, stdout),
        Command::Node(NodeCommand::Explain(args)) => explain::run(&args, stdout),
        Command::Oracle(OracleCommand::Keygen(args)) => keygen::run(&args, stdout),
        Command::Oracle(OracleCommand::Measure(args)) => oracle_measure::run(&args),
        Command::Crank(CrankCommand::Run(args)) => crank_run::run(&args, stdout),
        Command::Oracle(OracleCommand::Relay(args)) => oracle_relay::run(&args, stdout),
        Command::Oracle(OracleCommand::Run(args)) => oracle_run::run(&args, stdout),
        Command::Oracle(OracleCommand::Sign(args)) => oracle_sign::run(&args),
    }
}
