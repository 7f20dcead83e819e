//! What a demonstration came to, as it stands in the accounts: the JSON object that `--output json` prints.
//!
//! The fields are documented for users in `app/cli/README.md`.

use serde::Serialize;
use stipend_client::program::math::score::Reason;
use stipend_client::program::state::{Entry, Slot};
use stipend_client::verify::reason_name;

use super::cost::Costs;

/// The whole object.
#[derive(Debug, Serialize)]
pub struct Outcome<'a> {
    pub network: NetworkFacts<'a>,
    pub epochs: Vec<EpochOutcome<'a>>,
    pub balances: Vec<Balance<'a>>,
    pub costs: Costs,
}

/// The network and who takes part in it.
#[derive(Debug, Serialize)]
pub struct NetworkFacts<'a> {
    pub program: String,
    pub mint: String,
    pub decimals: u8,
    pub address: String,
    /// Hex, as `stipend oracle sign` takes it.
    pub domain: String,
    pub genesis: i64,
    pub epoch_secs: u32,
    pub quorum: u8,
    pub bandwidth_unit: String,
    pub relayed: bool,
    pub oracles: Vec<OracleFacts<'a>>,
    pub shards: u32,
    pub nodes: Vec<NodeFacts<'a>>,
}

/// An oracle and the file that it signed.
#[derive(Debug, Serialize)]
pub struct OracleFacts<'a> {
    pub file: &'a str,
    pub key: String,
}

/// A node, who is paid for it, and where its slot is.
#[derive(Debug, Serialize)]
pub struct NodeFacts<'a> {
    pub node: &'a str,
    pub device: String,
    pub owner: String,
    pub shard: u32,
    pub slot: u16,
}

/// One epoch, settled.
#[derive(Debug, Serialize)]
pub struct EpochOutcome<'a> {
    pub epoch: u32,
    /// What the epoch had to give: its own emission, and what was carried to it.
    pub emission_atoms: u64,
    pub total_score: u64,
    pub nodes: Vec<NodeOutcome<'a>>,
}

/// One node in one epoch.
#[derive(Debug, Serialize)]
pub struct NodeOutcome<'a> {
    pub node: &'a str,
    pub uptime_bps: Option<u16>,
    pub bandwidth: Option<u32>,
    pub score: u32,
    pub reward_atoms: u64,
    pub reason: &'static str,
}

impl<'a> NodeOutcome<'a> {
    /// - `before`, `after`: the node's slot before and after its shard was settled.
    ///
    /// `None` if the slot has lost something, or says what no slot says.
    pub fn checked_new(node: &'a str, before: &Slot, after: &Slot) -> Option<Self> {
        Some(Self {
            node,
            uptime_bps: Some(after.uptime_bps).filter(|uptime_bps| *uptime_bps != Entry::NO_UPTIME),
            bandwidth: Some(after.bandwidth).filter(|bandwidth| *bandwidth != Entry::NO_BANDWIDTH),
            score: after.score,
            reward_atoms: after.accrued_atoms.checked_sub(before.accrued_atoms)?,
            reason: reason_name(Reason::from_u8(after.reason)?),
        })
    }
}

/// What is in the owner's token account after the claims.
#[derive(Debug, Serialize)]
pub struct Balance<'a> {
    pub node: &'a str,
    pub atoms: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reward_is_what_a_slot_gained() {
        let before = Slot { accrued_atoms: 5, ..Slot::default() };
        let after = Slot {
            accrued_atoms: 12,
            score: 3,
            uptime_bps: 9_000,
            bandwidth: u32::MAX,
            reason: Reason::NoBandwidthQuorum as u8,
            ..before
        };

        let outcome = NodeOutcome::checked_new("a", &before, &after).expect("a slot");

        assert_eq!(outcome.reward_atoms, 7);
        assert_eq!((outcome.uptime_bps, outcome.bandwidth), (Some(9_000), None));
        assert_eq!((outcome.score, outcome.reason), (3, "no_bandwidth_quorum"));
        assert!(NodeOutcome::checked_new("a", &after, &before).is_none());
    }
}
