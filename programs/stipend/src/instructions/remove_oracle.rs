use super::Governed;
use crate::event::{self, OracleRemoved};
use anchor_lang::prelude::*;

/// Removes an oracle from the next epoch on, or at once, which voids its reports of shards that are not yet scored.
///
/// Who: the authority. What must hold: the oracle is in the set. What changes: the oracle set. Fewer oracles than the
/// quorum may remain: then nothing scores until others are added, which is what a stolen key asks for.
/// Errors: [`AuthorityMismatch`](crate::error::StipendError::AuthorityMismatch),
/// [`OracleUnknown`](crate::error::StipendError::OracleUnknown).
pub fn remove_oracle(accounts: &[AccountInfo], oracle: Pubkey, at_once: bool) -> Result<()> {
    let Governed { key, mut network, .. } = Governed::by_authority(accounts)?;
    let now = Clock::get()?.unix_timestamp;
    let active_until = if at_once { network.open_epoch } else { network.schedule().next_epoch(now) };
    network.oracles.remove(&oracle, active_until)?;
    network.invariant()?;
    event::log(&OracleRemoved { network: key, oracle, active_until })
}
