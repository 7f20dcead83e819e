//! An epoch's entry in the ring, from what its shards scored.

use super::{ring_entry, GapReason, Place, Verification};
use stipend::{
    constants::RING_EPOCHS,
    math::{emission::checked_per_epoch, reward::Rate},
    state::{ClosedEpoch, Network},
};

/// Compares totals, rate, payments, rules and emission of the epoch with what the shards are when rebuilt.
pub fn check(network: &Network, found: &mut Verification) {
    check_rules(network, found);
    let total_score = check_total(network, found);
    let rate = check_rate(total_score, found);
    check_paid(network, rate, found);
    check_budget(network, found);
    if total_score > 0 {
        check_emission(network, found);
    } else {
        found.compare(Place::Epoch, "emission", found.closed.emission_atoms, 0);
    }
}

/// The rules by which it was scored are those of the policy in force, if that began no later; else of an earlier one.
fn check_rules(network: &Network, found: &mut Verification) {
    let (closed, policy) = (found.closed, &network.policy);
    if policy.from_epoch > closed.epoch {
        if closed.policy_from_epoch > closed.epoch {
            let at_most = format!("at most {}", closed.epoch);
            found.differs(Place::Epoch, "first epoch of its policy", closed.policy_from_epoch, at_most);
        }
        return;
    }
    found.compare(Place::Epoch, "first epoch of its policy", closed.policy_from_epoch, policy.from_epoch);
    found.compare(Place::Epoch, "bandwidth cap", closed.bandwidth_cap, policy.bandwidth_cap);
    found.compare(Place::Epoch, "uptime weight", closed.uptime_weight_bps, policy.uptime_weight_bps);
    found.compare(Place::Epoch, "minimum uptime", closed.min_uptime_bps, policy.min_uptime_bps);
    found.compare(Place::Epoch, "uptime mode", closed.uptime_mode, policy.uptime_mode);
    found.compare(Place::Epoch, "ceiling of a reward", closed.max_reward_atoms, policy.max_reward_atoms);
    found.compare(Place::Epoch, "least boost", closed.min_boost_bps, policy.min_boost_bps);
    found.compare(Place::Epoch, "greatest boost", closed.max_boost_bps, policy.max_boost_bps);
    found.compare(Place::Epoch, "quorum", closed.quorum, policy.quorum);
}

/// Returns the sum of all shards' scores, or what the ring says where shards hold another epoch.
fn check_total(network: &Network, found: &mut Verification) -> u64 {
    let closed = found.closed;
    let sum = found.shards.iter().filter_map(|shard| shard.total_score).fold(0, u64::saturating_add);
    let is_whole = found.shards.iter().all(|shard| shard.total_score.is_some());
    if !is_whole && sum <= closed.total_score {
        return closed.total_score;
    }
    if sum < closed.total_score && network.open_epoch.saturating_sub(closed.epoch) >= 2 {
        // Its slots were vacated after this epoch, and the epoch behind it is closed.
        found.misses(Place::Epoch, GapReason::ShardClosed);
        return closed.total_score;
    }
    found.compare(Place::Epoch, "total score", closed.total_score, sum);
    sum
}

fn check_rate(total_score: u64, found: &mut Verification) -> Rate {
    let wide = |rate: Rate| (u128::from(rate.atoms) << 64) + u128::from(rate.fraction);
    let closed = found.closed;
    let due_atoms = closed.emission_atoms.saturating_add(closed.kept_back_atoms);
    let mut rate = Rate::checked_new(due_atoms, total_score).unwrap_or_default();
    let mut kept_back_atoms = 0;
    if let Some(ceiling) = Rate::checked_ceiling(closed.max_reward_atoms).filter(|_| total_score > 0) {
        rate = rate.min(ceiling);
        kept_back_atoms = due_atoms.saturating_sub(ceiling.checked_reward(total_score).unwrap_or(u64::MAX));
    }
    found.compare(Place::Epoch, "rate", wide(closed.rate()), wide(rate));
    found.compare(Place::Epoch, "atoms that the ceiling kept back", closed.kept_back_atoms, kept_back_atoms);
    rate
}

/// What was paid is what the settled shards' scores earn, and leaves over at most an atom a slot and one.
fn check_paid(network: &Network, rate: Rate, found: &mut Verification) {
    let closed = found.closed;
    let reward_atoms = |score: u64| rate.checked_reward(score).unwrap_or(u64::MAX);
    let (mut least_atoms, mut lost_score, mut unsettled) = (0u64, 0u64, 0u32);
    let voided_score: u64 = found.shards.iter().map(|shard| shard.voided_score).sum();
    let is_whole = found.shards.iter().all(|shard| shard.total_score.is_some());
    for shard in &found.shards {
        let total_score = shard.total_score.unwrap_or(0);
        if !shard.is_settled && shard.is_held {
            unsettled += 1;
            continue;
        }
        let scores = || shard.scores.iter().flatten().map(|score| u64::from(*score));
        least_atoms = scores().map(reward_atoms).fold(least_atoms, u64::saturating_add);
        let known_score = scores().sum::<u64>().saturating_add(shard.voided_score);
        lost_score = lost_score.saturating_add(total_score.saturating_sub(known_score));
    }
    if is_whole {
        found.compare(Place::Epoch, "number of unsettled shards", closed.unsettled_shards, unsettled);
    }
    let most_atoms = least_atoms.saturating_add(reward_atoms(lost_score));
    let has_lost_shard = found.gaps.iter().any(|gap| gap.reason == GapReason::ShardClosed);
    if closed.paid_atoms < least_atoms || (is_whole && !has_lost_shard && closed.paid_atoms > most_atoms) {
        let rebuilt = if lost_score == 0 { least_atoms.to_string() } else { format!("{least_atoms} to {most_atoms}") };
        found.differs(Place::Epoch, "sum of rewards", closed.paid_atoms, rebuilt);
        return;
    }
    let Some(left_over_atoms) = closed.emission_atoms.checked_sub(closed.paid_atoms) else {
        found.differs(Place::Epoch, "sum of rewards", closed.paid_atoms, format!("at most {}", closed.emission_atoms));
        return;
    };
    // What was voided is left over too, but for a fraction of an atom a slot.
    let most_atoms = most_left_over_atoms(network).saturating_add(reward_atoms(voided_score));
    if closed.unsettled_shards == 0 && closed.total_score > 0 && left_over_atoms > most_atoms {
        found.differs(Place::Epoch, "left-over", left_over_atoms, format!("at most {most_atoms}"));
    }
}

/// At most an atom a slot and one: floors lose no more.
fn most_left_over_atoms(network: &Network) -> u64 {
    let most_slots = u64::from(network.shard_count).saturating_mul(u64::from(network.shard_capacity));
    most_slots.saturating_add(1)
}

/// Whatever was scheduled has accrued, is carried, or is still to be settled.
fn check_budget(network: &Network, found: &mut Verification) {
    let emission = &network.emission;
    let owed_atoms: u128 = network
        .ring
        .iter()
        .filter(|closed| closed.unsettled_shards > 0)
        .map(|closed| u128::from(closed.emission_atoms.saturating_sub(closed.paid_atoms)))
        .sum();
    let scheduled_atoms = u128::from(emission.accrued_atoms) + u128::from(emission.carried_atoms) + owed_atoms;
    found.compare(Place::Epoch, "emission scheduled so far", u128::from(emission.scheduled_atoms), scheduled_atoms);
    if emission.scheduled_atoms > emission.cap_atoms {
        let at_most = format!("at most {}", emission.cap_atoms);
        found.differs(Place::Epoch, "emission scheduled so far", emission.scheduled_atoms, at_most);
    }
}

/// The epoch's emission is what the schedule gives it, what epochs without a score before it left, and left-overs.
fn check_emission(network: &Network, found: &mut Verification) {
    let (closed, emission) = (found.closed, &network.emission);
    let Some(due_atoms) = due_atoms(network, closed.epoch) else {
        return found.misses(Place::Epoch, GapReason::ScheduleReplaced);
    };
    let empty = empty_epochs_before(network, closed.epoch);
    let Some(carried_atoms) = empty.carried_atoms else {
        return found.misses(Place::Epoch, empty.gap);
    };
    let least_atoms = due_atoms.saturating_add(carried_atoms);
    // A shard may be settled late, but before its epoch's place in the ring is used again.
    let oldest = closed.epoch.saturating_sub(RING_EPOCHS as u32).saturating_sub(empty.count);
    let left_overs = (oldest..closed.epoch).map(|epoch| match ring_entry(network, epoch) {
        Some(earlier) if earlier.unsettled_shards == 0 => left_over_atoms(&earlier),
        Some(_) => 0,
        None => most_left_over_atoms(network),
    });
    let most_atoms = left_overs.fold(least_atoms, u64::saturating_add);
    // The cap may have cut it, if it is reached, or was lower before another network of the mint gave its share back.
    let may_be_cut = emission.scheduled_atoms >= emission.cap_atoms || network.has_shared != 0;
    // Before the ceiling kept anything back.
    let emission_atoms = closed.emission_atoms.saturating_add(closed.kept_back_atoms);
    if emission_atoms < least_atoms && may_be_cut {
        found.misses(Place::Epoch, GapReason::CapReached);
    } else if !(least_atoms..=most_atoms).contains(&emission_atoms) {
        found.differs(Place::Epoch, "emission", emission_atoms, format!("{least_atoms} to {most_atoms}"));
    }
}

fn left_over_atoms(closed: &ClosedEpoch) -> u64 {
    closed.emission_atoms.saturating_sub(closed.paid_atoms)
}

/// Atoms that the schedule gives an epoch, before carried ones; none if it was another schedule's.
fn due_atoms(network: &Network, epoch: u32) -> Option<u64> {
    let policy = &network.policy;
    let age = epoch.checked_sub(policy.emission_from_epoch)?;
    checked_per_epoch(policy.per_epoch_atoms, policy.decay_bps, policy.decay_every_epochs, age)
}

/// Epochs without a score, one after the other.
struct EmptyEpochs {
    count: u32,
    /// Atoms that they carried; none if the accounts no longer tell.
    carried_atoms: Option<u64>,
    gap: GapReason,
}

/// The epochs without a score directly before `epoch`.
fn empty_epochs_before(network: &Network, epoch: u32) -> EmptyEpochs {
    let is_empty = |epoch: &u32| ring_entry(network, *epoch).is_some_and(|closed| closed.total_score == 0);
    let count = (0..epoch).rev().take_while(is_empty).count() as u32;
    let first = epoch.saturating_sub(count);
    let is_known = first == 0 || ring_entry(network, first - 1).is_some();
    if !is_known {
        return EmptyEpochs { count, carried_atoms: None, gap: GapReason::CarryUnknown };
    }
    // What is past the set number lapses.
    let carrying = (first..epoch).take(network.policy.carry_epochs.into());
    let carried_atoms = carrying.map(|epoch| due_atoms(network, epoch)).sum();
    EmptyEpochs { count, carried_atoms, gap: GapReason::ScheduleReplaced }
}
