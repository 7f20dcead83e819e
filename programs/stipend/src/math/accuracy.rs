//! How far an oracle's value may lie from the median before its record counts it.

use super::BPS;

/// Whether `value` differs from `median` by more than `tolerance_bps` of the median.
///
/// - `value`, `median`: both of uptime or both of bandwidth, in their own unit; below 2^32.
/// - `tolerance_bps`: 0..=10,000. Around a median of 0, every other value is outside.
///
/// Exact: no division, so nothing is rounded. An oracle's record decides no reward.
#[inline(always)]
pub fn is_outside(value: u32, median: u32, tolerance_bps: u16) -> bool {
    // Below 2^32 · 10,000 each.
    let apart = u64::from(value.abs_diff(median)).wrapping_mul(BPS as u64);
    apart > u64::from(median).wrapping_mul(u64::from(tolerance_bps))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_tolerance_itself_is_inside() {
        // 5 % of 1,000 is 50.
        assert!(!is_outside(1_050, 1_000, 500));
        assert!(!is_outside(950, 1_000, 500));
        assert!(is_outside(1_051, 1_000, 500));
        assert!(is_outside(949, 1_000, 500));
    }

    #[test]
    fn around_zero_there_is_no_tolerance() {
        assert!(!is_outside(0, 0, 10_000));
        assert!(is_outside(1, 0, 10_000));
    }

    proptest! {
        #[test]
        fn it_equals_the_wide_formula(value: u32, median: u32, tolerance_bps in 0u16..=10_000) {
            let apart = (i128::from(value) - i128::from(median)).abs();
            let outside = apart * 10_000 > i128::from(median) * i128::from(tolerance_bps);
            prop_assert_eq!(is_outside(value, median, tolerance_bps), outside);
        }
    }
}
