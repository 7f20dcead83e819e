//! Scores, closed epochs, settlements, claims.

use super::*;

/// Places of `stipend::math::score::Reason`.
const SCORED: u8 = 1;
const CAPPED: u8 = 2;
const NO_BANDWIDTH_QUORUM: u8 = 3;
const BELOW_MINIMUM: u8 = 4;
const NO_UPTIME_QUORUM: u8 = 5;
const NOT_ACTIVE_YET: u8 = 6;
const RETIRED: u8 = 7;
const VOIDED: u8 = 8;
/// What a node with full uptime, full quality and no boost scores.
const FULL_SCORE: u128 = 100_000_000;

/// floor(2^64 · emission / total score), and no more than gives a full score the most that a reward may be.
pub fn rate(emission: u64, total_score: u64, max_reward: u64) -> u128 {
    let rate = (u128::from(emission) << 64).checked_div(total_score.into()).unwrap_or(0);
    rate.min(ceiling(max_reward))
}

/// The rate at which a full score earns exactly so much; none is beyond every rate.
fn ceiling(max_reward: u64) -> u128 {
    match max_reward {
        0 => u128::MAX,
        _ => (u128::from(max_reward) << 64).div_ceil(FULL_SCORE),
    }
}

/// floor(score · rate / 2^64).
fn reward(score: u64, rate: u128) -> u64 {
    let (whole, part) = (rate >> 64, rate & u128::from(u64::MAX));
    (u128::from(score) * whole + ((u128::from(score) * part) >> 64)) as u64
}

/// The lower of the middle values, if at least `quorum` were measured.
fn median<T: Ord + Copy>(mut measured: Vec<T>, quorum: u8) -> Option<T> {
    measured.sort_unstable();
    let is_quorum = !measured.is_empty() && measured.len() >= usize::from(quorum);
    is_quorum.then(|| measured[(measured.len() - 1) / 2])
}

/// DESIGN, invariant 4: fewer than half a quorum of liars can't move a median outside the range of the honest values.
fn check_honesty<T: Ord + Copy>(
    median: Option<T>,
    quorum: u8,
    reported: impl Iterator<Item = (bool, Option<T>)> + Clone,
) -> Verdict {
    let values = |honest: bool| reported.clone().filter(move |(is, _)| *is == honest).filter_map(|(_, value)| value);
    if values(false).count() * 2 >= usize::from(quorum) {
        return Ok(());
    }
    let is_within = median.is_none_or(|median| {
        values(true).min().is_some_and(|least| least <= median) && values(true).max().is_some_and(|most| median <= most)
    });
    ensure(is_within, "model: liars moved a median")
}

impl Slot {
    /// Score and reason for an epoch.
    fn judged(&self, epoch: u32, rules: &Rules) -> (u64, u8) {
        let Some(tenant) = &self.tenant else {
            return (0, 0);
        };
        if tenant.until <= epoch {
            return (0, RETIRED);
        }
        if tenant.since > epoch {
            return (0, NOT_ACTIVE_YET);
        }
        let Some(uptime) = self.measured.0 else {
            return (0, NO_UPTIME_QUORUM);
        };
        if uptime < rules.min_uptime {
            return (0, BELOW_MINIMUM);
        }
        let weight = u128::from(10_000 - rules.uptime_weight);
        let cap = u128::from(rules.bandwidth_cap);
        let (counted, reason) = match self.measured.1 {
            // Bandwidth that has no weight is neither missed nor capped.
            _ if weight == 0 => (0, SCORED),
            None => (0, NO_BANDWIDTH_QUORUM),
            Some(bandwidth) if u128::from(bandwidth) > cap => (cap, CAPPED),
            Some(bandwidth) => (u128::from(bandwidth), SCORED),
        };
        let quality = u128::from(rules.uptime_weight) + weight * counted / cap;
        let boost = tenant.boosts.iter().rev().find(|(from, _)| *from <= epoch).map_or(10_000, |(_, boost)| *boost);
        let boost = u128::from(boost.clamp(rules.min_boost, rules.max_boost));
        let counted = if rules.is_gate { 10_000 } else { u128::from(uptime) };
        ((counted * quality * boost / 10_000) as u64, reason)
    }
}

impl Model {
    pub fn score_shard(&mut self, id: u16, place: Place, epoch: u32, passed: &[u8]) -> Verdict {
        let now = self.now;
        let (net, shard) = self.shard(id, place)?;
        ensure(!net.is_paused(now), "paused")?;
        ensure(epoch == net.open, "not the open epoch")?;
        ensure(now >= net.end(epoch), "epoch is not over")?;
        let active = net.active(epoch);
        ensure(passed == active, "other reports than the active oracles'")?;
        ensure(!shard.is_dormant, "shard is dormant")?;
        let is_earning = shard.slots.iter().any(|slot| slot.is_earning(epoch));
        let is_earning_later = shard.slots.iter().any(|slot| slot.is_earning_from(epoch));
        let reports: Vec<_> =
            active.iter().map(|number| shard.reports.get(number).filter(|it| it.epoch == epoch)).collect();
        let made: Vec<bool> =
            reports.iter().map(|report| report.is_some_and(|report| report.received == report.total)).collect();
        if is_earning && !made.iter().all(|is_made| *is_made) {
            ensure(now >= net.report_end(), "reports are missing and their window is open")?;
        }
        ensure(shard.next <= epoch, "shard is scored")?;
        ensure(!shard.is_unsettled, "shard is not settled")?;

        let rules = net.policy.rules;
        let mut slots = shard.slots.clone();
        for (place, slot) in slots.iter_mut().enumerate() {
            let entries = reports.iter().flatten().map(|report| report.entries[place]);
            let uptimes = entries.clone().filter_map(|(uptime, _)| uptime).collect();
            let bandwidths = entries.filter_map(|(_, bandwidth)| bandwidth).collect();
            slot.measured = (median(uptimes, rules.quorum), median(bandwidths, rules.quorum));
            (slot.score, slot.reason) = slot.judged(epoch, &rules);
            check_honesty(
                slot.measured.0,
                rules.quorum,
                reports.iter().flatten().map(|it| (it.is_honest, it.entries[place].0)),
            )?;
            check_honesty(
                slot.measured.1,
                rules.quorum,
                reports.iter().flatten().map(|it| (it.is_honest, it.entries[place].1)),
            )?;
        }
        let total: u64 = slots.iter().map(|slot| slot.score).sum();

        let net = self.net_mut(id)?;
        if is_earning {
            let active = net.oracles.iter_mut().filter(|oracle| oracle.is_active(epoch));
            for (oracle, is_made) in active.zip(made) {
                *(if is_made { &mut oracle.made } else { &mut oracle.missed }) += 1;
            }
        }
        net.total_score += total;
        let shard = &mut net.shards[place.index as usize];
        shard.slots = slots;
        shard.total_score = total;
        shard.scored = epoch;
        shard.next = epoch + 1;
        shard.is_unsettled = total > 0;
        shard.is_dormant = !is_earning && !is_earning_later;
        Ok(())
    }

    pub fn judge_shard(&mut self, id: u16, place: Place, epoch: u32, passed: &[u8]) -> Verdict {
        let (net, shard) = self.shard(id, place)?;
        let active = net.active(epoch);
        ensure(passed == active, "other reports than the active oracles'")?;
        ensure(shard.scored == epoch && epoch != NEVER, "not scored for this epoch")?;
        ensure(shard.next_judged <= epoch, "already judged")?;
        let tolerance = u128::from(net.policy.rules.tolerance);
        let is_outside = |value: u128, middle: u128| value.abs_diff(middle) * 10_000 > middle * tolerance;
        let count = |number: &u8| {
            let report = shard.reports.get(number).filter(|report| report.epoch == epoch);
            let (mut judged, mut outside) = (0, 0);
            for (slot, entry) in shard.slots.iter().zip(report.map_or(&[][..], |report| &report.entries)) {
                if let (Some(value), Some(middle)) = (entry.0, slot.measured.0) {
                    judged += 1;
                    outside += u64::from(is_outside(value.into(), middle.into()));
                }
                if let (Some(value), Some(middle)) = (entry.1, slot.measured.1) {
                    judged += 1;
                    outside += u64::from(is_outside(value.into(), middle.into()));
                }
            }
            (judged, outside)
        };
        let counts: Vec<(u64, u64)> = active.iter().map(count).collect();
        let net = self.net_mut(id)?;
        let active = net.oracles.iter_mut().filter(|oracle| oracle.is_active(epoch));
        for (oracle, (judged, outside)) in active.zip(counts) {
            oracle.judged += judged;
            oracle.outside += outside;
        }
        net.shards[place.index as usize].next_judged = epoch + 1;
        Ok(())
    }

    pub fn close_epoch(&mut self, id: u16) -> Verdict {
        let now = self.now;
        let net = self.net_mut(id)?;
        net.check_closable(now)?;
        for _ in 0..RING {
            net.close(now);
            if net.check_closable(now).is_err() {
                break;
            }
        }
        Ok(())
    }

    pub fn settle_shard(&mut self, id: u16, place: Place) -> Verdict {
        let (net, shard) = self.shard(id, place)?;
        ensure(shard.is_unsettled, "shard is settled")?;
        let epoch = shard.scored;
        let closed = net.closed.get(&epoch).ok_or("epoch is not closed")?;
        ensure(epoch + RING >= net.open, "model: epoch left the ring before it was settled")?;
        ensure(shard.last_settled.is_none_or(|last| last < epoch), "model: settled twice")?;
        ensure(self.now >= closed.dispute_end, "scores may still be voided")?;
        let rate = rate(closed.emission + closed.kept_back, closed.total_score, closed.policy.rules.max_reward);

        let net = self.net_mut(id)?;
        let shard = &mut net.shards[place.index as usize];
        let mut paid = 0;
        for slot in &mut shard.slots {
            let atoms = reward(slot.score, rate);
            paid += atoms;
            if let Some(tenant) = &mut slot.tenant {
                tenant.accrued += atoms;
            }
        }
        shard.is_unsettled = false;
        shard.last_settled = Some(epoch);
        net.budget.accrued += paid;
        let closed = net.closed.get_mut(&epoch).ok_or("epoch is not closed")?;
        closed.paid += paid;
        closed.unsettled -= 1;
        if closed.unsettled == 0 {
            net.budget.carried += closed.emission - closed.paid;
        }
        Ok(())
    }

    pub fn void_score(&mut self, by: u8, id: u16, place: Place, slot: u16, has_reason: bool) -> Verdict {
        let (net, shard) = self.shard(id, place)?;
        ensure(has_reason, "no reason")?;
        ensure(shard.is_unsettled, "shard is settled")?;
        let closed = net.closed.get(&shard.scored).ok_or("epoch is not closed")?;
        ensure(self.now < closed.dispute_end, "dispute window is closed")?;
        ensure(closed.policy.rules.arbiter == Some(by), "not the arbiter")?;
        let found = shard.slots.get(usize::from(slot)).ok_or("no such slot")?;
        ensure(found.reason != VOIDED, "voided already")?;
        ensure(found.score > 0, "no score")?;
        let shard = self.shard_mut(id, place)?;
        let slot = &mut shard.slots[usize::from(slot)];
        shard.total_score -= slot.score;
        (slot.score, slot.reason) = (0, VOIDED);
        Ok(())
    }

    /// Atoms that claims may mint now: DESIGN, Roles, the mint limit.
    pub fn mint_room(&self, id: u16) -> Verdict<u64> {
        let net = self.net(id)?;
        let (epoch, budget) = (net.current(self.now), &net.budget);
        let limit = net.policy_at(epoch).rules.mint_limit;
        if limit == 0 {
            return Ok(u64::MAX);
        }
        let minted = if budget.mint_epoch == epoch { budget.minted_in_epoch } else { 0 };
        let owed_before = u128::from(budget.accrued - budget.minted) + u128::from(minted);
        let in_force = u128::from(limit).max(owed_before.div_ceil(32));
        Ok(in_force.saturating_sub(minted.into()) as u64)
    }

    pub fn claim(&mut self, id: u16, place: Place, owner: u8, slots: &[u16], to: u8, signs: bool) -> Verdict {
        let (net, shard) = self.shard(id, place)?;
        ensure(!net.is_paused(self.now), "paused")?;
        ensure(signs || to == owner, "not the owner's token account")?;
        ensure(slots.windows(2).all(|pair| pair[0] < pair[1]), "slots are not ascending")?;
        for slot in slots {
            let tenant = shard.slots.get(usize::from(*slot)).and_then(|slot| slot.tenant.as_ref());
            ensure(tenant.is_some_and(|tenant| tenant.owner == owner), "not the owner's slot")?;
        }
        let epoch = net.current(self.now);
        let mut room = self.mint_room(id)?;
        let shard = self.shard_mut(id, place)?;
        let mut taken = 0;
        for slot in slots {
            if let Some(tenant) = &mut shard.slots[usize::from(*slot)].tenant {
                let atoms = tenant.accrued.min(room);
                tenant.accrued -= atoms;
                room -= atoms;
                taken += atoms;
            }
        }
        ensure(taken > 0, "nothing to claim, or no room")?;
        let budget = &mut self.net_mut(id)?.budget;
        if budget.mint_epoch != epoch {
            (budget.mint_epoch, budget.minted_in_epoch) = (epoch, 0);
        }
        budget.minted_in_epoch += taken;
        budget.minted += taken;
        self.supply += taken;
        self.tokens[usize::from(to)] += taken;
        Ok(())
    }
}

impl Net {
    /// Whether the open epoch may be closed.
    pub fn check_closable(&self, now: i64) -> Verdict {
        ensure(now >= self.end(self.open), "epoch is not over")?;
        let (awake, scored, _) = self.shard_counts();
        ensure(scored == awake || !self.is_paused(now) && now >= self.score_end(), "shards are not scored")?;
        let replaced = self.open.checked_sub(RING).and_then(|epoch| self.closed.get(&epoch));
        ensure(replaced.is_none_or(|closed| closed.unsettled == 0), "an epoch in the ring is not settled")
    }

    fn close(&mut self, now: i64) {
        let (_, _, unsettled) = self.shard_counts();
        let policy = self.policy;
        let budget = &mut self.budget;
        let due = budget.per_epoch.min(budget.cap - budget.scheduled);
        let (emission, kept_back) = if self.total_score > 0 {
            budget.empty = 0;
            let shared = std::mem::take(&mut budget.carried) + due;
            let most = match policy.rules.max_reward {
                0 => shared,
                // A ceiling times a score may pass 128 bits, and then any emission.
                limit => {
                    let rate = ceiling(limit);
                    let whole = u128::from(self.total_score) * (rate >> 64);
                    let part = (u128::from(self.total_score) * (rate & u128::from(u64::MAX))) >> 64;
                    u64::try_from(whole + part).map_or(shared, |most| most.min(shared))
                }
            };
            budget.scheduled = budget.scheduled + due - (shared - most);
            (most, shared - most)
        } else {
            if budget.empty < policy.plan.carry.into() {
                budget.scheduled += due;
                budget.carried += due;
            }
            budget.empty += 1;
            (0, 0)
        };
        let total_score = std::mem::take(&mut self.total_score);
        let has_dispute = policy.rules.arbiter.is_some() && policy.rules.dispute_secs > 0 && unsettled > 0;
        let dispute_end = if has_dispute { now + i64::from(policy.rules.dispute_secs) } else { 0 };
        self.opened_at = now.max(dispute_end);
        let closed = Closed { emission, kept_back, dispute_end, total_score, paid: 0, unsettled, policy };
        self.closed.insert(self.open, closed);
        self.open += 1;
        self.begin_epoch();
    }

    /// Puts the open epoch's policy in force, and takes its decay step.
    pub fn begin_epoch(&mut self) {
        if let Some(next) = self.next.filter(|next| next.from <= self.open) {
            self.policy = next;
            self.next = None;
        }
        self.budget.per_epoch = per_epoch(self.budget.per_epoch, self.open, &self.policy);
    }

    /// What the open epoch and the following ones up to `last` emit if all of them score.
    pub fn forecast(&self, last: u32) -> Vec<(u32, u64)> {
        let (mut per, mut room) = (self.budget.per_epoch, self.budget.cap - self.budget.scheduled);
        let mut emissions = Vec::new();
        for epoch in self.open..=last {
            if epoch > self.open {
                per = per_epoch(per, epoch, self.policy_at(epoch));
            }
            let due = per.min(room);
            room -= due;
            emissions.push((epoch, due));
        }
        emissions
    }
}

/// What `epoch` emits, where the one before it emitted `before`.
fn per_epoch(before: u64, epoch: u32, policy: &Policy) -> u64 {
    let Some(age) = epoch.checked_sub(policy.plan_from) else {
        return before;
    };
    if age == 0 {
        return policy.plan.per_epoch;
    }
    if policy.plan.decay_every > 0 && age % policy.plan.decay_every == 0 {
        return (u128::from(before) * u128::from(10_000 - policy.plan.decay) / 10_000) as u64;
    }
    before
}
