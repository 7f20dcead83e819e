//! What a crank sends at one moment, from what the accounts say.

use super::{memory::Memory, planned::Planned, steps::Steps, CrankOptions, Openings, Task, TASKS_A_STEP};
use crate::{
    claim::{claims, is_open, splits_of, MintLimit},
    ledger::{Accounts, Ledger},
    reader::{ReadError, Reader, ShardHead},
    reports::reporting_oracles,
};
use solana_address::Address;
use std::collections::BTreeSet;
use stipend::{constants::NO_END, state::Network};

/// Bytes of a token account: of SPL Token, and of Token-2022 with the extensions that a network's mint may ask of it.
const TOKEN_BYTES: usize = 165;
const TOKEN_2022_BYTES: usize = 256;

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
        for task in &steps.settle {
            if let (Some(shard), Task::Settle { epoch, .. }) = (head(&heads, task), *task) {
                plan.tasks.push(Planned::settle(&self.address, shard, epoch));
            }
        }
        self.score(ledger, memory, &heads, &steps, &mut plan)?;
        if steps.is_closable && !steps.is_scoring {
            plan.tasks.push(Planned::close(&self.address, self.network.open_epoch));
        }
        for task in &steps.judge {
            if let (Some(shard), Task::Judge { epoch, .. }) = (head(&heads, task), *task) {
                plan.tasks.push(Planned::judge(&self.address, shard, &self.oracles(epoch), epoch));
            }
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
        plan.tasks.extend(due.into_iter().map(|shard| Planned::score(&self.address, shard, &oracles, epoch)));
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
            plan.tasks.push(Planned::open_report(&self.payer, &self.address, shard, oracle));
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
            let splits = splits_of(ledger, &self.address, &shards)?;
            let claims = claims(self.network, &shards, &splits, from_atoms, |_, _, _| true);
            let destinations: Vec<_> =
                claims.iter().flat_map(|claim| &claim.payees).map(|payee| payee.destination).collect();
            let mut found = ledger.heads(&destinations, 0)?.into_iter();
            for claim in claims {
                let payees = claim.payees.iter().zip(found.by_ref());
                let missing: BTreeSet<_> = payees
                    .filter_map(|(payee, found)| (!is_open(self.network, found.as_ref())).then_some(payee.wallet))
                    .collect();
                if !self.may_open(&missing, plan) {
                    memory.note_unopened(claim.shard_index);
                    continue;
                }
                plan.tasks.push(Planned::claim(&self.address, self.network, &claim, &self.payer, &missing));
            }
        }
        Ok(())
    }

    /// Whether the payer opens the token accounts of all these wallets in this step.
    fn may_open(&self, wallets: &BTreeSet<Address>, plan: &mut Plan) -> bool {
        let mut opened = plan.opened.clone();
        for wallet in wallets {
            let may_open =
                |openings: &Openings| openings.may_open(wallet, opened.len(), plan.token_rent_lamports, self.now);
            if !opened.contains(wallet) && !self.openings.is_some_and(may_open) {
                return false;
            }
            opened.insert(*wallet);
        }
        plan.opened = opened;
        true
    }

    /// The next of the open epoch's times, and the end of a pause that has one.
    fn next_by_clock(&self) -> Option<i64> {
        let network = self.network;
        let end = network.end(network.open_epoch).ok();
        let pause_end = Some(network.pause_ends_at).filter(|end| *end != NO_END);
        let times = [end, pause_end, network.report_end().ok(), network.score_end().ok()];
        let disputes =
            network.ring.iter().filter(|closed| closed.unsettled_shards > 0).map(|closed| closed.dispute_end);
        times.into_iter().flatten().chain(disputes).filter(|time| self.now < *time).min()
    }

    fn oracles(&self, epoch: u32) -> Vec<Address> {
        self.network.oracles.active(epoch).map(|oracle| oracle.key).collect()
    }
}

/// The shard that a task is about.
fn head<'h>(heads: &'h [ShardHead], task: &Task) -> Option<&'h ShardHead> {
    heads.get(task.shard()? as usize)
}
