//! Why a node's last scored epoch brought what it brought, from accounts alone.

use crate::{
    ledger::Accounts,
    reader::{ReadError, Reader},
    verify::ring_entry,
};
use anchor_lang::{AnchorDeserialize, Discriminator};
use base64::{prelude::BASE64_STANDARD, Engine};
use solana_address::Address;
use stipend::{
    constants::NO_EPOCH,
    event::ScoreVoided,
    math::score::{Reason, ScoringRules},
    state::{DirectoryEntry, Entry, Network, Slot},
};

/// Why a node can't be explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// An account is not there, or can't be read; or there is no such device.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The directory names a slot that is not there.
    #[error("device {device} has slot {slot}, which its shard does not have; the accounts are not of one moment")]
    SlotMissing {
        /// The device's key.
        device: Address,
        /// The slot.
        slot: u16,
    },
}

/// A node, its slot, and its last scored epoch.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// What is recorded of the device.
    pub node: DirectoryEntry,
    /// The network.
    pub network: Network,
    /// Where its shard is.
    pub shard: Address,
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
    /// The boost that counted, as far as the slot tells: the rules bound it.
    pub boost_bps: u16,
    /// Atoms that the score earns; none while the epoch is not closed, or if it has left the ring.
    pub reward_atoms: Option<u64>,
    /// Atoms of the whole epoch that the ceiling of a reward kept back; 0 where it did not hold.
    pub kept_back_atoms: u64,
    /// Unix second until which the score may be voided; none if it can't be.
    pub dispute_end: Option<i64>,
    /// Why the arbiter voided it, where somebody looked for that: accounts don't tell, see [`void_reason`].
    pub void_reason: Option<String>,
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

/// Explains the node of `device`.
pub fn explain<A: Accounts>(
    accounts: &mut A,
    network: &Address,
    device: &Address,
) -> Result<Explanation, ExplainError> {
    let mut reader = Reader::new(accounts, *network);
    let state = reader.network()?;
    let node = reader.node(device)?;
    let shard = reader.shard(node.shard.into())?;
    let slot = shard.slots.get(usize::from(node.slot)).copied();
    let slot = slot.ok_or(ExplainError::SlotMissing { device: *device, slot: node.slot })?;

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
            boost_bps: rules
                .map_or(slot.boost_bps, |(rules, _)| slot.boost_bps.max(rules.min_boost_bps).min(rules.max_boost_bps)),
            reward_atoms: closed.and_then(|closed| closed.rate().checked_reward(slot.score.into())),
            kept_back_atoms: closed.map_or(0, |closed| closed.kept_back_atoms),
            dispute_end: closed.map(|closed| closed.dispute_end).filter(|end| *end > 0),
            void_reason: None,
            is_closed: !is_open,
            is_settled: !shard.header.is_unsettled(),
            oracles,
        });
    }
    Ok(Explanation { node, network: state, shard: shard.address, slot, scored })
}

/// Why a score was voided, if these logs are of the transaction that did it.
///
/// - `logs`: what the programs said in one transaction.
pub fn void_reason(logs: &[String], shard: &Address, slot: u16, epoch: u32) -> Option<String> {
    let data = logs.iter().filter_map(|line| BASE64_STANDARD.decode(line.strip_prefix("Program data: ")?).ok());
    let voided = data.filter_map(|data| {
        let mut event = data.strip_prefix(ScoreVoided::DISCRIMINATOR)?;
        ScoreVoided::deserialize(&mut event).ok()
    });
    let found = voided.into_iter().find(|event| (event.shard, event.slot, event.epoch) == (*shard, slot, epoch))?;
    Some(String::from_utf8_lossy(&found.reason).trim_end_matches('\0').to_owned())
}

fn reported(entry: &Entry) -> Value {
    Value::Reported(
        Some(entry.uptime_bps()).filter(|uptime_bps| *uptime_bps != Entry::NO_UPTIME),
        Some(entry.bandwidth()).filter(|bandwidth| *bandwidth != Entry::NO_BANDWIDTH),
    )
}
