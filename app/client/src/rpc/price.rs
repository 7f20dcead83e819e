//! What is paid so that a transaction comes before others.

/// Micro-lamports in a lamport.
const MICRO: u128 = 1_000_000;

/// A priority fee, in micro-lamports a compute unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Priority {
    /// None is paid.
    #[default]
    None,
    /// Always this much.
    Fixed(u64),
    /// What three of four transactions that landed lately and wrote the same accounts paid at the most, but never more than this.
    Recent {
        /// The most that is paid.
        ceiling: u64,
    },
}

/// The upper quartile of recent prices, at most `ceiling`; 0 if there are none.
pub(super) fn upper_quartile(mut recent: Vec<u64>, ceiling: u64) -> u64 {
    recent.sort_unstable();
    // Of four prices the third, of five the fourth: three of four are at or below it.
    let place = (recent.len() * 3).div_ceil(4).saturating_sub(1);
    recent.get(place).copied().unwrap_or(0).min(ceiling)
}

/// Lamports of a priority: rounded up, as the cluster does.
pub(super) fn fee_lamports(limit: u32, price: u64) -> u64 {
    let micro = u128::from(limit) * u128::from(price);
    u64::try_from(micro.div_ceil(MICRO)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_of_four_paid_no_more_than_the_upper_quartile() {
        assert_eq!(upper_quartile(vec![40, 10, 30, 20], 1_000), 30);
        assert_eq!(upper_quartile(vec![5, 4, 3, 2, 1], 1_000), 4);
        assert_eq!(upper_quartile(vec![7], 1_000), 7);
        assert_eq!(upper_quartile(vec![], 1_000), 0);
    }

    #[test]
    fn no_price_passes_the_ceiling() {
        assert_eq!(upper_quartile(vec![5_000_000], 1_000), 1_000);
    }

    #[test]
    fn a_part_of_a_lamport_is_paid_as_one() {
        assert_eq!(fee_lamports(200_000, 5), 1);
        assert_eq!(fee_lamports(200_000, 6), 2);
        assert_eq!(fee_lamports(1_400_000, 0), 0);
        assert_eq!(fee_lamports(u32::MAX, u64::MAX), u64::MAX);
    }
}
