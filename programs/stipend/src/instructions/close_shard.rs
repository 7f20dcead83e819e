use crate::{
    account::{check, check_address, check_writable, open, take, write},
    check::OrRefuse,
    ensure, ensure_that,
    error::StipendError,
    event::{self, ShardClosed},
    rent,
    state::*,
};
use anchor_lang::prelude::*;

/// Accounts of [`close_shard`].
#[derive(Accounts)]
pub struct CloseShard<'info> {
    /// The network.
    #[account(mut)]
    pub network: AccountLoader<'info, Network>,
    /// The network's last [`Shard`].
    #[account(mut)]
    pub shard: AccountLoader<'info, Shard>,
    /// CHECK: who paid the shard's rent, as the shard says.
    #[account(mut)]
    pub payer: UncheckedAccount<'info>,
}

/// Closes the network's last shard, which has neither slots nor reports, and pays its rent back.
///
/// Who: anybody. What must hold: no shard is behind it, it has no slot and no report that is open, and it is not scored for the open epoch.
/// Errors: [`StipendError::ShardNetworkMismatch`], [`StipendError::ShardNotLast`], [`StipendError::ShardNotEmpty`],
/// [`StipendError::ShardInUse`], [`StipendError::PayerMismatch`].
pub fn close_shard(accounts: &[AccountInfo]) -> Result<()> {
    let [network_info, shard_info, payer] = take(accounts)?;
    check::<Network>(network_info)?;
    check::<Shard>(shard_info)?;
    check_writable(shard_info)?;
    check_writable(payer)?;
    let index = {
        let (mut network, data) = (write::<Network>(network_info)?, open(shard_info)?);
        let (shard, slots) = Shard::split(&data)?;
        ensure!(shard.network == *network_info.key, StipendError::ShardNetworkMismatch);
        let last = network.shard_count.checked_sub(1).or_refuse(StipendError::InvariantBroken)?;
        ensure_that!((shard.index) == last, StipendError::ShardNotLast);
        ensure!(slots.is_empty() && shard.open_reports == 0, StipendError::ShardNotEmpty);
        ensure_that!((network.open_epoch) >= shard.next_epoch, StipendError::ShardInUse);
        check_address(payer, &shard.payer, StipendError::PayerMismatch)?;
        network.shard_count = last;
        network.invariant()?;
        shard.index
    };
    rent::close(shard_info, payer)?;
    event::log(&ShardClosed { network: *network_info.key, shard: *shard_info.key, index })
}
