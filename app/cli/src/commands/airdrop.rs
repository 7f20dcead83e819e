//! `stipend airdrop`

use std::io::{self, Write};

use serde::Serialize;
use solana_address::Address;
use solana_signer::Signer as _;

use crate::cluster::{ClusterArgs, PayerArgs};
use crate::failure::Failure;
use crate::figure::sol;
use crate::print::{print, Format};

const LAMPORTS_PER_SOL: u64 = 1_000_000_000;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Whole SOL; a faucet gives only so much at once
    #[arg(value_name = "SOL", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    sol: u64,
    /// Who gets it [default: the key that pays]
    #[arg(long, value_name = "ADDRESS")]
    to: Option<Address>,
    #[command(flatten)]
    payer: PayerArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
    /// What to print on stdout
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

/// The JSON object; its fields are documented in `app/cli/README.md`.
#[derive(Debug, Serialize)]
struct Outcome {
    address: String,
    balance_lamports: u64,
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    let doing = "ask the faucet for SOL";
    args.output.check_no_list()?;
    let address = match args.to {
        Some(address) => address,
        None => args.payer.read(&args.cluster)?.pubkey(),
    };
    let mut ledger = args.cluster.connect()?;
    let settling = |error| Failure::settling(doing, error);
    ledger.airdrop(&address, args.sol.saturating_mul(LAMPORTS_PER_SOL)).map_err(settling)?;
    let balance_lamports = ledger.balance(&address).map_err(settling)?;
    let outcome = Outcome { address: address.to_string(), balance_lamports };
    print(stdout, args.output, &outcome, |out: &mut dyn Write| -> io::Result<()> {
        writeln!(out, "{} has {}", outcome.address, sol(outcome.balance_lamports))
    })
}
