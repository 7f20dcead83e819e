use crate::{constants::NO_EPOCH, error::StipendError, event::ShardJudged, state::*};
use anchor_lang::prelude::*;

/// Accounts of [`judge_shard`]; the remaining accounts are the reports of all oracles active in the epoch, in the set's order.
#[derive(Accounts)]
pub struct JudgeShard<'info> {
    /// The network.
    #[account(mut)]
    pub network: AccountLoader<'info, Network>,
    /// The shard.
    #[account(mut, has_one = network @ StipendError::ShardNetworkMismatch)]
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
pub fn judge_shard<'info>(ctx: Context<'info, JudgeShard<'info>>, epoch: u32) -> Result<()> {
    let (network, shard) = (&ctx.accounts.network, &ctx.accounts.shard);
    let reports = Reports::open(ctx.remaining_accounts, &network.load()?.oracles, &shard.key(), epoch)?;
    let mut network = network.load_mut()?;
    let mut data = shard.as_ref().try_borrow_mut_data()?;
    let (header, slots) = Shard::split_mut(&mut data)?;
    require!(header.scored_epoch == epoch && epoch != NO_EPOCH, StipendError::ShardNotScored);
    require_gte!(epoch, header.next_judged_epoch, StipendError::ShardAlreadyJudged);
    header.next_judged_epoch = epoch.checked_add(1).ok_or(StipendError::ArithmeticOverflow)?;

    let (tolerance_bps, policy_from_epoch) = (network.policy.tolerance_bps, network.policy.from_epoch);
    let mut judged = ShardJudged { shard: shard.key(), epoch, values_judged: 0, values_outside: 0, policy_from_epoch };
    for (oracle, report) in network.oracles.active_mut(epoch).zip(reports.of(epoch)) {
        let Some((_, entries)) = report? else {
            continue;
        };
        let (values, outside) = judge(slots, entries, tolerance_bps);
        oracle.values_judged = oracle.values_judged.saturating_add(values);
        oracle.values_outside = oracle.values_outside.saturating_add(outside);
        judged.values_judged = judged.values_judged.saturating_add(values);
        judged.values_outside = judged.values_outside.saturating_add(outside);
    }
    network.invariant()?;
    emit!(judged);
    Ok(())
}
