use super::act_on_node;
use crate::{
    ensure,
    error::StipendError,
    event::{self, NodeTransferred},
};
use anchor_lang::prelude::*;

/// Gives a node another owner.
///
/// What has accrued and is not claimed goes along, as does what epochs that are not settled will bring: an owner who wants
/// it claims first, in the same transaction if need be.
///
/// Who: the owner. What must hold: the node is live. What changes: who is paid.
/// Errors: [`StipendError::OwnerZero`], [`StipendError::OwnerMismatch`], [`StipendError::NodeRetired`] and those of
/// [`act_on_node`].
pub fn transfer_node(accounts: &[AccountInfo], new_owner: Pubkey) -> Result<()> {
    ensure!(new_owner != Pubkey::default(), StipendError::OwnerZero);
    let ((old_owner, accrued_atoms), node) = act_on_node(accounts, |signer, _, _, slot| {
        ensure!(slot.owner == *signer, StipendError::OwnerMismatch);
        ensure!(slot.is_live(), StipendError::NodeRetired);
        Ok((core::mem::replace(&mut slot.owner, new_owner), slot.accrued_atoms))
    })?;
    event::log(&NodeTransferred { node, old_owner, new_owner, accrued_atoms })
}
