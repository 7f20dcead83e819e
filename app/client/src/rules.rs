//! The rules of a new network where nothing is named.

use stipend::{
    constants::{LONG_SCORE_SECS, NO_BOOST_BPS},
    state::{EmissionParams, PolicyParams},
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
        bandwidth_cap: BANDWIDTH_CAP,
        min_boost_bps: NO_BOOST_BPS,
        max_boost_bps: NO_BOOST_BPS,
        tolerance_bps: TOLERANCE_BPS,
        quorum: QUORUM,
        registrar: None,
        bond_lamports: 0,
        oracle_bond_lamports: 0,
        mint_limit_atoms: 0,
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
    }
}
