//! From an epoch's emission to each slot's atoms.

use super::score::FULL_SCORE;

/// What a point of score earns: `atoms` whole ones and `fraction` / 2^64 of one more.
///
/// A fixed-point number of 128 bits, so that the rewards of a million slots differ from exact shares by less than an atom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate {
    /// Whole atoms a point.
    pub atoms: u64,
    /// The rest, in 1/2^64 atoms a point.
    pub fraction: u64,
}

impl Rate {
    /// floor(2^64 · `emission_atoms` / `total_score`); `None` if `total_score` is 0.
    ///
    /// Floor: what is lost is less than 2^-64 atoms a point and stays in the emission's left-over.
    /// Source: DESIGN, Arithmetic.
    pub fn checked_new(emission_atoms: u64, total_score: u64) -> Option<Self> {
        let atoms = emission_atoms.checked_div(total_score)?;
        let rest = u128::from(emission_atoms.checked_rem(total_score)?);
        let fraction = rest.checked_shl(64)?.checked_div(u128::from(total_score))?;
        // rest < total_score, so the quotient is below 2^64.
        Some(Self { atoms, fraction: u64::try_from(fraction).ok()? })
    }

    /// The rate at which a node with full uptime, full quality and no boost earns exactly `max_reward_atoms`:
    /// ceil(2^64 · `max_reward_atoms` / 10^8); none of 0, which stands for no ceiling.
    ///
    /// Ceiling: the reward's own floor takes off what that adds, which is less than an atom.
    /// Source: DESIGN, Arithmetic.
    pub fn checked_ceiling(max_reward_atoms: u64) -> Option<Self> {
        let full = u64::from(FULL_SCORE);
        let rest = u128::from(max_reward_atoms.checked_rem(full)?);
        let fraction = u64::try_from(rest.checked_shl(64)?.div_ceil(full.into())).ok()?;
        Some(Self { atoms: max_reward_atoms.checked_div(full)?, fraction }).filter(|_| max_reward_atoms > 0)
    }

    /// Atoms that `score` earns: floor(`score` · rate / 2^64).
    ///
    /// Floor: the sum over all slots never exceeds the emission. `None` if the result does not fit, which it does whenever
    /// `score` is part of the total that the rate was made from.
    /// Source: DESIGN, Arithmetic.
    pub fn checked_reward(&self, score: u64) -> Option<u64> {
        let below = u128::from(score).checked_mul(u128::from(self.fraction))? >> 64;
        score.checked_mul(self.atoms)?.checked_add(u64::try_from(below).ok()?)
    }

    /// As [`Self::checked_reward`], for a score that is at most one for which that gave a number; of others, nonsense.
    ///
    /// Schoolbook multiplication in words of 32 bits: the VM multiplies 64 bits at a time, and each product of two words
    /// fits, with room for one more word.
    #[inline(always)]
    pub fn reward_within(&self, score: u32) -> u64 {
        const WORD: u64 = 0xffff_ffff;
        let score = u64::from(score);
        let low = score.wrapping_mul(self.fraction & WORD) >> 32;
        let below = score.wrapping_mul(self.fraction >> 32).wrapping_add(low) >> 32;
        score.wrapping_mul(self.atoms).wrapping_add(below)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigUint;
    use proptest::prelude::*;

    #[test]
    fn a_third_of_ten_atoms_is_three() {
        let rate = Rate::checked_new(10, 3).unwrap();
        // 10/3 = 3 + 1/3; 2^64 / 3 = 6148914691236517205.33
        assert_eq!(rate, Rate { atoms: 3, fraction: 6_148_914_691_236_517_205 });
        assert_eq!(rate.checked_reward(1), Some(3));
        // The whole is an atom short: the floor of the rate is dust, which is carried.
        assert_eq!(rate.checked_reward(3), Some(9));
    }

    #[test]
    fn nothing_scored_has_no_rate() {
        assert_eq!(Rate::checked_new(10, 0), None);
    }

    #[test]
    fn at_the_ceiling_a_full_score_earns_exactly_the_most() {
        assert_eq!(Rate::checked_ceiling(0), None);
        // 2^64 / 10^8 = 184,467,440,737.09..., rounded up.
        let least = Rate::checked_ceiling(1).unwrap();
        assert_eq!(least, Rate { atoms: 0, fraction: 184_467_440_738 });
        assert_eq!([99_999_999, 100_000_000].map(|score| least.checked_reward(score)), [Some(0), Some(1)]);
        let most = Rate::checked_ceiling(300_000_000).unwrap();
        assert_eq!(most, Rate { atoms: 3, fraction: 0 });
        assert_eq!(most.checked_reward(100_000_000), Some(300_000_000));
        // Rates are in the order of what they earn.
        assert!(least < most && most < Rate { atoms: 3, fraction: 1 });
    }

    #[test]
    fn a_score_from_elsewhere_does_not_wrap() {
        let rate = Rate::checked_new(u64::MAX, 1).unwrap();
        assert_eq!(rate.checked_reward(1), Some(u64::MAX));
        assert_eq!(rate.checked_reward(2), None);
        assert_eq!(Rate { atoms: 1 << 33, fraction: 0 }.checked_reward(1 << 31), None);
    }

    proptest! {
        #[test]
        fn no_score_without_a_boost_earns_more_than_the_ceiling(max_reward_atoms in 1u64.., score in 0..=FULL_SCORE) {
            let rate = Rate::checked_ceiling(max_reward_atoms).unwrap();
            prop_assert_eq!(rate.checked_reward(FULL_SCORE.into()), Some(max_reward_atoms));
            prop_assert!(rate.checked_reward(score.into()).unwrap() <= max_reward_atoms);
        }

        #[test]
        fn rewards_equal_the_wide_formula_and_never_exceed_the_emission(
            emission: u64, scores in prop::collection::vec(0u32..=crate::math::score::MAX_SCORE, 1..50),
        ) {
            let total: u64 = scores.iter().map(|s| u64::from(*s)).sum();
            prop_assume!(total > 0);
            let rate = Rate::checked_new(emission, total).unwrap();
            let wide: BigUint = (BigUint::from(emission) << 64) / BigUint::from(total);
            prop_assert_eq!((BigUint::from(rate.atoms) << 64) + BigUint::from(rate.fraction), wide.clone());

            let mut paid = 0u128;
            for score in &scores {
                let reward = rate.checked_reward((*score).into()).unwrap();
                prop_assert_eq!(rate.reward_within(*score), reward);
                prop_assert_eq!(BigUint::from(reward), (BigUint::from(*score) * &wide) >> 64);
                paid += u128::from(reward);
            }
            prop_assert!(paid <= u128::from(emission));
            // At most one atom a slot plus one is left over.
            prop_assert!(u128::from(emission) - paid <= scores.len() as u128 + 1);
        }
    }
}
