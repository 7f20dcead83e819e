use crate::{constants::*, event::EpochClosed, state::*};
use anchor_lang::prelude::*;

/// Accounts of [`close_epoch`].
#[derive(Accounts)]
pub struct CloseEpoch<'info> {
    /// The network.
    #[account(mut)]
    pub network: AccountLoader<'info, Network>,
}

/// Closes the open epoch, and with it every following one that can be closed by now, up to [`MAX_CLOSES`] in all: idle
/// epochs cost a network that slept one call.
///
/// Only the first one's errors are the instruction's: it keeps what it closed.
///
/// Who: anybody. What must hold: the epoch is over, and all shards with a node that can earn are scored or its scoring window
/// is closed. What changes: emission and total score become a rate in the ring, and the next epoch is open.
/// Errors, of the first epoch: [`StipendError::EpochNotEnded`](crate::error::StipendError::EpochNotEnded),
/// [`StipendError::ShardsNotScored`](crate::error::StipendError::ShardsNotScored),
/// [`StipendError::ScoringPaused`](crate::error::StipendError::ScoringPaused),
/// [`StipendError::RingEntryUnsettled`](crate::error::StipendError::RingEntryUnsettled).
pub fn close_epoch(ctx: Context<CloseEpoch>) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let mut network = ctx.accounts.network.load_mut()?;
    for _ in 0..MAX_CLOSES {
        let closed = network.close(now)?;
        network.invariant()?;
        emit!(EpochClosed {
            network: ctx.accounts.network.key(),
            epoch: closed.epoch,
            emission_atoms: closed.emission_atoms,
            kept_back_atoms: closed.kept_back_atoms,
            total_score: closed.total_score,
            policy_from_epoch: closed.policy_from_epoch,
        });
        if !network.is_closable(now)? {
            break;
        }
    }
    Ok(())
}
