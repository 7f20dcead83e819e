//! The rules of a new network where nothing is named.

use stipend::{
    constants::{LONG_SCORE_SECS, NO_BOOST_BPS},
    math::BPS,
    state::{EmissionParams, PolicyParams, UptimeMode},
};

/// Uptime's weight, and the least uptime that scores.
const HALF_BPS: u16 = 5_000;
/// What most networks' links stay below, in kbit/s.
const BANDWIDTH_CAP: u32 = 1_000_000;
/// How far an oracle's value may lie from the median.
const TOLERANCE_BPS: u16 = 500;
/// Enough for three oracles, one of which may fail.
const QUORUM: u8 = 2;
/// Scoring windows, in epochs, where they may be as long.
const SCORE_EPOCHS: u32 = 7;
/// Empty epochs in a row whose emission is carried.
const CARRY_EPOCHS: u16 = 8;

/// Seven epochs, but no more than the program allows.
pub fn default_score_secs(epoch_secs: u32) -> u32 {
    let longest_secs = LONG_SCORE_SECS.max(epoch_secs.saturating_mul(2));
    epoch_secs.saturating_mul(SCORE_EPOCHS).min(longest_secs)
}

/// The rules of a new network where nothing is named.
pub fn default_rules(epoch_secs: u32) -> PolicyParams {
    PolicyParams {
        report_secs: (epoch_secs / 2).max(1),
        score_secs: default_score_secs(epoch_secs),
        uptime_weight_bps: HALF_BPS,
        min_uptime_bps: HALF_BPS,
        uptime_mode: UptimeMode::Multiply,
        bandwidth_cap: BANDWIDTH_CAP,
        min_boost_bps: NO_BOOST_BPS,
        max_boost_bps: NO_BOOST_BPS,
        tolerance_bps: TOLERANCE_BPS,
        quorum: QUORUM,
        registrar: None,
        bond_lamports: 0,
        oracle_bond_lamports: 0,
        mint_limit_atoms: 0,
        max_reward_atoms: 0,
        dispute_secs: 0,
        arbiter: None,
    }
}

/// What a network pays for, and the rules that suit it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
    /// Being up, and nothing else.
    Uptime,
    /// A link that others can use: mostly its measured bandwidth, and a little for being up.
    Bandwidth,
    /// Each unit delivered, at a price; uptime is a gate.
    DeliveredData,
    /// Each minute that a GPU was lent, at a price; boosts stand for faster cards.
    GpuHours,
}

/// Mebibytes that a node delivers in an epoch at the most, for which it gets the ceiling.
const DELIVERED_CAP: u32 = 1_000_000;
/// Boosts of cards: from a tenth to six and a half times the one that the price is for.
const GPU_BOOSTS_BPS: (u16, u16) = (1_000, u16::MAX);

impl Template {
    /// Rules of a new network that pays for it.
    pub fn rules(&self, epoch_secs: u32) -> PolicyParams {
        let rules = default_rules(epoch_secs);
        let priced = PolicyParams { uptime_weight_bps: 0, uptime_mode: UptimeMode::Gate, ..rules };
        match self {
            Self::Uptime => PolicyParams { uptime_weight_bps: BPS, ..rules },
            Self::Bandwidth => PolicyParams { uptime_weight_bps: 2_000, ..rules },
            Self::DeliveredData => PolicyParams { bandwidth_cap: DELIVERED_CAP, ..priced },
            Self::GpuHours => PolicyParams {
                min_uptime_bps: 0,
                bandwidth_cap: (epoch_secs / 60).max(1),
                min_boost_bps: GPU_BOOSTS_BPS.0,
                max_boost_bps: GPU_BOOSTS_BPS.1,
                ..priced
            },
        }
    }

    /// What bandwidth stands for.
    pub fn unit(&self) -> &'static str {
        match self {
            Self::Uptime | Self::Bandwidth => "kbit/s",
            Self::DeliveredData => "MiB",
            Self::GpuHours => "GPU minutes",
        }
    }

    /// Whether the ceiling of a reward is a price, so that it has to be named.
    pub fn has_price(&self) -> bool {
        matches!(self, Self::DeliveredData | Self::GpuHours)
    }
}

/// The emission of a new network where nothing but its amount is named.
pub fn default_emission(per_epoch_atoms: u64) -> EmissionParams {
    EmissionParams { per_epoch_atoms, decay_bps: 0, decay_every_epochs: 0, carry_epochs: CARRY_EPOCHS }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_of_a_new_network_are_taken_by_the_program() {
        for epoch_secs in [1, 60, 86_400, 30 * 86_400, 366 * 86_400] {
            assert!(default_rules(epoch_secs).validate(epoch_secs).is_ok(), "{epoch_secs}");
        }
        assert!(default_emission(1).validate().is_ok());
        for template in [Template::Uptime, Template::Bandwidth, Template::DeliveredData, Template::GpuHours] {
            for epoch_secs in [1, 60, 86_400, 366 * 86_400] {
                assert!(template.rules(epoch_secs).validate(epoch_secs).is_ok(), "{template:?} of {epoch_secs}");
            }
            assert!(template.unit().parse::<crate::unit::Unit>().is_ok(), "{template:?}");
        }
    }
}
