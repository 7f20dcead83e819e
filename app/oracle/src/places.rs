//! Where on the chain the nodes are that a source names.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use solana_address::Address;
use stipend_client::csv_rows::read_table;
use stipend_client::ledger::Accounts;
use stipend_client::measurement::{check_node_label, MeasurementRow};
use stipend_client::program::state::{Entry, Network};
use stipend_client::reader::ReadError;
use stipend_client::slots::{Place, Slots};

use crate::failure::Failure;
use crate::roster::Roster;

/// What the labels of a source mean.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Labels of the source")]
pub struct PlacesArgs {
    /// Which device a label means: CSV with the header `node,device` [default: labels are devices' addresses]
    #[arg(long, value_name = "CSV", conflicts_with = "slots")]
    pub labels: Option<PathBuf>,
    /// Where each label's slot is: CSV with the header `node,shard,slot`; a slot whose device changed is not reported
    #[arg(long, value_name = "CSV")]
    pub slots: Option<PathBuf>,
}

impl PlacesArgs {
    /// Reads the files that are named.
    pub fn read(&self) -> Result<Places, Failure> {
        let doing = "read the labels";
        let labels = match (&self.labels, &self.slots) {
            (_, Some(path)) => Labels::Slots(Slots::read(path).map_err(|error| Failure::usage(doing, error))?),
            (Some(path), None) => {
                let named = |error: String| Failure::usage(doing, format!("`{}`: {error}", path.display()));
                let file = std::fs::File::open(path).map_err(|error| named(error.to_string()))?;
                Labels::Devices(read_labels(BufReader::new(file)).map_err(named)?)
            }
            (None, None) => Labels::Addresses,
        };
        Ok(Places { labels, unknown: HashSet::new(), tenants: HashMap::new(), roster: Roster::default() })
    }
}

/// What a label means.
#[derive(Debug)]
enum Labels {
    /// A device's address each.
    Addresses,
    /// The device of each.
    Devices(HashMap<String, Address>),
    /// The slot of each.
    Slots(Slots),
}

/// Why it is not known where the nodes are.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each message says what its variant is")]
pub enum PlacesError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(
        "{missing} of the {earning} nodes that can earn are in no directory that was read: the answer was not the whole one"
    )]
    Partial { missing: usize, earning: usize },
}

/// Finds the slots of the nodes that a source names.
#[derive(Debug)]
pub struct Places {
    labels: Labels,
    /// Labels without a node: they are said once.
    unknown: HashSet<String>,
    /// The device in each slot that a label which is no address stands for, as it was when it was first looked at.
    tenants: HashMap<Place, Address>,
    /// Where the devices are.
    roster: Roster,
}

impl Places {
    /// Whether any node can earn in an epoch.
    pub fn is_any_earning(
        &mut self,
        accounts: &mut impl Accounts,
        address: Address,
        network: &Network,
        epoch: u32,
    ) -> Result<bool, ReadError> {
        self.roster.update_shards(accounts, address, network)?;
        Ok(self.roster.earning_shards(epoch).next().is_some())
    }

    /// What is reported of an epoch, for each shard by its index in which a node can earn then: one entry a slot, from slot 0
    /// to the last one that was measured. A node that the source does not name, or that does not count in this epoch, is not
    /// measured; one that the network does not have is left out, with a warning.
    ///
    /// Errors: [`PlacesError::Partial`], so that a part of the nodes is never taken for all of them.
    pub fn entries(
        &mut self,
        accounts: &mut impl Accounts,
        address: Address,
        network: &Network,
        epoch: u32,
        rows: &[MeasurementRow],
    ) -> Result<BTreeMap<u32, Vec<Entry>>, PlacesError> {
        self.roster.update(accounts, address, network)?;
        let (earning, known) = self.roster.earning(epoch);
        if known < earning {
            return Err(PlacesError::Partial { missing: earning - known, earning });
        }
        // A shard in which no node can earn is scored without reports.
        let mut shards: BTreeMap<u32, Vec<Entry>> =
            self.roster.earning_shards(epoch).map(|index| (index, Vec::new())).collect();
        let of_slots = self.places_of_slots(epoch);
        for row in rows {
            let place = match &self.labels {
                Labels::Addresses => row.node.parse().ok().and_then(|device| self.roster.place(&device, epoch)),
                Labels::Devices(devices) => devices.get(&row.node).and_then(|device| self.roster.place(device, epoch)),
                Labels::Slots(_) => of_slots.get(&row.node).copied(),
            };
            let Some(place) = place else {
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

    /// The place of each label of a slots file whose slot has the device that it means.
    fn places_of_slots(&mut self, epoch: u32) -> HashMap<String, Place> {
        let Labels::Slots(slots) = &self.labels else {
            return HashMap::new();
        };
        let tenants: HashMap<_, _> = self.roster.earning_tenants(epoch).collect();
        let mut places = HashMap::new();
        for (label, place) in slots.iter() {
            let Some(device) = tenants.get(&place) else { continue };
            // A label that is an address says which device it means; of another one, the first device is taken for it.
            let meant = label.parse().unwrap_or_else(|_| *self.tenants.entry(place).or_insert(*device));
            if meant == *device {
                places.insert(label.to_owned(), place);
            } else if self.unknown.insert(label.to_owned()) {
                tracing::error!(
                    "slot {} of shard {} is that of device {device}, and not of node {label:?} any more, which is {meant}: it is \
                     not reported; correct the file of --slots",
                    place.slot,
                    place.shard
                );
            }
        }
        places
    }
}

fn read_labels(input: impl BufRead) -> Result<HashMap<String, Address>, String> {
    let mut labels = HashMap::new();
    let mut devices = HashSet::new();
    read_table(input, ["node", "device"], |[node, device]| {
        check_node_label(node).map_err(|error| error.to_string())?;
        let address: Address =
            device.parse().map_err(|_| format!("device `{device}` of node {node:?} is no address in base58"))?;
        if !devices.insert(address) {
            return Err(format!("device {address} has two labels; a device has one"));
        }
        if labels.insert(node.to_owned(), address).is_some() {
            return Err(format!("node {node:?} has two devices; a label means one"));
        }
        Ok(())
    })
    .map_err(|error| error.to_string())?;
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
