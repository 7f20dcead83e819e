use crate::{
    account::{check, take, write},
    constants::*,
    event::{self, EpochClosed},
    state::*,
};
use anchor_lang::prelude::*;

/// Accounts of [`close_epoch`].
#[derive(Accounts)]
pub struct CloseEpoch<'info> {
    /// The network.
    #[account(mut)]
    pub network: AccountLoader<'info, Network>,
}

/// Closes the open epoch, and with it every following one that can be closed by now, up to [`MAX_CLOSES`] in all.
///
/// Only the first one's errors are the instruction's: it keeps what it closed. A scored epoch that nobody had closed can
/// so be settled before its place in the ring is needed again, however long the network slept.
///
/// Who: anybody. What must hold: the epoch is over, and all shards are scored or its scoring window is closed. What changes:
/// emission and total score become a rate in the ring, and the next epoch is open.
/// Errors, of the first epoch: [`StipendError::EpochNotEnded`](crate::error::StipendError::EpochNotEnded),
/// [`StipendError::ShardsNotScored`](crate::error::StipendError::ShardsNotScored),
/// [`StipendError::ScoringPaused`](crate::error::StipendError::ScoringPaused),
/// [`StipendError::RingEntryUnsettled`](crate::error::StipendError::RingEntryUnsettled).
pub fn close_epoch(accounts: &[AccountInfo]) -> Result<()> {
    let [network_info] = take(accounts)?;
    check::<Network>(network_info)?;
    let now = Clock::get()?.unix_timestamp;
    let mut network = write::<Network>(network_info)?;
    let mut closes = 0usize;
    loop {
        let closed = network.close(now)?;
        network.invariant()?;
        event::log(&EpochClosed {
            network: *network_info.key,
            epoch: closed.epoch,
            emission_atoms: closed.emission_atoms,
            total_score: closed.total_score,
            policy_from_epoch: closed.policy_from_epoch,
        })?;
        closes = closes.saturating_add(1);
        if closes == MAX_CLOSES || !network.is_closable(now)? {
            return Ok(());
        }
    }
}
