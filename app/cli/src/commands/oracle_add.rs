//! `stipend oracle add`

use std::io::Write;

use serde::Serialize;
use solana_address::Address;
use solana_signer::Signer as _;
use stipend_client::instruction;
use stipend_client::ledger::Ledger as _;
use stipend_client::reader::Reader;

use crate::cluster::{AuthorityArgs, Done, NetworkArgs, SessionArgs, Step};
use crate::failure::Failure;
use crate::figure::sol;

const DOING: &str = "add the oracle";

#[derive(Debug, clap::Args)]
#[command(
    after_help = "The oracle measures from the next epoch on. Whoever pays leaves the bond that the network asks for, and gets it back. \
    Then open its reports: `stipend network open-reports`."
)]
pub struct Args {
    /// The oracle's key, in base58
    #[arg(value_name = "ADDRESS")]
    oracle: Address,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    authority: AuthorityArgs,
    #[command(flatten)]
    session: SessionArgs,
}

/// The JSON object; its fields are documented in `app/cli/README.md`.
#[derive(Debug, Serialize)]
struct Outcome {
    network: String,
    oracle: String,
    from_epoch: u32,
    bond_lamports: u64,
    done: Done,
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    let mut session = args.session.open(DOING)?;
    let authority = args.authority.read(&session.payer)?;
    let (address, network) = args.network.read(&mut session.ledger)?;
    let now = session.ledger.now().map_err(|error| Failure::settling(DOING, error))?;
    let from_epoch = network.schedule().next_epoch(now);
    let bond_lamports = network.policy_at(from_epoch).oracle_bond_lamports;
    let effect =
        format!("let {} measure from epoch {from_epoch} on, with a bond of {}", args.oracle, sol(bond_lamports));
    let add = instruction::add_oracle(&session.payer_address(), &authority.pubkey(), &address, &args.oracle);
    let done = session.carry_out(&[Step::new(effect, vec![add])], &[&authority])?;
    // The clock went on between the look and the deed.
    let from_epoch = if done.sent { first_epoch(&mut session.ledger, &address, &args.oracle)? } else { from_epoch };
    let outcome =
        Outcome { network: address.to_string(), oracle: args.oracle.to_string(), from_epoch, bond_lamports, done };
    session.print(stdout, &outcome, |out| {
        let will = if outcome.done.sent { "measures" } else { "would measure" };
        writeln!(out, "Oracle {} {will} from epoch {} on", outcome.oracle, outcome.from_epoch)
    })
}

fn first_epoch(
    ledger: &mut impl stipend_client::ledger::Accounts,
    network: &Address,
    oracle: &Address,
) -> Result<u32, Failure> {
    let read = Reader::new(ledger, *network).network();
    let network = read.map_err(|error| Failure::settling("read the oracles", error))?;
    let entries = network.oracles.entries.iter().filter(|entry| entry.key == *oracle);
    Ok(entries.map(|entry| entry.active_from).max().unwrap_or_default())
}
