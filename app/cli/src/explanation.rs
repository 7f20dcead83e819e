//! Why a node earned what it earned, as words and as a JSON object.

use std::io::{self, Write};

use serde::Serialize;
use solana_address::Address;
use stipend_client::explain::{Explanation, ScoredEpoch, Value};
use stipend_client::program::constants::{NO_BOOST_BPS, NO_EPOCH};
use stipend_client::program::math::score::Reason;
use stipend_client::program::state::{Entry, RetiredBy};
use stipend_client::verify::reason_name;

use crate::demo::unit_text;
use crate::figure::{grouped, percent};
use crate::table::table;

/// The JSON object; its fields are documented in `app/cli/README.md`.
#[derive(Debug, Serialize)]
pub struct Outcome {
    network: String,
    node: String,
    device: String,
    owner: String,
    shard: u32,
    slot: u16,
    since: u32,
    until: Option<u32>,
    retired_by: Option<&'static str>,
    retired_because: Option<String>,
    boost_bps: u16,
    next_boost: Option<NextBoost>,
    accrued_atoms: u64,
    bond_lamports: u64,
    bandwidth_unit: String,
    scored: Option<Scored>,
    why: String,
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
    settled: bool,
    oracles: Vec<OracleValue>,
}

#[derive(Debug, Serialize)]
struct Rules {
    quorum: u8,
    min_uptime_bps: u16,
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
    pub fn new(network: &Address, found: &Explanation) -> Self {
        let (node, slot) = (&found.node, &found.slot);
        let is_pending = slot.change_epoch != NO_EPOCH && node.until == NO_EPOCH;
        Self {
            network: network.to_string(),
            node: found.address.to_string(),
            device: node.device.to_string(),
            owner: slot.owner.to_string(),
            shard: found.shard,
            slot: node.slot,
            since: node.since,
            until: (node.until != NO_EPOCH).then_some(node.until),
            retired_by: match node.retired_by {
                by if by == RetiredBy::Owner as u8 => Some("owner"),
                by if by == RetiredBy::Registrar as u8 => Some("registrar"),
                _ => None,
            },
            retired_because: Some(text(&node.reason)).filter(|reason| !reason.is_empty()),
            boost_bps: slot.boost_bps,
            next_boost: is_pending
                .then_some(NextBoost { boost_bps: slot.next_boost_bps, from_epoch: slot.change_epoch }),
            accrued_atoms: slot.accrued_atoms,
            bond_lamports: node.bond_lamports,
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
                uptime_weight_bps: rules.uptime_weight_bps,
                bandwidth_cap: rules.bandwidth_cap,
            }),
            reward_atoms: scored.reward_atoms,
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

/// Text that an account holds, filled up with zeros.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches('\0').escape_debug().to_string()
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
        Reason::NotActiveYet => format!("{nothing} the node counts from epoch {} on.", found.slot.since),
        Reason::Retired => {
            let is_evicted = found.node.retired_by == RetiredBy::Registrar as u8;
            let ended = if is_evicted { "was evicted" } else { "retired" };
            format!("{nothing} the node {ended} in epoch {}, which it no longer earns.", found.slot.change_epoch)
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
        Some(atoms) if scored.is_settled => format!(" That was {} atoms.", grouped(atoms)),
        Some(atoms) => format!(" That is {} atoms, once the shard is settled.", grouped(atoms)),
        None if scored.is_closed => {
            " What that was in atoms is not known any more: the epoch has left the ring.".to_owned()
        }
        None => " What that is in atoms shows when the epoch is closed.".to_owned(),
    };
    format!("{boost}{atoms}")
}

/// Writes everything for people.
pub fn write_words(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Node     {}", outcome.node)?;
    writeln!(out, "Device   {}", outcome.device)?;
    writeln!(out, "Owner    {}", outcome.owner)?;
    writeln!(out, "Place    shard {}, slot {}", outcome.shard, outcome.slot)?;
    writeln!(out, "Time     {}", time(outcome))?;
    writeln!(out, "Accrued  {} atoms, not yet claimed", grouped(outcome.accrued_atoms))?;
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
            "Rules: quorum {}, uptime from {} on, its weight {}, bandwidth up to {} {}",
            rules.quorum,
            percent(rules.min_uptime_bps),
            percent(rules.uptime_weight_bps),
            grouped(rules.bandwidth_cap.into()),
            outcome.bandwidth_unit
        ),
        None => writeln!(out, "Rules: not known any more, the epoch has left the ring"),
    }
}

fn time(outcome: &Outcome) -> String {
    let since = format!("counts from epoch {} on", outcome.since);
    let Some(until) = outcome.until else {
        let next = outcome
            .next_boost
            .as_ref()
            .map_or(String::new(), |next| format!(", {} from epoch {} on", percent(next.boost_bps), next.from_epoch));
        return format!("{since}, boost {}{next}", percent(outcome.boost_bps));
    };
    let by = match outcome.retired_by {
        Some("registrar") => "evicted by the registrar",
        _ => "retired by its owner",
    };
    let because = outcome.retired_because.as_ref().map_or(String::new(), |because| format!(": {because}"));
    format!("{since}; {by} in epoch {until}, which it no longer earns{because}")
}

fn row(name: &str, uptime_bps: Option<u16>, bandwidth: Option<u32>, missing: &str) -> [String; 3] {
    [
        name.to_owned(),
        uptime_bps.map_or(missing.to_owned(), percent),
        bandwidth.map_or(missing.to_owned(), |bandwidth| grouped(bandwidth.into())),
    ]
}
