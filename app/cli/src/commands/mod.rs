//! One file a subcommand: what it takes and what it does.

pub mod airdrop;
pub mod crank_run;
pub mod demo;
pub mod explain;
pub mod oracle_ingest;
pub mod oracle_ingest_snapshot;
pub mod oracle_keygen;
pub mod oracle_measure;
pub mod oracle_relay;
pub mod oracle_run;
pub mod oracle_sign;
pub mod verify;

use std::io::Write;

use crate::args::{Cli, Command, CrankCommand, OracleCommand};
use crate::failure::Failure;

/// Does what the command line asks for. Results go to `stdout`.
pub fn run(cli: Cli, stdout: &mut dyn Write) -> Result<(), Failure> {
    match cli.command {
        Command::Airdrop(args) => airdrop::run(&args, stdout),
        Command::Demo(args) => demo::run(&args, stdout),
        Command::Verify(args) => verify::run(&args, stdout),
        Command::Explain(args) => explain::run(&args, stdout),
        Command::Oracle(OracleCommand::Keygen(args)) => oracle_keygen::run(&args, stdout),
        Command::Oracle(OracleCommand::Ingest(args)) => oracle_ingest::run(&args),
        Command::Oracle(OracleCommand::IngestSnapshot(args)) => oracle_ingest_snapshot::run(&args),
        Command::Oracle(OracleCommand::Measure(args)) => oracle_measure::run(&args),
        Command::Crank(CrankCommand::Run(args)) => crank_run::run(&args, stdout),
        Command::Oracle(OracleCommand::Relay(args)) => oracle_relay::run(&args, stdout),
        Command::Oracle(OracleCommand::Run(args)) => oracle_run::run(&args, stdout),
        Command::Oracle(OracleCommand::Sign(args)) => oracle_sign::run(&args),
    }
}
