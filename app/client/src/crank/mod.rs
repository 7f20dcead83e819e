//! What keeps a network going, as a program that runs on beside others of its kind.
//!
//! A [`Crank`] takes one step at a time: it reads what the accounts say, does all that can be done at that moment and no
//! more, and says when there may be something to do again. It keeps nothing that it could not read again, so that it can be
//! ended at any moment, and several cranks of one network lose nothing but a few fees to each other.

mod group;
mod memory;
mod openings;
mod plan;
mod planned;
mod steps;
mod task;

pub use openings::{Openings, OpeningsError};
pub(crate) use planned::{judge_shard, score_shard};
pub use steps::{is_settleable, is_unscored, unjudged_epoch, Steps};
pub use task::{Outcome, Task};

use crate::{
    account,
    ledger::{Deadline, Ledger, LedgerError, Receipt},
    reader::ReadError,
};
use memory::Memory;
use plan::{Plan, View};
use planned::Planned;
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::collections::{BTreeMap, BTreeSet};
use stipend::state::Network;

/// Transactions of one step at the most: whoever ends the program waits for no more than these.
const TASKS_A_STEP: usize = 256;
/// How long a task that was refused is let be, in seconds: at first, and at the most.
const HOLD_SECS: (i64, i64) = (4, 600);

/// What a crank does beside scoring, judging, closing and settling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CrankOptions {
    /// Have everybody paid who has a token account and has accrued at least so many atoms in a shard.
    pub claim_from_atoms: Option<u64>,
    /// Open the reports that the oracles will need; the payer pays their rent.
    pub open_reports: bool,
    /// Look at all reports that may be complete by now in each step, rather than at a hundred in turn until some are.
    pub all_reports: bool,
}

/// A step that was taken.
#[derive(Debug)]
pub struct Step {
    /// Unix seconds of the cluster's clock when the accounts were read.
    pub now: i64,
    /// The network as it was read.
    pub network: Box<Network>,
    /// What became of each task; none if there was nothing to do.
    pub outcomes: Vec<(Task, Outcome)>,
    /// Unix second at which there may be something to do even if nobody sends anything; none if that is not known.
    pub next: Option<i64>,
    /// Claims that were left out since their owners have no token account.
    pub unopened: usize,
}

/// A crank of one network.
#[derive(Debug)]
pub struct Crank {
    network: Address,
    options: CrankOptions,
    /// What was refused, until when it is let be.
    held: BTreeMap<Task, Hold>,
    /// Set when there was nothing to do: that holds as long as the network's bytes stay the same.
    idle: Option<Idle>,
    memory: Memory,
    /// Opens token accounts that are missing.
    openings: Option<Openings>,
}

#[derive(Clone, Copy, Debug)]
struct Idle {
    /// Unix second from which on there may be something to do by the clock alone.
    until: Option<i64>,
}

#[derive(Clone, Copy, Debug)]
struct Hold {
    secs: i64,
    until: i64,
}

impl Crank {
    /// - `network`: the network's address.
    pub fn new(network: Address, options: CrankOptions) -> Self {
        Self { network, options, held: BTreeMap::new(), idle: None, memory: Memory::default(), openings: None }
    }

    /// Has the payer open the token accounts of owners who have none, as `openings` allows.
    pub fn with_openings(self, openings: Openings) -> Self {
        Self { openings: Some(openings), ..self }
    }

    /// Does what can be done now, all at once.
    ///
    /// Errors: the accounts can't be read; nothing was sent. What became of the transactions is in [`Step::outcomes`].
    pub fn step(&mut self, ledger: &mut impl Ledger, payer: &Keypair) -> Result<Step, ReadError> {
        let now = ledger.now()?;
        let address = self.network;
        let missing = ReadError::Missing { expected: "network", address };
        let found = ledger.account(&address)?.filter(|found| found.owner == stipend::ID).ok_or(missing)?;
        let network = account::network(&found.data).map_err(|source| ReadError::Decode { address, source })?;
        let network = Box::new(network);
        let idle = self.idle.take().filter(|_| self.memory.is_of(&found.data));
        if let Some(Idle { until }) = idle.filter(|idle| idle.until.is_none_or(|until| now < until)) {
            self.idle = idle;
            return Ok(Step { now, network, outcomes: Vec::new(), next: until, unopened: self.memory.unopened() });
        }

        let (options, payer_key, openings) = (self.options, payer.pubkey(), self.openings.as_ref());
        let view = View { address, network: &network, bytes: &found.data, now, payer: payer_key, options, openings };
        let plan = view.plan(ledger, &mut self.memory, |task| self.held.contains_key(task))?;
        let Plan { mut tasks, mut next, is_waiting, opened, token_rent_lamports } = plan;
        let mut unsent: BTreeSet<_> = tasks.iter().map(|planned| planned.task).collect();
        self.held.retain(|held, _| unsent.contains(held));
        tasks.retain(|planned| self.held.get(&planned.task).is_none_or(|hold| hold.until <= now));
        tasks.truncate(TASKS_A_STEP);
        self.remember(&mut tasks, opened, token_rent_lamports, now);
        for planned in &tasks {
            unsent.remove(&planned.task);
        }
        self.forget(unsent.iter());
        let unopened = self.memory.unopened();
        if tasks.is_empty() {
            let held_until = self.held.values().map(|hold| hold.until).min();
            next = [next, held_until].into_iter().flatten().min();
            // Reports change without the network's account changing.
            self.idle = (!is_waiting).then_some(Idle { until: next });
            return Ok(Step { now, network, outcomes: Vec::new(), next, unopened });
        }

        ledger.set_deadline(deadline(&network, now));
        let results = group::send(ledger, payer, &tasks);
        let outcomes =
            tasks.iter().zip(results).map(|(planned, result)| (planned.task, self.note(planned.task, result, now)));
        let outcomes: Vec<_> = outcomes.collect();
        // What was sent changes headers that the network's account does not tell.
        self.memory.forget_heads();
        self.forget(outcomes.iter().filter(|(_, outcome)| !matches!(outcome, Outcome::Done(_))).map(|(task, _)| task));
        Ok(Step { now, network, outcomes, next: Some(now), unopened })
    }

    /// Claims that had no effect are planned again.
    fn forget<'t>(&mut self, tasks: impl Iterator<Item = &'t Task>) {
        for task in tasks {
            if let Task::Claim { shard, .. } = task {
                self.memory.forget_claims(*shard);
            }
        }
    }

    /// Writes down whose token accounts the tasks open. What can't be written down is not opened.
    ///
    /// - `opened`: owners of whom some task was planned that opens an account.
    fn remember(&mut self, tasks: &mut Vec<Planned>, mut opened: BTreeSet<Address>, rent_lamports: u64, now: i64) {
        let owner_of = |task: &Task| match task {
            Task::Claim { owner, .. } => Some(*owner),
            _ => None,
        };
        let sent: BTreeSet<_> = tasks.iter().filter_map(|planned| owner_of(&planned.task)).collect();
        opened.retain(|owner| sent.contains(owner));
        let Some(openings) = self.openings.as_mut().filter(|_| !opened.is_empty()) else {
            return;
        };
        if let Err(error) = openings.remember(&opened, rent_lamports, now) {
            tracing::error!(error = &error as &dyn std::error::Error, "no token account is opened");
            tasks.retain(|planned| owner_of(&planned.task).is_none_or(|owner| !opened.contains(&owner)));
        }
    }

    /// How many tasks were refused and are let be for a while.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// What a result means, and how long the task is let be.
    fn note(&mut self, task: Task, result: Result<Receipt, LedgerError>, now: i64) -> Outcome {
        let outcome = Outcome::new(&task, result);
        match &outcome {
            Outcome::Done(_) => {
                self.held.remove(&task);
            }
            // The accounts are read again before it is tried again.
            Outcome::Outrun(_) | Outcome::Refused(_) => {
                let (first, most) = HOLD_SECS;
                let secs = self.held.get(&task).map_or(first, |hold| hold.secs.saturating_mul(2).min(most));
                self.held.insert(task, Hold { secs, until: now.saturating_add(secs) });
            }
            Outcome::Lost(_) => {}
        }
        outcome
    }
}

/// While the open epoch is to be scored: when closing it waits for no shard any more.
fn deadline(network: &Network, now: i64) -> Option<Deadline> {
    let (from, due) = (network.windows_begin().ok()?, network.score_end().ok()?);
    (from <= now && now < due).then_some(Deadline { from, due })
}
