//! `cargo xtask`: see the library beside this file.

use std::ffi::OsString;

use anyhow::Result;
use clap::{Parser, Subcommand};
use xtask::{artifact, bench, build, cluster_test, idl, localnet, process, program_id, toolchain};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The chores of the workspace")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Set up the compiler for the Solana VM from package registries (once a machine)
    Toolchain,
    /// Build the program for the Solana VM and print its size and SHA-256
    Build,
    /// Renew the committed program, programs/stipend/artifact
    Artifact {
        /// Rebuild from nothing and compare with the committed program instead. Prints the path of the fresh program on
        /// stdout when other compiler versions made other bytes, and nothing when it is the same
        #[arg(long)]
        check: bool,
    },
    /// Measure what the committed program costs, as a table and as target/bench.json; STIPEND_PROGRAM names another program
    Bench,
    /// Write app/idl/stipend.json from the program
    Idl {
        /// Fail when the committed file is not what the program says, instead
        #[arg(long)]
        check: bool,
    },
    /// Change the program's ID, which is compiled in, to that of a key that you hold
    ProgramId {
        /// The address, in base58
        id: String,
    },
    /// Run a validator on this machine with the committed program, at http://127.0.0.1:8899; built the first time, which takes
    /// a quarter of an hour
    Localnet {
        /// The validator's own; `--help` lists them
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Run the tests that need a validator: it is built first, and each test starts its own on loopback
    ClusterTest {
        /// Only tests whose names contain it
        filter: Option<String>,
    },
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    process::forget_package();
    // These are built as any host crate is, by the toolchain that runs this: without its name, rustup would obey the toolchain
    // files that some crates bring along.
    if !matches!(arguments.command, Command::Bench | Command::Localnet { .. } | Command::ClusterTest { .. }) {
        process::forget_cargo_run();
    }
    match arguments.command {
        Command::Toolchain => toolchain::ensure().map(drop),
        Command::Build => build::run().map(|built| println!("{built}")),
        Command::Artifact { check: false } => artifact::renew(),
        Command::Artifact { check: true } => artifact::check(),
        Command::Bench => bench::run(),
        Command::Idl { check: false } => idl::write_committed(),
        Command::Idl { check: true } => idl::check(),
        Command::ProgramId { id } => program_id::change(&id),
        Command::Localnet { arguments } => localnet::run(&arguments),
        Command::ClusterTest { filter } => cluster_test::run(filter.as_deref()),
    }
}
