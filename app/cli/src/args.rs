//! The tree of subcommands. What a subcommand takes is declared beside what it does, in [`crate::commands`].

use clap::{Parser, Subcommand};

use crate::commands::{
    airdrop, claim, demo, explain, node_act, node_list, node_register, oracle_ingest, oracle_ingest_snapshot,
    oracle_keygen, oracle_sign, verify,
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
    /// Run devices: register them, look at them
    #[command(subcommand)]
    Node(NodeCommand),
    /// Mint what has accrued to the owners, any number of nodes at once
    Claim(claim::Args),
    /// Measure: keys, measurement files, signed batches
    #[command(subcommand)]
    Oracle(OracleCommand),
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
    /// Pay a retired node's rent and bond back
    Close(node_act::CloseArgs),
    /// Say why a node's last scored epoch brought what it brought
    Explain(explain::Args),
}

#[derive(Debug, Subcommand)]
pub enum OracleCommand {
    /// Make an oracle's key
    Keygen(oracle_keygen::Args),
    /// Make a measurement file of raw samples
    Ingest(oracle_ingest::Args),
    /// Make a measurement file of one look at the whole network
    IngestSnapshot(oracle_ingest_snapshot::Args),
    /// Sign a measurement file, for anybody to relay
    Sign(oracle_sign::Args),
}
