use crate::{
    account::{borrow, check, check_address, read, take, write},
    ensure, ensure_that,
    error::StipendError,
    event::{self, EvidenceCommitted},
    signature::{self, Witness},
    state::*,
};
use anchor_lang::prelude::*;

/// Accounts of [`commit_evidence`].
#[derive(Accounts)]
pub struct CommitEvidence<'info> {
    /// The network.
    pub network: AccountLoader<'info, Network>,
    /// The shard.
    #[account(has_one = network @ StipendError::ShardNetworkMismatch)]
    pub shard: AccountLoader<'info, Shard>,
    /// The oracle's [`Report`] of the shard.
    #[account(mut)]
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
/// Who: the oracle signs the transaction, or anybody relays its signature, as for a report. What must hold: the epoch is
/// over and its report window open, the oracle is active in it, the network is not paused. What changes: the report has
/// the hash; the first one of an epoch stands. The hash of an earlier epoch is overwritten, and stays in its event.
/// Errors: [`StipendError::ReportsPaused`], [`StipendError::ReportMismatch`], [`StipendError::ReportShardMismatch`],
/// [`StipendError::DomainMismatch`], [`StipendError::OracleNotActive`], [`StipendError::EpochNotEnded`],
/// [`StipendError::ReportWindowClosed`], and those of [`signature::verify`] and [`Report::commit`].
pub fn commit_evidence(
    accounts: &[AccountInfo],
    domain: [u8; 8],
    report_key: Pubkey,
    epoch: u32,
    evidence: [u8; 32],
) -> Result<()> {
    let [network_info, shard_info, report_info, witness] = take(accounts)?;
    check::<Network>(network_info)?;
    check::<Shard>(shard_info)?;
    check::<Report>(report_info)?;
    let (network, shard) = (read::<Network>(network_info)?, read::<Shard>(shard_info)?);
    let mut report = write::<Report>(report_info)?;
    network.invariant()?;
    check_address(network_info, &shard.network, StipendError::ShardNetworkMismatch)?;
    check_address(shard_info, &report.shard, StipendError::ReportShardMismatch)?;
    check_address(report_info, &report_key, StipendError::ReportMismatch)?;
    ensure!(!network.is_paused(), StipendError::ReportsPaused);
    ensure!(network.domain == domain, StipendError::DomainMismatch);
    let data = borrow(witness)?;
    let witness = Witness { key: witness.key, is_signer: witness.is_signer, data: &data };
    signature::verify(&report.oracle, &witness)?;

    let now = Clock::get()?.unix_timestamp;
    ensure!(network.oracles.is_active(&report.oracle, epoch), StipendError::OracleNotActive);
    ensure_that!(now >= (network.end(epoch)?), StipendError::EpochNotEnded);
    ensure_that!(epoch >= (network.open_epoch), StipendError::ReportWindowClosed);
    ensure_that!((network.report_end(epoch)?) > now, StipendError::ReportWindowClosed);
    report.commit(epoch, &evidence)?;
    let policy_from_epoch = network.policy_at(epoch).from_epoch;
    event::log(&EvidenceCommitted { report: report_key, epoch, evidence, policy_from_epoch })
}
