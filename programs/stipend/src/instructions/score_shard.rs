use crate::{check::OrRefuse, constants::*, ensure, ensure_that, error::StipendError, event::ShardScored, state::*};
use anchor_lang::{prelude::*, system_program};
use core::cell::Ref;
use solana_address::address_eq;

/// Accounts of [`score_shard`]; the remaining accounts are the reports of all oracles active in the epoch, in the set's order.
#[derive(Accounts)]
pub struct ScoreShard<'info> {
    /// The network.
    #[account(mut)]
    pub network: AccountLoader<'info, Network>,
    /// The shard.
    #[account(mut, has_one = network @ StipendError::ShardNetworkMismatch)]
    pub shard: AccountLoader<'info, Shard>,
}

/// Scores a shard for the open epoch from what its oracles reported.
///
/// The report of every active oracle is passed, also one that was never opened (its address then holds nothing): whoever
/// calls can't leave one out to bend the median.
///
/// Who: anybody. What must hold: the epoch is the first that is not closed; every report is complete or the report window
/// is closed; the scoring window is open; the shard is settled. What changes: each slot's score, and why.
/// Errors: [`StipendError::EpochNotOpen`], [`StipendError::EpochNotEnded`], [`StipendError::ScoringWindowClosed`],
/// [`StipendError::ReportAccountMissing`], [`StipendError::ReportAccountExtra`], [`StipendError::ReportShardMismatch`],
/// [`StipendError::ReportOracleMismatch`], [`StipendError::ReportsIncomplete`], and those of [`Shard::score`].
pub fn score_shard(ctx: Context<ScoreShard>, epoch: u32) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    ctx.accounts.validate(epoch, now)?;
    let total_score = ctx.accounts.apply(epoch, now, ctx.remaining_accounts)?;
    ctx.accounts.network.load()?.invariant()?;
    emit!(ShardScored { shard: ctx.accounts.shard.key(), epoch, total_score });
    Ok(())
}

impl ScoreShard<'_> {
    fn validate(&self, epoch: u32, now: i64) -> Result<()> {
        let network = self.network.load()?;
        ensure_that!(epoch == network.open_epoch, StipendError::EpochNotOpen);
        ensure_that!(now >= network.end(epoch)?, StipendError::EpochNotEnded);
        ensure_that!((network.score_end(epoch)?) > now, StipendError::ScoringWindowClosed);
        Ok(())
    }

    fn apply(&self, epoch: u32, now: i64, accounts: &[AccountInfo]) -> Result<u64> {
        let mut network = self.network.load_mut()?;
        let mut data: [Option<Ref<&mut [u8]>>; MAX_ORACLES] = [const { None }; MAX_ORACLES];
        let mut count = 0usize;
        for (oracle, place) in network.oracles.active(epoch).zip(&mut data) {
            let account = accounts.get(count).or_refuse(StipendError::ReportAccountMissing)?;
            count = count.saturating_add(1);
            *place = borrow_report(account, self.shard.as_ref().key, &oracle.key)?;
        }
        ensure_that!((accounts.len()) == count, StipendError::ReportAccountExtra);

        let mut reports: [&[Entry]; MAX_ORACLES] = [&[]; MAX_ORACLES];
        let (mut reported, mut complete) = (0usize, 0usize);
        for data in data.iter().flatten() {
            let (header, entries) = Report::split(data)?;
            if header.epoch == epoch {
                *reports.get_mut(reported).or_refuse(StipendError::ReportAccountExtra)? = entries;
                reported = reported.saturating_add(1);
                complete = complete.saturating_add(usize::from(header.received == header.total));
            }
        }
        if complete < count {
            ensure_that!(now >= (network.report_end(epoch)?), StipendError::ReportsIncomplete);
        }

        let mut shard = self.shard.as_ref().try_borrow_mut_data()?;
        let (shard, slots) = Shard::split_mut(&mut shard)?;
        let reports = reports.get(..reported).or_refuse(StipendError::ReportAccountExtra)?;
        let total_score = shard.score(slots, reports, epoch, network.quorum, &network.policy.into())?;
        network.add_scored(total_score)?;
        Ok(total_score)
    }
}

/// The data of `oracle`'s report of `shard`, or `None` if it was never opened.
///
/// A report says itself of which shard and oracle it is, and the program makes only one for each; the address of one that
/// was never opened must be derived, which is dearer but seldom.
fn borrow_report<'a>(
    account: &'a AccountInfo,
    shard: &Pubkey,
    oracle: &Pubkey,
) -> Result<Option<Ref<'a, &'a mut [u8]>>> {
    if *account.owner == system_program::ID {
        let seeds = [REPORT_SEED, shard.as_ref(), oracle.as_ref()];
        let (address, _) = Pubkey::find_program_address(&seeds, &crate::ID);
        ensure!(*account.key == address, StipendError::ReportOracleMismatch);
        return Ok(None);
    }
    let data = Report::open(account)?;
    let (header, _) = Report::split(&data)?;
    ensure!(address_eq(&header.shard, shard), StipendError::ReportShardMismatch);
    ensure!(address_eq(&header.oracle, oracle), StipendError::ReportOracleMismatch);
    Ok(Some(data))
}
