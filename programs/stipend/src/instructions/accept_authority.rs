use super::Governed;
use crate::{
    ensure,
    error::StipendError,
    event::{self, AuthorityChanged},
};
use anchor_lang::prelude::*;

/// Takes over a network.
///
/// Who: the one that the authority proposed; a multisig's vault too. What changes: the authority; nobody is pending.
/// Errors: [`StipendError::PendingAuthorityMismatch`].
pub fn accept_authority(accounts: &[AccountInfo]) -> Result<()> {
    let Governed { signer, key, mut network } = Governed::by_anybody(accounts)?;
    // Nobody can sign for all zeros, which stand for nobody.
    ensure!(network.pending_authority == signer, StipendError::PendingAuthorityMismatch);
    network.pending_authority = Pubkey::default();
    let old_authority = core::mem::replace(&mut network.authority, signer);
    network.invariant()?;
    event::log(&AuthorityChanged { network: key, old_authority, new_authority: signer })
}
