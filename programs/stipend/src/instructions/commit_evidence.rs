use crate::{error::StipendError, event::EvidenceCommitted, signature, state::*};
use anchor_lang::prelude::*;

/// Accounts of [`commit_evidence`].
#[derive(Accounts)]
pub struct CommitEvidence<'info> {
    /// The network.
    pub network: AccountLoader<'info, Network>,
    /// The oracle's report of the shard.
    #[account(mut, has_one = network @ StipendError::ReportNetworkMismatch)]
    pub report: AccountLoader<'info, Report>,
    /// CHECK: the oracle as a signer, or the instructions sysvar; see [`signature::verify`].
    pub witness: UncheckedAccount<'info>,
}

/// Binds an oracle to the raw data that its report of a shard and epoch was made from: the data can stay private and still be
/// held against it.
///
/// - `domain`, `report`: as in a report: this network on this cluster, this shard, this oracle.
/// - `evidence`: SHA-256 of the raw data, in whatever form the oracle keeps it.
///
/// Who: the oracle signs the transaction, or anybody relays its signature, as for a report. What must hold: as for a report.
/// What changes: the report has the hash; the first one of an epoch stands. The hash of an earlier epoch is overwritten, and
/// stays in its event.
/// Errors: [`StipendError::ReportNetworkMismatch`], [`StipendError::ReportMismatch`], [`StipendError::DomainMismatch`],
/// [`StipendError::OracleNotActive`], those of [`Network::check_report_window`], [`signature::verify`] and
/// [`Report::commit`].
pub fn commit_evidence(
    ctx: Context<CommitEvidence>,
    domain: [u8; 8],
    report_key: Pubkey,
    epoch: u32,
    evidence: [u8; 32],
) -> Result<()> {
    require_keys_eq!(ctx.accounts.report.key(), report_key, StipendError::ReportMismatch);
    let network = ctx.accounts.network.load()?;
    network.invariant()?;
    require!(network.domain == domain, StipendError::DomainMismatch);
    network.check_report_window(epoch, Clock::get()?.unix_timestamp)?;
    let mut report = ctx.accounts.report.load_mut()?;
    signature::verify(&report.oracle, &ctx.accounts.witness)?;
    require!(network.oracles.is_active(&report.oracle, epoch), StipendError::OracleNotActive);
    report.commit(epoch, &evidence)?;
    report.invariant()?;
    let policy_from_epoch = network.policy.from_epoch;
    emit!(EvidenceCommitted { report: report_key, epoch, evidence, policy_from_epoch });
    Ok(())
}
