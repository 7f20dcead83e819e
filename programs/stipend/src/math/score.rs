//! From medians to a score, and the reason that a slot keeps.

use super::BPS;
use core::num::NonZeroU64;

/// An uptime that was not measured.
pub const NO_UPTIME: u16 = u16::MAX;
/// A bandwidth that was not measured.
pub const NO_BANDWIDTH: u32 = u32::MAX;

/// How a network weighs what was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScoringRules {
    /// Bandwidth past this earns nothing more; 1..=`u32::MAX - 1`, in the network's unit.
    pub bandwidth_cap: u32,
    /// Weight of being up; the rest of 10,000 is the weight of bandwidth.
    pub uptime_weight_bps: u16,
    /// Uptime below this scores nothing.
    pub min_uptime_bps: u16,
    /// Whether a node that reaches the minimum uptime counts as fully up.
    pub is_uptime_gate: bool,
    /// A boost below this counts as this.
    pub min_boost_bps: u16,
    /// A boost above this counts as this.
    pub max_boost_bps: u16,
}

/// Why a slot's score is what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Reason {
    /// The slot has not been scored yet.
    None = 0,
    /// Scored with all that it measured.
    Scored = 1,
    /// Scored; its bandwidth is above the cap and counts as the cap.
    Capped = 2,
    /// Scored; fewer oracles than the quorum measured its bandwidth, which counts as 0.
    NoBandwidthQuorum = 3,
    /// Zero: its uptime is below the minimum.
    BelowMinimumUptime = 4,
    /// Zero: fewer oracles than the quorum measured its uptime.
    NoUptimeQuorum = 5,
    /// Zero: the node registered too late for this epoch.
    NotActiveYet = 6,
    /// Zero: the node retired, or was evicted, before this epoch's end.
    Retired = 7,
    /// Zero: the network's arbiter voided the score.
    Voided = 8,
}

impl Reason {
    /// Every reason, in the order of its number.
    pub const ALL: [Self; 9] = [
        Self::None,
        Self::Scored,
        Self::Capped,
        Self::NoBandwidthQuorum,
        Self::BelowMinimumUptime,
        Self::NoUptimeQuorum,
        Self::NotActiveYet,
        Self::Retired,
        Self::Voided,
    ];

    /// The reason with this number, if there is one.
    pub fn from_u8(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

/// Score of a node with full uptime, full quality and no boost: 10,000 · 10,000.
pub const FULL_SCORE: u32 = 100_000_000;

/// Greatest score: 10,000 · 10,000 · 65,535 / 10,000.
pub const MAX_SCORE: u32 = 655_350_000;

const WHOLE_BPS: u64 = BPS as u64;

/// [`ScoringRules`] whose ranges are checked, so that a score is arithmetic alone.
#[derive(Clone, Copy, Debug)]
pub struct Scorer {
    min_uptime_bps: u64,
    is_uptime_gate: bool,
    uptime_weight: u64,
    bandwidth_weight: u64,
    bandwidth_cap: NonZeroU64,
    min_boost_bps: u64,
    max_boost_bps: u64,
}

impl Scorer {
    /// `None` if the weight is above 10,000, the cap is 0 or the bounds of the boost don't include 10,000.
    pub fn checked_new(rules: &ScoringRules) -> Option<Self> {
        let uptime_weight = u64::from(rules.uptime_weight_bps);
        let bandwidth_weight = WHOLE_BPS.checked_sub(uptime_weight)?;
        let bandwidth_cap = NonZeroU64::new(rules.bandwidth_cap.into())?;
        // A network of uptime alone neither caps bandwidth nor asks for it: even all ones are below this cap.
        let bandwidth_cap = if bandwidth_weight == 0 { NonZeroU64::MAX } else { bandwidth_cap };
        if !(rules.min_boost_bps..=rules.max_boost_bps).contains(&BPS) {
            return None;
        }
        Some(Self {
            min_uptime_bps: rules.min_uptime_bps.into(),
            is_uptime_gate: rules.is_uptime_gate,
            uptime_weight,
            bandwidth_weight,
            bandwidth_cap,
            min_boost_bps: rules.min_boost_bps.into(),
            max_boost_bps: rules.max_boost_bps.into(),
        })
    }

    /// Whether a node that reaches the minimum uptime counts as fully up.
    pub fn is_uptime_gate(&self) -> bool {
        self.is_uptime_gate
    }

    /// Score and reason of an active slot; see [`Self::score_by`].
    pub fn score(&self, uptime_bps: u16, bandwidth: u32, boost_bps: u16) -> (u32, Reason) {
        if self.is_uptime_gate {
            self.score_by::<true>(uptime_bps, bandwidth, boost_bps)
        } else {
            self.score_by::<false>(uptime_bps, bandwidth, boost_bps)
        }
    }

    /// Score and reason of an active slot, where `GATE` is [`Self::is_uptime_gate`]: a shard's slots are not asked one by one.
    ///
    /// - `uptime_bps`: the median, 0..=10,000, or [`NO_UPTIME`] below the quorum.
    /// - `bandwidth`: the median in the network's unit, or [`NO_BANDWIDTH`] below the quorum.
    /// - `boost_bps`: the slot's boost, which counts within the policy's bounds; 10,000 is none.
    ///
    /// quality = uptime_weight + floor(bandwidth_weight · min(bandwidth, cap) / cap), which is DESIGN's formula with the
    /// factor 10,000 taken out of the floor; score = floor(uptime · quality · boost / 10,000), with 10,000 in uptime's place where
    /// uptime is a gate. Floor: the slot loses the fraction of a point. Points are shares, so nobody gains an atom that was not emitted.
    ///
    /// No product passes 64 bits: 10,000 · u32, then u16 · 10,000 · u16; and (2^16 - 1)^2 still fits the score.
    /// Source: DESIGN, Arithmetic.
    #[inline(always)]
    pub fn score_by<const GATE: bool>(&self, uptime_bps: u16, bandwidth: u32, boost_bps: u16) -> (u32, Reason) {
        if uptime_bps == NO_UPTIME {
            return (0, Reason::NoUptimeQuorum);
        }
        let uptime_bps = u64::from(uptime_bps);
        if uptime_bps < self.min_uptime_bps {
            return (0, Reason::BelowMinimumUptime);
        }
        let cap = self.bandwidth_cap;
        let (counted, reason) = if u64::from(bandwidth) <= cap.get() {
            (u64::from(bandwidth), Reason::Scored)
        } else if bandwidth == NO_BANDWIDTH {
            (0, Reason::NoBandwidthQuorum)
        } else {
            (cap.get(), Reason::Capped)
        };
        let quality = self.uptime_weight.wrapping_add(self.bandwidth_weight.wrapping_mul(counted) / cap);
        let points = if GATE { WHOLE_BPS } else { uptime_bps }.wrapping_mul(quality);
        if boost_bps == BPS {
            // No boost is within the bounds of every policy.
            return (points as u32, reason);
        }
        let boost_bps = u64::from(boost_bps).max(self.min_boost_bps).min(self.max_boost_bps);
        ((points.wrapping_mul(boost_bps) / WHOLE_BPS) as u32, reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HALVES: ScoringRules = ScoringRules {
        bandwidth_cap: 1_000_000,
        uptime_weight_bps: 5_000,
        min_uptime_bps: 5_000,
        is_uptime_gate: false,
        min_boost_bps: 0,
        max_boost_bps: u16::MAX,
    };

    fn score_by(
        rules: &ScoringRules,
        uptime: Option<u16>,
        bandwidth: Option<u32>,
        boost: u16,
    ) -> Option<(u32, Reason)> {
        let scorer = Scorer::checked_new(rules)?;
        Some(scorer.score(uptime.unwrap_or(NO_UPTIME), bandwidth.unwrap_or(NO_BANDWIDTH), boost))
    }

    fn score(uptime: u16, bandwidth: u32) -> Option<(u32, Reason)> {
        score_by(&HALVES, Some(uptime), Some(bandwidth), 10_000)
    }

    #[test]
    fn a_perfect_node_scores_the_whole() {
        // 10,000 · (5,000 + 5,000) · 10,000 / 10,000
        assert_eq!(score(10_000, 1_000_000), Some((100_000_000, Reason::Scored)));
    }

    #[test]
    fn half_the_bandwidth_loses_a_quarter() {
        // 8,000 · (5,000 + 2,500)
        assert_eq!(score(8_000, 500_000), Some((60_000_000, Reason::Scored)));
        // 5,000 · 333,333 / 1,000,000 = 1,666.665 → 1,666; 9,999 · 6,666
        assert_eq!(score(9_999, 333_333), Some((66_653_334, Reason::Scored)));
    }

    #[test]
    fn bandwidth_past_the_cap_counts_as_the_cap() {
        assert_eq!(score(10_000, 1_000_001), Some((100_000_000, Reason::Capped)));
        assert_eq!(score(10_000, u32::MAX - 1), Some((100_000_000, Reason::Capped)));
    }

    #[test]
    fn the_minimum_uptime_itself_is_enough() {
        assert_eq!(score(4_999, 1_000_000), Some((0, Reason::BelowMinimumUptime)));
        assert_eq!(score(5_000, 0), Some((25_000_000, Reason::Scored)));
    }

    #[test]
    fn a_gate_that_is_passed_counts_as_fully_up_and_one_that_is_not_as_nothing() {
        let gate = ScoringRules { is_uptime_gate: true, uptime_weight_bps: 2_500, ..HALVES };
        let scored = |uptime, boost| score_by(&gate, Some(uptime), Some(400_000), boost);
        // 10,000 · (2,500 + 7,500 · 0.4), whatever the uptime.
        for uptime in [5_000, 9_999, 10_000] {
            assert_eq!(scored(uptime, 10_000), Some((55_000_000, Reason::Scored)), "{uptime}");
        }
        assert_eq!(scored(5_000, 20_000), Some((110_000_000, Reason::Scored)));
        assert_eq!(scored(4_999, 10_000), Some((0, Reason::BelowMinimumUptime)));
        assert_eq!(score_by(&gate, None, Some(400_000), 10_000), Some((0, Reason::NoUptimeQuorum)));
    }

    #[test]
    fn what_was_not_measured_is_said() {
        assert_eq!(score_by(&HALVES, None, Some(1), 10_000), Some((0, Reason::NoUptimeQuorum)));
        assert_eq!(score_by(&HALVES, Some(10_000), None, 10_000), Some((50_000_000, Reason::NoBandwidthQuorum)));
    }

    #[test]
    fn a_network_of_uptime_alone_does_not_ask_for_bandwidth() {
        let rules = ScoringRules { uptime_weight_bps: 10_000, ..HALVES };
        assert_eq!(score_by(&rules, Some(9_000), None, 10_000), Some((90_000_000, Reason::Scored)));
    }

    #[test]
    fn the_greatest_boost_still_fits() {
        assert_eq!(score_by(&HALVES, Some(10_000), Some(1_000_000), u16::MAX), Some((MAX_SCORE, Reason::Scored)));
        // Even for an uptime that no report may hold: 65,534 · 10,000 · 65,535 / 10,000.
        assert_eq!(score_by(&HALVES, Some(65_534), Some(1_000_000), u16::MAX), Some((4_294_770_690, Reason::Scored)));
    }

    #[test]
    fn a_boost_counts_within_the_bounds() {
        let rules = ScoringRules { min_boost_bps: 9_000, max_boost_bps: 12_000, ..HALVES };
        let boosted = |boost| score_by(&rules, Some(10_000), Some(1_000_000), boost).map(|(score, _)| score);
        // 10,000 · 10,000 · boost / 10,000
        assert_eq!(boosted(8_999), Some(90_000_000));
        assert_eq!(boosted(11_000), Some(110_000_000));
        assert_eq!(boosted(12_001), Some(120_000_000));
    }

    #[test]
    fn rules_out_of_range_give_nothing() {
        let swapped = ScoringRules { min_boost_bps: 2, max_boost_bps: 1, ..HALVES };
        assert_eq!(score_by(&swapped, Some(10_000), Some(1), 1), None);
        assert_eq!(score_by(&ScoringRules { bandwidth_cap: 0, ..HALVES }, Some(10_000), Some(1), 1), None);
        assert_eq!(score_by(&ScoringRules { uptime_weight_bps: 10_001, ..HALVES }, Some(10_000), Some(1), 1), None);
    }

    #[test]
    fn reasons_keep_their_numbers() {
        for (number, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, number);
            assert_eq!(Reason::from_u8(number as u8), Some(reason));
        }
        assert_eq!(Reason::from_u8(9), None);
    }

    proptest! {
        /// The design's own formula, unreduced, in 128 bits.
        #[test]
        fn the_score_is_that_of_the_design(
            cap in 1..u32::MAX, weight in 0u16..=10_000, uptime in 0u16..=10_000, bandwidth in 0..u32::MAX, boost: u16,
        ) {
            let rules =
                ScoringRules { bandwidth_cap: cap, uptime_weight_bps: weight, min_uptime_bps: 0, ..HALVES };
            let (uw, bw, up) = (u128::from(weight), u128::from(10_000 - weight), u128::from(uptime));
            let quality = (uw * 10_000 + bw * u128::from(bandwidth.min(cap)) * 10_000 / u128::from(cap)) / 10_000;
            let expected = up * quality * u128::from(boost) / 10_000;

            let (score, _) = score_by(&rules, Some(uptime), Some(bandwidth), boost).unwrap();

            prop_assert_eq!(u128::from(score), expected);
            prop_assert!(score <= MAX_SCORE);
        }
    }
}
