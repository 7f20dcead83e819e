use super::Governed;
use crate::event::{self, AuthorityProposed};
use anchor_lang::prelude::*;

/// Names who may become the authority by [`accept_authority`](super::accept_authority()); all zeros for nobody.
///
/// Two steps, so that no authority is lost to a key that nobody holds.
///
/// Who: the authority. What changes: the pending authority.
/// Errors: [`AuthorityMismatch`](crate::error::StipendError::AuthorityMismatch).
pub fn propose_authority(accounts: &[AccountInfo], new_pending: Pubkey) -> Result<()> {
    let mut governed = Governed::by_authority(accounts)?;
    let old_pending = core::mem::replace(&mut governed.network.pending_authority, new_pending);
    governed.network.invariant()?;
    event::log(&AuthorityProposed { network: governed.key, old_pending, new_pending })
}
