//! The reports of one shard by all oracles that are active in an epoch.

use super::{Entry, OracleSet, Report, Tail};
use crate::{
    account::open,
    check::OrRefuse,
    constants::{MAX_ORACLES, REPORT_SEED},
    ensure, ensure_that,
    error::StipendError,
};
use anchor_lang::{prelude::*, system_program};
use core::cell::Ref;
use solana_address::address_eq;

/// The data of each active oracle's report, in the set's order; none where a report was never opened.
pub struct Reports<'a> {
    data: [Option<Ref<'a, &'a mut [u8]>>; MAX_ORACLES],
    count: usize,
}

impl<'a> Reports<'a> {
    /// Checks that `accounts` are the reports of `shard` by every oracle active in `epoch`, and nothing else.
    ///
    /// Errors: [`StipendError::ReportAccountMissing`], [`StipendError::ReportAccountExtra`],
    /// [`StipendError::ReportShardMismatch`], [`StipendError::ReportOracleMismatch`].
    pub fn open<'info: 'a>(
        accounts: &'a [AccountInfo<'info>],
        oracles: &OracleSet,
        shard: &Pubkey,
        epoch: u32,
    ) -> Result<Self> {
        let mut data: [Option<Ref<&mut [u8]>>; MAX_ORACLES] = [const { None }; MAX_ORACLES];
        let mut count = 0usize;
        for (oracle, place) in oracles.active(epoch).zip(&mut data) {
            let account = accounts.get(count).or_refuse(StipendError::ReportAccountMissing)?;
            count = count.saturating_add(1);
            *place = borrow(account, shard, &oracle.key)?;
        }
        ensure_that!((accounts.len()) == count, StipendError::ReportAccountExtra);
        Ok(Self { data, count })
    }

    /// One for each active oracle.
    pub fn data(&self) -> impl Iterator<Item = Option<&[u8]>> {
        self.data.iter().take(self.count).map(|data| data.as_ref().map(|data| &***data))
    }
}

/// Header and entries of a report that was opened and is of `epoch`.
///
/// Errors: those of [`Tail::split`].
pub fn read_report(data: Option<&[u8]>, epoch: u32) -> Result<Option<(&Report, &[Entry])>> {
    let Some(data) = data else {
        return Ok(None);
    };
    let report = Report::split(data)?;
    Ok(Some(report).filter(|(header, _)| header.epoch == epoch))
}

/// The data of `oracle`'s report of `shard`, or `None` if it was never opened.
///
/// A report says itself of which shard and oracle it is, and the program makes only one for each; the address of one that
/// was never opened must be derived, which is dearer but seldom.
fn borrow<'a, 'info: 'a>(
    account: &'a AccountInfo<'info>,
    shard: &Pubkey,
    oracle: &Pubkey,
) -> Result<Option<Ref<'a, &'a mut [u8]>>> {
    if *account.owner == system_program::ID {
        let seeds = [REPORT_SEED, shard.as_ref(), oracle.as_ref()];
        let (address, _) = Pubkey::find_program_address(&seeds, &crate::ID);
        ensure!(*account.key == address, StipendError::ReportOracleMismatch);
        return Ok(None);
    }
    let data = open(account)?;
    let (header, _) = Report::split(&data)?;
    ensure!(address_eq(&header.shard, shard), StipendError::ReportShardMismatch);
    ensure!(address_eq(&header.oracle, oracle), StipendError::ReportOracleMismatch);
    Ok(Some(data))
}
