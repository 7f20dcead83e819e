use crate::{ensure, ensure_that, error::StipendError, event::ReportReceived, signature, state::*};
use anchor_lang::prelude::*;

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
/// - `first_slot`, `measurements`: [`Entry`]s of consecutive slots, end to end.
///
/// Who: the oracle signs the transaction, or anybody relays its signature (see [`signature`]). What must hold: the epoch is
/// over and its report window open, the oracle is active in it, the shard is scored for the epoch before or that one's
/// scoring window has passed. What changes: slots that had no value get one; the same value again changes nothing.
/// Errors: [`StipendError::DomainMismatch`], [`StipendError::ReportMismatch`], [`StipendError::OracleNotActive`],
/// [`StipendError::EpochNotEnded`], [`StipendError::ReportWindowClosed`], [`StipendError::ReportAlreadyScored`],
/// [`StipendError::PreviousEpochNotScored`], and those of [`signature::verify`] and [`Report::receive`].
pub fn submit_report(
    ctx: Context<SubmitReport>,
    domain: [u8; 8],
    report: Pubkey,
    epoch: u32,
    total: u16,
    first_slot: u16,
    measurements: &[u8],
) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    ctx.accounts.validate(domain, &report, epoch, now)?;
    let received = ctx.accounts.apply(&Batch { epoch, total, first_slot, measurements })?;
    emit!(ReportReceived { report, epoch, received, total });
    Ok(())
}

impl SubmitReport<'_> {
    fn validate(&self, domain: [u8; 8], report: &Pubkey, epoch: u32, now: i64) -> Result<()> {
        let network = self.network.load()?;
        let oracle = self.report.load()?.oracle;
        ensure!(network.domain == domain, StipendError::DomainMismatch);
        ensure!(self.report.as_ref().key == report, StipendError::ReportMismatch);
        signature::verify(&oracle, &self.witness)?;
        ensure!(network.oracles.is_active(&oracle, epoch), StipendError::OracleNotActive);
        ensure_that!(now >= network.end(epoch)?, StipendError::EpochNotEnded);
        ensure_that!((network.report_end(epoch)?) > now, StipendError::ReportWindowClosed);

        let next_epoch = self.shard.load()?.next_epoch;
        ensure_that!(epoch >= next_epoch, StipendError::ReportAlreadyScored);
        if let Some(previous) = epoch.checked_sub(1).filter(|previous| *previous >= next_epoch) {
            ensure_that!(now >= network.score_end(previous)?, StipendError::PreviousEpochNotScored);
        }
        Ok(())
    }

    fn apply(&self, batch: &Batch) -> Result<u16> {
        let shard = self.shard.as_ref().try_borrow_data()?;
        let (_, slots) = Shard::split(&shard)?;
        let mut report = self.report.as_ref().try_borrow_mut_data()?;
        let (report, entries) = Report::split_mut(&mut report)?;
        report.receive(entries, slots.len(), batch)?;
        report.invariant()?;
        Ok(report.received)
    }
}
