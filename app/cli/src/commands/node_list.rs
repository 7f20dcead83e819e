//! `stipend node list` and `stipend node slots`

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;
use solana_address::Address;
use stipend_client::address;
use stipend_client::program::constants::NO_EPOCH;
use stipend_client::program::math::score::Reason;
use stipend_client::program::state::{DirectoryEntry, Entry, Slot};
use stipend_client::reader::{ReadError, Reader};
use stipend_client::verify::reason_name;

use crate::cluster::{NetworkArgs, Origin, OriginArgs, ReadingArgs};
use crate::explanation::{first_epoch, state_name};
use crate::failure::Failure;
use crate::figure::{grouped, percent};
use crate::table::{table, words};

/// Shards or directories that are read at once.
const ACCOUNTS_AT_ONCE: usize = 32;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only this owner's nodes
    #[arg(long, value_name = "ADDRESS")]
    owner: Option<Address>,
    /// Only the nodes of this shard
    #[arg(long, value_name = "INDEX")]
    shard: Option<u32>,
    #[command(flatten)]
    reading: ReadingArgs,
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
    device: String,
    owner: String,
    shard: u32,
    slot: u16,
    /// `starting`, `active` or `retired`.
    state: &'static str,
    /// The first epoch that counts, of a node that is starting.
    from_epoch: Option<u32>,
    /// The first epoch that a retired node does not earn.
    until: Option<u32>,
    boost_bps: u16,
    scored_epoch: Option<u32>,
    uptime_bps: Option<u16>,
    bandwidth: Option<u32>,
    score: u32,
    reason: Option<&'static str>,
    accrued_atoms: u64,
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    let (mut accounts, network) = args.reading.open()?;
    let is_wanted = |slot: &Slot| args.owner.is_none_or(|owner| owner == slot.owner);
    let nodes = read(&mut accounts, &network, args.shard, is_wanted)?;
    let outcome = Outcome { network: network.to_string(), nodes };
    args.reading.print_list(stdout, &outcome, &outcome.nodes, |out| write_table(&outcome.nodes, out))
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
    let mut accounts = args.origin.open()?;
    let network = args.network.find(&mut accounts)?;
    let nodes = read(&mut accounts, &network, None, |_| true)?;
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

/// The nodes whose slots are wanted, by shard and slot: of all shards, or of one.
fn read(
    accounts: &mut Origin,
    network: &Address,
    shard: Option<u32>,
    is_wanted: impl Fn(&Slot) -> bool,
) -> Result<Vec<Listed>, Failure> {
    let doing = "list the nodes";
    let found = read_slots(accounts, network, shard, is_wanted).and_then(|slots| {
        let mut listed = Vec::with_capacity(slots.len());
        for first_bytes in (0..=u8::MAX).collect::<Vec<_>>().chunks(ACCOUNTS_AT_ONCE) {
            let directories = Reader::new(accounts, *network).directories_of(first_bytes)?;
            // Both were read, but not at one moment: a node may be newer than its shard here.
            listed.extend(directories.iter().flat_map(|directory| &directory.entries).filter_map(|node| {
                let place = (u32::from(node.shard), node.slot);
                slots.get(&place).map(|(slot, scored_epoch)| Listed::new(node, slot, *scored_epoch))
            }));
        }
        Ok(listed)
    });
    let mut listed = found.map_err(|error| accounts.unreadable(doing, error))?;
    listed.sort_by_key(|node| (node.shard, node.slot));
    Ok(listed)
}

/// Slots by shard and place, each with the last epoch that its shard was scored for.
type Slots = HashMap<(u32, u16), (Slot, u32)>;

fn read_slots(
    accounts: &mut Origin,
    network: &Address,
    shard: Option<u32>,
    is_wanted: impl Fn(&Slot) -> bool,
) -> Result<Slots, ReadError> {
    let mut reader = Reader::new(accounts, *network);
    let count = reader.network()?.shard_count;
    let indices: Vec<_> = (0..count).filter(|index| shard.is_none_or(|shard| shard == *index)).collect();
    let mut slots = Slots::new();
    for some in indices.chunks(ACCOUNTS_AT_ONCE) {
        let shards = reader.shards_at(some.iter().map(|index| address::shard(network, *index)).collect())?;
        for shard in shards {
            let (index, scored_epoch) = (shard.header.index, shard.header.scored_epoch);
            let wanted = (0..).zip(shard.slots).filter(|(_, slot)| !slot.is_vacant() && is_wanted(slot));
            slots.extend(wanted.map(|(place, slot)| ((index, place), (slot, scored_epoch))));
        }
    }
    Ok(slots)
}

impl Listed {
    fn new(node: &DirectoryEntry, slot: &Slot, scored_epoch: u32) -> Self {
        let reason = Reason::from_u8(slot.reason).filter(|reason| *reason != Reason::None);
        Self {
            device: node.device.to_string(),
            owner: slot.owner.to_string(),
            shard: node.shard.into(),
            slot: node.slot,
            state: state_name(slot),
            from_epoch: first_epoch(slot),
            until: (slot.until != NO_EPOCH).then_some(slot.until),
            boost_bps: slot.boost_bps,
            scored_epoch: Some(scored_epoch).filter(|epoch| *epoch != NO_EPOCH && reason.is_some()),
            uptime_bps: Some(slot.uptime_bps).filter(|uptime| *uptime != Entry::NO_UPTIME),
            bandwidth: Some(slot.bandwidth).filter(|bandwidth| *bandwidth != Entry::NO_BANDWIDTH),
            score: slot.score,
            reason: reason.map(reason_name),
            accrued_atoms: slot.accrued_atoms,
        }
    }
}

/// A column of the table.
struct Column {
    name: &'static str,
    is_number: bool,
    /// Whether it is told once, below the table, where all nodes have the same.
    is_told_once: bool,
    cell: fn(&Listed) -> String,
}

const COLUMNS: [Column; 12] = [
    column("device", |node| node.device.clone()),
    once("owner", false, |node| node.owner.clone()),
    Column { is_number: true, ..column("slot", |node| format!("{}/{}", node.shard, node.slot)) },
    once("state", false, |node| node.state.to_owned()),
    once("from", true, |node| node.from_epoch.map_or_else(none, |epoch| epoch.to_string())),
    once("until", true, |node| node.until.map_or_else(none, |epoch| epoch.to_string())),
    once("boost", true, |node| percent(node.boost_bps)),
    once("epoch", true, |node| node.scored_epoch.map_or_else(none, |epoch| epoch.to_string())),
    Column { is_number: true, ..column("uptime", |node| node.uptime_bps.map_or_else(none, percent)) },
    Column {
        is_number: true,
        ..column("bandwidth", |node| node.bandwidth.map_or_else(none, |bandwidth| grouped(bandwidth.into())))
    },
    once("reason", false, |node| node.reason.map_or_else(none, words)),
    Column { is_number: true, ..column("accrued atoms", |node| grouped(node.accrued_atoms)) },
];

const fn column(name: &'static str, cell: fn(&Listed) -> String) -> Column {
    Column { name, is_number: false, is_told_once: false, cell }
}

const fn once(name: &'static str, is_number: bool, cell: fn(&Listed) -> String) -> Column {
    Column { name, is_number, is_told_once: true, cell }
}

fn none() -> String {
    "-".to_owned()
}

/// A line a node; what is the same of all of them is told once. The score is left to JSON and CSV, or to `stipend node explain`.
fn write_table(nodes: &[Listed], out: &mut dyn Write) -> io::Result<()> {
    let Some(first) = nodes.first() else {
        return writeln!(out, "No node");
    };
    let is_same =
        |column: &&Column| column.is_told_once && nodes.iter().all(|node| (column.cell)(node) == (column.cell)(first));
    let (same, columns): (Vec<_>, Vec<_>) = COLUMNS.iter().partition(is_same);
    let header: Vec<_> = columns.iter().map(|column| column.name).collect();
    let right: Vec<_> = (0..).zip(&columns).filter(|(_, column)| column.is_number).map(|(place, _)| place).collect();
    let mut table = table(&header, &right);
    for node in nodes {
        table.add_row(columns.iter().map(|column| (column.cell)(node)));
    }
    writeln!(out, "{table}")?;
    // What none has, as a reason before the first score, is not told.
    let same = same.iter().map(|column| (column.name, (column.cell)(first))).filter(|(_, cell)| *cell != none());
    let same: Vec<_> = same.map(|(name, cell)| format!("{name} {cell}")).collect();
    if same.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}: {}", if nodes.len() == 1 { "It has" } else { "All have" }, same.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(slot: u16, owner: char) -> Listed {
        Listed {
            device: "D".repeat(44),
            owner: owner.to_string().repeat(44),
            shard: 0,
            slot,
            state: "active",
            from_epoch: None,
            until: None,
            boost_bps: 10_000,
            scored_epoch: Some(7),
            uptime_bps: Some(9_965),
            bandwidth: None,
            score: 99_650_000,
            reason: Some("no_bandwidth_quorum"),
            accrued_atoms: 1_234_567,
        }
    }

    fn written(nodes: &[Listed]) -> String {
        let mut out = Vec::new();
        write_table(nodes, &mut out).expect("written");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn what_all_nodes_have_is_told_once_and_a_line_fits_a_terminal() {
        let text = written(&[node(0, 'A'), node(12, 'A')]);

        let device = "D".repeat(44);
        let line: Vec<_> = text.lines().nth(4).expect("a second node").split_whitespace().collect();
        assert_eq!(line, ["│", device.as_str(), "0/12", "99.65", "%", "-", "1,234,567", "│"]);
        let owner = "A".repeat(44);
        let same =
            format!("All have: owner {owner}, state active, boost 100.00 %, epoch 7, reason no bandwidth quorum");
        assert_eq!(text.lines().last(), Some(same.as_str()));
        let lines = text.lines().filter(|line| *line != same);
        assert!(lines.map(|line| line.chars().count()).max() <= Some(100), "{text}");
    }

    #[test]
    fn what_differs_is_a_column_and_addresses_are_whole() {
        let retired = Listed { state: "retired", until: Some(9), boost_bps: 15_000, ..node(1, 'B') };

        let text = written(&[node(0, 'A'), retired]);

        for name in ["owner", "state", "until", "boost"] {
            assert!(text.lines().nth(1).is_some_and(|header| header.contains(name)), "{text}");
        }
        for cell in ["A".repeat(44), "B".repeat(44), "retired".to_owned(), "150.00 %".to_owned()] {
            assert!(text.contains(&cell), "{text}");
        }
        assert_eq!(text.lines().last(), Some("All have: epoch 7, reason no bandwidth quorum"));
    }

    #[test]
    fn what_no_node_has_is_not_told() {
        let unscored = |slot| Listed { scored_epoch: None, reason: None, ..node(slot, 'A') };

        let text = written(&[unscored(0), unscored(1)]);

        assert!(text.ends_with(", state active, boost 100.00 %\n"), "{text}");
    }

    #[test]
    fn a_list_of_nothing_says_so() {
        assert_eq!(written(&[]), "No node\n");
    }
}
