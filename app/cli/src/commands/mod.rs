//! One file a subcommand: what it takes and what it does.

pub mod airdrop;
pub mod claim;
pub mod demo;
pub mod explain;
pub mod node_act;
pub mod node_list;
pub mod node_register;
pub mod oracle_ingest;
pub mod oracle_ingest_snapshot;
pub mod oracle_keygen;
pub mod oracle_sign;
pub mod verify;

use std::io::Write;

use crate::args::{Cli, Command, NodeCommand, OracleCommand};
use crate::failure::Failure;

/// Does what the command line asks for. Results go to `stdout`.
pub fn run(cli: Cli, stdout: &mut dyn Write) -> Result<(), Failure> {
    match cli.command {
        Command::Airdrop(args) => airdrop::run(&args, stdout),
        Command::Demo(args) => demo::run(&args, stdout),
        Command::Verify(args) => verify::run(&args, stdout),
        Command::Explain(args) => explain::run(&args, stdout),
        Command::Node(NodeCommand::Register(args)) => node_register::run(&args, stdout),
        Command::Node(NodeCommand::List(args)) => node_list::run(&args, stdout),
        Command::Node(NodeCommand::Slots(args)) => node_list::run_slots(&args, stdout),
        Command::Claim(args) => claim::run(&args, stdout),
        Command::Node(NodeCommand::Show(args)) => explain::run(&args, stdout),
        Command::Node(NodeCommand::Transfer(args)) => node_act::transfer(&args, stdout),
        Command::Node(NodeCommand::Retire(args)) => node_act::retire(&args, stdout),
        Command::Node(NodeCommand::Boost(args)) => node_act::boost(&args, stdout),
        Command::Node(NodeCommand::Close(args)) => node_act::close(&args, stdout),
        Command::Node(NodeCommand::Explain(args)) => explain::run(&args, stdout),
        Command::Oracle(OracleCommand::Keygen(args)) => oracle_keygen::run(&args, stdout),
        Command::Oracle(OracleCommand::Ingest(args)) => oracle_ingest::run(&args),
        Command::Oracle(OracleCommand::IngestSnapshot(args)) => oracle_ingest_snapshot::run(&args),
        Command::Oracle(OracleCommand::Sign(args)) => oracle_sign::run(&args),
    }
}
