//! `stipend oracle remove`

use std::io::Write;

use serde::Serialize;
use solana_address::Address;
use solana_signer::Signer as _;
use stipend_client::instruction;

use crate::cluster::{AuthorityArgs, Done, NetworkArgs, SessionArgs, Step};
use crate::failure::Failure;

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
    session: SessionArgs,
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
    let mut session = args.session.open(DOING)?;
    let authority = args.authority.read(&session.payer)?;
    let (address, _) = args.network.read(&mut session.ledger)?;
    let when =
        if args.at_once { "from the open epoch on, whose reports by it are void" } else { "from the next epoch on" };
    let effect = format!("let {} measure no more {when}", args.oracle);
    let remove = instruction::remove_oracle(&authority.pubkey(), &address, &args.oracle, args.at_once);
    let done = session.carry_out(&[Step::new(effect, vec![remove])], &[&authority])?;
    let outcome =
        Outcome { network: address.to_string(), oracle: args.oracle.to_string(), at_once: args.at_once, done };
    session.print(stdout, &outcome, |out| {
        let is = if outcome.done.sent { "is removed" } else { "would be removed" };
        writeln!(out, "Oracle {} {is}, {when}", outcome.oracle)
    })
}
