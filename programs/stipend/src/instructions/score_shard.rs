use crate::{
    account::{check, open_mut, take_first, write},
    check::OrRefuse,
    constants::*,
    ensure, ensure_that,
    error::StipendError,
    event::{self, ShardScored},
    state::*,
};
use anchor_lang::prelude::*;

/// Accounts of [`score_shard`]; the remaining accounts are the reports of all oracles active in the epoch, in the set's order.
#[derive(Accounts)]
pub struct ScoreShard<'info> {
    /// The network.
    #[account(mut)]
    pub network: AccountLoader<'info, Network>,
    /// The shard.
    #[account(mut, has_one = network @ StipendError::ShardNetworkMismatch)]
    pub shard: AccountLoader<'info, Shard>,
}

/// Scores a shard for the open epoch from what its oracles reported.
///
/// The report of every active oracle is passed, also one that was never opened (its address then holds nothing): whoever
/// calls can't leave one out to bend the median.
///
/// Who: anybody. What must hold: the network is not paused; the epoch is the first that is not closed; every report is
/// complete or the report window is closed; the scoring window is open; the shard is settled. What changes: each slot's
/// score, and why; each oracle's record of reports made and missed.
/// Errors: [`StipendError::ScoringPaused`], [`StipendError::EpochNotOpen`], [`StipendError::EpochNotEnded`],
/// [`StipendError::ScoringWindowClosed`], [`StipendError::ReportsIncomplete`], and those of [`Reports::open`] and
/// [`Shard::score`].
pub fn score_shard(accounts: &[AccountInfo], epoch: u32) -> Result<()> {
    let ([network_info, shard_info], reports) = take_first(accounts)?;
    check::<Network>(network_info)?;
    check::<Shard>(shard_info)?;
    let (mut network, mut data) = (write::<Network>(network_info)?, open_mut(shard_info)?);
    let (shard, slots) = Shard::split_mut(&mut data)?;
    ensure!(shard.network == *network_info.key, StipendError::ShardNetworkMismatch);

    let now = Clock::get()?.unix_timestamp;
    ensure!(!network.is_paused(), StipendError::ScoringPaused);
    ensure_that!(epoch == (network.open_epoch), StipendError::EpochNotOpen);
    ensure_that!(now >= (network.end(epoch)?), StipendError::EpochNotEnded);
    ensure_that!((network.score_end(epoch)?) > now, StipendError::ScoringWindowClosed);

    let reports = Reports::open(reports, &network.oracles, shard_info.key, epoch)?;
    let total_score = score(&mut network, shard, slots, &reports, now)?;
    network.add_scored(total_score)?;
    network.invariant()?;
    let policy_from_epoch = network.policy.from_epoch;
    event::log(&ShardScored { shard: *shard_info.key, epoch, total_score, policy_from_epoch })
}

/// Scores the slots for the open epoch, and counts in each oracle's record whether its report was complete.
fn score(network: &mut Network, shard: &mut Shard, slots: &mut [Slot], reports: &Reports, now: i64) -> Result<u64> {
    let epoch = network.open_epoch;
    let mut measured: [&[Entry]; MAX_ORACLES] = [&[]; MAX_ORACLES];
    let (mut reported, mut missed) = (0usize, 0usize);
    for (oracle, data) in network.oracles.active_mut(epoch).zip(reports.data()) {
        let mut is_complete = false;
        if let Some((header, entries)) = read_report(data, epoch)? {
            *measured.get_mut(reported).or_refuse(StipendError::ReportAccountExtra)? = entries;
            reported = reported.saturating_add(1);
            is_complete = header.is_complete();
        }
        if is_complete {
            oracle.reports_made = oracle.reports_made.saturating_add(1);
        } else {
            oracle.reports_missed = oracle.reports_missed.saturating_add(1);
            missed = missed.saturating_add(1);
        }
    }
    if missed > 0 {
        ensure_that!(now >= (network.report_end(epoch)?), StipendError::ReportsIncomplete);
    }
    let measured = measured.get(..reported).or_refuse(StipendError::ReportAccountExtra)?;
    shard.score(slots, measured, epoch, network.policy.quorum, &network.policy.scoring_rules())
}
