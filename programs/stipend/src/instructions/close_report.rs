use crate::{error::StipendError, event::ReportClosed, state::*};
use anchor_lang::prelude::*;

/// Accounts of [`close_report`].
#[derive(Accounts)]
pub struct CloseReport<'info> {
    /// The network.
    pub network: AccountLoader<'info, Network>,
    /// The shard of the report.
    #[account(mut, has_one = network @ StipendError::ShardNetworkMismatch)]
    pub shard: AccountLoader<'info, Shard>,
    /// The report.
    #[account(
        mut,
        close = payer,
        has_one = shard @ StipendError::ReportShardMismatch,
        has_one = payer @ StipendError::PayerMismatch
    )]
    pub report: AccountLoader<'info, Report>,
    /// CHECK: who paid the report's rent, as the report says.
    #[account(mut)]
    pub payer: UncheckedAccount<'info>,
}

/// Closes a report that nobody needs any more, and pays its rent back.
///
/// Who: anybody. What must hold: the oracle measures no epoch that is not closed and no bond answers for what it reported, or
/// the shard has no slot.
/// Errors: [`StipendError::ReportShardMismatch`], [`StipendError::ShardNetworkMismatch`], [`StipendError::ReportInUse`],
/// [`StipendError::PayerMismatch`].
pub fn close_report(ctx: Context<CloseReport>) -> Result<()> {
    let (network, report) = (ctx.accounts.network.load()?, ctx.accounts.report.load()?);
    network.invariant()?;
    report.invariant()?;
    let mut data = ctx.accounts.shard.as_ref().try_borrow_mut_data()?;
    let (shard, slots) = Shard::split_mut(&mut data)?;
    let is_needed = !slots.is_empty() && network.oracles.is_answerable(&report.oracle, network.open_epoch);
    require!(!is_needed, StipendError::ReportInUse);
    shard.open_reports = shard.open_reports.checked_sub(1).ok_or(StipendError::InvariantBroken)?;
    emit!(ReportClosed { shard: ctx.accounts.shard.key(), oracle: report.oracle, report: ctx.accounts.report.key() });
    Ok(())
}
