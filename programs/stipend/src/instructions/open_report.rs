use crate::{check::OrRefuse, constants::*, ensure, error::StipendError, event::ReportOpened, state::*};
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
    #[account(has_one = network @ StipendError::ShardNetworkMismatch)]
    pub shard: AccountLoader<'info, Shard>,
    /// The oracle's report of the shard.
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
pub fn open_report(ctx: Context<OpenReport>, oracle: Pubkey) -> Result<()> {
    let network = ctx.accounts.network.load()?;
    ensure!(network.oracles.has(&oracle, network.open_epoch), StipendError::OracleUnknown);

    let mut report = ctx.accounts.report.load_init()?;
    report.version = ACCOUNT_VERSION;
    report.bump = ctx.bumps.report;
    report.epoch = NO_EPOCH;
    report.shard = ctx.accounts.shard.key();
    report.oracle = oracle;
    report.payer = ctx.accounts.payer.key();
    report.invariant()?;
    emit!(ReportOpened { shard: report.shard, oracle, report: ctx.accounts.report.key() });
    Ok(())
}
