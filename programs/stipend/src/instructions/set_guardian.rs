use super::Governed;
use crate::event::{self, GuardianChanged};
use anchor_lang::prelude::*;

/// Names who may pause and not resume; all zeros for nobody.
///
/// Who: the authority. What changes: the guardian, at once.
/// Errors: [`AuthorityMismatch`](crate::error::StipendError::AuthorityMismatch).
pub fn set_guardian(accounts: &[AccountInfo], new_guardian: Pubkey) -> Result<()> {
    let mut governed = Governed::by_authority(accounts)?;
    let old_guardian = core::mem::replace(&mut governed.network.guardian, new_guardian);
    governed.network.invariant()?;
    event::log(&GuardianChanged { network: governed.key, old_guardian, new_guardian })
}
