use super::Governed;
use crate::{
    ensure,
    error::StipendError,
    event::{self, NetworkPaused},
};
use anchor_lang::prelude::*;

/// Stops reports, scoring and claims, until the authority resumes.
///
/// Nothing that was earned is lost: while it lasts, no epoch is closed over a shard that is not scored, and once it is
/// over, the windows of all epochs that are not closed begin anew. Settling, registering and retiring go on.
///
/// Who: the guardian, or the authority. What must hold: the network is not paused.
/// Errors: [`StipendError::GuardianMismatch`], [`StipendError::AlreadyPaused`].
pub fn pause(accounts: &[AccountInfo]) -> Result<()> {
    let Governed { signer, key, mut network } = Governed::by_anybody(accounts)?;
    ensure!(signer == network.guardian || signer == network.authority, StipendError::GuardianMismatch);
    network.pause()?;
    network.invariant()?;
    event::log(&NetworkPaused { network: key, by: signer })
}
