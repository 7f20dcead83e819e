//! What a crank sends at one moment, from what the accounts say.

use super::{group::Planned, memory::Memory, steps::Steps, CrankOptions, Openings, Task, TASKS_A_STEP};
use crate::{
    claim::{claims, is_open, MintLimit},
    instruction,
    ledger::{Accounts, Ledger},
    reader::{ReadError, Reader, ShardHead},
    settlement::{judge_shard, reporting_oracles, score_shard},
};
use solana_address::Address;
use std::collections::BTreeSet;
use stipend::{constants::NO_END, state::Network};

/// Bytes of a token account: of SPL Token, and of Token-2022 with the extensions that a network's mint may ask of it.
const TOKEN_BYTES: usize = 165;
const TOKEN_2022_BYTES: usize = 256;

/// Compute units that tasks are taken to need, a little more than `cargo xtask bench` measures at the worst: whatever a transaction
/// asks for comes from its simulation, and one that needs more than it may have is taken apart.
const FIXED_UNITS: u64 = 10_000;
const SETTLE_SLOT_UNITS: u64 = 40;
const JUDGE_ENTRY_UNITS: u64 = 60;
const CLAIM_SLOT_UNITS: u64 = 60;

/// Shards whose slots are read at once.
const SHARDS_A_LOOK: usize = 8;

/// A crank's view of its network.
pub(super) struct View<'a> {
    pub(super) address: Address,
    pub(super) network: &'a Network,
    /// The network's account.
    pub(super) bytes: &'a [u8],
    /// Unix seconds of the cluster's clock.
    pub(super) now: i64,
    pub(super) payer: Address,
    pub(super) options: CrankOptions,
    pub(super) openings: Option<&'a Openings>,
}

/// What can be done now, and when there is more.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// In the order in which they matter; no two depend on one another.
    pub(super) tasks: Vec<Planned>,
    /// Unix second at which there may be more to do by the clock alone.
    pub(super) next: Option<i64>,
    /// Whether there may be more to do as soon as an oracle has reported.
    pub(super) is_waiting: bool,
    /// Owners whose token accounts the tasks open, and the rent of one.
    pub(super) opened: BTreeSet<Address>,
    pub(super) token_rent_lamports: u64,
}

impl View<'_> {
    /// - `is_held`: whether a task was refused before; nothing waits for one that was.
    pub(super) fn plan(
        &self,
        ledger: &mut impl Ledger,
        memory: &mut Memory,
        is_held: impl Fn(&Task) -> bool,
    ) -> Result<Plan, ReadError> {
        let heads = memory.heads(&mut Reader::new(ledger, self.address), self.network, self.bytes)?;
        let steps = Steps::new(self.network, &heads, self.now, is_held);
        let mut plan = Plan { next: self.next_by_clock(), ..Plan::default() };
        let head = |task: &Task| heads.get(task.shard()? as usize);
        for task in &steps.settle {
            let Some(shard) = head(task) else { continue };
            let instructions = vec![instruction::settle_shard(&self.address, &shard.address)];
            plan.tasks.push(Planned { task: *task, instructions, units: units(shard, SETTLE_SLOT_UNITS) });
        }
        self.score(ledger, memory, &heads, &steps, &mut plan)?;
        if steps.is_closable && !steps.is_scoring {
            let task = Task::Close { epoch: self.network.open_epoch };
            let instructions = vec![instruction::close_epoch(&self.address)];
            plan.tasks.push(Planned { task, instructions, units: FIXED_UNITS });
        }
        for task in &steps.judge {
            let (Some(shard), Task::Judge { epoch, .. }) = (head(task), *task) else { continue };
            let oracles = self.oracles(epoch);
            let instructions = judge_shard(&self.address, shard, &oracles, epoch);
            let units = units(shard, JUDGE_ENTRY_UNITS * oracles.len() as u64);
            plan.tasks.push(Planned { task: *task, instructions, units });
        }
        if self.options.open_reports {
            self.open_reports(ledger, memory, &heads, &mut plan)?;
        }
        if let Some(atoms) = self.options.claim_from_atoms {
            self.claim(ledger, memory, &heads, atoms, &mut plan)?;
        }
        Ok(plan)
    }

    fn score(
        &self,
        accounts: &mut impl Accounts,
        memory: &mut Memory,
        heads: &[ShardHead],
        steps: &Steps,
        plan: &mut Plan,
    ) -> Result<(), ReadError> {
        let epoch = self.network.open_epoch;
        let oracles = self.oracles(epoch);
        let mut due: Vec<_> = steps.score.iter().filter_map(|shard| heads.get(*shard as usize)).collect();
        if !steps.is_window_over {
            let mut reader = Reader::new(accounts, self.address);
            let patience = if self.options.all_reports { usize::MAX } else { 1 };
            (due, plan.is_waiting) = memory.reported(&mut reader, &due, &oracles, epoch, patience)?;
        }
        for shard in due {
            let task = Task::Score { shard: shard.header.index, epoch };
            let instructions = score_shard(&self.address, shard, &oracles, epoch);
            plan.tasks.push(Planned { task, instructions, units: units(shard, score_slot_units(oracles.len())) });
        }
        Ok(())
    }

    /// Those of all oracles that measure the open epoch or any later one, in shards with a node that can earn.
    fn open_reports(
        &self,
        accounts: &mut impl Accounts,
        memory: &mut Memory,
        heads: &[ShardHead],
        plan: &mut Plan,
    ) -> Result<(), ReadError> {
        let keys = reporting_oracles(self.network);
        let awake: Vec<_> = heads.iter().filter(|shard| !shard.header.is_dormant()).collect();
        for (shard, oracle) in memory.missing_reports(accounts, &awake, &keys)? {
            let open = instruction::open_report(&self.payer, &self.address, &shard.address, &oracle);
            let task = Task::OpenReport { shard: shard.header.index, oracle };
            plan.tasks.push(Planned { task, instructions: vec![open], units: 2 * FIXED_UNITS });
        }
        Ok(())
    }

    /// Looks at the slots of shards that were settled since the last look, some at a time until there are enough tasks.
    fn claim(
        &self,
        ledger: &mut impl Ledger,
        memory: &mut Memory,
        heads: &[ShardHead],
        from_atoms: u64,
        plan: &mut Plan,
    ) -> Result<(), ReadError> {
        let limit = MintLimit::new(self.network, self.now);
        if self.network.is_paused(self.now) || limit.is_some_and(|limit| limit.left_atoms == 0) {
            return Ok(());
        }
        if self.openings.is_some() {
            let is_classic = self.network.token_program == spl_token_interface::ID;
            plan.token_rent_lamports = ledger.rent_lamports(if is_classic { TOKEN_BYTES } else { TOKEN_2022_BYTES })?;
        }
        let may_claim = |head: &&ShardHead| head.first_slot.is_some() && memory.may_claim(head);
        let unseen: Vec<_> = heads.iter().filter(may_claim).collect();
        for some in unseen.chunks(SHARDS_A_LOOK) {
            if plan.tasks.len() >= TASKS_A_STEP {
                break;
            }
            some.iter().for_each(|head| memory.note_claims(head));
            let shards = Reader::new(ledger, self.address).shards_at(some.iter().map(|head| head.address).collect())?;
            let claims = claims(self.network, &shards, from_atoms, |_, _, _| true);
            let destinations: Vec<_> = claims.iter().map(|claim| claim.destination).collect();
            for (claim, found) in claims.into_iter().zip(ledger.heads(&destinations, 0)?) {
                let is_missing = !is_open(self.network, found.as_ref());
                if is_missing && !self.may_open(claim.owner, plan) {
                    memory.note_unopened(claim.shard_index);
                    continue;
                }
                let opener = is_missing.then_some(&self.payer);
                let first_slot = claim.slots.first().copied().unwrap_or_default();
                let task = Task::Claim { shard: claim.shard_index, owner: claim.owner, first_slot };
                let units = 4 * FIXED_UNITS + CLAIM_SLOT_UNITS * claim.slots.len() as u64;
                let instructions = claim.instructions(&self.address, self.network, opener);
                plan.tasks.push(Planned { task, instructions, units });
            }
        }
        Ok(())
    }

    /// Whether the payer opens an owner's token account in this step.
    fn may_open(&self, owner: Address, plan: &mut Plan) -> bool {
        let Some(openings) = self.openings else {
            return false;
        };
        let may_open = plan.opened.contains(&owner)
            || openings.may_open(&owner, plan.opened.len(), plan.token_rent_lamports, self.now);
        if may_open {
            plan.opened.insert(owner);
        }
        may_open
    }

    /// The next of the open epoch's times, and the end of a pause that has one.
    fn next_by_clock(&self) -> Option<i64> {
        let network = self.network;
        let end = network.end(network.open_epoch).ok();
        let pause_end = Some(network.pause_ends_at).filter(|end| *end != NO_END);
        let times = [end, pause_end, network.report_end().ok(), network.score_end().ok()];
        times.into_iter().flatten().filter(|time| self.now < *time).min()
    }

    fn oracles(&self, epoch: u32) -> Vec<Address> {
        self.network.oracles.active(epoch).map(|oracle| oracle.key).collect()
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
