//! `stipend completions`

use std::io::Write;

use clap::CommandFactory as _;
use clap_complete::{generate, Shell};

use crate::args::Cli;
use crate::failure::Failure;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// For which shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    // Made whole first: the generator takes an output that ends early for a bug.
    let mut script = Vec::new();
    generate(args.shell, &mut Cli::command(), "stipend", &mut script);
    stdout.write_all(&script).map_err(|error| Failure::usage("print the completions", error))
}
