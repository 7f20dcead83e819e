//! Why a node earned what it earned, as words and as a JSON object.

use std::io::{self, Write};

use serde::Serialize;
use solana_address::Address;
use stipend_client::address;
use stipend_client::explain::{Explanation, ScoredEpoch, Value};
use stipend_client::program::constants::{NO_BOOST_BPS, NO_EPOCH};
use stipend_client::program::math::score::Reason;
use stipend_client::program::state::{Entry, Slot, SlotState};
use stipend_client::verify::reason_name;

use crate::figure::{grouped, percent, sol, utc};
use crate::table::table;
use stipend_client::unit::unit_text;

/// The JSON object; its fields are documented in `app/cli/README.md`.
#[derive(Debug, Serialize)]
pub struct Outcome {
    network: String,
    device: String,
    owner: String,
    directory: String,
    shard: u16,
    slot: u16,
    /// `starting`, `active` or `retired`.
    state: &'static str,
    /// The first epoch that counts, of a node that is starting.
    from_epoch: Option<u32>,
    /// The first epoch that a retired node does not earn.
    until: Option<u32>,
    boost_bps: u16,
    next_boost: Option<NextBoost>,
    accrued_atoms: u64,
    deposit: Deposit,
    bandwidth_unit: String,
    scored: Option<Scored>,
    why: String,
}

/// What was paid for the node, and by whom.
#[derive(Debug, Serialize)]
struct Deposit {
    payer: String,
    /// Bond and rents together.
    lamports: u64,
    /// Of these, the slot's rent.
    slot_lamports: u32,
}

#[derive(Debug, Serialize)]
struct NextBoost {
    boost_bps: u16,
    from_epoch: u32,
}

#[derive(Debug, Serialize)]
struct Scored {
    epoch: u32,
    reason: &'static str,
    uptime_bps: Option<u16>,
    bandwidth: Option<u32>,
    score: u32,
    boost_bps: u16,
    rules: Option<Rules>,
    reward_atoms: Option<u64>,
    /// Of the whole epoch, by the ceiling of a reward.
    kept_back_atoms: u64,
    /// Unix second until which the score may be voided; null if it can't be.
    dispute_end: Option<i64>,
    /// Why the arbiter voided it; null if that was not found, or there is nothing to be found.
    void_reason: Option<String>,
    settled: bool,
    oracles: Vec<OracleValue>,
}

#[derive(Debug, Serialize)]
struct Rules {
    quorum: u8,
    min_uptime_bps: u16,
    /// Whether a node that reaches the minimum counts as fully up.
    uptime_gate: bool,
    uptime_weight_bps: u16,
    bandwidth_cap: u32,
}

#[derive(Debug, Serialize)]
struct OracleValue {
    oracle: String,
    /// `reported`, `not_reported` or `overwritten`.
    report: &'static str,
    uptime_bps: Option<u16>,
    bandwidth: Option<u32>,
}

impl Outcome {
    /// What was found of a node of `network`.
    pub fn new(network: &Address, found: &Explanation) -> Self {
        let (node, slot) = (&found.node, &found.slot);
        let is_boosting = slot.state == SlotState::Boosting as u8 && slot.from_epoch < slot.until;
        Self {
            network: network.to_string(),
            device: node.device.to_string(),
            owner: slot.owner.to_string(),
            directory: address::directory(network, &node.device).to_string(),
            shard: node.shard,
            slot: node.slot,
            state: state_name(slot),
            from_epoch: first_epoch(slot),
            until: (slot.until != NO_EPOCH).then_some(slot.until),
            boost_bps: slot.boost_bps,
            next_boost: is_boosting
                .then_some(NextBoost { boost_bps: slot.next_boost_bps, from_epoch: slot.from_epoch }),
            accrued_atoms: slot.accrued_atoms,
            deposit: Deposit {
                payer: node.payer.to_string(),
                lamports: node.deposit_lamports,
                slot_lamports: node.slot_lamports,
            },
            bandwidth_unit: unit_text(&found.network.unit),
            scored: found.scored.as_ref().map(|scored| Scored::new(found, scored)),
            why: why(found),
        }
    }
}

impl Scored {
    fn new(found: &Explanation, scored: &ScoredEpoch) -> Self {
        let (uptime_bps, bandwidth) = medians(found);
        Self {
            epoch: scored.epoch,
            reason: reason_name(scored.reason),
            uptime_bps,
            bandwidth,
            score: found.slot.score,
            boost_bps: scored.boost_bps,
            rules: scored.rules.map(|(rules, quorum)| Rules {
                quorum,
                min_uptime_bps: rules.min_uptime_bps,
                uptime_gate: rules.is_uptime_gate,
                uptime_weight_bps: rules.uptime_weight_bps,
                bandwidth_cap: rules.bandwidth_cap,
            }),
            reward_atoms: scored.reward_atoms,
            kept_back_atoms: scored.kept_back_atoms,
            dispute_end: scored.dispute_end,
            void_reason: scored.void_reason.clone(),
            settled: scored.is_settled,
            oracles: scored
                .oracles
                .iter()
                .map(|oracle| {
                    let (report, uptime_bps, bandwidth) = match oracle.value {
                        Value::Reported(uptime_bps, bandwidth) => ("reported", uptime_bps, bandwidth),
                        Value::NotReported => ("not_reported", None, None),
                        Value::Overwritten(_) => ("overwritten", None, None),
                    };
                    OracleValue { oracle: oracle.oracle.to_string(), report, uptime_bps, bandwidth }
                })
                .collect(),
        }
    }
}

/// What a node's slot says of its time: `starting`, `active` or `retired`.
pub fn state_name(slot: &Slot) -> &'static str {
    if slot.until != NO_EPOCH {
        return "retired";
    }
    first_epoch(slot).map_or("active", |_| "starting")
}

/// The first epoch that counts for a node; `None` once it has earned in one that was scored.
pub fn first_epoch(slot: &Slot) -> Option<u32> {
    (slot.state == SlotState::Starting as u8).then_some(slot.from_epoch)
}

fn medians(found: &Explanation) -> (Option<u16>, Option<u32>) {
    let slot = &found.slot;
    (
        Some(slot.uptime_bps).filter(|uptime_bps| *uptime_bps != Entry::NO_UPTIME),
        Some(slot.bandwidth).filter(|bandwidth| *bandwidth != Entry::NO_BANDWIDTH),
    )
}

/// The last scored epoch in a sentence or two.
pub fn why(found: &Explanation) -> String {
    let Some(scored) = &found.scored else {
        return "The node was never scored: its shard has not been scored since it came.".to_owned();
    };
    let epoch = scored.epoch;
    let nothing = format!("Epoch {epoch} brought nothing:");
    let points = format!("Epoch {epoch} scored {}", grouped(found.slot.score.into()));
    let (uptime_bps, bandwidth) = medians(found);
    let unit = unit_text(&found.network.unit);
    let quorum = scored.rules.map_or("the quorum".to_owned(), |(_, quorum)| format!("the quorum of {quorum}"));
    match scored.reason {
        Reason::None => "The node was never scored.".to_owned(),
        Reason::NotActiveYet => match first_epoch(&found.slot) {
            Some(first) => format!("{nothing} the node counts from epoch {first} on."),
            None => format!("{nothing} the node did not count yet."),
        },
        Reason::Retired => {
            format!("{nothing} the node retired in epoch {}, which it no longer earns.", found.slot.until)
        }
        Reason::NoUptimeQuorum => {
            format!(
                "{nothing} fewer oracles than {quorum} measured its uptime{}.",
                measured(scored, |(uptime, _)| uptime.is_some())
            )
        }
        Reason::BelowMinimumUptime => {
            let minimum = scored.rules.map_or("the minimum".to_owned(), |(rules, _)| {
                format!("the minimum of {}", percent(rules.min_uptime_bps))
            });
            format!("{nothing} its uptime of {} is below {minimum}.", percent(uptime_bps.unwrap_or(0)))
        }
        Reason::NoBandwidthQuorum => format!(
            "{points} for uptime alone: fewer oracles than {quorum} measured its bandwidth{}, which counts as 0.{}",
            measured(scored, |(_, bandwidth)| bandwidth.is_some()),
            brought(scored)
        ),
        Reason::Capped => {
            let cap = scored.rules.map_or("the cap".to_owned(), |(rules, _)| {
                format!("the cap of {}", grouped(rules.bandwidth_cap.into()))
            });
            let bandwidth = grouped(bandwidth.unwrap_or(0).into());
            format!(
                "{points}: its bandwidth of {bandwidth} {unit} is above {cap} and counts as that.{}",
                brought(scored)
            )
        }
        Reason::Voided => format!(
            "{nothing} the network's arbiter voided its score{}. What it would have earned went back to the budget.",
            scored.void_reason.as_ref().map_or(String::new(), |reason| format!(": {reason}"))
        ),
        Reason::Scored => format!("{points} with all that was measured.{}", brought(scored)),
    }
}

/// How many oracles measured a field, if all that they reported is still there.
fn measured(scored: &ScoredEpoch, field: impl Fn((Option<u16>, Option<u32>)) -> bool) -> String {
    let mut count = 0u64;
    for oracle in &scored.oracles {
        match oracle.value {
            Value::Reported(uptime_bps, bandwidth) => count += u64::from(field((uptime_bps, bandwidth))),
            Value::NotReported => {}
            Value::Overwritten(_) => return String::new(),
        }
    }
    format!(" ({count} of {} did)", scored.oracles.len())
}

/// What a score comes to.
fn brought(scored: &ScoredEpoch) -> String {
    let boost = if scored.boost_bps == NO_BOOST_BPS {
        String::new()
    } else {
        format!(" A boost of {} is in the score.", percent(scored.boost_bps))
    };
    let atoms = match scored.reward_atoms {
        Some(atoms) if scored.is_settled => format!(" That was {} atoms.{}", grouped(atoms), kept_back(scored)),
        Some(atoms) => {
            let until = scored.dispute_end.map_or(String::new(), |end| format!(", from {} on", utc(end)));
            format!(" That is {} atoms, once the shard is settled{until}.{}", grouped(atoms), kept_back(scored))
        }
        None if scored.is_closed => {
            " What that was in atoms is not known any more: the epoch has left the ring.".to_owned()
        }
        None => " What that is in atoms shows when the epoch is closed.".to_owned(),
    };
    format!("{boost}{atoms}")
}

/// That the ceiling held, if it did.
fn kept_back(scored: &ScoredEpoch) -> String {
    match scored.kept_back_atoms {
        0 => String::new(),
        atoms => {
            format!(" The ceiling of a reward held: it kept {} atoms of the epoch back for later ones.", grouped(atoms))
        }
    }
}

/// Writes everything for people.
pub fn write_words(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Device   {}", outcome.device)?;
    writeln!(out, "Owner    {}", outcome.owner)?;
    writeln!(out, "Place    shard {}, slot {}", outcome.shard, outcome.slot)?;
    writeln!(out, "Time     {}", time(outcome))?;
    writeln!(out, "Accrued  {} atoms, not yet claimed", grouped(outcome.accrued_atoms))?;
    writeln!(
        out,
        "Deposit  {} from {}, {} of it for the slot",
        sol(outcome.deposit.lamports),
        outcome.deposit.payer,
        sol(outcome.deposit.slot_lamports.into())
    )?;
    writeln!(out, "\n{}", outcome.why)?;
    let Some(scored) = &outcome.scored else {
        return Ok(());
    };
    let bandwidth = format!("bandwidth in {}", outcome.bandwidth_unit);
    let mut values = table(&["oracle", "uptime", &bandwidth], &[1, 2]);
    for oracle in &scored.oracles {
        let missing = match oracle.report {
            "overwritten" => "later epoch",
            "not_reported" => "no report",
            _ => "-",
        };
        values.add_row(row(&oracle.oracle, oracle.uptime_bps, oracle.bandwidth, missing));
    }
    values.add_row(row("median", scored.uptime_bps, scored.bandwidth, "-"));
    writeln!(out, "\n{values}")?;
    match &scored.rules {
        Some(rules) => writeln!(
            out,
            "Rules: quorum {}, uptime from {} on{}, its weight {}, bandwidth up to {} {}",
            rules.quorum,
            percent(rules.min_uptime_bps),
            if rules.uptime_gate { " counts as whole" } else { "" },
            percent(rules.uptime_weight_bps),
            grouped(rules.bandwidth_cap.into()),
            outcome.bandwidth_unit
        ),
        None => writeln!(out, "Rules: not known any more, the epoch has left the ring"),
    }
}

fn time(outcome: &Outcome) -> String {
    let begun = match outcome.from_epoch {
        Some(first) => format!("counts from epoch {first} on"),
        None => "counts".to_owned(),
    };
    let boost = percent(outcome.boost_bps);
    let next = outcome.next_boost.as_ref();
    let next =
        next.map_or(String::new(), |next| format!(", {} from epoch {} on", percent(next.boost_bps), next.from_epoch));
    match outcome.until {
        None => format!("{begun}, boost {boost}{next}"),
        Some(until) => format!("retired in epoch {until}, which it no longer earns; boost {boost}{next}"),
    }
}

fn row(name: &str, uptime_bps: Option<u16>, bandwidth: Option<u32>, missing: &str) -> [String; 3] {
    [
        name.to_owned(),
        uptime_bps.map_or(missing.to_owned(), percent),
        bandwidth.map_or(missing.to_owned(), |bandwidth| grouped(bandwidth.into())),
    ]
}
