use super::act_on_node;
use crate::{
    ensure,
    error::StipendError,
    event::{self, NodeRetired},
    state::*,
};
use anchor_lang::prelude::*;

/// Ends a node's time: it earns from every epoch that is over, and not from the one under way.
///
/// - `reason`: UTF-8, filled up with zeros.
///
/// What it earned is settled and claimed as ever; then [`close_node`](super::close_node()) pays bond and rent back.
///
/// Who: the owner; or the registrar, as eviction, with a reason. What must hold: the node is live. What changes: the node
/// and its slot are retired.
/// Errors: [`StipendError::RetirerMismatch`], [`StipendError::EvictionReasonMissing`], [`StipendError::NodeRetired`],
/// [`StipendError::BoostPending`] and those of [`act_on_node`].
pub fn retire_node(accounts: &[AccountInfo], reason: [u8; 32]) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let ((owner, until, by), node) = act_on_node(accounts, |signer, network, node, slot| {
        let until = network.schedule().current_epoch(now);
        let by = if *signer == slot.owner {
            RetiredBy::Owner
        } else {
            // Nobody can sign for all zeros, which stand for no registrar.
            ensure!(*signer == network.policy_at(until).registrar, StipendError::RetirerMismatch);
            ensure!(reason != [0; 32], StipendError::EvictionReasonMissing);
            RetiredBy::Registrar
        };
        node.retire(until, by, reason)?;
        slot.retire(until, network.open_epoch)?;
        Ok((slot.owner, until, by as u8))
    })?;
    event::log(&NodeRetired { node, owner, until, by, reason })
}
