use crate::{
    account::{check, open_mut, take_first, write},
    constants::NO_EPOCH,
    ensure, ensure_that,
    error::StipendError,
    event::{self, ShardJudged},
    state::*,
};
use anchor_lang::prelude::*;

/// Accounts of [`judge_shard`]; the remaining accounts are the reports of all oracles active in the epoch, in the set's order.
#[derive(Accounts)]
pub struct JudgeShard<'info> {
    /// The network.
    #[account(mut)]
    pub network: AccountLoader<'info, Network>,
    /// A [`Shard`] of the network.
    #[account(mut)]
    pub shard: AccountLoader<'info, Shard>,
}

/// Compares what the oracles reported of a shard with the medians that came of it, and counts in each oracle's record how
/// many values there were and how many lie outside the tolerance.
///
/// Apart from scoring, which must be cheap: a record decides no reward. A report that already holds a later epoch is passed
/// over.
///
/// Who: anybody, once a shard and epoch. What must hold: the shard's last scores are of this epoch. The tolerance is that of
/// the policy in force: the epoch's own, if it is judged before the next one is closed.
/// Errors: [`StipendError::ShardNetworkMismatch`], [`StipendError::ShardNotScored`], [`StipendError::ShardAlreadyJudged`],
/// and those of [`Reports::open`].
pub fn judge_shard(accounts: &[AccountInfo], epoch: u32) -> Result<()> {
    let ([network_info, shard_info], reports) = take_first(accounts)?;
    check::<Network>(network_info)?;
    check::<Shard>(shard_info)?;
    let (mut network, mut data) = (write::<Network>(network_info)?, open_mut(shard_info)?);
    let (shard, slots) = Shard::split_mut(&mut data)?;
    ensure!(shard.network == *network_info.key, StipendError::ShardNetworkMismatch);
    ensure!(shard.scored_epoch == epoch && epoch != NO_EPOCH, StipendError::ShardNotScored);
    ensure_that!(epoch >= shard.next_judged_epoch, StipendError::ShardAlreadyJudged);
    shard.next_judged_epoch = shard.next_epoch;

    let reports = Reports::open(reports, &network.oracles, shard_info.key, epoch)?;
    let (tolerance_bps, policy_from_epoch) = (network.policy.tolerance_bps, network.policy.from_epoch);
    let mut judged =
        ShardJudged { shard: *shard_info.key, epoch, values_judged: 0, values_outside: 0, policy_from_epoch };
    for (oracle, data) in network.oracles.active_mut(epoch).zip(reports.data()) {
        let Some((_, entries)) = read_report(data, epoch)? else {
            continue;
        };
        let (values, outside) = judge(slots, entries, tolerance_bps);
        oracle.values_judged = oracle.values_judged.saturating_add(values);
        oracle.values_outside = oracle.values_outside.saturating_add(outside);
        judged.values_judged = judged.values_judged.saturating_add(values);
        judged.values_outside = judged.values_outside.saturating_add(outside);
    }
    network.invariant()?;
    event::log(&judged)
}
