//! Networks come and go; authority, guardian, rules, oracles.

use super::*;
use crate::step::Sent;

const LONG_SCORE_SECS: u64 = 30 * 86_400;

impl Rules {
    fn check(&self, epoch_secs: u32) -> Verdict {
        let longest = LONG_SCORE_SECS.max(u64::from(epoch_secs) * 2);
        ensure(self.report_secs >= 1 && self.report_secs <= epoch_secs, "report window")?;
        let both = u64::from(self.report_secs) + u64::from(self.dispute_secs);
        ensure(both <= epoch_secs.into(), "dispute window")?;
        ensure(self.score_secs > self.report_secs && u64::from(self.score_secs) <= longest, "scoring window")?;
        ensure(self.uptime_weight <= 10_000 && self.min_uptime <= 10_000, "weights")?;
        ensure(self.bandwidth_cap >= 1 && self.bandwidth_cap < u32::MAX, "bandwidth cap")?;
        ensure(self.min_boost <= 10_000 && self.max_boost >= 10_000, "boost bounds")?;
        ensure(self.tolerance <= 10_000, "tolerance")?;
        ensure((1..=16).contains(&self.quorum), "quorum")
    }

    fn check_limit(&self, per_epoch: u64) -> Verdict {
        ensure(self.mint_limit == 0 || self.mint_limit >= per_epoch, "mint limit below emission")
    }
}

impl Plan {
    fn check(&self) -> Verdict {
        ensure(self.per_epoch >= 1 && self.decay <= 10_000 && self.carry <= 1_000, "emission")?;
        ensure((self.decay == 0) == (self.decay_every == 0), "decay incomplete")
    }
}

impl Model {
    pub fn create_network(&mut self, by: u8, payer: u8, id: u16, founding: &Founding) -> Verdict {
        ensure(!self.nets.contains_key(&id), "network exists")?;
        ensure(founding.genesis >= self.now && founding.genesis <= self.now + 366 * 86_400, "genesis")?;
        ensure(founding.epoch_secs >= 1 && founding.epoch_secs <= 366 * 86_400, "epoch length")?;
        ensure((1..=600).contains(&founding.capacity), "capacity")?;
        founding.rules.check(founding.epoch_secs)?;
        founding.plan.check()?;
        ensure(founding.cap >= founding.plan.per_epoch, "cap below emission")?;
        founding.rules.check_limit(founding.plan.per_epoch)?;
        if id == 0 {
            ensure(self.minter == Minter::Wallet(by), "not the mint's authority")?;
            ensure(self.supply.checked_add(founding.cap).is_some(), "no room in the supply")?;
            self.minter = Minter::Program;
            self.total_cap = founding.cap;
            (self.gone_scheduled, self.gone_minted) = (0, 0);
        } else {
            let now = self.now;
            let first = self.net_mut(0)?;
            ensure(first.authority == by, "not the first network's authority")?;
            // Epochs that have begun keep the most that they may emit.
            let begun = u128::from(first.unbegun(now).saturating_sub(first.open));
            let replaced =
                first.next.filter(|next| next.from < first.unbegun(now)).map_or(0, |next| next.plan.per_epoch);
            let kept = begun * u128::from(first.budget.per_epoch.max(replaced));
            let room = u128::from(first.budget.cap - first.budget.scheduled);
            ensure(room.saturating_sub(kept) >= founding.cap.into(), "cap exceeds what the first network can give")?;
            first.budget.cap -= founding.cap;
            first.others += 1;
            first.has_shared = true;
        }
        let paid = self.pay_rent(payer, Account::Network(id), NETWORK_BYTES)?;
        let mut domain = [0; 8];
        domain[..4].copy_from_slice(&(self.slot as u32).to_le_bytes());
        domain[4..].copy_from_slice(&(self.now as u32).to_le_bytes());
        self.nets.insert(id, Net::found(founding, by, payer, paid, domain));
        Ok(())
    }

    pub fn close_network(&mut self, by: u8, id: u16, payer: u8) -> Verdict {
        let net = self.net(id)?.clone();
        ensure(net.authority == by, "not the authority")?;
        ensure(net.payer == payer, "another paid")?;
        let has_bond = net.oracles.iter().any(|oracle| oracle.bond > 0);
        let is_empty = net.shards.is_empty() && net.directories.is_empty() && net.others == 0 && !has_bond;
        ensure(is_empty, "network is not empty")?;
        if id == 0 {
            let is_unused = net.open == 0 && !net.has_shared;
            self.minter = if is_unused { Minter::Wallet(net.authority) } else { Minter::Nobody };
        } else {
            let first = self.net_mut(0)?;
            first.others -= 1;
            first.budget.cap += net.budget.cap - net.budget.scheduled;
        }
        self.nets.remove(&id);
        self.gone_scheduled += net.budget.scheduled;
        self.gone_minted += net.budget.minted;
        self.windfall[usize::from(payer)] += i128::from(net.lamports - net.paid);
        self.credit(payer, net.lamports);
        Ok(())
    }

    pub fn pause(&mut self, by: u8, id: u16) -> Verdict {
        let now = self.now;
        let net = self.net_mut(id)?;
        if net.authority == by {
            ensure(net.pause_ends != i64::MAX, "already paused")?;
            net.pause_ends = i64::MAX;
            return Ok(());
        }
        ensure(net.guardian == Some(by), "not the guardian")?;
        ensure(!net.is_paused(now), "already paused")?;
        ensure(now >= net.guardian_ready, "guardian paused lately")?;
        net.pause_ends = now + GUARDIAN_SECS;
        net.guardian_ready = net.pause_ends + GUARDIAN_SECS;
        Ok(())
    }

    pub fn resume(&mut self, by: u8, id: u16) -> Verdict {
        let now = self.now;
        let net = self.net_mut(id)?;
        ensure(net.authority == by, "not the authority")?;
        ensure(net.is_paused(now), "not paused")?;
        net.pause_ends = now;
        net.guardian_ready = net.guardian_ready.min(now + GUARDIAN_SECS);
        Ok(())
    }

    pub fn update_policy(&mut self, by: u8, id: u16, from: u32, rules: &Rules, plan: Option<Plan>) -> Verdict {
        let now = self.now;
        let net = self.net_mut(id)?;
        ensure(net.authority == by, "not the authority")?;
        rules.check(net.epoch_secs)?;
        let next = match plan {
            Some(plan) => {
                plan.check()?;
                rules.check_limit(plan.per_epoch)?;
                Policy { from, plan_from: from, rules: *rules, plan }
            }
            None => {
                rules.check_limit(net.budget.per_epoch)?;
                Policy { from, rules: *rules, ..net.policy }
            }
        };
        let unbegun = net.unbegun(now);
        ensure(from >= unbegun, "epoch has begun")?;
        ensure(from != NEVER, "no such epoch")?;
        ensure(net.next.is_none_or(|next| next.from >= unbegun), "a policy that has begun is pending")?;
        net.check_quorum(from, rules.quorum)?;
        if from > unbegun {
            net.check_quorum(unbegun, net.policy.rules.quorum)?;
        }
        net.next = Some(next);
        if from <= net.open {
            net.begin_epoch();
        }
        Ok(())
    }

    pub fn add_oracle(&mut self, by: u8, payer: u8, id: u16, number: u8) -> Verdict {
        let now = self.now;
        let net = self.net_mut(id)?;
        ensure(net.authority == by, "not the authority")?;
        let (from, open) = (net.unbegun(now), net.open);
        let bond = net.policy_at(from).rules.oracle_bond;
        for other in net.oracles.iter().filter(|other| other.number == Some(number)) {
            ensure(!other.is_needed(from), "oracle is there")?;
            ensure(!other.is_suspended, "oracle is suspended")?;
        }
        let is_free = |oracle: &&mut Oracle| oracle.is_free(open);
        let unsuspended = net.oracles.iter_mut().find(|oracle| is_free(oracle) && !oracle.is_suspended);
        let added = Oracle { number: Some(number), from, until: NEVER, bond, payer, ..Oracle::default() };
        match unsuspended {
            Some(place) => *place = added,
            None => *net.oracles.iter_mut().find(is_free).ok_or("oracle set is full")? = added,
        }
        net.check_quorum(from, net.policy_at(from).rules.quorum)?;
        if let Some(next) = net.next {
            net.check_quorum(from, next.rules.quorum)?;
        }
        net.lamports += bond;
        self.charge(payer, bond)
    }

    pub fn remove_oracle(&mut self, by: u8, id: u16, number: u8, at_once: bool) -> Verdict {
        let now = self.now;
        let net = self.net_mut(id)?;
        ensure(net.authority == by, "not the authority")?;
        let until = if at_once { net.open } else { net.unbegun(now) };
        let mut is_known = false;
        for oracle in net.oracles.iter_mut().filter(|it| it.number == Some(number) && it.is_needed(until)) {
            oracle.until = until;
            is_known = true;
        }
        ensure(is_known, "oracle is unknown")
    }

    pub fn withdraw_bond(&mut self, id: u16, payer: u8, number: u8) -> Verdict {
        let net = self.net_mut(id)?;
        let open = net.open;
        let has_bond = |it: &&mut Oracle| it.number == Some(number) && it.payer == payer && it.bond > 0;
        let mut due = net.oracles.iter_mut().filter(has_bond);
        let oracle = due.find(|it| open > it.until && !it.is_needed(open)).ok_or("no bond, or it is held")?;
        let bond = std::mem::take(&mut oracle.bond);
        net.lamports -= bond;
        let lamports = net.lamports;
        self.credit(payer, bond);
        self.check_payee(payer)?;
        self.check_source(lamports, NETWORK_BYTES)
    }

    #[expect(clippy::too_many_arguments, reason = "as the instruction")]
    pub fn prove_equivocation(
        &mut self,
        id: u16,
        place: Place,
        number: u8,
        prover: u8,
        epoch: u32,
        one: &Sent,
        other: Option<&Sent>,
    ) -> Verdict {
        let (_, shard) = self.shard(id, place)?;
        let report = shard.reports.get(&number).ok_or("no such report")?;
        let slots = one.first..one.first.saturating_add(one.count);
        let differ = |(uptime, bandwidth): Measured, (other_uptime, other_bandwidth): Measured| {
            uptime.is_some() && other_uptime.is_some() && uptime != other_uptime
                || bandwidth.is_some() && other_bandwidth.is_some() && bandwidth != other_bandwidth
        };
        let is_proven = match other {
            Some(other) => {
                let both = slots.start.max(other.first)..slots.end.min(other.first.saturating_add(other.count));
                both.into_iter().any(|slot| differ(one.of(place, epoch, slot), other.of(place, epoch, slot)))
            }
            None => {
                let recorded = |slot: u16| report.entries.get(usize::from(slot)).copied();
                report.epoch == epoch
                    && slots
                        .into_iter()
                        .any(|slot| recorded(slot).is_some_and(|recorded| differ(one.of(place, epoch, slot), recorded)))
            }
        };
        ensure(is_proven, "no contradiction")?;

        let net = self.net_mut(id)?;
        let open = net.open;
        let (mut bonds, mut is_known) = (Vec::new(), false);
        for oracle in net.oracles.iter_mut().filter(|it| it.number == Some(number)) {
            ensure(!oracle.is_suspended, "already suspended")?;
            if oracle.is_free(open) {
                continue;
            }
            oracle.is_suspended = true;
            oracle.until = oracle.until.min(open);
            bonds.push((oracle.payer, std::mem::take(&mut oracle.bond)));
            is_known = true;
        }
        ensure(is_known, "oracle is unknown")?;
        let bond: u64 = bonds.iter().map(|(_, bond)| bond).sum();
        net.lamports -= bond;
        let (lamports, reward) = (net.lamports, bond / 2);
        for (payer, bond) in bonds {
            self.windfall[usize::from(payer)] -= i128::from(bond);
        }
        self.incinerator += bond - reward;
        self.windfall[usize::from(prover)] += i128::from(reward);
        self.credit(prover, reward);
        self.check_payee(prover)?;
        self.check_source(lamports, NETWORK_BYTES)
    }
}

impl Net {
    /// Whether a quorum is above half of the oracles from an epoch on.
    fn check_quorum(&self, epoch: u32, quorum: u8) -> Verdict {
        let size = self.oracles.iter().filter(|oracle| oracle.is_needed(epoch)).count();
        ensure(usize::from(quorum) * 2 > size, "quorum is not above half")
    }
}
