use super::Governed;
use crate::event::{self, NetworkResumed};
use anchor_lang::prelude::*;

/// Lets reports, scoring and claims go on.
///
/// Who: the authority. What must hold: the network is paused. What changes: the report and scoring windows of every epoch
/// that is over and not closed begin anew.
/// Errors: [`AuthorityMismatch`](crate::error::StipendError::AuthorityMismatch),
/// [`NotPaused`](crate::error::StipendError::NotPaused).
pub fn resume(accounts: &[AccountInfo]) -> Result<()> {
    let mut governed = Governed::by_authority(accounts)?;
    let resumed_at = Clock::get()?.unix_timestamp;
    governed.network.resume(resumed_at)?;
    governed.network.invariant()?;
    event::log(&NetworkResumed { network: governed.key, resumed_at })
}
