//! Where each node's slot is, as a file that people can read: what joins the labels of a measurement file to the chain.
//!
//! CSV with the header `node,shard,slot` and one row a node:
//!
//! | column | shape | range |
//! |---|---|---|
//! | `node` | text, UTF-8 | the label that measurement files use |
//! | `shard` | integer | index of the shard in its network, 0..=65,535 |
//! | `slot` | integer | the node's slot in the shard, 0..=599 |
//!
//! A node has one slot, and a slot one node. Rows may come in any order.

use crate::{
    csv_rows::{CsvError, CsvRow, CsvRows},
    measurement::{check_node_label, MeasurementRow, RowError},
};
use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{self, BufRead, BufReader},
    path::Path,
};
use stipend::{
    constants::{MAX_SHARDS, MAX_SHARD_SLOTS},
    state::Entry,
};

/// The columns of a slots file, in their order.
pub const COLUMNS: [&str; 3] = ["node", "shard", "slot"];

/// A node's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// Index of the shard.
    pub shard: u32,
    /// Slot in the shard.
    pub slot: u16,
}

/// A slots file that can't be read, with its name.
#[derive(Debug, thiserror::Error)]
pub enum SlotsFileError {
    /// The operating system refused to open it.
    #[error("`{file}` can't be opened")]
    Open {
        /// As the caller named it.
        file: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// It is not CSV.
    #[error("`{file}`, {reason}")]
    Csv {
        /// As the caller named it.
        file: String,
        /// What is wrong, with its line.
        reason: CsvError,
    },
    /// It does not begin with the columns of a slots file.
    #[error("`{file}` does not begin with `{}`, as a slots file does", COLUMNS.join(","))]
    Header {
        /// As the caller named it.
        file: String,
    },
    /// One of its rows breaks a rule.
    #[error("`{file}`, line {line}: {reason}")]
    Row {
        /// As the caller named it.
        file: String,
        /// Counted from 1.
        line: u64,
        /// The rule.
        reason: SlotRowError,
    },
}

/// The rule that a row of a slots file breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlotRowError {
    /// Too few cells, or too many.
    #[error("row has {found} cells; a node's slot has {}", COLUMNS.len())]
    CellCount {
        /// How many cells the row has.
        found: usize,
    },
    /// Bytes that are no text.
    #[error("row is not UTF-8 text; save the file as UTF-8")]
    NotUtf8,
    /// The label is none.
    #[error(transparent)]
    Node(#[from] RowError),
    /// No network has such a shard.
    #[error("shard `{found}` is not an integer from 0 to {}", MAX_SHARDS - 1)]
    Shard {
        /// What stands there instead.
        found: String,
    },
    /// The slot is in no shard.
    #[error("slot `{found}` is not an integer from 0 to {}", MAX_SHARD_SLOTS - 1)]
    Slot {
        /// What stands there instead.
        found: String,
    },
    /// Two rows for a node.
    #[error("node {node:?} has a row already; a node has one slot")]
    RepeatedNode {
        /// The node of both.
        node: String,
    },
    /// Two nodes in a slot.
    #[error("slot {slot} of shard {shard} is that of node {node:?} already; a slot has one node")]
    RepeatedSlot {
        /// The shard of both.
        shard: u32,
        /// The slot of both.
        slot: u16,
        /// The node of the other row.
        node: String,
    },
}

/// A measured node that has no slot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("node {node:?} is measured in epoch {epoch} and has no slot; register it, and give its slot")]
pub struct NodeWithoutSlot {
    /// Its label.
    pub node: String,
    /// An epoch in which it is measured.
    pub epoch: u32,
}

/// Where each node's slot is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slots {
    places: HashMap<String, Place>,
    nodes: BTreeMap<Place, String>,
}

impl Slots {
    /// Reads and checks the slots file at `path`.
    ///
    /// Errors: [`SlotsFileError`], which names the file, the line and the reason.
    pub fn read(path: &Path) -> Result<Self, SlotsFileError> {
        let file = path.display().to_string();
        match File::open(path) {
            Ok(open) => Self::read_from(BufReader::new(open), &file),
            Err(source) => Err(SlotsFileError::Open { file, source }),
        }
    }

    /// Reads and checks a slots file from `input`, which errors call `file`.
    pub fn read_from(input: impl BufRead, file: &str) -> Result<Self, SlotsFileError> {
        let csv_error = |reason| SlotsFileError::Csv { file: file.to_owned(), reason };
        let mut csv_rows = CsvRows::new(input);
        let mut row = CsvRow::default();
        if !csv_rows.read_row(&mut row).map_err(csv_error)? || !row.cells().eq(COLUMNS.map(str::as_bytes)) {
            return Err(SlotsFileError::Header { file: file.to_owned() });
        }
        let mut slots = Self::default();
        while csv_rows.read_row(&mut row).map_err(csv_error)? {
            let line = row.line();
            parse_row(&row)
                .and_then(|(node, place)| slots.insert(node, place))
                .map_err(|reason| SlotsFileError::Row { file: file.to_owned(), line, reason })?;
        }
        Ok(slots)
    }

    /// Gives a node its slot. Errors: [`SlotRowError::RepeatedNode`], [`SlotRowError::RepeatedSlot`].
    pub fn insert(&mut self, node: &str, place: Place) -> Result<(), SlotRowError> {
        if self.places.contains_key(node) {
            return Err(SlotRowError::RepeatedNode { node: node.to_owned() });
        }
        if let Some(other) = self.nodes.get(&place) {
            return Err(SlotRowError::RepeatedSlot { shard: place.shard, slot: place.slot, node: other.clone() });
        }
        self.places.insert(node.to_owned(), place);
        self.nodes.insert(place, node.to_owned());
        Ok(())
    }

    /// A node's place.
    pub fn get(&self, node: &str) -> Option<Place> {
        self.places.get(node).copied()
    }

    /// All nodes and their places, in the order of these.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Place)> {
        self.nodes.iter().map(|(place, node)| (node.as_str(), *place))
    }

    /// What an oracle reports of an epoch: for each shard that has a node, by index, one entry for each slot from 0 to its last
    /// node's. A slot without a row is [`Entry::BLANK`]: not measured.
    ///
    /// - `rows`: those of one epoch, see [`Measurements::epoch`](crate::measurement::Measurements::epoch).
    pub fn entries(&self, rows: &[MeasurementRow]) -> Result<BTreeMap<u32, Vec<Entry>>, NodeWithoutSlot> {
        let mut shards: BTreeMap<u32, Vec<Entry>> = BTreeMap::new();
        for place in self.nodes.keys() {
            // In ascending order: each one is at or past the end.
            shards.entry(place.shard).or_default().resize(usize::from(place.slot) + 1, Entry::BLANK);
        }
        for row in rows {
            let place = self.places.get(&row.node);
            let entry = place.and_then(|place| shards.get_mut(&place.shard)?.get_mut(usize::from(place.slot)));
            let missing = || NodeWithoutSlot { node: row.node.clone(), epoch: row.epoch };
            *entry.ok_or_else(missing)? = Entry::new(row.uptime_bps, row.bandwidth);
        }
        Ok(shards)
    }
}

fn parse_row(row: &CsvRow) -> Result<(&str, Place), SlotRowError> {
    if row.cell_count() != COLUMNS.len() {
        return Err(SlotRowError::CellCount { found: row.cell_count() });
    }
    let cell = |index| std::str::from_utf8(row.cell(index).unwrap_or_default()).map_err(|_| SlotRowError::NotUtf8);
    let (node, shard, slot) = (cell(0)?, cell(1)?, cell(2)?);
    check_node_label(node)?;
    let shard = integer(shard)
        .filter(|number| *number < MAX_SHARDS)
        .ok_or_else(|| SlotRowError::Shard { found: shard.to_owned() })?;
    let slot = integer(slot)
        .and_then(|number| u16::try_from(number).ok())
        .filter(|number| *number < MAX_SHARD_SLOTS)
        .ok_or_else(|| SlotRowError::Slot { found: slot.to_owned() })?;
    Ok((node, Place { shard, slot }))
}

/// A number of digits only: neither a sign nor white space.
fn integer(text: &str) -> Option<u32> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Slots, String> {
        Slots::read_from(text.as_bytes(), "slots.csv").map_err(|error| error.to_string())
    }

    #[test]
    fn places_are_read_in_any_order() {
        let slots = read("node,shard,slot\nb,1,599\n\"a, b\",0,2\nc,0,0\n").unwrap();

        assert_eq!(slots.get("b"), Some(Place { shard: 1, slot: 599 }));
        assert_eq!(slots.get("a, b"), Some(Place { shard: 0, slot: 2 }));
        assert_eq!(slots.get("d"), None);
    }

    fn row(node: &str, uptime_bps: u16) -> MeasurementRow {
        MeasurementRow { epoch: 7, node: node.to_owned(), uptime_bps: Some(uptime_bps), bandwidth: None }
    }

    #[test]
    fn entries_reach_to_the_last_node_of_each_shard() {
        let slots = read("node,shard,slot\nb,1,1\na,0,2\nc,0,0\n").unwrap();

        let entries = slots.entries(&[row("a", 9), row("b", 8)]).unwrap();

        let blank = Entry::BLANK;
        let measured = |uptime_bps| Entry::new(Some(uptime_bps), None);
        assert_eq!(entries, BTreeMap::from([(0, vec![blank, blank, measured(9)]), (1, vec![blank, measured(8)])]));
    }

    #[test]
    fn a_node_without_a_slot_is_not_left_out() {
        let slots = read("node,shard,slot\na,0,2\n").unwrap();

        let refused = slots.entries(&[row("a", 9), row("b", 8)]);

        assert_eq!(refused, Err(NodeWithoutSlot { node: "b".to_owned(), epoch: 7 }));
    }

    #[test]
    fn a_bad_row_is_named_with_its_line() {
        let refusal = |rows: &str| read(&format!("node,shard,slot\n{rows}")).unwrap_err();

        assert_eq!(refusal("a,0\n"), "`slots.csv`, line 2: row has 2 cells; a node's slot has 3");
        assert_eq!(refusal("a,-1,0\n"), "`slots.csv`, line 2: shard `-1` is not an integer from 0 to 65535");
        assert_eq!(refusal("a,,0\n"), "`slots.csv`, line 2: shard `` is not an integer from 0 to 65535");
        assert_eq!(refusal("a,65536,0\n"), "`slots.csv`, line 2: shard `65536` is not an integer from 0 to 65535");
        assert_eq!(refusal("a,0,600\n"), "`slots.csv`, line 2: slot `600` is not an integer from 0 to 599");
        assert_eq!(refusal(",0,1\n"), "`slots.csv`, line 2: node is empty; every measurement names its node");
        assert_eq!(refusal("a,0,1\na,0,2\n"), "`slots.csv`, line 3: node \"a\" has a row already; a node has one slot");
        assert_eq!(
            refusal("a,0,1\nb,0,1\n"),
            "`slots.csv`, line 3: slot 1 of shard 0 is that of node \"a\" already; a slot has one node"
        );
        assert_eq!(
            read("node,slot\n").unwrap_err(),
            "`slots.csv` does not begin with `node,shard,slot`, as a slots file does"
        );
    }
}
