//! `stipend oracle withdraw-bond`

use std::io::{self, Write};

use serde::Serialize;
use solana_address::Address;
use stipend_client::instruction;
use stipend_client::reader::Reader;

use crate::cluster::{carry_out, ClusterArgs, ConsentArgs, Done, NetworkArgs, PayerArgs, Step};
use crate::failure::Failure;
use crate::figure::sol;
use crate::print::{print, Format};

const DOING: &str = "withdraw the bond";

#[derive(Debug, clap::Args)]
#[command(after_help = "Anybody may: the bond goes to whoever left it.")]
pub struct Args {
    /// The oracle's key, in base58
    #[arg(value_name = "ADDRESS")]
    oracle: Address,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    payer: PayerArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
    #[command(flatten)]
    consent: ConsentArgs,
    /// What to print on stdout
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

/// The JSON object; its fields are documented in `app/cli/README.md`.
#[derive(Debug, Serialize)]
struct Outcome {
    network: String,
    oracle: String,
    bond_lamports: u64,
    done: Done,
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    args.consent.check(DOING)?;
    args.output.check_no_list()?;
    let payer = args.payer.read(&args.cluster)?;
    let mut ledger = args.cluster.connect()?;
    let address = args.network.find(&mut ledger)?;
    let read = Reader::new(&mut ledger, address).network();
    let network = read.map_err(|error| Failure::settling(DOING, error))?;
    // A key that came back has two entries; each bond goes where it came from.
    let bonds = network.oracles.entries.iter().filter(|entry| entry.key == args.oracle && entry.bond_lamports > 0);
    let bonds: Vec<_> = bonds.collect();
    if bonds.is_empty() {
        return Err(Failure::usage(DOING, format!("the network holds no bond of oracle {}", args.oracle)));
    }
    let steps: Vec<_> = bonds
        .iter()
        .map(|entry| {
            let effect = format!("pay the bond of {} back to {}", sol(entry.bond_lamports), entry.payer);
            Step::new(effect, vec![instruction::withdraw_bond(&address, &entry.payer, &entry.key)])
        })
        .collect();
    let bond_lamports = bonds.iter().map(|entry| entry.bond_lamports).sum();
    let done = carry_out(&mut ledger, &payer, DOING, &steps, &[], &args.consent)?;
    let outcome = Outcome { network: address.to_string(), oracle: args.oracle.to_string(), bond_lamports, done };
    print(stdout, args.output, &outcome, |out: &mut dyn Write| -> io::Result<()> {
        let is = if outcome.done.sent { "is paid back" } else { "would be paid back" };
        writeln!(out, "The bond of {} of oracle {} {is}", sol(outcome.bond_lamports), outcome.oracle)
    })
}
