//! `stipend oracle add`

use std::io::{self, Write};

use serde::Serialize;
use solana_address::Address;
use solana_signer::Signer as _;
use stipend_client::instruction;
use stipend_client::ledger::Ledger as _;
use stipend_client::reader::Reader;

use crate::cluster::{carry_out, AuthorityArgs, ClusterArgs, ConsentArgs, Done, NetworkArgs, PayerArgs, Step};
use crate::failure::Failure;
use crate::figure::sol;
use crate::print::{print, Format};

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
    from_epoch: u32,
    bond_lamports: u64,
    done: Done,
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    args.consent.check(DOING)?;
    args.output.check_no_list()?;
    let payer = args.payer.read(&args.cluster)?;
    let authority = args.authority.read(&payer)?;
    let mut ledger = args.cluster.connect()?;
    let address = args.network.find(&mut ledger)?;
    let read = Reader::new(&mut ledger, address).network();
    let network = read.map_err(|error| Failure::settling(DOING, error))?;
    let now = ledger.now().map_err(|error| Failure::settling(DOING, error))?;
    let from_epoch = network.schedule().next_epoch(now);
    let bond_lamports = network.policy_at(from_epoch).oracle_bond_lamports;
    let effect =
        format!("let {} measure from epoch {from_epoch} on, with a bond of {}", args.oracle, sol(bond_lamports));
    let add = instruction::add_oracle(&payer.pubkey(), &authority.pubkey(), &address, &args.oracle);
    let done = carry_out(&mut ledger, &payer, DOING, &[Step::new(effect, vec![add])], &[&authority], &args.consent)?;
    // The clock went on between the look and the deed.
    let from_epoch = if done.sent { first_epoch(&mut ledger, &address, &args.oracle)? } else { from_epoch };
    let outcome =
        Outcome { network: address.to_string(), oracle: args.oracle.to_string(), from_epoch, bond_lamports, done };
    print(stdout, args.output, &outcome, |out: &mut dyn Write| -> io::Result<()> {
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
