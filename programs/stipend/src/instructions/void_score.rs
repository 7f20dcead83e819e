use crate::{error::StipendError, event::ScoreVoided, state::*};
use anchor_lang::prelude::*;

/// Accounts of [`void_score`].
#[derive(Accounts)]
pub struct VoidScore<'info> {
    /// The arbiter of the policy that the epoch was scored by.
    pub arbiter: Signer<'info>,
    /// The network.
    pub network: AccountLoader<'info, Network>,
    /// The shard.
    #[account(mut, has_one = network @ StipendError::ShardNetworkMismatch)]
    pub shard: AccountLoader<'info, Shard>,
}

/// Takes the score of a slot away, in the dispute window of the shard's last scored epoch, which is closed.
///
/// Who: the arbiter of the epoch's policy, whatever the policy is by now. What must hold: the epoch is closed, its dispute window
/// is not over, and the shard is not settled. A pause changes nothing: the window goes on. What changes: the slot earns nothing in
/// the epoch. The rate stays, so nobody gains by it: what the slot would have earned goes back to the budget when the epoch's last
/// shard is settled.
/// Errors: [`StipendError::ReasonMissing`], [`StipendError::ArbiterMismatch`], [`StipendError::DisputeWindowClosed`],
/// [`StipendError::EpochNotClosed`] and those of [`Shard::void`].
pub fn void_score(ctx: Context<VoidScore>, slot: u16, reason: [u8; 32]) -> Result<()> {
    require!(reason != [0; 32], StipendError::ReasonMissing);
    let network = ctx.accounts.network.load()?;
    network.invariant()?;
    let mut data = ctx.accounts.shard.as_ref().try_borrow_mut_data()?;
    let (shard, slots) = Shard::split_mut(&mut data)?;
    require!(shard.is_unsettled(), StipendError::ShardAlreadySettled);
    let epoch = shard.scored_epoch;
    let closed = network.closed(epoch)?;
    require_gt!(closed.dispute_end, Clock::get()?.unix_timestamp, StipendError::DisputeWindowClosed);
    require_keys_eq!(ctx.accounts.arbiter.key(), closed.arbiter, StipendError::ArbiterMismatch);
    let score = shard.void(slots, slot)?;
    shard.invariant(slots)?;
    emit!(ScoreVoided { shard: ctx.accounts.shard.key(), epoch, slot, score, arbiter: closed.arbiter, reason });
    Ok(())
}
