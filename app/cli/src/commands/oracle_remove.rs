//! `stipend oracle remove`

use std::io::{self, Write};

use serde::Serialize;
use solana_address::Address;
use solana_signer::Signer as _;
use stipend_client::instruction;

use crate::cluster::{carry_out, AuthorityArgs, ClusterArgs, ConsentArgs, Done, NetworkArgs, PayerArgs, Step};
use crate::failure::Failure;
use crate::print::{print, Format};

const DOING: &str = "remove the oracle";

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Its bond is held until an epoch is closed that it did not measure; then `stipend oracle withdraw-bond`."
)]
pub struct Args {
    /// The oracle's key, in base58
    #[arg(value_name = "ADDRESS")]
    oracle: Address,
    /// From the open epoch on, whose reports by it are void [default: from the next epoch on]
    #[arg(long)]
    at_once: bool,
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
    at_once: bool,
    done: Done,
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    args.consent.check(DOING)?;
    args.output.check_no_list()?;
    let payer = args.payer.read(&args.cluster)?;
    let authority = args.authority.read(&payer)?;
    let mut ledger = args.cluster.connect()?;
    let address = args.network.find(&mut ledger)?;
    let when =
        if args.at_once { "from the open epoch on, whose reports by it are void" } else { "from the next epoch on" };
    let effect = format!("let {} measure no more {when}", args.oracle);
    let remove = instruction::remove_oracle(&authority.pubkey(), &address, &args.oracle, args.at_once);
    let done = carry_out(&mut ledger, &payer, DOING, &[Step::new(effect, vec![remove])], &[&authority], &args.consent)?;
    let outcome =
        Outcome { network: address.to_string(), oracle: args.oracle.to_string(), at_once: args.at_once, done };
    print(stdout, args.output, &outcome, |out: &mut dyn Write| -> io::Result<()> {
        let is = if outcome.done.sent { "is removed" } else { "would be removed" };
        writeln!(out, "Oracle {} {is}, {when}", outcome.oracle)
    })
}
