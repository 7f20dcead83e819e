//! `stipend verify`

use std::io::{self, Write};

use serde::Serialize;
use solana_address::Address;
use stipend_client::reader::Reader;
use stipend_client::verify::{verify, Place, Verification, VerifyError};

use crate::cluster::ReadingArgs;
use crate::failure::{ExitKind, Failure};
use crate::figure::{counted, grouped, percent};
use crate::table::table;
use stipend_client::unit::unit_text;

/// What the help says below the options.
const NOTES: &str =
    "Medians are rebuilt from the oracles' reports, scores from these medians, totals from these scores, the rate from the \
    total and the emission, rewards from the rate, all with the program's own arithmetic, and compared with what the \
    accounts say. Accounts keep the newest only: what an older epoch can't be rebuilt from any more is listed with the \
    reason, and is no mismatch. Exit code 4 if any number differs.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub struct Args {
    /// The closed epoch to rebuild, one of the last 32
    #[arg(long, value_name = "EPOCH")]
    epoch: u32,
    #[command(flatten)]
    reading: ReadingArgs,
}

/// The JSON object; its fields are documented in `app/cli/README.md`.
#[derive(Debug, Serialize)]
struct Outcome {
    network: String,
    epoch: u32,
    verified: bool,
    policy_from_epoch: u32,
    uptime_weight_bps: u16,
    min_uptime_bps: u16,
    bandwidth_cap: u32,
    bandwidth_unit: String,
    quorum: u8,
    emission_atoms: u64,
    total_score: u64,
    paid_atoms: u64,
    unsettled_shards: u32,
    shards: Vec<Shard>,
    mismatches: Vec<Difference>,
    gaps: Vec<Gap>,
}

#[derive(Debug, Serialize)]
struct Shard {
    shard: u32,
    slots: usize,
    medians_rebuilt: bool,
    scores_rebuilt: usize,
    total_score: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Difference {
    shard: Option<u32>,
    slot: Option<u16>,
    what: &'static str,
    found: String,
    rebuilt: String,
}

#[derive(Debug, Serialize)]
struct Gap {
    shard: Option<u32>,
    slot: Option<u16>,
    reason: String,
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    let doing = || format!("verify epoch {}", args.epoch);
    let (mut accounts, network) = args.reading.open_one()?;
    let found = verify(&mut accounts, &network, args.epoch).map_err(|error| match error {
        VerifyError::Read(error) => accounts.unreadable(doing(), error),
        VerifyError::RulesMalformed { .. } | VerifyError::ReportMalformed { .. } => {
            Failure::new(ExitKind::Refused, doing(), error)
        }
        other => Failure::usage(doing(), other),
    })?;
    let unit = Reader::new(&mut accounts, network).network().map_err(|error| accounts.unreadable(doing(), error))?.unit;
    let outcome = Outcome::new(&network, unit_text(&unit), &found);
    args.reading.print(stdout, &outcome, |out| write_table(&outcome, &found, out))?;

    let cause = match found.mismatches.len() {
        0 => return Ok(()),
        1 => "1 number is not what it is when rebuilt".to_owned(),
        count => format!("{} numbers are not what they are when rebuilt", grouped(count as u64)),
    };
    Err(Failure::new(ExitKind::Refused, doing(), cause))
}

impl Outcome {
    fn new(network: &Address, bandwidth_unit: String, found: &Verification) -> Self {
        let closed = &found.closed;
        Self {
            network: network.to_string(),
            epoch: closed.epoch,
            verified: found.mismatches.is_empty(),
            policy_from_epoch: closed.policy_from_epoch,
            uptime_weight_bps: closed.uptime_weight_bps,
            min_uptime_bps: closed.min_uptime_bps,
            bandwidth_cap: closed.bandwidth_cap,
            bandwidth_unit,
            quorum: closed.quorum,
            emission_atoms: closed.emission_atoms,
            total_score: closed.total_score,
            paid_atoms: closed.paid_atoms,
            unsettled_shards: closed.unsettled_shards,
            shards: found
                .shards
                .iter()
                .map(|shard| Shard {
                    shard: shard.index,
                    slots: shard.slots,
                    medians_rebuilt: shard.has_medians,
                    scores_rebuilt: shard.scores.iter().flatten().count(),
                    total_score: shard.total_score,
                })
                .collect(),
            mismatches: found
                .mismatches
                .iter()
                .map(|mismatch| {
                    let (shard, slot) = numbers(mismatch.place);
                    let (found, rebuilt) = (mismatch.found.clone(), mismatch.rebuilt.clone());
                    Difference { shard, slot, what: mismatch.what, found, rebuilt }
                })
                .collect(),
            gaps: found
                .gaps
                .iter()
                .map(|gap| {
                    let (shard, slot) = numbers(gap.place);
                    Gap { shard, slot, reason: gap.reason.to_string() }
                })
                .collect(),
        }
    }
}

fn numbers(place: Place) -> (Option<u32>, Option<u16>) {
    match place {
        Place::Epoch => (None, None),
        Place::Shard(shard) => (Some(shard), None),
        Place::Slot(shard, slot) => (Some(shard), Some(slot)),
    }
}

fn write_table(outcome: &Outcome, found: &Verification, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Network  {}", outcome.network)?;
    writeln!(
        out,
        "Epoch    {}, by the policy of epoch {}: quorum {}, uptime from {} on, its weight {}, bandwidth up to {} {}",
        outcome.epoch,
        outcome.policy_from_epoch,
        outcome.quorum,
        percent(outcome.min_uptime_bps),
        percent(outcome.uptime_weight_bps),
        grouped(outcome.bandwidth_cap.into()),
        outcome.bandwidth_unit,
    )?;
    writeln!(
        out,
        "Ring     emission {} atoms, total score {}, paid {} atoms, {} unsettled",
        grouped(outcome.emission_atoms),
        grouped(outcome.total_score),
        grouped(outcome.paid_atoms),
        counted(outcome.unsettled_shards.into(), "shard"),
    )?;
    let mut shards = table(&["shard", "slots", "medians", "scores rebuilt", "total score"], &[0, 1, 3, 4]);
    for shard in &outcome.shards {
        shards.add_row([
            shard.shard.to_string(),
            grouped(shard.slots as u64),
            if shard.medians_rebuilt { "rebuilt" } else { "not rebuilt" }.to_owned(),
            grouped(shard.scores_rebuilt as u64),
            shard.total_score.map_or("-".to_owned(), grouped),
        ]);
    }
    writeln!(out, "\n{shards}")?;
    if !found.gaps.is_empty() {
        writeln!(out, "\nNot rebuilt")?;
        for gap in &found.gaps {
            writeln!(out, "{gap}")?;
        }
    }
    if found.mismatches.is_empty() {
        return writeln!(out, "\nEvery number that the accounts still tell is what it is when rebuilt");
    }
    writeln!(out, "\nMismatches")?;
    found.mismatches.iter().try_for_each(|mismatch| writeln!(out, "{mismatch}"))
}
