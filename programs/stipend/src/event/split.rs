//! Splits are made, changed and closed.

use crate::state::Split;
use anchor_lang::prelude::*;

/// A split is new, or has other recipients, shares or another authority.
#[event]
pub struct SplitSet {
    /// The split.
    pub split: Pubkey,
    /// Who may change it; all zeros for nobody.
    pub authority: Pubkey,
    /// Who is paid.
    pub recipients: Vec<Pubkey>,
    /// The share of each, in basis points.
    pub shares_bps: Vec<u16>,
}

impl SplitSet {
    /// What a split says now.
    pub fn new(address: Pubkey, split: &Split) -> Self {
        Self {
            split: address,
            authority: split.authority,
            recipients: split.recipients().map(|recipient| recipient.wallet).collect(),
            shares_bps: split.recipients().map(|recipient| recipient.share_bps).collect(),
        }
    }
}

/// A split is gone.
#[event]
pub struct SplitClosed {
    /// The split.
    pub split: Pubkey,
}
