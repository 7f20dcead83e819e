//! `stipend`: what people and oracles do with a Stipend network, from the command line.
//!
//! Results go to stdout, everything else to stderr. Exit codes: see [`failure::ExitKind`].

mod args;
mod cluster;
mod commands;
mod demo;
mod explanation;
mod failure;
mod figure;
mod ingest;
mod keypair_file;
mod logging;
mod measurement_output;
mod oracle;
mod output_file;
mod print;
mod program;
mod service;
mod source;
mod table;

use std::io;
use std::panic;
use std::process::ExitCode;

use clap::Parser as _;

use args::Cli;
use failure::ExitKind;

fn main() -> ExitCode {
    let cli = Cli::parse();
    logging::begin(cli.command.is_service(), cli.verbose);
    // A panic is a bug; its message has been printed by the time it is caught.
    match panic::catch_unwind(|| commands::run(cli, &mut io::stdout().lock())) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(failure)) => {
            eprintln!("error: {failure}");
            failure.exit_kind().into()
        }
        Err(_) => ExitKind::Bug.into(),
    }
}
