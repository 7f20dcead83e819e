use super::GovernByAuthority;
use crate::{
    event::PolicyUpdated,
    state::{EmissionParams, Policy, PolicyParams},
};
use anchor_lang::prelude::*;

/// Gives the network other rules from an epoch on that has not begun.
///
/// - `from_epoch`: the first epoch that they hold for. What was to hold from a later or earlier one that has not begun
///   either is replaced.
/// - `emission`: a new schedule that begins with that epoch; none leaves the present one as it is.
///
/// Both policies stand in the network until the open epoch is the new one's first: an epoch that was measured under one is
/// scored and closed by it.
///
/// Who: the authority. What must hold: every parameter is in its range, the quorum stays above half of the oracles.
/// Errors: one for each parameter, see [`PolicyParams`] and [`EmissionParams`]; [`AuthorityMismatch`](crate::error::StipendError::AuthorityMismatch),
/// [`MintLimitTooLow`](crate::error::StipendError::MintLimitTooLow) and those of [`Network::replace_policy`](crate::state::Network::replace_policy).
pub fn update_policy(
    ctx: Context<GovernByAuthority>,
    from_epoch: u32,
    params: PolicyParams,
    emission: Option<EmissionParams>,
) -> Result<()> {
    let mut network = ctx.accounts.network.load_mut()?;
    params.validate(network.epoch_secs)?;
    let old = network.policy;
    let (next, per_epoch_atoms) = match emission {
        Some(emission) => {
            emission.validate()?;
            (Policy::new(from_epoch, &params, &emission), emission.per_epoch_atoms)
        }
        None => (old.followed_by(from_epoch, &params), network.emission.per_epoch_atoms),
    };
    next.check_mint_limit(per_epoch_atoms)?;
    network.replace_policy(next, Clock::get()?.unix_timestamp)?;
    network.invariant()?;
    emit!(PolicyUpdated {
        network: ctx.accounts.network.key(),
        from_epoch,
        old_policy: old.params(),
        old_emission: old.emission_params(),
        new_policy: next.params(),
        new_emission: next.emission_params(),
    });
    Ok(())
}
