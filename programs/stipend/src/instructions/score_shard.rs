use crate::{constants::*, error::StipendError, event::ShardScored, state::*};
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
/// A shard in which no node can earn in this epoch waits for no report, and no oracle's record counts it; if none can earn
/// later either, the network stops counting it among its shards until a node registers.
///
/// Who: anybody. What must hold: the network is not paused; the epoch is the open one, and over; every report is complete or
/// the report window is closed; the shard is settled. What changes: each slot's score, and why; each oracle's record of
/// reports made and missed.
/// Errors: [`StipendError::ScoringPaused`], [`StipendError::EpochNotOpen`], [`StipendError::EpochNotEnded`],
/// [`StipendError::ShardDormant`], [`StipendError::ReportsIncomplete`], and those of [`Reports::open`] and
/// [`Shard::score`].
pub fn score_shard<'info>(ctx: Context<'info, ScoreShard<'info>>, epoch: u32) -> Result<()> {
    let (network, shard) = (&ctx.accounts.network, &ctx.accounts.shard);
    let now = Clock::get()?.unix_timestamp;
    let reports = {
        let network = network.load()?;
        require!(!network.is_paused(now), StipendError::ScoringPaused);
        require_eq!(epoch, network.open_epoch, StipendError::EpochNotOpen);
        require_gte!(now, network.end(epoch)?, StipendError::EpochNotEnded);
        Reports::open(ctx.remaining_accounts, &network.oracles, &shard.key(), epoch)?
    };
    let mut network = network.load_mut()?;
    let mut data = shard.as_ref().try_borrow_mut_data()?;
    let (header, slots) = Shard::split_mut(&mut data)?;
    require!(!header.is_dormant(), StipendError::ShardDormant);

    let is_earning = is_any_earning(slots, epoch);
    let mut measured = Vec::with_capacity(MAX_ORACLES);
    let mut is_complete = true;
    for (oracle, report) in network.oracles.active_mut(epoch).zip(reports.of(epoch)) {
        let report = report?;
        let is_made = report.is_some_and(|(report, _)| report.is_complete());
        if is_earning {
            oracle.count_report(is_made);
        }
        is_complete &= is_made;
        measured.extend(report.map(|(_, entries)| entries));
    }
    if is_earning && !is_complete {
        require_gte!(now, network.report_end()?, StipendError::ReportsIncomplete);
    }
    let rules = network.policy.scoring_rules();
    let total_score = header.score(slots, &measured, epoch, network.policy.quorum, &rules)?;
    if is_earning || is_any_earning_from(slots, epoch) {
        network.add_scored(total_score)?;
    } else {
        header.dormant = 1;
        network.remove_awake()?;
    }
    header.invariant(slots)?;
    network.invariant()?;
    let policy_from_epoch = network.policy.from_epoch;
    emit!(ShardScored { shard: shard.key(), epoch, total_score, policy_from_epoch });
    Ok(())
}
