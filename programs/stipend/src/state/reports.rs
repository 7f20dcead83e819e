//! The reports of one shard by all oracles that are active in an epoch.

use super::{Entry, OracleSet, Report, Tail};
use crate::{
    constants::{MAX_ORACLES, REPORT_SEED},
    error::StipendError,
};
use anchor_lang::{prelude::*, system_program};
use core::cell::Ref;

/// The data of each active oracle's report, in the set's order; none where a report was never opened.
pub struct Reports<'info> {
    data: Vec<Option<Ref<'info, &'info mut [u8]>>>,
}

impl<'info> Reports<'info> {
    /// Checks that `accounts` are the reports of `shard` by every oracle active in `epoch`, and nothing else.
    ///
    /// Errors: [`StipendError::ReportAccountMissing`], [`StipendError::ReportAccountExtra`],
    /// [`StipendError::ReportShardMismatch`], [`StipendError::ReportOracleMismatch`], and those of [`AccountLoader`].
    pub fn open(
        accounts: &'info [AccountInfo<'info>],
        oracles: &OracleSet,
        shard: &Pubkey,
        epoch: u32,
    ) -> Result<Self> {
        let mut data = Vec::with_capacity(MAX_ORACLES);
        for oracle in oracles.active(epoch) {
            let account = accounts.get(data.len()).ok_or(StipendError::ReportAccountMissing)?;
            data.push(borrow(account, shard, &oracle.key)?);
        }
        require_eq!(accounts.len(), data.len(), StipendError::ReportAccountExtra);
        Ok(Self { data })
    }

    /// For each active oracle, header and entries of its report if that was opened and is of `epoch`.
    pub fn of(&self, epoch: u32) -> impl Iterator<Item = Result<Option<(&Report, &[Entry])>>> {
        self.data.iter().map(move |data| {
            let report = data.as_ref().map(|data| Report::split(data)).transpose()?;
            Ok(report.filter(|(header, _)| header.epoch == epoch))
        })
    }
}

/// The data of `oracle`'s report of `shard`, or `None` if it was never opened.
///
/// A report says itself of which shard and oracle it is, and the program makes only one for each; the address of one that
/// was never opened must be derived.
fn borrow<'info>(
    account: &'info AccountInfo<'info>,
    shard: &Pubkey,
    oracle: &Pubkey,
) -> Result<Option<Ref<'info, &'info mut [u8]>>> {
    if *account.owner == system_program::ID {
        let seeds = [REPORT_SEED, shard.as_ref(), oracle.as_ref()];
        let (address, _) = Pubkey::find_program_address(&seeds, &crate::ID);
        require_keys_eq!(account.key(), address, StipendError::ReportOracleMismatch);
        return Ok(None);
    }
    {
        let report = AccountLoader::<Report>::try_from(account)?;
        let header = report.load()?;
        require_keys_eq!(header.shard, *shard, StipendError::ReportShardMismatch);
        require_keys_eq!(header.oracle, *oracle, StipendError::ReportOracleMismatch);
    }
    Ok(Some(account.try_borrow_data()?))
}
