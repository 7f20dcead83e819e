//! Which reports a shard was scored from.

use super::{GapReason, VerifyError};
use crate::{
    ledger::Accounts,
    reader::{Reader, ReportState, ShardState},
};
use solana_address::Address;
use stipend::{
    constants::NO_EPOCH,
    state::{Entry, Network, Oracle},
};

/// An oracle's measurements of a shard and epoch.
pub struct OracleReport {
    /// The oracle.
    pub oracle: Address,
    /// One entry for each slot that the shard may have.
    pub entries: Vec<Entry>,
}

/// The reports of a shard and epoch that the accounts hold.
#[derive(Default)]
pub struct ShardReports {
    /// Those that were scored.
    pub scored: Vec<OracleReport>,
    /// Those of oracles that were removed at once while the epoch was open: scored, if the shard was scored before.
    pub doubtful: Vec<OracleReport>,
    /// Why these may not be all: then medians are not rebuilt.
    pub lost: Vec<GapReason>,
    /// Why these may not be all, if they give other medians.
    pub uncertain: Option<GapReason>,
}

/// Reads the reports of shards by all oracles that measured `epoch`, as far as the accounts hold them; for each of the shards.
pub fn of_shards<A: Accounts>(
    reader: &mut Reader<'_, A>,
    network: &Network,
    shards: &[ShardState],
    epoch: u32,
) -> Result<Vec<ShardReports>, VerifyError> {
    let oracles = network.oracles.entries.iter();
    let read: Vec<_> = oracles.filter(|oracle| oracle.is_active(epoch) || is_removed(oracle, epoch)).collect();
    let held = shards.iter().filter(|shard| shard.header.scored_epoch == epoch);
    let pairs: Vec<_> = held.flat_map(|shard| read.iter().map(|oracle| (shard.address, oracle.key))).collect();
    let mut reports = reader.reports(&pairs)?.into_iter();
    shards.iter().map(|shard| of_shard(network, shard, epoch, &mut reports)).collect()
}

/// - `reports`: of the oracles that were active or removed at once, if the shard holds the epoch.
fn of_shard(
    network: &Network,
    shard: &ShardState,
    epoch: u32,
    reports: &mut impl Iterator<Item = Option<ReportState>>,
) -> Result<ShardReports, VerifyError> {
    let mut found = ShardReports::default();
    if shard.header.scored_epoch != epoch {
        return Ok(found);
    }
    for oracle in &network.oracles.entries {
        if oracle.is_active(epoch) {
            let held = held(reports.next().flatten(), shard, oracle, epoch)?;
            found.add_active(held, network, oracle);
        } else if is_removed(oracle, epoch) {
            if let Held::Epoch(report) = held(reports.next().flatten(), shard, oracle, epoch)? {
                found.doubtful.push(report);
            }
        } else if oracle.active_from > epoch && oracle.key != Address::default() {
            found.uncertain = Some(GapReason::OracleSetChanged { oracle: oracle.key });
        }
    }
    Ok(found)
}

/// Whether an oracle was removed at once while `epoch` was open.
fn is_removed(oracle: &Oracle, epoch: u32) -> bool {
    oracle.active_from <= epoch && oracle.active_until == epoch
}

impl ShardReports {
    fn add_active(&mut self, held: Held, network: &Network, oracle: &Oracle) {
        match held {
            Held::Epoch(report) => self.scored.push(report),
            // An oracle whose report holds an earlier epoch did not report this one.
            Held::Earlier => {}
            Held::Later(held) => self.lost.push(GapReason::ReportOverwritten { oracle: oracle.key, epoch: held }),
            // Nobody can close the report of an oracle that still measures: it was never opened.
            Held::Nothing if network.oracles.has(&oracle.key, network.open_epoch) => {}
            Held::Nothing => self.lost.push(GapReason::ReportGone { oracle: oracle.key }),
        }
    }
}

/// What an oracle's report holds.
enum Held {
    /// The epoch that was asked for.
    Epoch(OracleReport),
    /// An epoch before it, or none ever.
    Earlier,
    /// An epoch behind it.
    Later(u32),
    /// There is no report.
    Nothing,
}

fn held(report: Option<ReportState>, shard: &ShardState, oracle: &Oracle, epoch: u32) -> Result<Held, VerifyError> {
    Ok(match report {
        None => Held::Nothing,
        Some((header, entries)) if header.epoch == epoch => {
            let (oracle, slots) = (oracle.key, shard.slots.len());
            if entries.len() < slots {
                return Err(VerifyError::ReportMalformed { oracle, entries: entries.len(), slots });
            }
            Held::Epoch(OracleReport { oracle, entries })
        }
        Some((header, _)) if header.epoch > epoch && header.epoch != NO_EPOCH => Held::Later(header.epoch),
        Some(_) => Held::Earlier,
    })
}
