//! Why a node's last scored epoch brought what it brought, from accounts alone.

use crate::{
    account, address,
    ledger::Accounts,
    reader::{ReadError, Reader},
    verify::ring_entry,
};
use solana_address::Address;
use stipend::{
    constants::NO_EPOCH,
    math::score::{Reason, ScoringRules},
    state::{Entry, Network, Node, Slot},
};

/// Why a node can't be explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// An account is not there, or can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// There is no such node.
    #[error("{name} is neither a node's account nor a device of network {network}; a node that was closed is gone")]
    Unknown {
        /// What was asked for.
        name: Address,
        /// The network.
        network: Address,
    },
    /// The node's account names a slot that is not there.
    #[error("node {node} names slot {slot}, which its shard does not have; the accounts are not of one moment")]
    SlotMissing {
        /// The node.
        node: Address,
        /// The slot.
        slot: u16,
    },
}

/// A node, its slot, and its last scored epoch.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// Where the node's account is.
    pub address: Address,
    /// The node.
    pub node: Node,
    /// The network.
    pub network: Network,
    /// Index of its shard.
    pub shard: u32,
    /// Its slot.
    pub slot: Slot,
    /// Its last scored epoch; none if it was never scored.
    pub scored: Option<ScoredEpoch>,
}

/// A node in an epoch.
#[derive(Clone, Debug)]
pub struct ScoredEpoch {
    /// The epoch.
    pub epoch: u32,
    /// Why the score is what it is.
    pub reason: Reason,
    /// How measurements became scores, and the quorum; none if the epoch has left the ring.
    pub rules: Option<(ScoringRules, u8)>,
    /// The boost of that epoch, as far as the slot tells.
    pub boost_bps: u16,
    /// Atoms that the score earns; none while the epoch is not closed, or if it has left the ring.
    pub reward_atoms: Option<u64>,
    /// Whether the epoch is closed.
    pub is_closed: bool,
    /// Whether the reward has been added to what the slot has accrued.
    pub is_settled: bool,
    /// What each oracle of the epoch measured, in the set's order.
    pub oracles: Vec<OracleValue>,
}

/// What an oracle measured of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OracleValue {
    /// The oracle.
    pub oracle: Address,
    /// What there is of it.
    pub value: Value,
}

/// What there is of an oracle's measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// Its values; none in a field that it did not measure.
    Reported(Option<u16>, Option<u32>),
    /// It did not report the shard in that epoch.
    NotReported,
    /// Its report holds a later epoch by now.
    Overwritten(u32),
}

/// Explains a node.
///
/// - `name`: the node's account, or the device's key.
pub fn explain<A: Accounts>(accounts: &mut A, network: &Address, name: &Address) -> Result<Explanation, ExplainError> {
    let mut reader = Reader::new(accounts, *network);
    let state = reader.network()?;
    let (address, node) = find_node(&mut reader, network, name)?;
    let shard = reader.shard_at(node.shard)?;
    let index = shard.header.index;
    if shard.address != address::shard(network, index) {
        return Err(ExplainError::Unknown { name: *name, network: *network });
    }
    let slot = shard.slots.get(usize::from(node.slot)).copied();
    let slot = slot.ok_or(ExplainError::SlotMissing { node: address, slot: node.slot })?;

    let reason = Reason::from_u8(slot.reason).unwrap_or(Reason::None);
    let epoch = shard.header.scored_epoch;
    let mut scored = None;
    if reason != Reason::None && epoch != NO_EPOCH {
        let closed = ring_entry(&state, epoch);
        let is_open = epoch == state.open_epoch;
        let rules = match closed {
            Some(closed) => Some((closed.scoring_rules(), closed.quorum)),
            None => is_open.then(|| (state.policy.scoring_rules(), state.policy.quorum)),
        };
        let mut oracles = Vec::new();
        let pairs: Vec<_> = state.oracles.active(epoch).map(|oracle| (shard.address, oracle.key)).collect();
        for (oracle, report) in state.oracles.active(epoch).zip(reader.reports(&pairs)?) {
            let value = report.map_or(Value::NotReported, |(header, entries)| {
                let entry = entries.get(usize::from(node.slot));
                match entry {
                    Some(entry) if header.epoch == epoch => reported(entry),
                    _ if header.epoch > epoch && header.epoch != NO_EPOCH => Value::Overwritten(header.epoch),
                    _ => Value::NotReported,
                }
            });
            oracles.push(OracleValue { oracle: oracle.key, value });
        }
        scored = Some(ScoredEpoch {
            epoch,
            reason,
            rules,
            boost_bps: slot.boost_bps,
            reward_atoms: closed.and_then(|closed| closed.rate().checked_reward(slot.score.into())),
            is_closed: !is_open,
            is_settled: !shard.header.is_unsettled(),
            oracles,
        });
    }
    Ok(Explanation { address, node, network: state, shard: index, slot, scored })
}

/// The network of the node whose account is at `name`, if there is one.
pub fn network_of<A: Accounts>(accounts: &mut A, name: &Address) -> Option<Address> {
    let found = accounts.account(name).ok().flatten().filter(|found| found.owner == stipend::ID)?;
    account::node(&found.data).ok().map(|node| node.network)
}

fn find_node<A: Accounts>(
    reader: &mut Reader<'_, A>,
    network: &Address,
    name: &Address,
) -> Result<(Address, Node), ExplainError> {
    let derived = address::node(network, name);
    for place in [derived, *name] {
        // What is at a device's own address may be anything.
        let found = reader.optional(place, |data| Ok(account::node(data).ok()))?.flatten();
        if let Some(node) = found.filter(|node| node.network == *network) {
            return Ok((place, node));
        }
    }
    Err(ExplainError::Unknown { name: *name, network: *network })
}

fn reported(entry: &Entry) -> Value {
    Value::Reported(
        Some(entry.uptime_bps()).filter(|uptime_bps| *uptime_bps != Entry::NO_UPTIME),
        Some(entry.bandwidth()).filter(|bandwidth| *bandwidth != Entry::NO_BANDWIDTH),
    )
}
