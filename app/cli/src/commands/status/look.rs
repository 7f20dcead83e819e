//! How a network stands, from its accounts and a clock. The JSON object; its fields are documented in `app/cli/README.md`.

use std::collections::BTreeMap;

use serde::Serialize;
use solana_address::Address;
use stipend_client::account;
use stipend_client::crank::{Steps, Task};
use stipend_client::ledger::Accounts;
use stipend_client::program::constants::{NO_END, NO_EPOCH};
use stipend_client::program::state::{is_any_earning, ClosedEpoch, Network, Report};
use stipend_client::reader::{ReadError, Reader, ShardHead};

use crate::commands::network::view::Budget;

/// Shards that are held in memory whole.
const SHARDS_AT_ONCE: u32 = 32;

#[derive(Debug, Serialize)]
pub struct Looked {
    pub network: String,
    pub mint: String,
    pub paused: bool,
    /// Unix seconds at which the pause ends by itself; null if only the authority ends it, or there is none.
    pub pause_ends_at: Option<i64>,
    /// Unix seconds of the clock.
    pub now: i64,
    /// The epoch under way; none before the genesis.
    pub epoch: Option<u32>,
    pub genesis: i64,
    pub open_epoch: Open,
    /// The epoch before it, where that is closed.
    pub last_closed: Option<Closed>,
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
    /// `measured`, `reported`, `scored`, or `late` once closing it waits for no shard; `paused` after its end during a pause.
    pub phase: &'static str,
    pub ends: i64,
    /// Unix seconds at which its windows begin: the latest of its end, when it was opened, and the end of a pause. Null while
    /// only the authority ends the pause, and so are the ends of the windows.
    pub windows_begin: Option<i64>,
    pub reports_until: Option<i64>,
    pub scores_until: Option<i64>,
    /// Shards that are scored for it, of those that are awake.
    pub scored_shards: u32,
    pub awake_shards: u32,
    pub total_score: u64,
    pub oracles: Vec<OracleReports>,
}

/// An epoch that is closed.
#[derive(Debug, Serialize)]
pub struct Closed {
    pub epoch: u32,
    pub total_score: u64,
    /// What it shares.
    pub emission_atoms: u64,
    /// What the ceiling of a reward kept back for later epochs.
    pub kept_back_atoms: u64,
    pub paid_atoms: u64,
    pub unsettled_shards: u32,
    /// Unix second until which scores may be voided, and settling waits; null if they can't be.
    pub dispute_end: Option<i64>,
}

impl Closed {
    fn new(closed: &ClosedEpoch) -> Self {
        Self {
            epoch: closed.epoch,
            total_score: closed.total_score,
            emission_atoms: closed.emission_atoms,
            kept_back_atoms: closed.kept_back_atoms,
            paid_atoms: closed.paid_atoms,
            unsettled_shards: closed.unsettled_shards,
            dispute_end: Some(closed.dispute_end).filter(|end| *end > 0),
        }
    }
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
    pub vacant_slots: usize,
    /// Whether no node can earn, so that no epoch waits for it.
    pub dormant: bool,
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

/// A shard that is awake, and what each active oracle reported of it.
type Reported<'a> = (&'a Seen, Vec<Option<Report>>);

/// What is shown of a shard's slots.
struct Seen {
    head: ShardHead,
    slots: usize,
    vacant_slots: usize,
    accrued_atoms: u64,
    /// Whether any node earns in the open epoch.
    is_earning: bool,
}

/// Reads everything in a handful of requests.
pub fn look(accounts: &mut impl Accounts, address: &Address, now: i64) -> Result<Looked, ReadError> {
    let network = Reader::new(accounts, *address).network()?;
    let shards = see(accounts, address, &network)?;
    let open_epoch = network.open_epoch;
    let oracles: Vec<_> = network.oracles.active(open_epoch).map(|oracle| oracle.key).collect();
    let awake = || shards.iter().filter(|shard| !shard.head.header.is_dormant());
    let pairs: Vec<_> = awake().flat_map(|shard| oracles.iter().map(|oracle| (shard.head.address, *oracle))).collect();
    let mut reports = Reader::new(accounts, *address).report_heads(&pairs)?.into_iter();
    let reported: Vec<Reported> =
        awake().map(|shard| (shard, reports.by_ref().take(oracles.len()).collect())).collect();
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
    let paused = network.is_paused(now);
    Ok(Looked {
        network: address.to_string(),
        mint: network.mint.to_string(),
        paused,
        pause_ends_at: Some(network.pause_ends_at).filter(|end| paused && *end != NO_END),
        now,
        epoch: network.schedule().epoch_at(now),
        genesis: network.genesis,
        open_epoch: open(&network, &oracles, &reported, now),
        last_closed: open_epoch
            .checked_sub(1)
            .and_then(|last| network.ring.iter().find(|closed| closed.epoch == last))
            .map(Closed::new),
        shards: shards.iter().map(|shard| look_at_shard(&network, shard)).collect(),
        deadlines: deadlines(&network, now),
        can_do: can_do(&network, &shards, &reported, now),
        budget: Budget::new(&network),
        unclaimed_atoms: shards.iter().map(|shard| shard.accrued_atoms).sum(),
        supply_atoms: mint.map(|mint| mint.supply_atoms),
        decimals: mint.map(|mint| mint.decimals),
        balances: balances.map(balance).collect(),
    })
}

/// All shards, a few at a time.
fn see(accounts: &mut impl Accounts, address: &Address, network: &Network) -> Result<Vec<Seen>, ReadError> {
    let mut all = Vec::new();
    for first in (0..network.shard_count).step_by(SHARDS_AT_ONCE as usize) {
        let last = network.shard_count.min(first.saturating_add(SHARDS_AT_ONCE));
        for shard in Reader::new(accounts, *address).shards_of(first..last)? {
            let slots = &shard.slots;
            all.push(Seen {
                slots: slots.len(),
                vacant_slots: slots.iter().filter(|slot| slot.is_vacant()).count(),
                accrued_atoms: slots.iter().map(|slot| slot.accrued_atoms).sum(),
                is_earning: is_any_earning(slots, network.open_epoch),
                head: ShardHead {
                    address: shard.address,
                    header: shard.header,
                    first_slot: shard.slots.first().copied(),
                },
            });
        }
    }
    Ok(all)
}

fn is_complete(report: &Option<Report>, epoch: u32) -> bool {
    report.as_ref().is_some_and(|report| report.epoch == epoch && report.is_complete())
}

fn open(network: &Network, oracles: &[Address], reported: &[Reported], now: i64) -> Open {
    let epoch = network.open_epoch;
    let ends = ends(network);
    let (reports_until, scores_until) = (network.report_end().ok(), network.score_end().ok());
    let is_before = |end: Option<i64>| end.is_none_or(|end| now < end);
    let phase = match now {
        _ if now < ends => "measured",
        _ if network.is_paused(now) => "paused",
        _ if is_before(reports_until) => "reported",
        _ if is_before(scores_until) => "scored",
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
            let (index, report) = (shard.head.header.index, all.get(place).unwrap_or(&None));
            match report {
                Some(_) if is_complete(report, epoch) => reports.complete.push(index),
                Some(report) if report.epoch == epoch => reports.incomplete.push(index),
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
        windows_begin: network.windows_begin().ok().filter(|begin| *begin != NO_END),
        reports_until,
        scores_until,
        scored_shards: network.scored_shards,
        awake_shards: network.awake_shards,
        total_score: network.total_score,
        oracles: oracles.iter().enumerate().map(of_oracle).collect(),
    }
}

/// When the open epoch ends. At the end of time: never.
fn ends(network: &Network) -> i64 {
    network.end(network.open_epoch).unwrap_or(i64::MAX)
}

fn look_at_shard(network: &Network, shard: &Seen) -> Shard {
    let header = &shard.head.header;
    Shard {
        shard: header.index,
        slots: shard.slots,
        vacant_slots: shard.vacant_slots,
        dormant: header.is_dormant(),
        scored: header.next_epoch > network.open_epoch,
        unsettled_epoch: header.is_unsettled().then_some(header.scored_epoch),
    }
}

/// What is still to come, soonest first.
fn deadlines(network: &Network, now: i64) -> Vec<Deadline> {
    let open_epoch = network.open_epoch;
    let mut all = vec![(format!("epoch {open_epoch} ends"), ends(network))];
    let windows = [
        (format!("epoch {open_epoch} takes no more reports"), network.report_end().ok()),
        (format!("closing epoch {open_epoch} waits for no shard"), network.score_end().ok()),
        ("the guardian's pause ends".to_owned(), Some(network.pause_ends_at)),
    ];
    all.extend(windows.into_iter().filter_map(|(what, at)| Some((what, at?))));
    let disputed = network.ring.iter().filter(|closed| closed.unsettled_shards > 0);
    all.extend(disputed.map(|closed| (format!("scores of epoch {} are final", closed.epoch), closed.dispute_end)));
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
fn can_do(network: &Network, shards: &[Seen], reported: &[Reported], now: i64) -> Vec<CanDo> {
    let epoch = network.open_epoch;
    let heads: Vec<_> = shards.iter().map(|shard| shard.head.clone()).collect();
    // A crank judges a shard before it is scored again; whoever does not may score it all the same.
    let steps = Steps::new(network, &heads, now, |task| matches!(task, Task::Judge { .. }));
    let is_reported = |(shard, reports): &Reported| {
        steps.is_window_over || !shard.is_earning || reports.iter().all(|report| is_complete(report, epoch))
    };
    let ready: Vec<_> =
        reported.iter().filter(|one| is_reported(one)).map(|(shard, _)| shard.head.header.index).collect();
    let mut all = Vec::new();
    let score: Vec<_> = steps.score.iter().copied().filter(|shard| ready.contains(shard)).collect();
    if !score.is_empty() {
        all.push(CanDo { instruction: "score_shard", epoch, shards: score });
    }
    if steps.is_closable {
        all.push(CanDo { instruction: "close_epoch", epoch, shards: Vec::new() });
    }
    for (instruction, tasks) in [("settle_shard", &steps.settle), ("judge_shard", &steps.judge)] {
        let mut by_epoch: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for task in tasks {
            if let Task::Settle { shard, epoch } | Task::Judge { shard, epoch } = *task {
                by_epoch.entry(epoch).or_default().push(shard);
            }
        }
        all.extend(by_epoch.into_iter().map(|(epoch, shards)| CanDo { instruction, epoch, shards }));
    }
    all
}
