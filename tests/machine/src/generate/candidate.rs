//! A step of each instruction, with arguments that are near the mark.

use super::{arguments::*, said, Profile};
use crate::{
    cast::{byte_of, BYTES, ORACLES},
    model::{Listed, Model, Net, Slot, NEVER},
    random::Random,
    step::{Founding, Place, Says, Step, Witness},
};

/// A step of a kind, or none if there is nothing that it could be about.
pub fn candidate(kind: usize, model: &Model, profile: &Profile, random: &mut Random) -> Option<Step> {
    if kind == 0 {
        return found(model, profile, random);
    }
    if kind == 1 {
        return close_network(model, random);
    }
    let (id, net) = some_net(model, random)?;
    let by = mostly(random, net.authority);
    let payer = anybody(random);
    Some(match kind {
        2 => Step::ProposeAuthority { by, net: id, new: random.pick(&[Some(0), Some(1), None]).flatten() },
        3 => Step::AcceptAuthority { by: mostly(random, net.pending.unwrap_or(0)), net: id },
        4 => Step::SetGuardian { by, net: id, new: random.pick(&[Some(2), Some(2), None]).flatten() },
        5 => {
            // An authority's pause stops all, so it is rare.
            let by = if random.chance(15) { net.authority } else { mostly(random, net.guardian.unwrap_or(2)) };
            Step::Pause { by, net: id }
        }
        6 => Step::Resume { by, net: id },
        7 => {
            let unbegun = net.unbegun(model.now);
            let oracles = net.oracles.iter().filter(|oracle| oracle.is_needed(net.open)).count() as u8;
            let mut rules = some_rules(random, net.epoch_secs, oracles);
            spoil(random, &mut rules);
            let plan = random.chance(50).then(|| some_plan(random));
            if random.chance(85) && rules.mint_limit > 0 {
                rules.mint_limit = rules.mint_limit.max(plan.map_or(net.budget.per_epoch, |plan| plan.per_epoch));
            }
            let from = match random.below(20) {
                0 => unbegun.wrapping_sub(1),
                1 => NEVER,
                _ => unbegun + random.below(3) as u32,
            };
            Step::UpdatePolicy { by, net: id, from, rules: Box::new(rules), plan }
        }
        8 => Step::AddOracle { by, payer, net: id, oracle: random.below(ORACLES.into()) as u8 },
        9 => Step::RemoveOracle { by, net: id, oracle: some_oracle(net, random), at_once: random.chance(30) },
        10 => prove(model, id, net, random)?,
        11 => {
            let bonded: Vec<_> = net.oracles.iter().filter(|it| it.bond > 0 && it.until != NEVER).collect();
            let oracle = random.pick(&bonded).filter(|_| random.chance(90));
            let number = oracle.and_then(|oracle| oracle.number).unwrap_or(some_oracle(net, random));
            Step::WithdrawBond { net: id, payer: mostly(random, oracle.map_or(0, |it| it.payer)), oracle: number }
        }
        12 => {
            let count = net.shards.len() as u32;
            let index = if random.chance(92) { count } else { random.below(4) as u32 };
            let last =
                if random.chance(92) { count.checked_sub(1) } else { random.pick(&[None, Some(0), Some(count)])? };
            Step::OpenShard { payer, net: id, index, last }
        }
        13 => {
            let place = some_place(model, id, random)?;
            let shard = model.nets.get(&place.net)?.shards.get(place.index as usize)?;
            let vacant: Vec<u8> =
                shard.slots.iter().rev().take_while(|slot| slot.tenant.is_none()).map(|slot| slot.vacant.0).collect();
            let mut payers = vacant;
            payers.truncate(1 + random.below(3) as usize);
            if random.chance(10) {
                payers.push(anybody(random));
            }
            if payers.is_empty() && random.chance(90) {
                return None;
            }
            Step::ShrinkShard { net: id, place, payers }
        }
        14 => {
            let index = net.shards.len().checked_sub(1)? as u32;
            let place = if random.chance(90) { Place { net: id, index } } else { some_place(model, id, random)? };
            Step::CloseShard { net: id, place, payer: mostly(random, net.shards[index as usize].payer) }
        }
        15 => {
            let place = some_place(model, id, random)?;
            let active = net.active(net.open);
            let oracle = if random.chance(80) { random.pick(&active)? } else { some_oracle(net, random) };
            Step::OpenReport { payer, net: id, place, oracle }
        }
        16 => {
            let place = some_place(model, id, random)?;
            let shard = model.nets.get(&place.net)?.shards.get(place.index as usize)?;
            let numbers: Vec<u8> = shard.reports.keys().copied().collect();
            let oracle = random.pick(&numbers)?;
            Step::CloseReport { net: id, place, oracle, payer: mostly(random, shard.reports.get(&oracle)?.payer) }
        }
        17 => Step::OpenDirectory { payer, net: id, byte: random.pick(&BYTES)? },
        18 => {
            let bytes: Vec<u8> = net.directories.keys().copied().collect();
            let byte = random.pick(&bytes)?;
            Step::CloseDirectory { net: id, byte, payer: mostly(random, net.directories.get(&byte)?.payer) }
        }
        19 => {
            let place = some_place(model, id, random)?;
            let device = random.below(profile.devices.into()) as u16;
            let byte = if random.chance(97) { byte_of(device) } else { random.pick(&BYTES)? };
            let right = net.policy_at(net.current(model.now)).rules.registrar;
            let registrar = if random.chance(92) { right } else { random.pick(&[None, Some(3), Some(7)])? };
            let shard = model.nets.get(&place.net)?.shards.get(place.index as usize)?;
            let vacant: Vec<(u16, u8)> = shard
                .slots
                .iter()
                .enumerate()
                .filter(|(_, slot)| slot.tenant.is_none())
                .map(|(place, slot)| (place as u16, slot.vacant.0))
                .collect();
            let vacant = match random.pick(&vacant) {
                Some((slot, payer)) if random.chance(65) => Some((slot, mostly(random, payer))),
                _ if random.chance(4) => Some((random.below(9) as u16, anybody(random))),
                _ => None,
            };
            let owner = random.within(4, 9) as u8;
            Step::RegisterNode { payer, net: id, device, byte, owner, registrar, place, vacant }
        }
        20..=23 => {
            let (device, place, listed) = some_node(net, id, random)?;
            let owner = tenant_of(net, &listed).map_or(0, |tenant| tenant.owner);
            match kind {
                20 => Step::TransferNode { by: mostly(random, owner), net: id, place, device, to: anybody(random) },
                21 => {
                    let boost = random.pick(&[0, 5_000, 10_000, 10_000, 15_000, 20_000, 65_535])?;
                    Step::SetBoost { by, net: id, place, device, boost }
                }
                22 => {
                    let by = if random.chance(20) { 3 } else { mostly(random, owner) };
                    Step::RetireNode { by, net: id, place, device, has_reason: random.chance(80) }
                }
                _ => {
                    let is_retired = |(_, _, listed): &(u16, Place, Listed)| {
                        tenant_of(net, listed).is_some_and(|tenant| tenant.until != NEVER)
                    };
                    let other = (0..8).filter_map(|_| some_node(net, id, random)).find(is_retired);
                    let (device, place, listed) = other.unwrap_or((device, place, listed));
                    let owner = tenant_of(net, &listed).map_or(owner, |tenant| tenant.owner);
                    let (owner, payer) = (mostly(random, owner), mostly(random, listed.payer));
                    Step::CloseNode { net: id, place, device, owner, payer }
                }
            }
        }
        24 => submit(model, id, net, random)?,
        25 => {
            let place = some_place(model, id, random)?;
            let (oracle, epoch) = (some_oracle(net, random), epoch_near(random, net.open));
            let evidence = 1 + random.below(2) as u8;
            Step::CommitEvidence { net: id, place, oracle, epoch, evidence, witness: some_witness(random) }
        }
        26 => {
            let epoch = epoch_near(random, net.open);
            let place = some_place(model, id, random)?;
            Step::ScoreShard { net: id, place, epoch, oracles: some_reports(net, epoch, random) }
        }
        27 => {
            let place = some_place(model, id, random)?;
            let scored = model.nets.get(&place.net)?.shards.get(place.index as usize)?.scored;
            let epoch = epoch_near(random, scored);
            Step::JudgeShard { net: id, place, epoch, oracles: some_reports(net, epoch, random) }
        }
        28 => Step::CloseEpoch { net: id },
        29 => Step::SettleShard { net: id, place: some_place(model, id, random)? },
        30 => claim(model, id, random)?,
        _ => {
            let place = some_place(model, id, random)?;
            let shard = model.nets.get(&place.net)?.shards.get(place.index as usize)?;
            let slot = random.below(shard.slots.len() as u64 + 1) as u16;
            let by = net.closed.get(&shard.scored).and_then(|closed| closed.policy.rules.arbiter).unwrap_or(by);
            Step::VoidScore { by: mostly(random, by), net: id, place, slot, has_reason: random.chance(95) }
        }
    })
}

fn found(model: &Model, profile: &Profile, random: &mut Random) -> Option<Step> {
    let id = random.pick(&[0, 1, 1, 2])?;
    if model.nets.contains_key(&id) && random.chance(95) {
        return None;
    }
    let first = model.nets.get(&0);
    let mut rules = some_rules(random, profile.epoch_secs, 3);
    spoil(random, &mut rules);
    let mut plan = some_plan(random);
    let room = first.map_or(1_000_000, |net| net.budget.cap - net.budget.scheduled);
    // All of it is what a greedy authority takes.
    let cap = room / random.pick(&[1, 1, 2, 3, 10])?;
    if random.chance(95) {
        plan.per_epoch = plan.per_epoch.min(cap.max(1));
        if rules.mint_limit > 0 {
            rules.mint_limit = rules.mint_limit.max(plan.per_epoch);
        }
    }
    let founding = Founding {
        genesis: model.now + random.pick(&[0, 0, 0, 100, -1, 40_000_000])?,
        epoch_secs: random.pick(&[profile.epoch_secs, profile.epoch_secs, 60, 0])?,
        capacity: random.pick(&[2, 3, 5, 3, 0, 601])?,
        guardian: random.pick(&[Some(2), None])?,
        cap: if random.chance(70) { cap } else { first.map_or(cap, |net| fair_cap(net, model.now)) },
        rules,
        plan,
    };
    let by = mostly(random, first.map_or(0, |net| net.authority));
    Some(Step::CreateNetwork { by, payer: anybody(random), id, founding: Box::new(founding) })
}

/// What the first network can spare at the most.
fn fair_cap(net: &Net, now: i64) -> u64 {
    let begun = u64::from(net.unbegun(now).saturating_sub(net.open));
    let next = net.next.map_or(0, |next| next.plan.per_epoch);
    (net.budget.cap - net.budget.scheduled).saturating_sub(begun.saturating_mul(net.budget.per_epoch.max(next)))
}

fn close_network(model: &Model, random: &mut Random) -> Option<Step> {
    let is_empty = |net: &Net| {
        net.shards.is_empty() && net.directories.is_empty() && net.oracles.iter().all(|oracle| oracle.bond == 0)
    };
    let ids: Vec<u16> = model.nets.iter().filter(|(id, net)| **id != 0 && is_empty(net)).map(|(id, _)| *id).collect();
    let id = random.pick(&ids).unwrap_or(0);
    let net = model.nets.get(&id)?;
    if id == 0 && random.chance(90) {
        return None;
    }
    Some(Step::CloseNetwork { by: mostly(random, net.authority), net: id, payer: mostly(random, net.payer) })
}

fn prove(model: &Model, id: u16, net: &Net, random: &mut Random) -> Option<Step> {
    let place = some_place(model, id, random)?;
    let shard = model.nets.get(&place.net)?.shards.get(place.index as usize)?;
    let numbers: Vec<u8> = shard.reports.keys().copied().collect();
    let oracle = random.pick(&numbers)?;
    // An oracle is lost each time: most networks keep theirs.
    if net.active(net.open).len() < 3 && random.chance(80) {
        return None;
    }
    let report = shard.reports.get(&oracle)?;
    let slots = shard.slots.len() as u16;
    let is_recorded = report.epoch != NEVER && random.chance(50);
    let epoch = if is_recorded { report.epoch } else { random.below(u64::from(net.open) + 2) as u32 };
    let mut one = said(place, oracle, epoch, slots);
    // The prover is not the fee payer here, which costs 96 bytes: two batches of 280 slots would be too long.
    one.count = slots.min(270);
    let mut other = one;
    match random.below(4) {
        // Half measured, or the same twice: no contradiction.
        0 => other.says = Says::Gaps,
        1 => {}
        _ => (other.says, other.salt) = (Says::Noise, random.next_u64() as u32),
    }
    let (one, other) = if is_recorded { (other, None) } else { (one, Some(other)) };
    Some(Step::ProveEquivocation { net: id, place, oracle, prover: anybody(random), epoch, one, other })
}

fn submit(model: &Model, id: u16, net: &Net, random: &mut Random) -> Option<Step> {
    let place = some_place(model, id, random)?;
    let shard = model.nets.get(&place.net)?.shards.get(place.index as usize)?;
    let slots = shard.slots.len() as u16;
    let epoch = epoch_near(random, net.open);
    let waiting: Vec<u8> = shard
        .reports
        .iter()
        .filter(|(number, report)| {
            net.active(epoch).contains(number) && (report.epoch != epoch || report.received < report.total)
        })
        .map(|(number, _)| *number)
        .collect();
    let oracle = match random.pick(&waiting) {
        Some(oracle) if random.chance(95) => oracle,
        _ => some_oracle(net, random),
    };
    let mut sent = said(place, oracle, epoch, slots);
    match random.below(40) {
        0 => sent.says = Says::Invalid,
        1 => (sent.says, sent.salt) = (Says::Noise, 7),
        2 => sent.total = sent.total.wrapping_add(1),
        _ => {}
    }
    let known = shard.reports.get(&oracle).filter(|report| report.epoch == epoch);
    if let Some(known) = known.filter(|_| random.chance(95)) {
        sent.total = known.total;
    }
    // All at once mostly, else a part.
    (sent.first, sent.count) = if random.chance(70) {
        (0, slots)
    } else {
        let first = random.below(u64::from(slots) + 1) as u16;
        (first, random.below(u64::from(slots - first) + 2) as u16)
    };
    let witness = some_witness(random);
    if !matches!(witness, Witness::Signs | Witness::Named) {
        // More than the program takes at times, but no more than a transaction does.
        sent.count = sent.count.min(if random.chance(90) { 280 } else { 300 });
    }
    Some(Step::SubmitReport { net: id, place, oracle, epoch, sent, witness })
}

fn claim(model: &Model, id: u16, random: &mut Random) -> Option<Step> {
    let place = some_place(model, id, random)?;
    let shard = model.nets.get(&place.net)?.shards.get(place.index as usize)?;
    let owed: Vec<u8> = shard
        .slots
        .iter()
        .filter_map(|slot| slot.tenant.as_ref())
        .filter(|tenant| tenant.accrued > 0)
        .map(|tenant| tenant.owner)
        .collect();
    let owner = random.pick(&owed)?;
    let is_its = |slot: &Slot| slot.tenant.as_ref().is_some_and(|tenant| tenant.owner == owner);
    let its = shard.slots.iter().enumerate().filter(|(_, slot)| is_its(slot)).map(|(place, _)| place as u16);
    let mut slots: Vec<u16> = its.collect();
    match random.below(20) {
        0 => slots.reverse(),
        1 => slots.push(random.below(9) as u16),
        2 => slots.extend(slots.clone()),
        3..=8 => slots.truncate(1 + random.below(4) as usize),
        _ => {}
    }
    slots.truncate(300);
    let signs = random.chance(30);
    let to = if signs { anybody(random) } else { mostly(random, owner) };
    let owner = mostly(random, owner);
    Some(Step::Claim { net: id, place, owner, slots, to, signs })
}
