use super::ActOnNode;
use crate::{error::StipendError, event::BoostChanged};
use anchor_lang::prelude::*;

/// Gives a node another boost from the next epoch on.
///
/// - `boost_bps`: factor on its score; 10,000 is none. Where a later policy has narrower bounds, it counts within them.
///
/// Who: the authority. What must hold: the boost is within the bounds of that epoch's policy; the node is live.
/// Errors: [`StipendError::AuthorityMismatch`], [`StipendError::BoostOutOfRange`], [`StipendError::NodeRetired`],
/// [`StipendError::BoostPending`] and those of [`ActOnNode::act`].
pub fn set_boost(ctx: Context<ActOnNode>, device: Pubkey, boost_bps: u16) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let network_key = ctx.accounts.network.key();
    let changed = ctx.accounts.act(&device, |signer, network, slot| {
        require_keys_eq!(network.authority, *signer, StipendError::AuthorityMismatch);
        let from_epoch = network.schedule().next_epoch(now);
        let policy = network.policy_at(from_epoch);
        let is_within = (policy.min_boost_bps..=policy.max_boost_bps).contains(&boost_bps);
        require!(is_within, StipendError::BoostOutOfRange);
        let old_boost_bps = slot.set_boost(boost_bps, from_epoch, network.open_epoch)?;
        Ok(BoostChanged {
            network: network_key,
            device,
            old_boost_bps,
            new_boost_bps: boost_bps,
            from_epoch,
            policy_from_epoch: policy.from_epoch,
        })
    })?;
    emit!(changed);
    Ok(())
}
