use super::ActOnNode;
use crate::{error::StipendError, event::NodeRetired};
use anchor_lang::prelude::*;

/// Ends a node's time: it earns from every epoch that is over, and not from the one under way.
///
/// - `reason`: UTF-8, filled up with zeros; it stands in the event.
///
/// What it earned is settled and claimed as ever; then [`close_node`](super::close_node()) pays its deposit back.
///
/// Who: the owner, or the authority of the split that owns it; or the registrar, as eviction, with a reason. What must hold: the node is live. What changes: the slot is
/// retired.
/// Errors: [`StipendError::RetirerMismatch`], [`StipendError::ReasonMissing`], [`StipendError::NodeRetired`] and
/// those of [`ActOnNode::owner`] and [`ActOnNode::act`].
pub fn retire_node(ctx: Context<ActOnNode>, device: Pubkey, reason: [u8; 32]) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let owner = ctx.accounts.owner()?;
    let (owner, until, by) = ctx.accounts.act(&device, |signer, network, slot| {
        let until = network.schedule().current_epoch(now);
        let by = if owner == slot.owner {
            RetiredBy::Owner
        } else {
            // Nobody can sign for all zeros, which stand for no registrar.
            require_keys_eq!(*signer, network.policy_at(until).registrar, StipendError::RetirerMismatch);
            require!(reason != [0; 32], StipendError::ReasonMissing);
            RetiredBy::Registrar
        };
        slot.retire(until)?;
        Ok((slot.owner, until, by as u8))
    })?;
    emit!(NodeRetired { network: ctx.accounts.network.key(), device, owner, until, by, reason });
    Ok(())
}

/// Who ended a node's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum RetiredBy {
    /// Its owner.
    Owner = 1,
    /// The network's registrar: an eviction.
    Registrar = 2,
}
