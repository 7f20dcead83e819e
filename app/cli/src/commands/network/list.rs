//! `stipend network list`

use std::io::{self, Write};

use serde::Serialize;
use solana_address::Address;
use stipend_client::account;
use stipend_client::ledger::Accounts as _;
use stipend_client::reader::{networks, ReadError};

use crate::cluster::OriginArgs;
use crate::failure::Failure;
use crate::print::{print_list, Format};
use crate::table::table;
use stipend_client::unit::unit_text;

const DOING: &str = "list the networks";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only those of this mint
    #[arg(long, value_name = "ADDRESS")]
    mint: Option<Address>,
    #[command(flatten)]
    origin: OriginArgs,
    /// What to print on stdout
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

/// The JSON object; its fields are documented in `app/cli/README.md`.
#[derive(Debug, Serialize)]
struct Outcome {
    networks: Vec<Row>,
}

#[derive(Clone, Debug, Serialize)]
struct Row {
    network: String,
    mint: String,
    id: u16,
    authority: String,
    bandwidth_unit: String,
    paused: bool,
    open_epoch: u32,
    shards: u32,
    oracles: usize,
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    let mut accounts = args.origin.open()?;
    let addresses = networks(&mut accounts).map_err(|error| Failure::settling(DOING, error))?;
    let found = accounts.accounts(&addresses).map_err(|error| Failure::settling(DOING, error))?;
    let now = accounts.now().map_err(|error| Failure::settling(DOING, error))?;
    let mut rows = Vec::with_capacity(addresses.len());
    for (address, found) in addresses.into_iter().zip(found) {
        // Closed since it was found.
        let Some(found) = found else { continue };
        let network = account::network(&found.data)
            .map_err(|source| accounts.unreadable(DOING, ReadError::Decode { address, source }))?;
        if args.mint.is_some_and(|mint| mint != network.mint) {
            continue;
        }
        rows.push(Row {
            network: address.to_string(),
            mint: network.mint.to_string(),
            id: network.id,
            authority: network.authority.to_string(),
            bandwidth_unit: unit_text(&network.unit),
            paused: network.is_paused(now),
            open_epoch: network.open_epoch,
            shards: network.shard_count,
            oracles: network.oracles.active(network.open_epoch).count(),
        });
    }
    let outcome = Outcome { networks: rows };
    print_list(stdout, args.output, &outcome, &outcome.networks, |out| write_table(&outcome.networks, out))
}

fn write_table(rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
    if rows.is_empty() {
        return writeln!(out, "There is no network");
    }
    let mut lines = table(&["network", "mint", "id", "unit", "open epoch", "shards", "oracles", ""], &[2, 4, 5, 6]);
    for row in rows {
        lines.add_row([
            row.network.clone(),
            row.mint.clone(),
            row.id.to_string(),
            row.bandwidth_unit.clone(),
            row.open_epoch.to_string(),
            row.shards.to_string(),
            row.oracles.to_string(),
            if row.paused { "paused" } else { "" }.to_owned(),
        ]);
    }
    writeln!(out, "{lines}")
}
