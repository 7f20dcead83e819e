use crate::{
    account::{check, check_address, check_writable, open_mut, read, take},
    check::OrRefuse,
    ensure,
    error::StipendError,
    event::{self, ReportClosed},
    rent,
    state::*,
};
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
    #[account(mut, has_one = shard @ StipendError::ReportShardMismatch, has_one = payer @ StipendError::PayerMismatch)]
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
pub fn close_report(accounts: &[AccountInfo]) -> Result<()> {
    let [network_info, shard_info, report_info, payer] = take(accounts)?;
    check::<Network>(network_info)?;
    check::<Shard>(shard_info)?;
    check::<Report>(report_info)?;
    check_writable(report_info)?;
    check_writable(payer)?;
    let oracle = {
        let (network, report) = (read::<Network>(network_info)?, read::<Report>(report_info)?);
        let mut data = open_mut(shard_info)?;
        let (shard, slots) = Shard::split_mut(&mut data)?;
        network.invariant()?;
        check_address(network_info, &shard.network, StipendError::ShardNetworkMismatch)?;
        check_address(shard_info, &report.shard, StipendError::ReportShardMismatch)?;
        check_address(payer, &report.payer, StipendError::PayerMismatch)?;
        let is_needed = !slots.is_empty() && network.oracles.is_answerable(&report.oracle, network.open_epoch);
        ensure!(!is_needed, StipendError::ReportInUse);
        shard.open_reports = shard.open_reports.checked_sub(1).or_refuse(StipendError::InvariantBroken)?;
        report.oracle
    };
    rent::close(report_info, payer)?;
    event::log(&ReportClosed { shard: *shard_info.key, oracle, report: *report_info.key })
}
