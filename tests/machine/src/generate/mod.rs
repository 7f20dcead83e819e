//! Steps that are likely to succeed, and some that are meant to fail.
//!
//! For an instruction, several candidates are made with arguments that are near the mark, and the model says which of them
//! succeed; one of those is taken mostly, and one that fails at times.

mod arguments;
mod candidate;

use crate::{
    cast::{byte_of, BYTES, ORACLES, POOR},
    machine::START_RENT,
    model::{Account, Model, Shard},
    random::{hash, Random},
    step::{Founding, Gifted, Place, Says, Sent, Step, Witness},
};
use arguments::{some_plan, some_rules};
use candidate::candidate;

/// The kind of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Slots of each shard of the first network.
    pub capacity: u16,
    /// Devices that there are.
    pub devices: u16,
    /// Oracles that the first network begins with.
    pub oracles: u8,
    /// Steps.
    pub steps: u32,
    /// Length of an epoch.
    pub epoch_secs: u32,
}

impl Profile {
    /// Of a run: small shards mostly, full ones of 600 slots in every eighth run.
    pub fn of(run: u64, random: &mut Random) -> Self {
        let epoch_secs = random.pick(&[100, 3_600, 86_400, 200_000]).unwrap_or(100);
        if run % 8 == 3 {
            let oracles = random.within(9, 16) as u8;
            return Self { capacity: 600, devices: 640, oracles, steps: 120, epoch_secs };
        }
        let capacity = random.pick(&[1, 2, 3, 5, 8]).unwrap_or(1);
        let oracles = random.within(1, 16) as u8;
        Self { capacity, devices: 24, oracles, steps: 500, epoch_secs }
    }

    /// Whether the first shard is filled at once.
    pub fn is_full(&self) -> bool {
        self.capacity > 100
    }
}

/// Weights of the instructions, in the order of [`crate::step::INSTRUCTIONS`].
const WEIGHTS: [u64; 32] =
    [3, 3, 2, 2, 1, 1, 3, 2, 4, 1, 1, 4, 4, 4, 3, 7, 3, 3, 2, 9, 3, 3, 3, 8, 24, 4, 12, 5, 8, 12, 16, 8];
/// The least that rent costs, lamports a byte.
pub const LEAST_RENT: u64 = 696;
/// Candidates that are made for a step.
const CANDIDATES: usize = 6;

/// What an oracle says of a shard and epoch when it says it as it always does.
pub fn said(place: Place, oracle: u8, epoch: u32, slots: u16) -> Sent {
    let mix = hash(&[5, place.net.into(), place.index.into(), oracle.into(), epoch.into()]);
    let says = match mix % 16 {
        0 => Says::Down,
        1 => Says::Perfect,
        2 => Says::Noise,
        3 | 4 => Says::Gaps,
        5..=7 => Says::Flat,
        _ => Says::Truth,
    };
    let mut sent = Sent { says, salt: (mix >> 8) as u32, total: 0, first: 0, count: 0 };
    sent.total = (0..slots).filter(|slot| sent.of(place, epoch, *slot) != (None, None)).count() as u16;
    sent
}

/// The steps that a run begins with.
pub fn opening(profile: &Profile, random: &mut Random) -> Vec<Step> {
    let now = crate::machine::START;
    let mut steps = Vec::new();
    let mut rules = some_rules(random, profile.epoch_secs, profile.oracles);
    rules.quorum = (profile.oracles / 2 + 1).max(1);
    let plan = some_plan(random);
    if rules.mint_limit > 0 {
        rules.mint_limit = rules.mint_limit.max(plan.per_epoch);
    }
    let founding = Founding {
        genesis: now + random.pick(&[0, 50, 1_000]).unwrap_or(0),
        epoch_secs: profile.epoch_secs,
        capacity: profile.capacity,
        guardian: Some(2),
        cap: plan.per_epoch.saturating_mul(random.pick(&[1, 20, 1_000, 1_000]).unwrap_or(20)),
        rules,
        plan,
    };
    steps.push(Step::CreateNetwork { by: 0, payer: 3, id: 0, founding: Box::new(founding) });
    for oracle in 0..profile.oracles {
        steps.push(Step::AddOracle { by: 0, payer: random.below(9) as u8, net: 0, oracle });
    }
    steps.push(Step::OpenShard { payer: 4, net: 0, index: 0, last: None });
    for byte in BYTES {
        steps.push(Step::OpenDirectory { payer: 5, net: 0, byte });
    }
    let place = Place { net: 0, index: 0 };
    if profile.is_full() {
        for device in 0..profile.capacity {
            let (payer, owner) = (random.below(9) as u8, random.within(4, 8) as u8);
            let (byte, registrar) = (byte_of(device), rules.registrar);
            let step = Step::RegisterNode { payer, net: 0, device, byte, owner, registrar, place, vacant: None };
            steps.push(step);
        }
    }
    for oracle in 0..profile.oracles {
        steps.push(Step::OpenReport { payer: 6, net: 0, place, oracle });
    }
    steps
}

/// A whole epoch of a network: most oracles report, some are silent; then what cranks and owners do.
pub fn epoch(model: &Model, random: &mut Random) -> Vec<Step> {
    let ids: Vec<u16> = model.nets.keys().copied().collect();
    let id = if random.chance(60) { 0 } else { random.pick(&ids).unwrap_or(0) };
    let Some(net) = model.nets.get(&id) else {
        return Vec::new();
    };
    let mut steps = Vec::new();
    if net.is_paused(model.now) {
        steps.push(match net.pause_ends {
            i64::MAX => Step::Resume { by: net.authority, net: id },
            ends => Step::Warp { secs: wait(model.now, ends) },
        });
    }
    let (epoch, active) = (net.open, net.active(net.open));
    let begin = net.end(epoch).max(net.opened_at);
    if begin > model.now {
        steps.push(Step::Warp { secs: wait(model.now, begin) });
    }
    let places: Vec<(Place, &Shard)> =
        net.shards.iter().enumerate().map(|(index, shard)| (Place { net: id, index: index as u32 }, shard)).collect();
    let silent = random.pick(&[0, 0, 0, 0, 5, 20, 60]).unwrap_or(0);
    for (place, shard) in places.iter().filter(|(_, shard)| !shard.is_dormant) {
        if shard.is_unsettled && model.now >= net.dispute_end(shard.scored) {
            steps.push(Step::SettleShard { net: id, place: *place });
        }
        let slots = shard.slots.len() as u16;
        for oracle in active.iter().copied() {
            if random.chance(silent) {
                continue;
            }
            let place = *place;
            if !shard.reports.contains_key(&oracle) {
                steps.push(Step::OpenReport { payer: random.below(9) as u8, net: id, place, oracle });
            }
            let sent = Sent { count: slots, ..said(place, oracle, epoch, slots) };
            steps.push(Step::SubmitReport { net: id, place, oracle, epoch, sent, witness: Witness::Signs });
        }
    }
    if silent > 0 {
        steps.push(Step::Warp { secs: net.policy.rules.report_secs });
    }
    let awake: Vec<Place> = places.iter().filter(|(_, shard)| !shard.is_dormant).map(|(place, _)| *place).collect();
    for place in &awake {
        steps.push(Step::ScoreShard { net: id, place: *place, epoch, oracles: active.clone() });
        if random.chance(60) {
            steps.push(Step::JudgeShard { net: id, place: *place, epoch, oracles: active.clone() });
        }
    }
    steps.push(Step::CloseEpoch { net: id });
    if let Some(arbiter) = net.policy.rules.arbiter.filter(|_| net.policy.rules.dispute_secs > 0) {
        for (place, shard) in places.iter().filter(|(_, shard)| !shard.is_dormant) {
            let slot = random.below(shard.slots.len() as u64) as u16;
            steps.push(Step::VoidScore { by: arbiter, net: id, place: *place, slot, has_reason: true });
        }
    }
    if random.chance(30) {
        steps.push(Step::Warp { secs: net.policy.rules.dispute_secs });
    }
    steps.extend(awake.iter().map(|place| Step::SettleShard { net: id, place: *place }));
    steps
}

fn wait(now: i64, until: i64) -> u32 {
    u32::try_from(until.saturating_sub(now).clamp(1, 400 * 86_400)).unwrap_or(1)
}

/// The next step.
pub fn step(model: &Model, profile: &Profile, random: &mut Random) -> Step {
    loop {
        if random.chance(9) {
            return other_step(model, random);
        }
        let mut point = random.below(WEIGHTS.iter().sum());
        let kind = WEIGHTS.iter().position(|weight| {
            let is_here = point < *weight;
            point = point.saturating_sub(*weight);
            is_here
        });
        let (mut good, mut bad) = (None, None);
        for _ in 0..CANDIDATES {
            let Some(candidate) = candidate(kind.unwrap_or(0), model, profile, random) else {
                break;
            };
            if model.clone().apply(&candidate).is_ok() {
                good = Some(candidate);
                break;
            }
            bad = Some(candidate);
        }
        // A step that can't succeed now is rarely tried, and one that can is sometimes passed over for one that can't.
        match (good, bad) {
            (Some(good), _) if random.chance(3) && good.has_signer() => return Step::Unsigned(Box::new(good)),
            (Some(good), None) => return good,
            (Some(good), Some(bad)) => return if random.chance(90) { good } else { bad },
            (None, Some(bad)) if random.chance(12) => return bad,
            _ => {}
        }
    }
}

fn other_step(model: &Model, random: &mut Random) -> Step {
    let ids: Vec<u16> = model.nets.keys().copied().collect();
    let net = random.pick(&ids).and_then(|id| model.nets.get(&id));
    let Some(net) = net else {
        return Step::Warp { secs: 1 };
    };
    match random.below(100) {
        0..=2 => Step::Rent {
            per_byte: random.pick(&[START_RENT, 6_333, 5_080, 3_480, LEAST_RENT, 8_000, 14_000]).unwrap_or(START_RENT),
        },
        // An address where nothing is yet, as whoever wants to stop an account from being opened would.
        6 => {
            let id = random.pick(&[0, 1, 2]).unwrap_or(0);
            let shards = model.nets.get(&id).map_or(0, |net| net.shards.len() as u32);
            let index = random.below(u64::from(shards) + 1) as u32;
            let place = Place { net: id, index };
            let to = match random.below(4) {
                0 => Gifted::Network(id),
                1 => Gifted::Shard(place),
                2 => Gifted::Directory(id, random.pick(&BYTES).unwrap_or(0)),
                _ => Gifted::Report(place, random.below(ORACLES.into()) as u8),
            };
            Step::Gift { to, lamports: random.pick(&[1, 890_880, 5_000_000, 100_000_000]).unwrap_or(1) }
        }
        3..=5 => {
            let ledger: Vec<_> = model.ledger().into_iter().collect();
            let found = random.pick(&ledger);
            let Some((account, (held, bytes))) = found else {
                return Step::Warp { secs: 1 };
            };
            let lamports = model.rent(bytes).saturating_sub(held).max(random.below(50_000));
            match account {
                Account::Wallet(wallet) => {
                    let empty = if wallet == POOR { 0 } else { crate::model::WALLET_LAMPORTS };
                    Step::Balance { wallet, lamports: empty }
                }
                Account::Network(id) => Step::Gift { to: Gifted::Network(id), lamports },
                Account::Shard(place) => Step::Gift { to: Gifted::Shard(place), lamports },
                Account::Directory(id, byte) => Step::Gift { to: Gifted::Directory(id, byte), lamports },
                Account::Report(place, oracle) => Step::Gift { to: Gifted::Report(place, oracle), lamports },
            }
        }
        7..=8 => {
            let lamports = random.pick(&[0, 1_000_000_000, 900_000]).unwrap_or(0);
            Step::Balance { wallet: POOR, lamports }
        }
        9 => Step::Warp { secs: net.epoch_secs.saturating_mul(random.within(1, 12) as u32) },
        10..=13 if net.is_paused(model.now) && net.pause_ends != i64::MAX => {
            Step::Warp { secs: wait(model.now, net.pause_ends) }
        }
        10..=35 => Step::Warp { secs: wait(model.now, net.report_end()) },
        36..=38 => Step::Warp { secs: wait(model.now, net.score_end()) },
        39..=45 => Step::Warp { secs: 1 + random.below((net.epoch_secs / 4).into()) as u32 },
        _ => {
            let edge = random.pick(&[-1, 0, 0, 0, 1]).unwrap_or(0);
            Step::Warp { secs: wait(model.now, net.end(net.open) + edge) }
        }
    }
}
