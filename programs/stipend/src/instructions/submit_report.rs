use crate::{
    ensure, ensure_that,
    error::StipendError,
    event::ReportReceived,
    signature::{self, Witness},
    state::*,
};
use anchor_lang::prelude::*;
use solana_address::address_eq;

/// What the data begins with: as for every instruction, the start of the SHA-256 of "global:submit_report".
pub const SUBMIT_REPORT_DISCRIMINATOR: [u8; 8] = [27, 178, 64, 9, 20, 46, 250, 14];

/// Accounts of [`submit_report`].
#[derive(Accounts)]
pub struct SubmitReport<'info> {
    /// A [`Network`], read where it lies.
    pub network: AccountLoader<'info, Network>,
    /// The [`Shard`] of the network that was measured, read where it lies.
    pub shard: AccountLoader<'info, Shard>,
    /// The oracle's [`Report`] of the shard, read where it lies.
    #[account(mut)]
    pub report: AccountLoader<'info, Report>,
    /// CHECK: the oracle as a signer, or the instructions sysvar; see [`signature::verify`].
    pub witness: UncheckedAccount<'info>,
}

/// What an oracle signs: the arguments of [`submit_report`], behind its discriminator.
#[derive(Clone, Copy, Debug)]
pub struct ReportArgs<'a> {
    /// The network's, on its cluster.
    pub domain: &'a [u8; 8],
    /// The report's account: this shard and this oracle.
    pub report: &'a Pubkey,
    /// The measurements.
    pub batch: Batch<'a>,
}

impl<'a> ReportArgs<'a> {
    /// Reads the data of an instruction where it lies: the domain, the report, epoch, total and first slot, the length of
    /// the measurements, the measurements, as Borsh lays them out.
    ///
    /// `None` if the data is shorter or longer than it says.
    pub fn parse(data: &'a [u8]) -> Option<Self> {
        let (domain, data) = data.split_first_chunk::<8>()?;
        let (report, data) = data.split_at_checked(size_of::<Pubkey>())?;
        let (epoch, data) = data.split_first_chunk::<4>()?;
        let (total, data) = data.split_first_chunk::<2>()?;
        let (first_slot, data) = data.split_first_chunk::<2>()?;
        let (len, measurements) = data.split_first_chunk::<4>()?;
        let is_whole = usize::try_from(u32::from_le_bytes(*len)).ok()? == measurements.len();
        is_whole.then_some(Self {
            domain,
            report: bytemuck::try_from_bytes(report).ok()?,
            batch: Batch {
                epoch: u32::from_le_bytes(*epoch),
                total: u16::from_le_bytes(*total),
                first_slot: u16::from_le_bytes(*first_slot),
                measurements,
            },
        })
    }
}

/// The accounts of [`submit_report`], read where they lie. Their owner is the program: whoever makes one of these checks it.
pub struct ReportAccounts<'a> {
    /// Address and data of a [`Network`].
    pub network: (&'a Pubkey, &'a [u8]),
    /// Address and data of the [`Shard`] of the network that was measured.
    pub shard: (&'a Pubkey, &'a [u8]),
    /// Address and data of the oracle's [`Report`] of the shard.
    pub report: (&'a Pubkey, &'a mut [u8]),
    /// The oracle as a signer, or the instructions sysvar.
    pub witness: Witness<'a>,
}

/// Takes a batch of an oracle's measurements of a shard.
///
/// Who: the oracle signs the transaction, or anybody relays its signature (see [`signature`]). What must hold: the epoch is
/// over and its report window open, the oracle is active in it, the shard is scored for the epoch before or that one's
/// scoring window has passed; the network is not paused. What changes: slots that had no value get one; the same value
/// again changes nothing.
/// Errors: [`StipendError::ReportsPaused`], [`StipendError::DomainMismatch`], [`StipendError::ReportMismatch`], [`StipendError::OracleNotActive`],
/// [`StipendError::EpochNotEnded`], [`StipendError::ReportWindowClosed`], [`StipendError::ReportAlreadyScored`],
/// [`StipendError::PreviousEpochNotScored`], [`StipendError::ShardNetworkMismatch`],
/// [`StipendError::ReportShardMismatch`], and those of [`signature::verify`] and [`Report::receive`].
pub fn submit_report(accounts: ReportAccounts, args: &ReportArgs) -> Result<()> {
    let epoch = args.batch.epoch;
    let (network, _) = Network::split(accounts.network.1)?;
    let (shard, slots) = Shard::split(accounts.shard.1)?;
    let (report, entries) = Report::split_mut(accounts.report.1)?;

    ensure!(address_eq(&shard.network, accounts.network.0), StipendError::ShardNetworkMismatch);
    ensure!(address_eq(&report.shard, accounts.shard.0), StipendError::ReportShardMismatch);
    ensure!(address_eq(args.report, accounts.report.0), StipendError::ReportMismatch);
    ensure!(!network.is_paused(), StipendError::ReportsPaused);
    ensure!(network.domain == *args.domain, StipendError::DomainMismatch);
    signature::verify(&report.oracle, &accounts.witness)?;
    ensure!(network.oracles.is_active(&report.oracle, epoch), StipendError::OracleNotActive);
    let policy = network.policy_at(epoch);
    check_window(network, policy, shard.next_epoch, epoch, Clock::get()?.unix_timestamp)?;

    let fresh = report.receive(entries, slots.len(), &args.batch)?;
    report.invariant()?;
    let received = ReportReceived {
        report: *accounts.report.0,
        epoch,
        policy_from_epoch: policy.from_epoch,
        old_received: report.received.saturating_sub(fresh),
        new_received: report.received,
        total: report.total,
    };
    received.log();
    Ok(())
}

/// Whether reports of `epoch`, whose rules are `policy`, are taken at `now`, of a shard that is not scored for `next_epoch`.
#[inline(always)]
fn check_window(network: &Network, policy: &Policy, next_epoch: u32, epoch: u32, now: i64) -> Result<()> {
    let end = network.end(epoch)?;
    ensure_that!(now >= end, StipendError::EpochNotEnded);
    ensure_that!(epoch >= (network.open_epoch), StipendError::ReportWindowClosed);
    ensure_that!((network.window_end(end, policy.report_secs)?) > now, StipendError::ReportWindowClosed);
    ensure_that!(epoch >= next_epoch, StipendError::ReportAlreadyScored);
    // An epoch that is closed can't be scored any more: nobody waits for it.
    let unscored = next_epoch.max(network.open_epoch);
    if let Some(previous) = epoch.checked_sub(1).filter(|previous| *previous >= unscored) {
        ensure_that!(now >= (network.score_end(previous)?), StipendError::PreviousEpochNotScored);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use anchor_lang::{Discriminator, InstructionData};

    #[test]
    fn the_short_way_reads_what_clients_write() {
        let report = Pubkey::new_from_array([7; 32]);
        let data = crate::instruction::SubmitReport {
            domain: [1, 2, 3, 4, 5, 6, 7, 8],
            report,
            epoch: 0x0a0b_0c0d,
            total: 0x0102,
            first_slot: 0x0304,
            measurements: vec![9; 12],
        }
        .data();

        let args = ReportArgs::parse(data.strip_prefix(&SUBMIT_REPORT_DISCRIMINATOR).unwrap()).unwrap();

        assert_eq!(crate::instruction::SubmitReport::DISCRIMINATOR, SUBMIT_REPORT_DISCRIMINATOR);
        assert_eq!((args.domain, args.report), (&[1, 2, 3, 4, 5, 6, 7, 8], &report));
        assert_eq!((args.batch.epoch, args.batch.total, args.batch.first_slot), (0x0a0b_0c0d, 0x0102, 0x0304));
        assert_eq!(args.batch.measurements, [9; 12]);
        for len in 8..data.len() {
            assert!(ReportArgs::parse(&data[8..len]).is_none(), "{len}");
        }
        assert!(ReportArgs::parse(&[&data[8..], &[0]].concat()).is_none());
    }
}
