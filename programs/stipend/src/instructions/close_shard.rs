use crate::{error::StipendError, event::ShardClosed, state::*};
use anchor_lang::prelude::*;

/// Accounts of [`close_shard`].
#[derive(Accounts)]
pub struct CloseShard<'info> {
    /// The network.
    #[account(mut)]
    pub network: AccountLoader<'info, Network>,
    /// The network's last shard.
    #[account(
        mut,
        close = payer,
        has_one = network @ StipendError::ShardNetworkMismatch,
        has_one = payer @ StipendError::PayerMismatch
    )]
    pub shard: AccountLoader<'info, Shard>,
    /// CHECK: who paid the shard's rent, as the shard says.
    #[account(mut)]
    pub payer: UncheckedAccount<'info>,
}

/// Closes the network's last shard, which has neither slots nor reports, and pays its rent back.
///
/// Who: anybody. What must hold: no shard is behind it, it has no slot and no report that is open, and it is not scored for
/// the open epoch.
/// Errors: [`StipendError::ShardNetworkMismatch`], [`StipendError::ShardNotLast`], [`StipendError::ShardNotEmpty`],
/// [`StipendError::ShardInUse`], [`StipendError::PayerMismatch`].
pub fn close_shard(ctx: Context<CloseShard>) -> Result<()> {
    let mut network = ctx.accounts.network.load_mut()?;
    let data = ctx.accounts.shard.as_ref().try_borrow_data()?;
    let (shard, slots) = Shard::split(&data)?;
    let last = network.shard_count.checked_sub(1).ok_or(StipendError::InvariantBroken)?;
    require_eq!(shard.index, last, StipendError::ShardNotLast);
    require!(slots.is_empty() && shard.open_reports == 0, StipendError::ShardNotEmpty);
    if !shard.is_dormant() {
        require_gte!(network.open_epoch, shard.next_epoch, StipendError::ShardInUse);
        network.remove_awake()?;
    }
    network.shard_count = last;
    network.invariant()?;
    emit!(ShardClosed { network: shard.network, shard: ctx.accounts.shard.key(), index: shard.index });
    Ok(())
}
