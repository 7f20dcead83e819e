//! The rules of a network that may change, each from an epoch on that has not begun.

use super::Entry;
use crate::{
    arg_fields,
    constants::*,
    ensure, ensure_that,
    error::StipendError,
    math::{score::ScoringRules, BPS},
};
use anchor_lang::prelude::*;

/// What a network chooses, and may choose anew for an epoch that has not begun.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PolicyParams {
    /// From an epoch's end, how long its reports are taken: at least 1 second.
    pub report_secs: u32,
    /// From an epoch's end, how long its shards may be scored: at least `report_secs` and one epoch together.
    pub score_secs: u32,
    /// Weight of being up: 0..=10,000; the rest is the weight of bandwidth.
    pub uptime_weight_bps: u16,
    /// Uptime below this scores nothing: 0..=10,000.
    pub min_uptime_bps: u16,
    /// Bandwidth past this earns nothing more: 1..=4,294,967,294, in the network's unit.
    pub bandwidth_cap: u32,
    /// Least boost that the authority may give a node: 0..=10,000, where 10,000 is none.
    pub min_boost_bps: u16,
    /// Greatest boost that the authority may give a node: 10,000..=65,535.
    pub max_boost_bps: u16,
    /// How far an oracle's value may lie from the median before its record counts it: 0..=10,000 of the median.
    pub tolerance_bps: u16,
    /// Oracles that must have measured a value for it to count: 1..=16.
    pub quorum: u8,
    /// Who co-signs registrations and may evict, if anybody.
    pub registrar: Option<Pubkey>,
    /// Lamports that each registration leaves as a bond.
    pub bond_lamports: u64,
    /// Lamports that each oracle leaves as a bond.
    pub oracle_bond_lamports: u64,
    /// Atoms that claims may mint in one epoch's length of time: 0 for no limit, else at least what an epoch emits.
    pub mint_limit_atoms: u64,
}

/// How much a network emits.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EmissionParams {
    /// Atoms of the schedule's first epoch, before any decay: at least 1.
    pub per_epoch_atoms: u64,
    /// What a decay step takes away: 0..=10,000.
    pub decay_bps: u16,
    /// Epochs between two decay steps, counted from the schedule's first; 0 is never, and then `decay_bps` is 0 too.
    pub decay_every_epochs: u32,
    /// Empty epochs in a row whose emission is carried: 0..=1,000.
    pub carry_epochs: u16,
}

arg_fields!(PolicyParams {
    report_secs,
    score_secs,
    uptime_weight_bps,
    min_uptime_bps,
    bandwidth_cap,
    min_boost_bps,
    max_boost_bps,
    tolerance_bps,
    quorum,
    registrar,
    bond_lamports,
    oracle_bond_lamports,
    mint_limit_atoms,
});
arg_fields!(EmissionParams { per_epoch_atoms, decay_bps, decay_every_epochs, carry_epochs });

impl PolicyParams {
    /// Every bound, one error each. `epoch_secs` is the length of an epoch.
    pub fn validate(&self, epoch_secs: u32) -> Result<()> {
        let least_score_secs = u64::from(self.report_secs).saturating_add(u64::from(epoch_secs));
        ensure_that!((self.report_secs) > 0, StipendError::ReportWindowEmpty);
        ensure_that!((u64::from(self.score_secs)) >= least_score_secs, StipendError::ScoringWindowTooShort);
        ensure_that!(BPS >= self.uptime_weight_bps, StipendError::UptimeWeightOutOfRange);
        ensure_that!(BPS >= self.min_uptime_bps, StipendError::MinUptimeOutOfRange);
        ensure!((1..Entry::NO_BANDWIDTH).contains(&self.bandwidth_cap), StipendError::BandwidthCapOutOfRange);
        ensure!((self.min_boost_bps..=self.max_boost_bps).contains(&NO_BOOST_BPS), StipendError::BoostBoundsWrong);
        ensure_that!(BPS >= self.tolerance_bps, StipendError::ToleranceOutOfRange);
        ensure!((1..=MAX_ORACLES).contains(&usize::from(self.quorum)), StipendError::QuorumOutOfRange);
        Ok(())
    }
}

impl EmissionParams {
    /// Every bound, one error each.
    pub fn validate(&self) -> Result<()> {
        ensure_that!((self.per_epoch_atoms) > 0, StipendError::EmissionZero);
        ensure_that!(BPS >= self.decay_bps, StipendError::DecayOutOfRange);
        ensure!((self.decay_bps == 0) == (self.decay_every_epochs == 0), StipendError::DecayIncomplete);
        ensure_that!(MAX_CARRY_EPOCHS >= self.carry_epochs, StipendError::CarryOutOfRange);
        Ok(())
    }
}

/// [`PolicyParams`] and [`EmissionParams`], stored.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Policy {
    /// The first epoch that it holds for; [`NO_EPOCH`] where there is no policy.
    pub from_epoch: u32,
    /// The first epoch of its emission schedule, from which decay steps are counted.
    pub emission_from_epoch: u32,
    /// See [`PolicyParams`].
    pub report_secs: u32,
    /// See [`PolicyParams`].
    pub score_secs: u32,
    /// See [`PolicyParams`].
    pub bandwidth_cap: u32,
    /// See [`EmissionParams`].
    pub decay_every_epochs: u32,
    /// See [`PolicyParams`].
    pub uptime_weight_bps: u16,
    /// See [`PolicyParams`].
    pub min_uptime_bps: u16,
    /// See [`PolicyParams`].
    pub min_boost_bps: u16,
    /// See [`PolicyParams`].
    pub max_boost_bps: u16,
    /// See [`PolicyParams`].
    pub tolerance_bps: u16,
    /// See [`EmissionParams`].
    pub decay_bps: u16,
    /// See [`EmissionParams`].
    pub carry_epochs: u16,
    /// See [`PolicyParams`].
    pub quorum: u8,
    /// Zero.
    pub reserved: [u8; 1],
    /// See [`EmissionParams`].
    pub per_epoch_atoms: u64,
    /// See [`PolicyParams`].
    pub mint_limit_atoms: u64,
    /// See [`PolicyParams`].
    pub bond_lamports: u64,
    /// See [`PolicyParams`].
    pub oracle_bond_lamports: u64,
    /// Who co-signs registrations and may evict; all zeros for nobody.
    pub registrar: Pubkey,
}

impl Policy {
    /// The policy of `params` from `from_epoch` on, with a new emission schedule that begins there.
    pub fn new(from_epoch: u32, params: &PolicyParams, emission: &EmissionParams) -> Self {
        Self {
            from_epoch,
            emission_from_epoch: from_epoch,
            report_secs: params.report_secs,
            score_secs: params.score_secs,
            bandwidth_cap: params.bandwidth_cap,
            decay_every_epochs: emission.decay_every_epochs,
            uptime_weight_bps: params.uptime_weight_bps,
            min_uptime_bps: params.min_uptime_bps,
            min_boost_bps: params.min_boost_bps,
            max_boost_bps: params.max_boost_bps,
            tolerance_bps: params.tolerance_bps,
            decay_bps: emission.decay_bps,
            carry_epochs: emission.carry_epochs,
            quorum: params.quorum,
            reserved: [0],
            per_epoch_atoms: emission.per_epoch_atoms,
            mint_limit_atoms: params.mint_limit_atoms,
            bond_lamports: params.bond_lamports,
            oracle_bond_lamports: params.oracle_bond_lamports,
            registrar: params.registrar.unwrap_or_default(),
        }
    }

    /// The policy of `params` from `from_epoch` on, whose emission schedule goes on as this one's.
    pub fn followed_by(&self, from_epoch: u32, params: &PolicyParams) -> Self {
        let next = Self::new(from_epoch, params, &self.emission_params());
        Self { emission_from_epoch: self.emission_from_epoch, ..next }
    }

    /// Checks that claims can keep up with an epoch's emission of `per_epoch_atoms`.
    ///
    /// Errors: [`StipendError::MintLimitTooLow`].
    pub fn check_mint_limit(&self, per_epoch_atoms: u64) -> Result<()> {
        let is_off = self.mint_limit_atoms == 0;
        ensure!(is_off || self.mint_limit_atoms >= per_epoch_atoms, StipendError::MintLimitTooLow);
        Ok(())
    }

    /// What was chosen, but for the emission.
    pub fn params(&self) -> PolicyParams {
        PolicyParams {
            report_secs: self.report_secs,
            score_secs: self.score_secs,
            uptime_weight_bps: self.uptime_weight_bps,
            min_uptime_bps: self.min_uptime_bps,
            bandwidth_cap: self.bandwidth_cap,
            min_boost_bps: self.min_boost_bps,
            max_boost_bps: self.max_boost_bps,
            tolerance_bps: self.tolerance_bps,
            quorum: self.quorum,
            registrar: Some(self.registrar).filter(|registrar| *registrar != Pubkey::default()),
            bond_lamports: self.bond_lamports,
            oracle_bond_lamports: self.oracle_bond_lamports,
            mint_limit_atoms: self.mint_limit_atoms,
        }
    }

    /// The emission schedule.
    pub fn emission_params(&self) -> EmissionParams {
        EmissionParams {
            per_epoch_atoms: self.per_epoch_atoms,
            decay_bps: self.decay_bps,
            decay_every_epochs: self.decay_every_epochs,
            carry_epochs: self.carry_epochs,
        }
    }

    /// How measurements become scores.
    pub fn scoring_rules(&self) -> ScoringRules {
        ScoringRules {
            bandwidth_cap: self.bandwidth_cap,
            uptime_weight_bps: self.uptime_weight_bps,
            min_uptime_bps: self.min_uptime_bps,
        }
    }
}
