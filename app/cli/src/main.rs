//! `stipend`: what people and oracles do with a Stipend network, from the command line.
//!
//! Results go to stdout, everything else to stderr. Exit codes: see [`failure::ExitKind`].

mod args;
mod cluster;
mod commands;
mod keypair_file;
mod logging;

use std::io;
use std::panic;
use std::process::ExitCode;

use args::Cli;
use failure::ExitKind;
use stipend_oracle::{ingest, service, source};
use stipend_terminal::{closing, explanation, failure, figure, output_file, print, progress, table};

fn main() -> ExitCode {
    let cli = Cli::from_command_line();
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
