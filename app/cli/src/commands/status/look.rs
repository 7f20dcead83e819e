//! How a network stands, from its accounts and a clock. The JSON object; its fields are documented in `app/cli/README.md`.

use serde::Serialize;
use solana_address::Address;
use stipend_client::account;
use stipend_client::ledger::Accounts;
use stipend_client::program::constants::NO_EPOCH;
use stipend_client::program::state::Network;
use stipend_client::reader::{ReadError, Reader, ReportState, ShardState};

use crate::commands::network::view::Budget;

#[derive(Debug, Serialize)]
pub struct Looked {
    pub network: String,
    pub mint: String,
    pub paused: bool,
    /// Unix seconds of the clock.
    pub now: i64,
    /// The epoch under way; none before the genesis.
    pub epoch: Option<u32>,
    pub genesis: i64,
    pub open_epoch: Open,
    pub shards: Vec<Shard>,
    pub deadlines: Vec<Deadline>,
    /// What anybody could do now.
    pub can_do: Vec<CanDo>,
    pub budget: Budget,
    /// Atoms in slots that are not claimed.
    pub unclaimed_atoms: u64,
    /// Null where the mint was not found.
    pub supply_atoms: Option<u64>,
    pub decimals: Option<u8>,
    pub balances: Vec<Balance>,
}

/// The first epoch that is not closed.
#[derive(Debug, Serialize)]
pub struct Open {
    pub epoch: u32,
    /// `measured`, `reported`, `scored`, or `late` once nothing more can be scored for it.
    pub phase: &'static str,
    pub ends: i64,
    pub reports_until: i64,
    pub scores_until: i64,
    pub scored_shards: u32,
    pub total_score: u64,
    pub oracles: Vec<OracleReports>,
}

/// One oracle's reports of the open epoch, by shard.
#[derive(Debug, Serialize)]
pub struct OracleReports {
    pub oracle: String,
    pub complete: Vec<u32>,
    pub incomplete: Vec<u32>,
    pub missing: Vec<u32>,
    /// Of the missing ones, those whose accounts were never opened.
    pub not_opened: Vec<u32>,
}

#[derive(Debug, Serialize)]
pub struct Shard {
    pub shard: u32,
    pub slots: usize,
    pub vacant_slots: u16,
    /// Whether it is scored for the open epoch.
    pub scored: bool,
    /// The epoch whose scores are still to be turned into atoms.
    pub unsettled_epoch: Option<u32>,
}

#[derive(Debug, Serialize)]
pub struct Deadline {
    pub what: String,
    /// Unix seconds.
    pub at: i64,
    pub in_secs: i64,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct CanDo {
    pub instruction: &'static str,
    pub epoch: u32,
    pub shards: Vec<u32>,
}

#[derive(Debug, Serialize)]
pub struct Balance {
    /// `network`, `authority` or `oracle`.
    pub role: &'static str,
    pub address: String,
    pub lamports: u64,
}

/// A shard, and what each active oracle reported of it.
type Reported<'a> = (&'a ShardState, Vec<Option<ReportState>>);

/// Reads everything in a handful of requests.
pub fn look(accounts: &mut impl Accounts, address: &Address, now: i64) -> Result<Looked, ReadError> {
    let network = Reader::new(accounts, *address).network()?;
    let shards = Reader::new(accounts, *address).first_shards(network.shard_count)?;
    let open_epoch = network.open_epoch;
    let oracles: Vec<_> = network.oracles.active(open_epoch).map(|oracle| oracle.key).collect();
    let pairs: Vec<_> =
        shards.iter().flat_map(|shard| oracles.iter().map(move |oracle| (shard.address, *oracle))).collect();
    let mut reports = Reader::new(accounts, *address).reports(&pairs)?.into_iter();
    let reported: Vec<Reported> =
        shards.iter().map(|shard| (shard, reports.by_ref().take(oracles.len()).collect())).collect();
    let mut roles = vec![("network", *address), ("authority", network.authority)];
    roles.extend(oracles.iter().map(|oracle| ("oracle", *oracle)));
    let wanted: Vec<_> = [network.mint].into_iter().chain(roles.iter().map(|(_, address)| *address)).collect();
    let found = accounts.accounts(&wanted)?;
    let mint = found.first().and_then(Option::as_ref).and_then(|mint| account::mint(&mint.data).ok());
    let lamports = found.iter().skip(1).map(|found| found.as_ref().map_or(0, |found| found.lamports));
    let balances = roles.iter().zip(lamports);
    let balance = |((role, address), lamports): (&(&'static str, Address), u64)| Balance {
        role,
        address: address.to_string(),
        lamports,
    };
    Ok(Looked {
        network: address.to_string(),
        mint: network.mint.to_string(),
        paused: network.is_paused(),
        now,
        epoch: network.schedule().epoch_at(now),
        genesis: network.genesis,
        open_epoch: open(&network, &oracles, &reported, now),
        shards: shards.iter().map(|shard| look_at_shard(&network, shard)).collect(),
        deadlines: deadlines(&network, now),
        can_do: can_do(&network, &reported, now),
        budget: Budget::new(&network),
        unclaimed_atoms: shards.iter().flat_map(|shard| &shard.slots).map(|slot| slot.accrued_atoms).sum(),
        supply_atoms: mint.map(|mint| mint.supply_atoms),
        decimals: mint.map(|mint| mint.decimals),
        balances: balances.map(balance).collect(),
    })
}

fn is_complete(report: &Option<ReportState>, epoch: u32) -> bool {
    report.as_ref().is_some_and(|(report, _)| report.epoch == epoch && report.is_complete())
}

fn open(network: &Network, oracles: &[Address], reported: &[Reported], now: i64) -> Open {
    let epoch = network.open_epoch;
    let (ends, reports_until, scores_until) = times(network);
    let phase = match now {
        _ if now < ends => "measured",
        _ if now < reports_until => "reported",
        _ if now < scores_until => "scored",
        _ => "late",
    };
    let of_oracle = |(place, oracle): (usize, &Address)| {
        let mut reports = OracleReports {
            oracle: oracle.to_string(),
            complete: Vec::new(),
            incomplete: Vec::new(),
            missing: Vec::new(),
            not_opened: Vec::new(),
        };
        for (shard, all) in reported {
            let (index, report) = (shard.header.index, all.get(place).unwrap_or(&None));
            match report {
                Some(_) if is_complete(report, epoch) => reports.complete.push(index),
                Some((report, _)) if report.epoch == epoch => reports.incomplete.push(index),
                Some(_) => reports.missing.push(index),
                None => {
                    reports.missing.push(index);
                    reports.not_opened.push(index);
                }
            }
        }
        reports
    };
    Open {
        epoch,
        phase,
        ends,
        reports_until,
        scores_until,
        scored_shards: network.scored_shards,
        total_score: network.total_score,
        oracles: oracles.iter().enumerate().map(of_oracle).collect(),
    }
}

/// When the open epoch ends, takes no more reports, and can no longer be scored. At the end of time: never.
fn times(network: &Network) -> (i64, i64, i64) {
    let epoch = network.open_epoch;
    let never = |_| i64::MAX;
    (
        network.end(epoch).unwrap_or_else(never),
        network.report_end(epoch).unwrap_or_else(never),
        network.score_end(epoch).unwrap_or_else(never),
    )
}

fn look_at_shard(network: &Network, shard: &ShardState) -> Shard {
    Shard {
        shard: shard.header.index,
        slots: shard.slots.len(),
        vacant_slots: shard.header.vacant_slots,
        scored: shard.header.next_epoch > network.open_epoch,
        unsettled_epoch: shard.header.is_unsettled().then_some(shard.header.scored_epoch),
    }
}

/// What is still to come, soonest first.
fn deadlines(network: &Network, now: i64) -> Vec<Deadline> {
    let open_epoch = network.open_epoch;
    let (ends, reports_until, scores_until) = times(network);
    let mut all = vec![
        (format!("epoch {open_epoch} ends"), ends),
        (format!("epoch {open_epoch} takes no more reports"), reports_until),
        (format!("epoch {open_epoch} can no longer be scored"), scores_until),
    ];
    match network.schedule().epoch_at(now) {
        None => all.push(("epoch 0 begins".to_owned(), network.genesis)),
        Some(epoch) if epoch != open_epoch => {
            let end = network.schedule().checked_end(epoch).unwrap_or(i64::MAX);
            all.push((format!("epoch {epoch} ends"), end));
        }
        Some(_) => {}
    }
    if network.next_policy.from_epoch != NO_EPOCH {
        let from = network.next_policy.from_epoch;
        let begins = from.checked_sub(1).and_then(|before| network.schedule().checked_end(before));
        all.push((format!("other rules hold, from epoch {from} on"), begins.unwrap_or(network.genesis)));
    }
    all.retain(|(_, at)| *at > now && *at != i64::MAX);
    all.sort_by_key(|(_, at)| *at);
    all.into_iter().map(|(what, at)| Deadline { what, at, in_secs: at.saturating_sub(now) }).collect()
}

/// What a crank would find to do, by the program's own rules.
fn can_do(network: &Network, reported: &[Reported], now: i64) -> Vec<CanDo> {
    let epoch = network.open_epoch;
    let (ends, reports_until, scores_until) = times(network);
    let is_open = !network.is_paused() && now >= ends && now < scores_until;
    let can_score = |(shard, reports): &&Reported| {
        let is_reported = now >= reports_until || reports.iter().all(|report| is_complete(report, epoch));
        let header = &shard.header;
        is_open && header.next_epoch <= epoch && !header.is_unsettled() && is_reported
    };
    let mut all = vec![CanDo {
        instruction: "score_shard",
        epoch,
        shards: reported.iter().filter(can_score).map(|(shard, _)| shard.header.index).collect(),
    }];
    all.retain(|step| !step.shards.is_empty());
    // A copy: what would be written is not.
    let mut copy = *network;
    if copy.is_closable(now).unwrap_or(false) {
        all.push(CanDo { instruction: "close_epoch", epoch, shards: Vec::new() });
    }
    let mut add = |instruction, is_due: &dyn Fn(&ShardState) -> Option<u32>| {
        let due: Vec<_> = reported.iter().filter_map(|(shard, _)| Some((is_due(shard)?, shard.header.index))).collect();
        let mut epochs: Vec<_> = due.iter().map(|(epoch, _)| *epoch).collect();
        epochs.sort_unstable();
        epochs.dedup();
        for epoch in epochs {
            let shards = due.iter().filter(|(of, _)| *of == epoch).map(|(_, shard)| *shard).collect();
            all.push(CanDo { instruction, epoch, shards });
        }
    };
    add("settle_shard", &|shard| {
        let epoch = shard.header.scored_epoch;
        let is_closed = network.ring.iter().any(|closed| closed.epoch == epoch);
        (shard.header.is_unsettled() && is_closed).then_some(epoch)
    });
    add("judge_shard", &|shard| {
        let epoch = shard.header.scored_epoch;
        (epoch != NO_EPOCH && shard.header.next_judged_epoch <= epoch).then_some(epoch)
    });
    all
}
