//! The tree of subcommands. What a subcommand takes is declared beside what it does, in [`crate::commands`].

use clap::{Parser, Subcommand};

use crate::commands::{
    airdrop, crank_run, demo, explain, oracle_ingest, oracle_ingest_snapshot, oracle_keygen, oracle_measure,
    oracle_relay, oracle_run, oracle_sign, verify,
};

/// Settle the rewards of a network of devices on Solana
#[derive(Debug, Parser)]
#[command(
    name = "stipend",
    version,
    after_help = "Exit codes: 0 done, 1 bug, 2 wrong usage or input, 3 cluster unreachable, 4 refused by the program or by a \
                  verification."
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Settle measurement files end to end on a Solana VM in this process
    Demo(demo::Args),
    /// Ask the faucet of a test cluster for SOL
    Airdrop(airdrop::Args),
    /// Rebuild a closed epoch from accounts alone, and compare every number
    Verify(verify::Args),
    /// Say why a node's last scored epoch brought what it brought
    Explain(explain::Args),
    /// Keep a network going: score, judge, close, settle, claim
    #[command(subcommand)]
    Crank(CrankCommand),
    /// Measure: keys, measurement files, signed batches
    #[command(subcommand)]
    Oracle(OracleCommand),
}

#[derive(Debug, Subcommand)]
pub enum OracleCommand {
    /// Make an oracle's key
    Keygen(oracle_keygen::Args),
    /// Make a measurement file of raw samples
    Ingest(oracle_ingest::Args),
    /// Make a measurement file of one look at the whole network
    IngestSnapshot(oracle_ingest_snapshot::Args),
    /// Make a measurement file of one epoch from any source
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
