//! Where on the chain the nodes are that a source names.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;

use solana_address::Address;
use stipend_client::ledger::Accounts;
use stipend_client::measurement::MeasurementRow;
use stipend_client::program::state::{is_any_earning, Entry, Network};
use stipend_client::reader::{ReadError, Reader, ShardState};
use stipend_client::slots::{Place, Slots};

use crate::failure::Failure;

#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Labels of the source")]
pub struct PlacesArgs {
    /// Which device a label means: CSV with the header `node,device` [default: labels are devices' addresses]
    #[arg(long, value_name = "CSV", conflicts_with = "slots")]
    pub labels: Option<PathBuf>,
    /// Where each label's slot is: CSV with the header `node,shard,slot`; the nodes of the chain are not read
    #[arg(long, value_name = "CSV")]
    pub slots: Option<PathBuf>,
}

impl PlacesArgs {
    pub fn read(&self) -> Result<Places, Failure> {
        let doing = "read the labels";
        let labels = match (&self.labels, &self.slots) {
            (_, Some(path)) => Labels::Slots(Slots::read(path).map_err(|error| Failure::usage(doing, error))?),
            (Some(path), None) => {
                let named = |error: String| Failure::usage(doing, format!("`{}`: {error}", path.display()));
                let file = std::fs::File::open(path).map_err(|error| named(error.to_string()))?;
                Labels::Devices(read_labels(file).map_err(named)?)
            }
            (None, None) => Labels::Addresses,
        };
        Ok(Places { labels, unknown: HashSet::new() })
    }
}

/// What the labels of a source mean.
#[derive(Debug)]
enum Labels {
    /// A device's address each.
    Addresses,
    /// The device of each.
    Devices(HashMap<String, Address>),
    /// The slot of each.
    Slots(Slots),
}

/// Finds the slots of the nodes that a source names.
#[derive(Debug)]
pub struct Places {
    labels: Labels,
    /// Labels without a node: they are said once.
    unknown: HashSet<String>,
}

impl Places {
    /// What is reported of an epoch, for each shard by its index in which a node can earn then: one entry a slot, from slot 0
    /// to the last one that was measured. A node that the source does not name, or that does not count in this epoch, is not
    /// measured; one that the network does not have is left out, with a warning.
    pub fn entries(
        &mut self,
        accounts: &mut impl Accounts,
        address: Address,
        network: &Network,
        epoch: u32,
        rows: &[MeasurementRow],
    ) -> Result<BTreeMap<u32, Vec<Entry>>, ReadError> {
        let found = Reader::new(accounts, address).first_shards(network.shard_count)?;
        // A shard in which no node can earn is scored without reports.
        let earning = found.iter().filter(|shard| is_any_earning(&shard.slots, epoch));
        let mut shards: BTreeMap<u32, Vec<Entry>> = earning.map(|shard| (shard.header.index, Vec::new())).collect();
        let places = self.places(accounts, address, &found, epoch)?;
        for row in rows {
            let Some(place) = places.get(&row.node) else {
                if self.unknown.insert(row.node.clone()) {
                    tracing::warn!("node {:?} is measured, and the network has no such node in this epoch", row.node);
                }
                continue;
            };
            let Some(entries) = shards.get_mut(&place.shard) else {
                continue;
            };
            let slot = usize::from(place.slot);
            if entries.len() <= slot {
                entries.resize(slot + 1, Entry::BLANK);
            }
            if let Some(entry) = entries.get_mut(slot) {
                *entry = Entry::new(row.uptime_bps, row.bandwidth);
            }
        }
        Ok(shards)
    }

    /// The place of every label that has one now.
    fn places(
        &self,
        accounts: &mut impl Accounts,
        address: Address,
        shards: &[ShardState],
        epoch: u32,
    ) -> Result<HashMap<String, Place>, ReadError> {
        let slot = |place: &Place| shards.get(place.shard as usize)?.slots.get(usize::from(place.slot));
        if let Labels::Slots(slots) = &self.labels {
            let known = slots.iter().filter(|(_, place)| slot(place).is_some());
            return Ok(known.map(|(node, place)| (node.to_owned(), place)).collect());
        }
        let mut devices = HashMap::new();
        for node in Reader::new(accounts, address).nodes()? {
            let place = Place { shard: node.shard.into(), slot: node.slot };
            if slot(&place).is_some_and(|slot| slot.is_earning(epoch)) {
                devices.insert(node.device, place);
            }
        }
        Ok(match &self.labels {
            Labels::Devices(labels) => {
                let named = labels.iter().map(|(label, device)| (label.clone(), devices.get(device).copied()));
                named.filter_map(|(label, place)| Some((label, place?))).collect()
            }
            _ => devices.into_iter().map(|(device, place)| (device.to_string(), place)).collect(),
        })
    }
}

fn read_labels(input: impl std::io::Read) -> Result<HashMap<String, Address>, String> {
    let mut rows = csv::Reader::from_reader(input);
    let header = rows.headers().map_err(|error| error.to_string())?;
    if header.iter().ne(["node", "device"]) {
        return Err("it does not begin with `node,device`, as a file of labels does".to_owned());
    }
    let mut labels = HashMap::new();
    let mut devices = HashSet::new();
    for row in rows.deserialize() {
        let (node, device): (String, String) = row.map_err(|error| error.to_string())?;
        let address: Address =
            device.parse().map_err(|_| format!("device `{device}` of node {node:?} is no address in base58"))?;
        if !devices.insert(address) {
            return Err(format!("device {address} has two labels; a device has one"));
        }
        if labels.insert(node.clone(), address).is_some() {
            return Err(format!("node {node:?} has two devices; a label means one"));
        }
    }
    Ok(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_and_doubles_are_refused() {
        let (a, b) = (Address::new_from_array([1; 32]), Address::new_from_array([2; 32]));
        let read = |rows: String| read_labels(format!("node,device\n{rows}").as_bytes());

        let labels = read(format!("roof,{a}\ncellar,{b}\n")).expect("labels");

        assert_eq!(labels, HashMap::from([("roof".to_owned(), a), ("cellar".to_owned(), b)]));
        assert!(read(format!("roof,{a}\nroof,{b}\n")).expect_err("refused").contains("two devices"));
        assert!(read(format!("roof,{a}\ncellar,{a}\n")).expect_err("refused").contains("two labels"));
        assert!(read("roof,x\n".to_owned()).expect_err("refused").contains("no address"));
        assert!(read_labels(&b"device,node\n"[..]).expect_err("refused").contains("node,device"));
    }
}
