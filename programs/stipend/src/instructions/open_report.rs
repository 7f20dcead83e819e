use crate::{constants::*, error::StipendError, event::ReportOpened, state::*};
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
        space = Report::checked_space(shard.load()?.capacity.into()).ok_or(StipendError::ArithmeticOverflow)?,
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
pub fn open_report(ctx: Context<OpenReport>, oracle: Pubkey) -> Result<()> {
    let accounts = ctx.accounts;
    let network = accounts.network.load()?;
    network.invariant()?;
    require!(network.oracles.has(&oracle, network.open_epoch), StipendError::OracleUnknown);
    let mut shard_data = accounts.shard.as_ref().try_borrow_mut_data()?;
    let (shard, _) = Shard::split_mut(&mut shard_data)?;
    shard.open_reports = shard.open_reports.checked_add(1).ok_or(StipendError::ArithmeticOverflow)?;
    {
        let mut report = accounts.report.load_init()?;
        report.version = ACCOUNT_VERSION;
        report.bump = ctx.bumps.report;
        report.epoch = NO_EPOCH;
        report.evidence_epoch = NO_EPOCH;
        report.network = accounts.network.key();
        report.shard = accounts.shard.key();
        report.oracle = oracle;
        report.payer = accounts.payer.key();
    }
    let mut data = accounts.report.as_ref().try_borrow_mut_data()?;
    let (report, entries) = Report::split_mut(&mut data)?;
    entries.fill(Entry::BLANK);
    report.invariant()?;
    emit!(ReportOpened {
        shard: accounts.shard.key(),
        oracle,
        report: accounts.report.key(),
        payer: accounts.payer.key(),
    });
    Ok(())
}
