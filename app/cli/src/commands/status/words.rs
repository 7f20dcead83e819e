//! How a network stands, for people.

use std::io::{self, Write};

use super::look::{CanDo, Looked, OracleReports};
use crate::figure::{counted, grouped, sol, utc};
use crate::table::table;

pub fn write(looked: &Looked, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Network    {}{}", looked.network, if looked.paused { ", PAUSED" } else { "" })?;
    writeln!(out, "Mint       {}", looked.mint)?;
    let under_way =
        looked.epoch.map_or("epoch 0 has not begun".to_owned(), |epoch| format!("epoch {epoch} is under way"));
    writeln!(out, "Clock      {}: {under_way}", utc(looked.now))?;
    let open = &looked.open_epoch;
    writeln!(
        out,
        "Open       epoch {}, being {}; {} of {} scored, total score {}",
        open.epoch,
        open.phase,
        open.scored_shards,
        counted(looked.shards.len() as u64, "shard"),
        grouped(open.total_score)
    )?;
    looked.budget.write(out)?;
    writeln!(
        out,
        "Unclaimed  {} atoms; supply {}",
        grouped(looked.unclaimed_atoms),
        looked.supply_atoms.map_or("not known".to_owned(), |atoms| format!("{} atoms", grouped(atoms)))
    )?;
    write_reports(&open.oracles, looked.shards.len(), open.epoch, out)?;
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

fn write_reports(oracles: &[OracleReports], shards: usize, epoch: u32, out: &mut dyn Write) -> io::Result<()> {
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
    let unscored: Vec<_> = looked.shards.iter().filter(|shard| !shard.scored).map(|shard| shard.shard).collect();
    let unsettled = looked.shards.iter().filter(|shard| shard.unsettled_epoch.is_some());
    let unsettled: Vec<_> = unsettled.map(|shard| shard.shard).collect();
    writeln!(out, "Not scored for epoch {}: shards {}", looked.open_epoch.epoch, list(&unscored))?;
    writeln!(out, "Scored and not settled: shards {}", list(&unsettled))
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
