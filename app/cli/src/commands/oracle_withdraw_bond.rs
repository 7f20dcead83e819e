//! `stipend oracle withdraw-bond`

use std::io::Write;

use serde::Serialize;
use solana_address::Address;
use stipend_client::instruction;

use crate::cluster::{Done, NetworkArgs, SessionArgs, Step};
use crate::failure::Failure;
use crate::figure::sol;

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
    session: SessionArgs,
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
    let mut session = args.session.open(DOING)?;
    let (address, network) = args.network.read(&mut session.ledger)?;
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
    let done = session.carry_out(&steps, &[])?;
    let outcome = Outcome { network: address.to_string(), oracle: args.oracle.to_string(), bond_lamports, done };
    session.print(stdout, &outcome, |out| {
        let is = if outcome.done.sent { "is paid back" } else { "would be paid back" };
        writeln!(out, "The bond of {} of oracle {} {is}", sol(outcome.bond_lamports), outcome.oracle)
    })
}
