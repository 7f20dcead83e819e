//! Networks: their life, their rules, who sets them.

use crate::state::{EmissionParams, PolicyParams};
use anchor_lang::prelude::*;

/// A network began; if it is the first of its mint, the mint's authority moved to the program.
#[event]
pub struct NetworkCreated {
    /// The network.
    pub network: Pubkey,
    /// Its mint.
    pub mint: Pubkey,
    /// Its number among the networks of the mint.
    pub id: u16,
    /// Who sets its rules.
    pub authority: Pubkey,
    /// Who may pause it; all zeros for nobody.
    pub guardian: Pubkey,
    /// What its oracles sign for.
    pub domain: [u8; 8],
    /// What bandwidth is measured in.
    pub unit: [u8; 16],
    /// Atoms that it may ever emit.
    pub cap_atoms: u64,
}

/// A network is gone, and its rent is paid back.
#[event]
pub struct NetworkClosed {
    /// The network.
    pub network: Pubkey,
    /// Its mint.
    pub mint: Pubkey,
    /// Its number among the networks of the mint.
    pub id: u16,
    /// Who may mint from now on: the authority again if no epoch ever closed, or this program for other networks of the
    /// mint; all zeros for nobody, ever.
    pub mint_authority: Pubkey,
}

/// Somebody else may accept to be the authority.
#[event]
pub struct AuthorityProposed {
    /// The network.
    pub network: Pubkey,
    /// Who could until now; all zeros for nobody.
    pub old_pending: Pubkey,
    /// Who can from now on; all zeros for nobody.
    pub new_pending: Pubkey,
}

/// Somebody else sets the rules.
#[event]
pub struct AuthorityChanged {
    /// The network.
    pub network: Pubkey,
    /// Who did until now.
    pub old_authority: Pubkey,
    /// Who does from now on.
    pub new_authority: Pubkey,
}

/// Somebody else may pause.
#[event]
pub struct GuardianChanged {
    /// The network.
    pub network: Pubkey,
    /// Who could until now; all zeros for nobody.
    pub old_guardian: Pubkey,
    /// Who can from now on; all zeros for nobody.
    pub new_guardian: Pubkey,
}

/// No reports, no scoring, no claims until the authority resumes.
#[event]
pub struct NetworkPaused {
    /// The network.
    pub network: Pubkey,
    /// The guardian or the authority.
    pub by: Pubkey,
    /// Unix seconds at which the pause ends by itself; the greatest of all if only the authority ends it.
    pub ends_at: i64,
}

/// Reports, scoring and claims go on.
#[event]
pub struct NetworkResumed {
    /// The network.
    pub network: Pubkey,
    /// Unix seconds from which the windows of the open epoch begin, if it is over.
    pub resumed_at: i64,
}

/// Other rules hold from an epoch on.
#[event]
pub struct PolicyUpdated {
    /// The network.
    pub network: Pubkey,
    /// The first epoch that the new rules hold for.
    pub from_epoch: u32,
    /// The rules of the open epoch.
    pub old_policy: PolicyParams,
    /// What they emit.
    pub old_emission: EmissionParams,
    /// The rules that replace them.
    pub new_policy: PolicyParams,
    /// What these emit.
    pub new_emission: EmissionParams,
}
