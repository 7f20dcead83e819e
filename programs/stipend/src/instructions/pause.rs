use super::Govern;
use crate::event::NetworkPaused;
use anchor_lang::prelude::*;

/// Stops reports, scoring and claims: by the authority until it resumes, by the guardian for 7 days, and not again within the 7
/// days after.
///
/// Nothing that was earned is lost: while it lasts, no epoch is closed over a shard that is not scored, and when it ends, the
/// windows of the open epoch begin. Settling, registering and retiring go on.
///
/// Who: the guardian, or the authority. What must hold: the network is not paused; the authority may make a guardian's pause
/// its own.
/// Errors: those of [`Network::pause`](crate::state::Network::pause).
pub fn pause(ctx: Context<Govern>) -> Result<()> {
    let by = ctx.accounts.authority.key();
    let mut network = ctx.accounts.network.load_mut()?;
    network.pause(&by, Clock::get()?.unix_timestamp)?;
    network.invariant()?;
    emit!(NetworkPaused { network: ctx.accounts.network.key(), by, ends_at: network.pause_ends_at });
    Ok(())
}
