//! A shard's slots rebuilt from its reports.

use super::{
    reason_name,
    reports::{OracleReport, ShardReports},
    GapReason, Place, Verification, VerifyError,
};
use crate::reader::ShardState;
use stipend::{
    constants::NO_EPOCH,
    math::score::{Reason, Scorer, ScoringRules},
    state::{ClosedEpoch, Entry, Slot, SlotState},
};

/// Reports of removed oracles that are tried with and without.
const MOST_DOUBTFUL: usize = 4;

/// A shard, as far as it was rebuilt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RebuiltShard {
    /// Its index.
    pub index: u32,
    /// Its slots.
    pub slots: usize,
    /// Whether its slots hold the epoch.
    pub is_held: bool,
    /// Whether medians were rebuilt from reports.
    pub has_medians: bool,
    /// Whether the epoch's scores of this shard are atoms already.
    pub is_settled: bool,
    /// Each slot's score; none where it can't be rebuilt.
    pub scores: Vec<Option<u32>>,
    /// Sum of the scores before any was voided; none if the slots hold another epoch.
    pub total_score: Option<u64>,
    /// Sum of the scores that the arbiter voided.
    pub voided_score: u64,
    /// Whether slots that scored are not among the slots any more.
    pub has_lost_slots: bool,
}

/// Rebuilds a shard of an epoch, compares every slot, and adds what is found to `found`.
///
/// - `closed`: the epoch and the rules that it was scored by.
pub fn rebuild(
    closed: &ClosedEpoch,
    open_epoch: u32,
    state: &ShardState,
    reports: &ShardReports,
    found: &mut Verification,
) -> Result<RebuiltShard, VerifyError> {
    let (epoch, header) = (closed.epoch, &state.header);
    let mut shard = RebuiltShard {
        index: header.index,
        slots: state.slots.len(),
        is_held: header.scored_epoch == epoch,
        has_medians: false,
        is_settled: !header.is_unsettled(),
        scores: Vec::new(),
        total_score: None,
        voided_score: 0,
        has_lost_slots: false,
    };
    let place = Place::Shard(shard.index);
    if !shard.is_held {
        let is_later = header.scored_epoch != NO_EPOCH && header.scored_epoch > epoch;
        shard.total_score = (!is_later).then_some(0);
        // A shard that was opened or woken after the epoch, or that sleeps since before it, had no node that could earn.
        let was_asleep = header.is_dormant() || header.next_epoch > epoch;
        if is_later {
            found.misses(place, GapReason::ScoredSince { scored_epoch: header.scored_epoch });
        } else if !was_asleep {
            found.misses(place, GapReason::NotScored);
        }
        return Ok(shard);
    }

    let rebuilt = rebuild_slots(closed, state, reports)?;
    shard.has_medians = rebuilt.has_medians;
    for reason in rebuilt.gaps {
        found.misses(place, reason);
    }
    for (number, (kept, new)) in (0u16..).zip(state.slots.iter().zip(&rebuilt.slots)) {
        let place = Place::Slot(shard.index, number);
        if closed.dispute_end > 0 && kept.reason == Reason::Voided as u8 {
            compare_medians(place, kept, new, found);
            found.compare(place, "score", kept.score, 0);
            found.misses(place, GapReason::Voided { score: new.score });
            shard.voided_score += u64::from(new.score);
            shard.scores.push(Some(0));
            continue;
        }
        shard.scores.push(compare_slot(closed, place, kept, new, rebuilt.has_medians, found));
    }

    let sum: u64 = shard.scores.iter().flatten().map(|score| u64::from(*score)).sum();
    // A slot that was vacated after the epoch can be taken off once the epoch behind it is closed.
    let may_be_shrunk = !rebuilt.has_medians && header.total_score > sum && open_epoch.saturating_sub(epoch) >= 2;
    let is_shrunk = rebuilt.is_measured_past_end || may_be_shrunk;
    shard.has_lost_slots = is_shrunk || shard.scores.contains(&None);
    if is_shrunk {
        found.misses(place, GapReason::Shrunk);
    }
    let mut total_score = header.total_score;
    if !shard.has_lost_slots || header.total_score < sum {
        found.compare(place, "total score", header.total_score, sum);
        total_score = sum;
    }
    shard.total_score = Some(total_score.saturating_add(shard.voided_score));
    Ok(shard)
}

/// What the program makes of the reports, or of the slots' own medians where reports are lost.
struct Rebuilt {
    slots: Vec<Slot>,
    has_medians: bool,
    is_measured_past_end: bool,
    gaps: Vec<GapReason>,
}

fn rebuild_slots(closed: &ClosedEpoch, state: &ShardState, reports: &ShardReports) -> Result<Rebuilt, VerifyError> {
    if !reports.lost.is_empty() || reports.doubtful.len() > MOST_DOUBTFUL {
        return from_kept_medians(closed, state, reports.lost.clone());
    }
    // With none of the doubtful reports, with the first, with the second, with both, and so on: the fewest differences.
    let mut best: Option<(usize, Rebuilt)> = None;
    for choice in 0u32..1 << reports.doubtful.len() {
        let counted: Vec<_> = (0u32..)
            .zip(&reports.doubtful)
            .filter(|(bit, _)| choice >> bit & 1 == 1)
            .map(|(_, report)| report)
            .collect();
        let used: Vec<&OracleReport> = reports.scored.iter().chain(counted.iter().copied()).collect();
        let entries: Vec<&[Entry]> = used.iter().map(|report| report.entries.as_slice()).collect();
        let rebuilt = Rebuilt {
            slots: score(closed, state, &entries, closed.quorum)?,
            has_medians: true,
            is_measured_past_end: entries.iter().any(|entries| is_measured_past(entries, state.slots.len())),
            gaps: counted.iter().map(|report| GapReason::RemovedSince { oracle: report.oracle }).collect(),
        };
        let is_other = |(kept, new): &(&Slot, &Slot)| medians(kept) != medians(new) && !is_fresh(kept, closed.epoch);
        let differences = state.slots.iter().zip(&rebuilt.slots).filter(is_other).count();
        if best.as_ref().is_none_or(|(least, _)| differences < *least) {
            best = Some((differences, rebuilt));
        }
    }
    match (best, &reports.uncertain) {
        (Some((0, rebuilt)), _) | (Some((_, rebuilt)), None) => Ok(rebuilt),
        (_, uncertain) => from_kept_medians(closed, state, uncertain.iter().cloned().collect()),
    }
}

/// Takes the slots' own medians for the values of a single oracle: scores at least follow from them.
fn from_kept_medians(closed: &ClosedEpoch, state: &ShardState, gaps: Vec<GapReason>) -> Result<Rebuilt, VerifyError> {
    let blank = |slot: &Slot| {
        let mut entry = Entry::BLANK;
        (entry.uptime_bps, entry.bandwidth) = (slot.uptime_bps.to_le_bytes(), slot.bandwidth.to_le_bytes());
        entry
    };
    let entries: Vec<_> = state.slots.iter().map(blank).collect();
    let slots = score(closed, state, &[&entries], 1)?;
    Ok(Rebuilt { slots, has_medians: false, is_measured_past_end: false, gaps })
}

/// Scores a copy of the shard as the program does.
fn score(closed: &ClosedEpoch, state: &ShardState, reports: &[&[Entry]], quorum: u8) -> Result<Vec<Slot>, VerifyError> {
    let (rules, malformed) = (closed.scoring_rules(), || VerifyError::RulesMalformed { epoch: closed.epoch });
    // Asked before the program is, whose refusals go to its log.
    Scorer::checked_new(&rules).ok_or_else(malformed)?;
    let mut header = state.header;
    (header.next_epoch, header.unsettled) = (closed.epoch, 0);
    let mut slots = state.slots.clone();
    header.score(&mut slots, reports, closed.epoch, quorum, &rules).map_err(|_| malformed())?;
    Ok(slots)
}

/// Compares a slot; returns its score when rebuilt, none if that can't be.
fn compare_slot(
    closed: &ClosedEpoch,
    place: Place,
    kept: &Slot,
    new: &Slot,
    has_medians: bool,
    found: &mut Verification,
) -> Option<u32> {
    let epoch = closed.epoch;
    if is_fresh(kept, epoch) {
        // Nobody measured it: whoever had it then scored nothing.
        if has_medians && medians(new) == (Entry::NO_UPTIME, Entry::NO_BANDWIDTH) {
            return Some(0);
        }
        found.misses(place, if kept.is_vacant() { GapReason::Vacated } else { GapReason::TakenSince });
        return None;
    }
    compare_medians(place, kept, new, found);
    if kept.reason != new.reason {
        found.differs(place, "reason", reason_text(kept.reason), reason_text(new.reason));
    }
    if kept.score == new.score {
        return Some(kept.score);
    }
    let boost_bps = may_have_other_boost(kept, epoch).then(|| boost_of(kept, new, &closed.scoring_rules()));
    match boost_bps.flatten() {
        Some(boost_bps) => {
            found.misses(place, GapReason::BoostReplaced { boost_bps });
            Some(kept.score)
        }
        None => {
            found.differs(place, "score", kept.score, new.score);
            Some(new.score)
        }
    }
}

fn compare_medians(place: Place, kept: &Slot, new: &Slot, found: &mut Verification) {
    let uptime = |slot: &Slot| measured(slot.uptime_bps, Entry::NO_UPTIME);
    let bandwidth = |slot: &Slot| measured(slot.bandwidth, Entry::NO_BANDWIDTH);
    found.compare(place, "uptime", uptime(kept), uptime(new));
    found.compare(place, "bandwidth", bandwidth(kept), bandwidth(new));
}

fn medians(slot: &Slot) -> (u16, u32) {
    (slot.uptime_bps, slot.bandwidth)
}

/// Whether the slot has nothing of the epoch because it was vacated or taken after the shard was scored.
fn is_fresh(slot: &Slot, epoch: u32) -> bool {
    let is_unscored = slot.reason == Reason::None as u8
        && slot.score == 0
        && medians(slot) == (Entry::NO_UPTIME, Entry::NO_BANDWIDTH);
    // What was done while the epoch, or one before it, was under way was done before it was scored.
    let is_later = if slot.is_vacant() { slot.until > epoch } else { slot.from_epoch.saturating_sub(1) > epoch };
    is_unscored && is_later
}

/// Whether the slot's boost may have been replaced since the epoch was closed: the earlier one is not kept.
///
/// Whoever gives another one puts that in force which holds by then. A boost holds from the next epoch on, so one that was
/// given then holds from the second epoch behind this one at the earliest.
fn may_have_other_boost(slot: &Slot, epoch: u32) -> bool {
    slot.state == SlotState::Boosting as u8 && slot.from_epoch.saturating_sub(epoch) >= 2
}

/// The least boost that gives the kept score with the rebuilt medians, if any within the bounds does.
fn boost_of(kept: &Slot, new: &Slot, rules: &ScoringRules) -> Option<u16> {
    let scorer = Scorer::checked_new(rules)?;
    let score = |boost_bps| scorer.score(new.uptime_bps, new.bandwidth, boost_bps).0;
    // A score never falls as the boost grows.
    let (mut low, mut high) = (rules.min_boost_bps, rules.max_boost_bps);
    while low < high {
        let middle = low + (high - low) / 2;
        if score(middle) < kept.score {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    (score(low) == kept.score).then_some(low)
}

fn is_measured_past(entries: &[Entry], slots: usize) -> bool {
    entries.get(slots..).is_some_and(|past| past.iter().any(|entry| *entry != Entry::BLANK))
}

/// A measured value, or what stands for none.
fn measured<T: PartialEq + ToString>(value: T, unmeasured: T) -> String {
    if value == unmeasured {
        return "not measured".to_owned();
    }
    value.to_string()
}

fn reason_text(number: u8) -> String {
    Reason::from_u8(number).map_or_else(|| number.to_string(), |reason| reason_name(reason).replace('_', " "))
}
