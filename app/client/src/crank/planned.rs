//! A task, what does it, and what it needs.

use super::Task;
use crate::{
    claim::Claim,
    instruction::{self, MAX_COMPUTE_UNITS},
    reader::ShardHead,
};
use solana_address::Address;
use solana_instruction::Instruction;
use std::collections::BTreeSet;
use stipend::state::Network;

/// Compute units that tasks are taken to need, a little more than `cargo xtask bench` measures at the worst: whatever a transaction
/// asks for comes from its simulation, and one that needs more than it may have is taken apart.
const FIXED_UNITS: u64 = 10_000;
const SETTLE_SLOT_UNITS: u64 = 40;
const JUDGE_ENTRY_UNITS: u64 = 60;
const CLAIM_SLOT_UNITS: u64 = 60;

/// A task, what does it, and the compute units that it is taken to need.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub(super) task: Task,
    pub(super) instructions: Vec<Instruction>,
    pub(super) units: u64,
}

impl Planned {
    pub(super) fn settle(network: &Address, shard: &ShardHead, epoch: u32) -> Self {
        Self {
            task: Task::Settle { shard: shard.header.index, epoch },
            instructions: vec![instruction::settle_shard(network, &shard.address)],
            units: units(shard, SETTLE_SLOT_UNITS),
        }
    }

    /// - `oracles`: all that are active in the epoch, in the set's order.
    pub(super) fn score(network: &Address, shard: &ShardHead, oracles: &[Address], epoch: u32) -> Self {
        Self {
            task: Task::Score { shard: shard.header.index, epoch },
            instructions: score_shard(network, shard, oracles, epoch),
            units: units(shard, score_slot_units(oracles.len())),
        }
    }

    /// - `oracles`: all that are active in the epoch, in the set's order.
    pub(super) fn judge(network: &Address, shard: &ShardHead, oracles: &[Address], epoch: u32) -> Self {
        Self {
            task: Task::Judge { shard: shard.header.index, epoch },
            instructions: judge_shard(network, shard, oracles, epoch),
            units: units(shard, JUDGE_ENTRY_UNITS * oracles.len() as u64),
        }
    }

    pub(super) fn close(network: &Address, epoch: u32) -> Self {
        let instructions = vec![instruction::close_epoch(network)];
        Self { task: Task::Close { epoch }, instructions, units: FIXED_UNITS }
    }

    pub(super) fn open_report(payer: &Address, network: &Address, shard: &ShardHead, oracle: Address) -> Self {
        Self {
            task: Task::OpenReport { shard: shard.header.index, oracle },
            instructions: vec![instruction::open_report(payer, network, &shard.address, &oracle)],
            units: 2 * FIXED_UNITS,
        }
    }

    /// - `opener`: pays for the token accounts of `missing`, which are still to be opened.
    pub(super) fn claim(
        address: &Address,
        network: &Network,
        claim: &Claim,
        opener: &Address,
        missing: &BTreeSet<Address>,
    ) -> Self {
        let first_slot = claim.slots.first().copied().unwrap_or_default();
        Self {
            task: Task::Claim { shard: claim.shard_index, owner: claim.owner, first_slot },
            instructions: claim.instructions(address, network, opener, |payee| missing.contains(&payee.wallet)),
            units: 4 * FIXED_UNITS * claim.payees.len() as u64 + CLAIM_SLOT_UNITS * claim.slots.len() as u64,
        }
    }
}

/// Of a task that works on every slot of a shard.
fn units(shard: &ShardHead, slot_units: u64) -> u64 {
    FIXED_UNITS + slot_units * u64::from(shard.header.capacity)
}

/// Of scoring a slot.
fn score_slot_units(oracles: usize) -> u64 {
    match oracles {
        0..=3 => 90,
        4..=5 => 130,
        6..=8 => 400,
        _ => 1_700,
    }
}

/// Measurements (slots times oracles) that are scored well within the 200,000 compute units that an instruction has unasked.
const SCORED_UNASKED: usize = 512;

/// What scores a shard for `epoch`, with the compute units that it needs.
///
/// - `oracles`: all that are active in the epoch, in the set's order.
pub(crate) fn score_shard(network: &Address, shard: &ShardHead, oracles: &[Address], epoch: u32) -> Vec<Instruction> {
    let score = instruction::score_shard(network, &shard.address, oracles, epoch);
    let needs_more = usize::from(shard.header.capacity) * oracles.len() > SCORED_UNASKED;
    let limit = needs_more.then(|| instruction::compute_unit_limit(MAX_COMPUTE_UNITS));
    limit.into_iter().chain([score]).collect()
}

/// What judges a shard's reports of `epoch`, with the compute units that it needs.
///
/// - `oracles`: all that are active in the epoch, in the set's order.
pub(crate) fn judge_shard(network: &Address, shard: &ShardHead, oracles: &[Address], epoch: u32) -> Vec<Instruction> {
    let limit = instruction::compute_unit_limit(MAX_COMPUTE_UNITS);
    vec![limit, instruction::judge_shard(network, &shard.address, oracles, epoch)]
}
