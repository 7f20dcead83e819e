use crate::{
    constants::MAX_RELAYED_SLOTS,
    error::StipendError,
    event::ReportReceived,
    signature::{self, SignedBy},
    state::*,
};
use anchor_lang::prelude::*;

/// Bytes of the longest relayed report: discriminator, domain, report, epoch, total, first slot, a length and the measurements.
const MAX_RELAYED_BYTES: usize = 8 + 8 + 32 + 4 + 2 + 2 + 4 + MAX_RELAYED_SLOTS * Entry::SIZE;

/// Accounts of [`submit_report`].
#[derive(Accounts)]
pub struct SubmitReport<'info> {
    /// The network.
    pub network: AccountLoader<'info, Network>,
    /// The shard that was measured.
    #[account(has_one = network @ StipendError::ShardNetworkMismatch)]
    pub shard: AccountLoader<'info, Shard>,
    /// The oracle's report of the shard.
    #[account(mut, has_one = shard @ StipendError::ReportShardMismatch)]
    pub report: AccountLoader<'info, Report>,
    /// CHECK: the oracle as a signer, or the instructions sysvar; see [`signature::verify`].
    pub witness: UncheckedAccount<'info>,
}

/// Takes a batch of an oracle's measurements of a shard.
///
/// - `domain`, `report`: what the oracle signed for: this network on this cluster, this shard, itself.
/// - `total`: slots that the oracle measured in this shard and epoch, the same in each of its batches.
/// - `first_slot`, `measurements`: of consecutive slots, end to end, 6 bytes each: bandwidth u32, uptime u16.
///
/// Who: the oracle signs the transaction, or anybody relays its signature (see [`signature`]), for up to
/// [`MAX_RELAYED_SLOTS`] slots. What must hold: the epoch is the open one, it is over and its report window is open, the oracle
/// is active in it, the shard is not scored for it; the network is not paused. What changes: fields that had no value get one;
/// the same value again changes nothing.
/// Errors: [`StipendError::ShardNetworkMismatch`], [`StipendError::ReportShardMismatch`],
/// [`StipendError::ReportMismatch`], [`StipendError::DomainMismatch`], [`StipendError::RelayedReportTooLong`],
/// [`StipendError::OracleNotActive`], [`StipendError::ReportAlreadyScored`], and those of [`signature::verify`],
/// [`Network::check_report_window`] and [`Report::receive`].
pub fn submit_report(
    ctx: Context<SubmitReport>,
    domain: [u8; 8],
    report_key: Pubkey,
    epoch: u32,
    total: u16,
    first_slot: u16,
    measurements: &[u8],
) -> Result<()> {
    require_keys_eq!(ctx.accounts.report.key(), report_key, StipendError::ReportMismatch);
    let network = ctx.accounts.network.load()?;
    network.invariant()?;
    require!(network.domain == domain, StipendError::DomainMismatch);
    network.check_report_window(epoch, Clock::get()?.unix_timestamp)?;
    let shard_data = ctx.accounts.shard.as_ref().try_borrow_data()?;
    let (shard, slots) = Shard::split(&shard_data)?;
    require_gte!(epoch, shard.next_epoch, StipendError::ReportAlreadyScored);

    let mut report_data = ctx.accounts.report.as_ref().try_borrow_mut_data()?;
    let (report, entries) = Report::split_mut(&mut report_data)?;
    if let SignedBy::Relay(signed_bytes) = signature::verify(&report.oracle, &ctx.accounts.witness)? {
        // All that was signed counts, also what stands behind the arguments: a longer statement could not be proven against.
        require_gte!(MAX_RELAYED_BYTES, signed_bytes, StipendError::RelayedReportTooLong);
    }
    require!(network.oracles.is_active(&report.oracle, epoch), StipendError::OracleNotActive);
    let fresh = report.receive(entries, slots.len(), &Batch { epoch, total, first_slot, measurements })?;
    report.invariant()?;
    emit!(ReportReceived {
        report: report_key,
        epoch,
        policy_from_epoch: network.policy.from_epoch,
        old_received: report.received.saturating_sub(fresh),
        new_received: report.received,
        total,
    });
    Ok(())
}
