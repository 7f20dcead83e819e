use crate::{
    account::{borrow_mut, check, check_address, check_derived, check_payer, check_system_program, read, take, write},
    check::OrRefuse,
    constants::*,
    ensure,
    error::StipendError,
    event::{self, ReportOpened},
    rent,
    state::*,
};
use anchor_lang::prelude::*;

/// Accounts of [`open_report`].
#[derive(Accounts)]
#[instruction(oracle: Pubkey)]
pub struct OpenReport<'info> {
    /// Pays the report's rent, once for all epochs.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// The network.
    pub network: AccountLoader<'info, Network>,
    /// The shard that is to be reported.
    #[account(mut, has_one = network @ StipendError::ShardNetworkMismatch)]
    pub shard: AccountLoader<'info, Shard>,
    /// The oracle's report of the shard, by its address.
    #[account(
        init,
        payer = payer,
        space = Report::checked_space(shard.load()?.capacity.into()).or_refuse(StipendError::ArithmeticOverflow)?,
        seeds = [REPORT_SEED, shard.key().as_ref(), oracle.as_ref()],
        bump
    )]
    pub report: AccountLoader<'info, Report>,
    /// The system program.
    pub system_program: Program<'info, System>,
}

/// Opens an oracle's report of a shard, which serves every epoch.
///
/// Who: anybody. What must hold: the oracle is in the network's set. What changes: the report exists, empty.
/// Errors: [`StipendError::ShardNetworkMismatch`], [`StipendError::OracleUnknown`].
pub fn open_report(accounts: &[AccountInfo], oracle: Pubkey) -> Result<()> {
    let [payer, network_info, shard_info, report_info, system_program] = take(accounts)?;
    check_payer(payer)?;
    check::<Network>(network_info)?;
    check::<Shard>(shard_info)?;
    check_system_program(system_program)?;
    let seeds: [&[u8]; 3] = [REPORT_SEED, shard_info.key.as_ref(), oracle.as_ref()];
    let bump = check_derived(report_info, &seeds)?;
    let (network, mut shard) = (read::<Network>(network_info)?, write::<Shard>(shard_info)?);
    network.invariant()?;
    check_address(network_info, &shard.network, StipendError::ShardNetworkMismatch)?;
    ensure!(network.oracles.has(&oracle, network.open_epoch), StipendError::OracleUnknown);
    shard.open_reports = shard.open_reports.checked_add(1).or_refuse(StipendError::ArithmeticOverflow)?;

    let [seed, shard_seed, oracle_seed] = seeds;
    let seeds: &[&[u8]] = &[seed, shard_seed, oracle_seed, &[bump]];
    rent::open::<Report>(report_info, payer, shard.capacity.into(), seeds)?;
    let mut data = borrow_mut(report_info)?;
    let (report, entries) = Report::init(&mut data)?;
    entries.fill(Entry::BLANK);
    report.bump = bump;
    report.epoch = NO_EPOCH;
    report.evidence_epoch = NO_EPOCH;
    report.shard = *shard_info.key;
    report.oracle = oracle;
    report.payer = *payer.key;
    report.invariant()?;
    event::log(&ReportOpened { shard: report.shard, oracle, report: *report_info.key, payer: report.payer })
}
