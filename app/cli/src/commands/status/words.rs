//! How a network stands, for people.

use std::io::{self, Write};

use super::look::{CanDo, Closed, Looked, Open, OracleReports, Shard};
use crate::figure::{counted, grouped, sol, utc};
use crate::table::table;

pub fn write(looked: &Looked, out: &mut dyn Write) -> io::Result<()> {
    let paused = match (looked.paused, looked.pause_ends_at) {
        (false, _) => String::new(),
        (true, None) => ", PAUSED until the authority resumes".to_owned(),
        (true, Some(end)) => format!(", PAUSED until {}", utc(end)),
    };
    writeln!(out, "Network    {}{paused}", looked.network)?;
    writeln!(out, "Mint       {}", looked.mint)?;
    let under_way =
        looked.epoch.map_or("epoch 0 has not begun".to_owned(), |epoch| format!("epoch {epoch} is under way"));
    writeln!(out, "Clock      {}: {under_way}", utc(looked.now))?;
    let open = &looked.open_epoch;
    writeln!(
        out,
        "Open       epoch {}, {}; {} of {} scored, total score {}",
        open.epoch,
        phase(open),
        open.scored_shards,
        counted(open.awake_shards.into(), "awake shard"),
        grouped(open.total_score)
    )?;
    if let Some(closed) = &looked.last_closed {
        writeln!(out, "Closed     {}", closed_words(closed, looked.now))?;
    }
    looked.budget.write(out)?;
    writeln!(
        out,
        "Unclaimed  {} atoms; supply {}",
        grouped(looked.unclaimed_atoms),
        looked.supply_atoms.map_or("not known".to_owned(), |atoms| format!("{} atoms", grouped(atoms)))
    )?;
    write_reports(&open.oracles, open.awake_shards, open.epoch, out)?;
    write_shards(looked, out)?;
    write_deadlines(looked, out)?;
    writeln!(out, "\nTo be done now")?;
    if looked.can_do.is_empty() {
        writeln!(out, "  nothing")?;
    }
    for step in &looked.can_do {
        writeln!(out, "  {}", can_do(step))?;
    }
    let mut balances = table(&["balance of", "address", "SOL"], &[2]);
    for balance in &looked.balances {
        balances.add_row([balance.role.to_owned(), balance.address.clone(), sol(balance.lamports)]);
    }
    writeln!(out, "\n{balances}")
}

/// What the last epoch shared, what its ceiling kept back, and until when scores may be voided.
fn closed_words(closed: &Closed, now: i64) -> String {
    let mut words = format!("epoch {} shared {} atoms", closed.epoch, grouped(closed.emission_atoms));
    if closed.kept_back_atoms > 0 {
        words += &format!("; the ceiling held, and kept {} back", grouped(closed.kept_back_atoms));
    }
    if let Some(end) = closed.dispute_end.filter(|end| now < *end) {
        words += &format!("; scores may be voided until {}", utc(end));
    }
    words
}

/// What the open epoch is at, and until when.
fn phase(open: &Open) -> String {
    match (open.phase, open.reports_until, open.scores_until) {
        ("measured", ..) => format!("being measured until {}", utc(open.ends)),
        ("paused", ..) => "waiting for the end of the pause".to_owned(),
        ("reported", Some(end), _) => format!("being reported until {}", utc(end)),
        ("scored", _, Some(end)) => format!("being scored; from {} on closing it waits for no shard", utc(end)),
        _ => "late: closing it waits for no shard".to_owned(),
    }
}

fn write_reports(oracles: &[OracleReports], shards: u32, epoch: u32, out: &mut dyn Write) -> io::Result<()> {
    if oracles.is_empty() {
        return writeln!(out, "\nNo oracle measures epoch {epoch}");
    }
    let title = format!("oracle of epoch {epoch}");
    let mut lines = table(&[&title, "complete", "incomplete shards", "missing shards", "not opened"], &[1]);
    for oracle in oracles {
        lines.add_row([
            oracle.oracle.clone(),
            format!("{} of {shards}", oracle.complete.len()),
            list(&oracle.incomplete),
            list(&oracle.missing),
            list(&oracle.not_opened),
        ]);
    }
    writeln!(out, "\n{lines}")
}

fn write_shards(looked: &Looked, out: &mut dyn Write) -> io::Result<()> {
    let numbers = |is: &dyn Fn(&Shard) -> bool| {
        let found = looked.shards.iter().filter(|shard| is(shard));
        list(&found.map(|shard| shard.shard).collect::<Vec<_>>())
    };
    let unscored = numbers(&|shard| !shard.scored && !shard.dormant);
    writeln!(out, "Not scored for epoch {}: shards {unscored}", looked.open_epoch.epoch)?;
    writeln!(out, "Scored and not settled: shards {}", numbers(&|shard| shard.unsettled_epoch.is_some()))?;
    writeln!(out, "Dormant, no node can earn: shards {}", numbers(&|shard| shard.dormant))
}

fn write_deadlines(looked: &Looked, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\nNext")?;
    if looked.deadlines.is_empty() {
        writeln!(out, "  nothing")?;
    }
    for deadline in &looked.deadlines {
        writeln!(out, "  in {}: {}", duration(deadline.in_secs), deadline.what)?;
    }
    Ok(())
}

fn can_do(step: &CanDo) -> String {
    match step.shards.as_slice() {
        [] => format!("{} of epoch {}", step.instruction, step.epoch),
        shards => format!("{} of epoch {}: shards {}", step.instruction, step.epoch, list(shards)),
    }
}

/// `0-3, 7`, or `none`.
fn list(numbers: &[u32]) -> String {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*number) => *last = *number,
            _ => runs.push((*number, *number)),
        }
    }
    if runs.is_empty() {
        return "none".to_owned();
    }
    let run = |(first, last): &(u32, u32)| {
        if first == last {
            first.to_string()
        } else {
            format!("{first}-{last}")
        }
    };
    runs.iter().map(run).collect::<Vec<_>>().join(", ")
}

/// `1 d 2 h`, the two largest units that are not nothing.
fn duration(secs: i64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let mut rest = secs;
    let mut parts = Vec::new();
    for (unit, name) in units {
        let count = rest / unit;
        rest %= unit;
        if count > 0 {
            parts.push(format!("{count} {name}"));
        }
    }
    parts.truncate(2);
    if parts.is_empty() {
        return "0 s".to_owned();
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_in_a_row_are_one_run() {
        assert_eq!(list(&[]), "none");
        assert_eq!(list(&[0, 1, 2, 3, 7]), "0-3, 7");
        assert_eq!(list(&[2, 4]), "2, 4");
    }

    #[test]
    fn a_duration_is_told_by_its_two_largest_units() {
        assert_eq!(duration(93_784), "1 d 2 h");
        assert_eq!(duration(61), "1 min 1 s");
        assert_eq!(duration(3_600), "1 h");
        assert_eq!(duration(0), "0 s");
    }
}
