use super::act_on_node::*;
use crate::{error::StipendError, event::NodeTransferred, state::*};
use anchor_lang::prelude::*;

/// Accounts of [`transfer_node`].
#[derive(Accounts)]
pub struct TransferNode<'info> {
    /// The node, and its owner.
    pub node: ActOnNode<'info>,
    /// CHECK: who is to be paid; a split counts the nodes that it owns.
    #[account(mut)]
    pub new_owner: UncheckedAccount<'info>,
}

/// Gives a node another owner.
///
/// What has accrued and is not claimed goes along, as does what epochs that are not settled will bring: an owner who wants
/// it claims first, in the same transaction if need be.
///
/// Who: the owner, or the authority of the split that owns it. What must hold: the node is live. What changes: who is paid.
/// Errors: [`StipendError::OwnerMismatch`], [`StipendError::OwnerRefused`],
/// [`StipendError::NodeRetired`] and those of [`ActOnNode::owner`] and [`ActOnNode::act`].
pub fn transfer_node(ctx: Context<TransferNode>, device: Pubkey) -> Result<()> {
    let TransferNode { node, new_owner: new_account } = ctx.accounts;
    let (owner, new_owner) = (node.owner()?, new_account.key());
    let (old_owner, accrued_atoms) = node.act(&device, |_, _, slot| {
        require_keys_eq!(slot.owner, owner, StipendError::OwnerMismatch);
        require!(slot.is_live(), StipendError::NodeRetired);
        Ok((core::mem::replace(&mut slot.owner, new_owner), slot.accrued_atoms))
    })?;
    node.split.as_ref().map_or(Ok(()), |split| note_lost(split.as_ref()))?;
    note_gained(new_account)?;
    node.network.load_mut()?.note_owner();
    emit!(NodeTransferred { network: node.network.key(), device, old_owner, new_owner, accrued_atoms });
    Ok(())
}
