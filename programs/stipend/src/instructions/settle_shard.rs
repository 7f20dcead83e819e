use crate::{error::StipendError, event::ShardSettled, state::*};
use anchor_lang::prelude::*;

/// Accounts of [`settle_shard`].
#[derive(Accounts)]
pub struct SettleShard<'info> {
    /// The network.
    #[account(mut)]
    pub network: AccountLoader<'info, Network>,
    /// The shard.
    #[account(mut, has_one = network @ StipendError::ShardNetworkMismatch)]
    pub shard: AccountLoader<'info, Shard>,
}

/// Turns the scores of a shard's last scored epoch into atoms that its owners may claim.
///
/// Who: anybody. What must hold: that epoch is closed, its dispute window too if it has one, and the shard is not settled. What changes: each slot has accrued its
/// reward; once the epoch's last shard is settled, what the floors left over is carried to the next epoch.
/// Errors: [`StipendError::ShardAlreadySettled`], [`StipendError::EpochNotClosed`], [`StipendError::DisputeWindowOpen`].
pub fn settle_shard(ctx: Context<SettleShard>) -> Result<()> {
    let mut network = ctx.accounts.network.load_mut()?;
    let mut data = ctx.accounts.shard.as_ref().try_borrow_mut_data()?;
    let (shard, slots) = Shard::split_mut(&mut data)?;
    require!(shard.is_unsettled(), StipendError::ShardAlreadySettled);
    let epoch = shard.scored_epoch;
    let closed = network.closed(epoch)?;
    if closed.dispute_end > 0 {
        require_gte!(Clock::get()?.unix_timestamp, closed.dispute_end, StipendError::DisputeWindowOpen);
    }
    let policy_from_epoch = closed.policy_from_epoch;
    let paid_atoms = shard.settle(slots, closed.rate())?;
    network.add_settled(epoch, paid_atoms)?;
    shard.invariant(slots)?;
    network.invariant()?;
    emit!(ShardSettled { shard: ctx.accounts.shard.key(), epoch, paid_atoms, policy_from_epoch });
    Ok(())
}
