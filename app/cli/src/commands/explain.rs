//! `stipend explain`

use std::io::Write;

use solana_address::Address;
use stipend_client::explain::{explain, void_reason, ExplainError, Explanation};
use stipend_client::program::math::score::Reason;

use crate::cluster::{Origin, ReadingArgs};
use crate::explanation::{write_words, Outcome};
use crate::failure::Failure;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The device's key, in base58
    #[arg(value_name = "DEVICE")]
    device: Address,
    #[command(flatten)]
    reading: ReadingArgs,
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    let doing = || format!("explain device {}", args.device);
    let (mut accounts, network) = args.reading.open_one()?;
    let mut explanation = explain(&mut accounts, &network, &args.device).map_err(|error| match error {
        ExplainError::Read(error) => accounts.unreadable(doing(), error),
        other => Failure::usage(doing(), other),
    })?;
    look_for_reason(&mut accounts, &mut explanation);
    let outcome = Outcome::new(&network, &explanation);
    args.reading.print(stdout, &outcome, |out| write_words(&outcome, out))
}

/// Transactions of a shard that are looked through for the one that voided a score.
const TRANSACTIONS: usize = 500;

/// Finds out why a score was voided: only the event of that transaction tells, so that a folder of accounts does not.
fn look_for_reason(accounts: &mut Origin, explanation: &mut Explanation) {
    let (shard, slot) = (explanation.shard, explanation.node.slot);
    let voided = explanation.scored.as_mut().filter(|scored| scored.reason == Reason::Voided);
    let (Some(scored), Origin::Cluster(cluster)) = (voided, accounts) else {
        return;
    };
    match cluster.find_in_logs(&shard, TRANSACTIONS, |logs| void_reason(logs, &shard, slot, scored.epoch)) {
        Ok(reason) => scored.void_reason = reason,
        Err(error) => eprintln!("why the score was voided was not found: {error}"),
    }
}
