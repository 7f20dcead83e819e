//! The rules of a network that may change, each from an epoch on that has not begun.

use super::Entry;
use crate::{
    constants::*,
    error::StipendError,
    math::{score::ScoringRules, BPS},
};
use anchor_lang::prelude::*;

/// What a network chooses, and may change for an epoch that has not begun.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PolicyParams {
    /// How long an epoch's reports are taken, from when its windows begin: 1 second to an epoch's length.
    pub report_secs: u32,
    /// How long closing an epoch waits for shards that are not scored, from when its windows begin: more than `report_secs`,
    /// and at most 30 days or two epochs, whichever is longer.
    pub score_secs: u32,
    /// Weight of being up: 0..=10,000; the rest is the weight of bandwidth.
    pub uptime_weight_bps: u16,
    /// Uptime below this scores nothing: 0..=10,000.
    pub min_uptime_bps: u16,
    /// What uptime at or above the minimum does.
    pub uptime_mode: UptimeMode,
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
    /// Atoms that a node with full uptime, full quality and no boost may earn in an epoch: 0 for no ceiling.
    pub max_reward_atoms: u64,
    /// How long scores of a closed epoch may be voided, and settling it waits: 0 for never, else at most what the report window
    /// leaves of an epoch.
    pub dispute_secs: u32,
    /// Who may void scores, if anybody; without, `dispute_secs` has no effect.
    pub arbiter: Option<Pubkey>,
}

/// What uptime does once it has reached the minimum.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UptimeMode {
    /// It multiplies the score.
    #[default]
    Multiply,
    /// Nothing more: the node scores as if it were fully up.
    Gate,
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

impl PolicyParams {
    /// Every bound, one error each. `epoch_secs` is the length of an epoch.
    pub fn validate(&self, epoch_secs: u32) -> Result<()> {
        require_gt!(self.report_secs, 0, StipendError::ReportWindowEmpty);
        require_gte!(epoch_secs, self.report_secs, StipendError::ReportWindowTooLong);
        let longest_dispute_secs = epoch_secs.saturating_sub(self.report_secs);
        require_gte!(longest_dispute_secs, self.dispute_secs, StipendError::DisputeWindowTooLong);
        require_gt!(self.score_secs, self.report_secs, StipendError::ScoringWindowTooShort);
        let longest_score_secs = LONG_SCORE_SECS.max(epoch_secs.saturating_mul(2));
        require_gte!(longest_score_secs, self.score_secs, StipendError::ScoringWindowTooLong);
        require_gte!(BPS, self.uptime_weight_bps, StipendError::UptimeWeightOutOfRange);
        require_gte!(BPS, self.min_uptime_bps, StipendError::MinUptimeOutOfRange);
        require!((1..Entry::NO_BANDWIDTH).contains(&self.bandwidth_cap), StipendError::BandwidthCapOutOfRange);
        require!((self.min_boost_bps..=self.max_boost_bps).contains(&NO_BOOST_BPS), StipendError::BoostBoundsWrong);
        require_gte!(BPS, self.tolerance_bps, StipendError::ToleranceOutOfRange);
        require!((1..=MAX_ORACLES).contains(&usize::from(self.quorum)), StipendError::QuorumOutOfRange);
        Ok(())
    }
}

impl EmissionParams {
    /// Every bound, one error each.
    pub fn validate(&self) -> Result<()> {
        require_gt!(self.per_epoch_atoms, 0, StipendError::EmissionZero);
        require_gte!(BPS, self.decay_bps, StipendError::DecayOutOfRange);
        require!((self.decay_bps == 0) == (self.decay_every_epochs == 0), StipendError::DecayIncomplete);
        require_gte!(MAX_CARRY_EPOCHS, self.carry_epochs, StipendError::CarryOutOfRange);
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
    /// See [`UptimeMode`].
    pub uptime_mode: u8,
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
    /// Who may void scores; all zeros for nobody.
    pub arbiter: Pubkey,
    /// See [`PolicyParams`].
    pub max_reward_atoms: u64,
    /// See [`PolicyParams`].
    pub dispute_secs: u32,
    /// Zero.
    pub reserved: [u8; 4],
    /// Zero.
    pub reserved_words: [u64; 2],
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
            uptime_mode: params.uptime_mode as u8,
            per_epoch_atoms: emission.per_epoch_atoms,
            mint_limit_atoms: params.mint_limit_atoms,
            bond_lamports: params.bond_lamports,
            oracle_bond_lamports: params.oracle_bond_lamports,
            registrar: params.registrar.unwrap_or_default(),
            arbiter: params.arbiter.unwrap_or_default(),
            max_reward_atoms: params.max_reward_atoms,
            dispute_secs: params.dispute_secs,
            reserved: [0; 4],
            reserved_words: [0; 2],
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
        require!(is_off || self.mint_limit_atoms >= per_epoch_atoms, StipendError::MintLimitTooLow);
        Ok(())
    }

    /// What was chosen, but for the emission.
    pub fn params(&self) -> PolicyParams {
        PolicyParams {
            report_secs: self.report_secs,
            score_secs: self.score_secs,
            uptime_weight_bps: self.uptime_weight_bps,
            min_uptime_bps: self.min_uptime_bps,
            uptime_mode: self.uptime_mode(),
            bandwidth_cap: self.bandwidth_cap,
            min_boost_bps: self.min_boost_bps,
            max_boost_bps: self.max_boost_bps,
            tolerance_bps: self.tolerance_bps,
            quorum: self.quorum,
            registrar: somebody(self.registrar),
            bond_lamports: self.bond_lamports,
            oracle_bond_lamports: self.oracle_bond_lamports,
            mint_limit_atoms: self.mint_limit_atoms,
            max_reward_atoms: self.max_reward_atoms,
            dispute_secs: self.dispute_secs,
            arbiter: somebody(self.arbiter),
        }
    }

    fn uptime_mode(&self) -> UptimeMode {
        if self.is_uptime_gate() {
            UptimeMode::Gate
        } else {
            UptimeMode::Multiply
        }
    }

    fn is_uptime_gate(&self) -> bool {
        self.uptime_mode == UptimeMode::Gate as u8
    }

    /// Seconds in which the scores of an epoch may be voided once it is closed: none without an arbiter.
    pub fn dispute_secs(&self) -> Option<u32> {
        Some(self.dispute_secs).filter(|secs| *secs > 0 && self.arbiter != Pubkey::default())
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
            is_uptime_gate: self.is_uptime_gate(),
            min_boost_bps: self.min_boost_bps,
            max_boost_bps: self.max_boost_bps,
        }
    }
}

/// Whom an account names; all zeros for nobody.
fn somebody(key: Pubkey) -> Option<Pubkey> {
    Some(key).filter(|key| *key != Pubkey::default())
}
