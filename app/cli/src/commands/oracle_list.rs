//! `stipend oracle list`

use std::io::{self, Write};

use serde::Serialize;
use stipend_client::program::constants::NO_EPOCH;
use stipend_client::program::state::{Network, Oracle};
use stipend_client::reader::Reader;

use crate::cluster::ReadingArgs;
use crate::failure::Failure;
use crate::figure::{grouped, sol};
use crate::table::table;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    reading: ReadingArgs,
}

/// The JSON object; its fields are documented in `app/cli/README.md`.
#[derive(Debug, Serialize)]
struct Outcome {
    network: String,
    open_epoch: u32,
    oracles: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    oracle: String,
    /// `active`, `coming`, `leaving`, `removed` or `suspended`.
    state: &'static str,
    active_from: u32,
    active_until: Option<u32>,
    reports_made: u32,
    reports_missed: u32,
    values_judged: u64,
    values_outside: u64,
    bond_lamports: u64,
    bond_payer: Option<String>,
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    let (mut accounts, address) = args.reading.open()?;
    let read = Reader::new(&mut accounts, address).network();
    let network = read.map_err(|error| accounts.unreadable("list the oracles", error))?;
    let outcome = Outcome { network: address.to_string(), open_epoch: network.open_epoch, oracles: rows(&network) };
    args.reading.print_list(stdout, &outcome, &outcome.oracles, |out| write_table(&outcome, out))
}

/// Every entry that was ever used and still stands.
fn rows(network: &Network) -> Vec<Row> {
    let used = network.oracles.entries.iter().filter(|oracle| oracle.active_until != 0 || oracle.suspended != 0);
    used.map(|oracle| Row {
        oracle: oracle.key.to_string(),
        state: state(oracle, network.open_epoch),
        active_from: oracle.active_from,
        active_until: Some(oracle.active_until).filter(|epoch| *epoch != NO_EPOCH),
        reports_made: oracle.reports_made,
        reports_missed: oracle.reports_missed,
        values_judged: oracle.values_judged,
        values_outside: oracle.values_outside,
        bond_lamports: oracle.bond_lamports,
        bond_payer: (oracle.bond_lamports > 0).then(|| oracle.payer.to_string()),
    })
    .collect()
}

fn state(oracle: &Oracle, open_epoch: u32) -> &'static str {
    if oracle.suspended != 0 {
        return "suspended";
    }
    if oracle.active_until <= open_epoch || oracle.active_until <= oracle.active_from {
        return "removed";
    }
    if oracle.active_from > open_epoch {
        return "coming";
    }
    if oracle.active_until == NO_EPOCH {
        "active"
    } else {
        "leaving"
    }
}

fn write_table(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    if outcome.oracles.is_empty() {
        return writeln!(out, "The network has no oracle; add one: stipend oracle add");
    }
    let header = ["oracle", "state", "from", "until", "reports", "missed", "judged", "outside", "bond"];
    let mut lines = table(&header, &[2, 3, 4, 5, 6, 7, 8]);
    for row in &outcome.oracles {
        lines.add_row([
            row.oracle.clone(),
            row.state.to_owned(),
            row.active_from.to_string(),
            row.active_until.map_or("-".to_owned(), |epoch| epoch.to_string()),
            grouped(row.reports_made.into()),
            grouped(row.reports_missed.into()),
            grouped(row.values_judged),
            grouped(row.values_outside),
            sol(row.bond_lamports),
        ]);
    }
    writeln!(out, "{lines}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_oracle_comes_measures_leaves_and_is_gone() {
        let oracle = |active_from, active_until| Oracle { active_from, active_until, ..Oracle::default() };

        assert_eq!(state(&oracle(5, NO_EPOCH), 4), "coming");
        assert_eq!(state(&oracle(5, NO_EPOCH), 5), "active");
        assert_eq!(state(&oracle(5, 8), 7), "leaving");
        assert_eq!(state(&oracle(5, 8), 8), "removed");
        // Removed before its first epoch began.
        assert_eq!(state(&oracle(5, 5), 4), "removed");
        assert_eq!(state(&Oracle { suspended: 1, ..oracle(5, NO_EPOCH) }, 5), "suspended");
    }
}
