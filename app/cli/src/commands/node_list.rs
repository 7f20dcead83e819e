//! `stipend node list` and `stipend node slots`

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;
use solana_address::Address;
use stipend_client::program::constants::NO_EPOCH;
use stipend_client::program::math::score::Reason;
use stipend_client::program::state::{Entry, SlotState};
use stipend_client::reader::Reader;
use stipend_client::verify::reason_name;

use crate::cluster::{NetworkArgs, OriginArgs};
use crate::failure::Failure;
use crate::figure::grouped;
use crate::print::{print, Format};
use crate::table::{table, words};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only this owner's nodes
    #[arg(long, value_name = "ADDRESS")]
    owner: Option<Address>,
    /// Only the nodes of this shard
    #[arg(long, value_name = "INDEX")]
    shard: Option<u32>,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    origin: OriginArgs,
    /// What to print on stdout
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

#[derive(Debug, clap::Args)]
pub struct SlotsArgs {
    /// CSV `node,device`: what a device is called in measurement files [default: its address]
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    origin: OriginArgs,
}

/// The JSON object; its fields are documented in `app/cli/README.md`.
#[derive(Debug, Serialize)]
struct Outcome {
    network: String,
    nodes: Vec<Listed>,
}

#[derive(Debug, Serialize)]
struct Listed {
    node: String,
    device: String,
    owner: String,
    shard: u32,
    slot: u16,
    state: &'static str,
    since: u32,
    boost_bps: u16,
    scored_epoch: Option<u32>,
    uptime_bps: Option<u16>,
    bandwidth: Option<u32>,
    score: u32,
    reason: Option<&'static str>,
    accrued_atoms: u64,
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    let (network, mut nodes) = read(&args.network, &args.origin)?;
    let owner = args.owner.map(|owner| owner.to_string());
    nodes.retain(|node| owner.as_ref().is_none_or(|owner| *owner == node.owner));
    nodes.retain(|node| args.shard.is_none_or(|shard| shard == node.shard));
    let outcome = Outcome { network: network.to_string(), nodes };
    print(stdout, args.output, &outcome, |out| write_table(&outcome, out))
}

/// The CSV that oracles read.
pub fn run_slots(args: &SlotsArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
    let doing = "print the slots";
    let mut labels = HashMap::new();
    if let Some(path) = &args.labels {
        let mut rows = csv::Reader::from_path(path).map_err(|error| Failure::usage("read the labels", error))?;
        for row in rows.deserialize() {
            let (label, device): (String, String) = row.map_err(|error| Failure::usage("read the labels", error))?;
            labels.insert(device, label);
        }
    }
    let (_, nodes) = read(&args.network, &args.origin)?;
    let mut out = csv::Writer::from_writer(stdout);
    let mut write = || -> Result<(), csv::Error> {
        out.write_record(stipend_client::slots::COLUMNS)?;
        for node in &nodes {
            out.serialize((labels.get(&node.device).unwrap_or(&node.device), node.shard, node.slot))?;
        }
        Ok(out.flush()?)
    };
    write().map_err(|error| Failure::usage(doing, error))
}

/// All nodes, by shard and slot.
fn read(network: &NetworkArgs, origin: &OriginArgs) -> Result<(Address, Vec<Listed>), Failure> {
    let doing = "list the nodes";
    let mut accounts = origin.open()?;
    let network = network.find(&mut accounts)?;
    let mut reader = Reader::new(&mut accounts, network);
    let found = reader.nodes().and_then(|nodes| Ok((nodes, reader.shards()?)));
    let (nodes, shards) = found.map_err(|error| accounts.unreadable(doing, error))?;
    let shards: BTreeMap<_, _> = shards.iter().map(|shard| (shard.address, shard)).collect();
    let mut listed = Vec::with_capacity(nodes.len());
    for (address, node) in nodes {
        // Both were read, but not at one moment: a node may be newer than its shard here.
        let Some((shard, slot)) =
            shards.get(&node.shard).and_then(|shard| Some((shard, shard.slots.get(usize::from(node.slot))?)))
        else {
            continue;
        };
        let reason = Reason::from_u8(slot.reason).filter(|reason| *reason != Reason::None);
        listed.push(Listed {
            node: address.to_string(),
            device: node.device.to_string(),
            owner: slot.owner.to_string(),
            shard: shard.header.index,
            slot: node.slot,
            state: if slot.state == SlotState::Retired as u8 { "retired" } else { "live" },
            since: node.since,
            boost_bps: slot.boost_bps,
            scored_epoch: Some(shard.header.scored_epoch).filter(|epoch| *epoch != NO_EPOCH && reason.is_some()),
            uptime_bps: Some(slot.uptime_bps).filter(|uptime| *uptime != Entry::NO_UPTIME),
            bandwidth: Some(slot.bandwidth).filter(|bandwidth| *bandwidth != Entry::NO_BANDWIDTH),
            score: slot.score,
            reason: reason.map(reason_name),
            accrued_atoms: slot.accrued_atoms,
        });
    }
    listed.sort_by_key(|node| (node.shard, node.slot));
    Ok((network, listed))
}

fn write_table(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    let header = [
        "device",
        "owner",
        "shard",
        "slot",
        "state",
        "since",
        "boost bps",
        "epoch",
        "uptime bps",
        "bandwidth",
        "score",
        "reason",
        "accrued atoms",
    ];
    let mut table = table(&header, &[2, 3, 5, 6, 7, 8, 9, 10, 12]);
    let or_dash = |number: Option<u64>| number.map_or_else(|| "-".to_owned(), grouped);
    for node in &outcome.nodes {
        table.add_row([
            node.device.clone(),
            node.owner.clone(),
            node.shard.to_string(),
            node.slot.to_string(),
            node.state.to_owned(),
            node.since.to_string(),
            grouped(node.boost_bps.into()),
            node.scored_epoch.map_or_else(|| "-".to_owned(), |epoch| epoch.to_string()),
            or_dash(node.uptime_bps.map(u64::from)),
            or_dash(node.bandwidth.map(u64::from)),
            grouped(node.score.into()),
            node.reason.map_or_else(|| "-".to_owned(), words),
            grouped(node.accrued_atoms),
        ]);
    }
    writeln!(out, "{table}")
}
