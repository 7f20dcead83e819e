use super::act_on_node;
use crate::{
    ensure,
    error::StipendError,
    event::{self, BoostChanged},
};
use anchor_lang::prelude::*;

/// Gives a node another boost from the next epoch on.
///
/// - `boost_bps`: factor on its score; 10,000 is none.
///
/// Who: the authority. What must hold: the boost is within the bounds of that epoch's policy; the node is live.
/// Errors: [`StipendError::AuthorityMismatch`], [`StipendError::BoostOutOfRange`], [`StipendError::NodeRetired`],
/// [`StipendError::BoostPending`] and those of [`act_on_node`].
pub fn set_boost(accounts: &[AccountInfo], boost_bps: u16) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let (mut changed, node) = act_on_node(accounts, |signer, network, _, slot| {
        ensure!(network.authority == *signer, StipendError::AuthorityMismatch);
        let from_epoch = network.schedule().next_epoch(now);
        let policy = network.policy_at(from_epoch);
        let is_within = (policy.min_boost_bps..=policy.max_boost_bps).contains(&boost_bps);
        ensure!(is_within, StipendError::BoostOutOfRange);
        slot.set_boost(boost_bps, from_epoch, network.open_epoch)?;
        Ok(BoostChanged {
            node: Pubkey::default(),
            old_boost_bps: slot.boost_bps,
            new_boost_bps: boost_bps,
            from_epoch,
            policy_from_epoch: policy.from_epoch,
        })
    })?;
    changed.node = node;
    event::log(&changed)
}
