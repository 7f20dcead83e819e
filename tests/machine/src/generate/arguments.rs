//! Arguments that are right mostly.

use crate::{
    cast::{ORACLES, WALLETS},
    model::{Listed, Model, Net, Tenant, NEVER},
    random::Random,
    step::{Place, Plan, Rules, Witness},
};

pub fn some_rules(random: &mut Random, epoch_secs: u32, oracles: u8) -> Rules {
    let report_secs = random.within(1, epoch_secs.into()) as u32;
    let longest =
        u64::from(report_secs).saturating_add(epoch_secs.into()).min(2 * u64::from(epoch_secs).max(1_296_000));
    let least_quorum = u64::from(oracles / 2 + 1).min(16);
    Rules {
        report_secs,
        score_secs: random.within(u64::from(report_secs) + 1, longest.max(u64::from(report_secs) + 1)) as u32,
        uptime_weight: random.pick(&[0, 3_000, 5_000, 10_000]).unwrap_or(0),
        min_uptime: random.pick(&[0, 0, 0, 0, 5_000, 9_000]).unwrap_or(0),
        bandwidth_cap: random.pick(&[1, 10_000, 50_000, 1_000_000_000, u32::MAX - 1]).unwrap_or(1),
        min_boost: random.pick(&[0, 5_000, 10_000]).unwrap_or(0),
        max_boost: random.pick(&[10_000, 20_000, 65_535]).unwrap_or(10_000),
        tolerance: random.pick(&[0, 500, 10_000]).unwrap_or(0),
        quorum: (least_quorum + random.pick(&[0, 0, 0, 1, 2]).unwrap_or(0)).min(16) as u8,
        registrar: if random.chance(30) { Some(3) } else { None },
        bond: random.pick(&[0, 1, 5_000_000]).unwrap_or(0),
        oracle_bond: random.pick(&[0, 1_000_001, 10_000_000]).unwrap_or(0),
        mint_limit: random.pick(&[0, 0, 1, 1_000, 10_000_000]).unwrap_or(0),
        is_gate: random.chance(30),
        max_reward: random.pick(&[0, 0, 1, 1_000, 333_333, 1_000_000_000]).unwrap_or(0),
        dispute_secs: if random.chance(40) { random.within(0, u64::from(epoch_secs - report_secs)) as u32 } else { 0 },
        arbiter: if random.chance(50) { Some(2) } else { None },
    }
}

pub fn some_plan(random: &mut Random) -> Plan {
    let decay = random.pick(&[0, 0, 0, 0, 0, 1, 2_500, 10_000]).unwrap_or(0);
    Plan {
        per_epoch: random.pick(&[1, 7, 1_000, 1_000_003, 1_000_003, 1_000_000_000_000]).unwrap_or(1),
        decay,
        decay_every: if decay == 0 { 0 } else { random.within(1, 3) as u32 },
        carry: random.pick(&[0, 1, 3, 1_000]).unwrap_or(0),
    }
}

/// Breaks one rule at times.
pub fn spoil(random: &mut Random, rules: &mut Rules) {
    match random.below(70) {
        0 => rules.report_secs = 0,
        1 => rules.report_secs = u32::MAX,
        2 => rules.score_secs = rules.report_secs,
        3 => rules.score_secs = u32::MAX,
        4 => rules.uptime_weight = 10_001,
        5 => rules.min_uptime = 10_001,
        6 => rules.bandwidth_cap = random.pick(&[0, u32::MAX]).unwrap_or(0),
        7 => rules.min_boost = 10_001,
        8 => rules.max_boost = 9_999,
        9 => rules.tolerance = 10_001,
        10 => rules.quorum = random.pick(&[0, 1, 17]).unwrap_or(0),
        11 => rules.dispute_secs = u32::MAX,
        _ => {}
    }
}

/// The right one mostly, else anybody.
pub fn mostly(random: &mut Random, right: u8) -> u8 {
    if random.chance(85) {
        right
    } else {
        random.below(WALLETS.into()) as u8
    }
}

pub fn anybody(random: &mut Random) -> u8 {
    random.below(WALLETS.into()) as u8
}

/// A network, the first mostly.
pub fn some_net<'a>(model: &'a Model, random: &mut Random) -> Option<(u16, &'a Net)> {
    let ids: Vec<u16> = model.nets.keys().copied().collect();
    let id = if random.chance(50) { 0 } else { random.pick(&ids)? };
    model.nets.get_key_value(&id).map(|(id, net)| (*id, net))
}

/// A shard of the network, or one of another network at times.
pub fn some_place(model: &Model, id: u16, random: &mut Random) -> Option<Place> {
    let ids: Vec<u16> = model.nets.keys().copied().collect();
    let net = if random.chance(97) { id } else { random.pick(&ids)? };
    let shards = model.nets.get(&net)?.shards.len() as u64;
    let index = if shards > 0 && random.chance(98) { random.below(shards) } else { shards };
    Some(Place { net, index: index as u32 })
}

pub fn some_oracle(net: &Net, random: &mut Random) -> u8 {
    let known: Vec<u8> = net.oracles.iter().filter_map(|oracle| oracle.number).collect();
    if random.chance(90) {
        random.pick(&known).unwrap_or(0)
    } else {
        random.below(ORACLES.into()) as u8
    }
}

/// A device that is registered, and where.
pub fn some_node(net: &Net, id: u16, random: &mut Random) -> Option<(u16, Place, Listed)> {
    let bytes: Vec<u8> = net.directories.keys().copied().collect();
    let directory = net.directories.get(&random.pick(&bytes)?)?;
    let place = random.below(directory.entries.len() as u64) as usize;
    let (device, listed) = directory.entries.iter().nth(place)?;
    let index = if random.chance(97) { listed.shard } else { listed.shard + 1 };
    Some((*device, Place { net: id, index }, *listed))
}

pub fn tenant_of<'a>(net: &'a Net, listed: &Listed) -> Option<&'a Tenant> {
    net.shards.get(listed.shard as usize)?.slots.get(usize::from(listed.slot))?.tenant.as_ref()
}

pub fn epoch_near(random: &mut Random, epoch: u32) -> u32 {
    match random.below(40) {
        0 => epoch.wrapping_sub(1),
        1 => epoch.saturating_add(1),
        2 => random.pick(&[0, NEVER, NEVER - 1]).unwrap_or(0),
        _ => epoch,
    }
}

pub fn some_witness(random: &mut Random) -> Witness {
    match random.below(60) {
        0 => Witness::Forged,
        1 => Witness::Named,
        2 => Witness::OtherDomain,
        3 => Witness::Padded,
        4..=30 => Witness::Relayed,
        _ => Witness::Signs,
    }
}

/// The active oracles in order, and at times not quite.
pub fn some_reports(net: &Net, epoch: u32, random: &mut Random) -> Vec<u8> {
    let mut oracles = net.active(epoch);
    match random.below(30) {
        0 => drop(oracles.pop()),
        1 => oracles.push(some_oracle(net, random)),
        2 => oracles.reverse(),
        3 if !oracles.is_empty() => oracles[0] = some_oracle(net, random),
        _ => {}
    }
    oracles
}
