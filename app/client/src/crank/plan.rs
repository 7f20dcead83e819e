//! What can be done for a network at one moment, from what its accounts say.

use super::{CrankOptions, Openings, Task};
use crate::{
    account, address,
    claim::{claims, is_open, MintLimit},
    instruction::{self, MAX_COMPUTE_UNITS},
    ledger::{Accounts, Ledger},
    reader::{ReadError, Reader, ShardState},
    settlement::score_shard,
};
use solana_account::Account;
use solana_address::Address;
use solana_instruction::Instruction;
use std::collections::BTreeSet;
use stipend::{
    constants::{NO_END, NO_EPOCH},
    state::{is_any_earning, Network, Report},
};

/// What can be done now, and when there is more.
pub(super) struct Planner<'a> {
    address: Address,
    network: &'a Network,
    now: i64,
    payer: Address,
    options: CrankOptions,
    openings: Option<&'a Openings>,
    /// In the order in which they matter; no two depend on one another.
    pub(super) tasks: Vec<(Task, Vec<Instruction>)>,
    /// Unix second at which there may be more to do by the clock alone.
    pub(super) next: Option<i64>,
    /// Whether there may be more to do as soon as an oracle has reported.
    pub(super) is_waiting: bool,
    /// Owners whose token accounts the tasks open, and the rent of one.
    pub(super) opened: BTreeSet<Address>,
    pub(super) token_rent_lamports: u64,
    /// Claims that were left out since their owners have no token account.
    pub(super) unopened: usize,
}

/// Bytes of a token account: of SPL Token, and of Token-2022 with the extensions that a network's mint may ask of it.
const TOKEN_BYTES: usize = 165;
const TOKEN_2022_BYTES: usize = 256;

impl<'a> Planner<'a> {
    pub(super) fn new(
        address: Address,
        network: &'a Network,
        now: i64,
        payer: Address,
        options: CrankOptions,
        openings: Option<&'a Openings>,
    ) -> Self {
        Self {
            address,
            network,
            now,
            payer,
            options,
            openings,
            tasks: Vec::new(),
            next: None,
            is_waiting: false,
            opened: BTreeSet::new(),
            token_rent_lamports: 0,
            unopened: 0,
        }
    }

    /// - `is_held`: whether a task was refused before; nothing waits for one that was.
    pub(super) fn plan(
        &mut self,
        accounts: &mut impl Ledger,
        is_held: impl Fn(&Task) -> bool,
    ) -> Result<(), ReadError> {
        let shards = Reader::new(accounts, self.address).first_shards(self.network.shard_count)?;
        self.settle(&shards);
        let is_scoring = self.score(accounts, &shards, &is_held)?;
        if !is_scoring {
            self.close();
        }
        self.judge(&shards);
        if self.options.open_reports {
            self.open_reports(accounts, &shards)?;
        }
        if let Some(atoms) = self.options.claim_from_atoms {
            self.claim(accounts, &shards, atoms)?;
        }
        self.next = self.next_by_clock();
        Ok(())
    }

    fn settle(&mut self, shards: &[ShardState]) {
        for shard in shards.iter().filter(|shard| shard.header.is_unsettled()) {
            let epoch = shard.header.scored_epoch;
            if self.network.ring.iter().any(|closed| closed.epoch == epoch) {
                let settle = instruction::settle_shard(&self.address, &shard.address);
                self.tasks.push((Task::Settle { shard: shard.header.index, epoch }, vec![settle]));
            }
        }
    }

    /// Returns whether any shard is still to be scored, at once or after a task of this plan.
    fn score(
        &mut self,
        accounts: &mut impl Accounts,
        shards: &[ShardState],
        is_held: impl Fn(&Task) -> bool,
    ) -> Result<bool, ReadError> {
        let epoch = self.network.open_epoch;
        let is_over = self.network.end(epoch).is_ok_and(|end| self.now >= end);
        if self.network.is_paused(self.now) || !is_over {
            return Ok(false);
        }
        let oracles = self.oracles(epoch);
        let mut is_scoring = false;
        let mut due = Vec::new();
        for shard in shards.iter().filter(|shard| !shard.header.is_dormant() && shard.header.next_epoch <= epoch) {
            let index = shard.header.index;
            let judge = unjudged(shard).map(|epoch| Task::Judge { shard: index, epoch });
            let task = if shard.header.is_unsettled() {
                Task::Settle { shard: index, epoch: shard.header.scored_epoch }
            } else if let Some(judge) = judge.filter(|judge| !is_held(judge)) {
                // A shard's reports are wiped by those of the next epoch, and its medians by the next scores.
                judge
            } else {
                due.push(shard);
                Task::Score { shard: index, epoch }
            };
            is_scoring |= !is_held(&task);
        }
        let is_window_over = self.network.report_end().is_ok_and(|end| self.now >= end);
        let complete =
            if is_window_over { vec![true; due.len()] } else { self.are_complete(accounts, &due, &oracles, epoch)? };
        for (shard, is_complete) in due.into_iter().zip(complete) {
            if !is_complete && is_any_earning(&shard.slots, epoch) {
                self.is_waiting = true;
                continue;
            }
            let task = Task::Score { shard: shard.header.index, epoch };
            self.tasks.push((task, score_shard(&self.address, shard, &oracles, epoch)));
        }
        Ok(is_scoring)
    }

    /// Whether all that the oracles announced of a shard and epoch is there, for each of the shards.
    fn are_complete(
        &self,
        accounts: &mut impl Accounts,
        shards: &[&ShardState],
        oracles: &[Address],
        epoch: u32,
    ) -> Result<Vec<bool>, ReadError> {
        if oracles.is_empty() {
            return Ok(vec![true; shards.len()]);
        }
        let reports = shards.iter().flat_map(|shard| oracles.iter().map(|key| address::report(&shard.address, key)));
        let found = accounts.accounts(&reports.collect::<Vec<_>>())?;
        let is_complete = |found: &Option<Account>| {
            let header = found.as_ref().and_then(header_of);
            header.is_some_and(|report| report.epoch == epoch && report.is_complete())
        };
        Ok(found.chunks(oracles.len()).map(|reports| reports.iter().all(is_complete)).collect())
    }

    fn close(&mut self) {
        let epoch = self.network.open_epoch;
        if self.network.is_closable(self.now).unwrap_or(false) {
            self.tasks.push((Task::Close { epoch }, vec![instruction::close_epoch(&self.address)]));
        }
    }

    fn judge(&mut self, shards: &[ShardState]) {
        for shard in shards {
            let Some(epoch) = unjudged(shard) else {
                continue;
            };
            let limit = instruction::compute_unit_limit(MAX_COMPUTE_UNITS);
            let judge = instruction::judge_shard(&self.address, &shard.address, &self.oracles(epoch), epoch);
            self.tasks.push((Task::Judge { shard: shard.header.index, epoch }, vec![limit, judge]));
        }
    }

    /// Those of all oracles that measure the open epoch or any later one, in shards with a node that can earn.
    fn open_reports(&mut self, accounts: &mut impl Accounts, shards: &[ShardState]) -> Result<(), ReadError> {
        let open_epoch = self.network.open_epoch;
        let keys = self.network.oracles.entries.iter().map(|oracle| oracle.key);
        let keys: Vec<_> = keys.filter(|key| self.network.oracles.has(key, open_epoch)).collect();
        let awake = shards.iter().filter(|shard| !shard.header.is_dormant());
        let wanted: Vec<_> = awake.flat_map(|shard| keys.iter().map(move |key| (shard, *key))).collect();
        let addresses: Vec<_> = wanted.iter().map(|(shard, key)| address::report(&shard.address, key)).collect();
        for ((shard, oracle), found) in wanted.into_iter().zip(accounts.accounts(&addresses)?) {
            if found.is_none_or(|found| found.owner != stipend::ID) {
                let open = instruction::open_report(&self.payer, &self.address, &shard.address, &oracle);
                let task = Task::OpenReport { shard: shard.header.index, oracle };
                // A key that was removed and added again stands in two entries.
                if self.tasks.iter().all(|(other, _)| *other != task) {
                    self.tasks.push((task, vec![open]));
                }
            }
        }
        Ok(())
    }

    fn claim(&mut self, accounts: &mut impl Ledger, shards: &[ShardState], from_atoms: u64) -> Result<(), ReadError> {
        let limit = MintLimit::new(self.network, self.now);
        if self.network.is_paused(self.now) || limit.is_some_and(|limit| limit.left_atoms == 0) {
            return Ok(());
        }
        let claims = claims(self.network, shards, from_atoms, |_, _, _| true);
        let destinations: Vec<_> = claims.iter().map(|claim| claim.destination).collect();
        if self.openings.is_some() {
            let is_classic = self.network.token_program == spl_token_interface::ID;
            self.token_rent_lamports =
                accounts.rent_lamports(if is_classic { TOKEN_BYTES } else { TOKEN_2022_BYTES })?;
        }
        for (claim, found) in claims.into_iter().zip(accounts.accounts(&destinations)?) {
            let is_missing = !is_open(self.network, found.as_ref());
            if is_missing && !self.may_open(claim.owner) {
                self.unopened += 1;
                continue;
            }
            let opener = is_missing.then_some(&self.payer);
            let first_slot = claim.slots.first().copied().unwrap_or_default();
            let task = Task::Claim { shard: claim.shard_index, owner: claim.owner, first_slot };
            self.tasks.push((task, claim.instructions(&self.address, self.network, opener)));
        }
        Ok(())
    }

    /// Whether the payer opens an owner's token account in this step.
    fn may_open(&mut self, owner: Address) -> bool {
        let Some(openings) = self.openings else {
            return false;
        };
        let may_open = self.opened.contains(&owner)
            || openings.may_open(&owner, self.opened.len(), self.token_rent_lamports, self.now);
        if may_open {
            self.opened.insert(owner);
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

/// The epoch that a shard was scored for, if its reports are not yet compared with the medians.
fn unjudged(shard: &ShardState) -> Option<u32> {
    let epoch = shard.header.scored_epoch;
    (epoch != NO_EPOCH && epoch >= shard.header.next_judged_epoch).then_some(epoch)
}

fn header_of(found: &Account) -> Option<Report> {
    account::report(&found.data).ok().map(|(header, _)| header).filter(|_| found.owner == stipend::ID)
}
