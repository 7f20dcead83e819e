use super::ActOnNode;
use crate::{error::StipendError, event::NodeTransferred};
use anchor_lang::prelude::*;

/// Gives a node another owner.
///
/// What has accrued and is not claimed goes along, as does what epochs that are not settled will bring: an owner who wants
/// it claims first, in the same transaction if need be.
///
/// Who: the owner. What must hold: the node is live. What changes: who is paid.
/// Errors: [`StipendError::OwnerZero`], [`StipendError::OwnerMismatch`], [`StipendError::NodeRetired`] and those of
/// [`ActOnNode::act`].
pub fn transfer_node(ctx: Context<ActOnNode>, device: Pubkey, new_owner: Pubkey) -> Result<()> {
    require_keys_neq!(new_owner, Pubkey::default(), StipendError::OwnerZero);
    let (old_owner, accrued_atoms) = ctx.accounts.act(&device, |signer, _, slot| {
        require_keys_eq!(slot.owner, *signer, StipendError::OwnerMismatch);
        require!(slot.is_live(), StipendError::NodeRetired);
        Ok((core::mem::replace(&mut slot.owner, new_owner), slot.accrued_atoms))
    })?;
    ctx.accounts.network.load_mut()?.note_owner();
    emit!(NodeTransferred { network: ctx.accounts.network.key(), device, old_owner, new_owner, accrued_atoms });
    Ok(())
}
