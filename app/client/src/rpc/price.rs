//! What is paid so that a transaction comes before others.

use crate::ledger::Deadline;

/// A priority fee, in micro-lamports a compute unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Priority {
    /// None is paid.
    #[default]
    None,
    /// Always this much.
    Fixed(u64),
    /// What three of four slots asked of transactions that wrote the same accounts lately, but at least `floor`. It doubles with each
    /// blockhash that was not enough, rises as a deadline comes near, and never passes `ceiling`.
    Auto {
        /// The least that is paid.
        floor: u64,
        /// The most that is paid.
        ceiling: u64,
    },
}

/// The price of [`Priority::Auto`].
///
/// - `recent`: prices of late, none where nobody writes the same accounts; `round`: how many blockhashes were not enough.
/// - `deadline`: with the Unix seconds that it is now. With a tenth of the time left, the price is ten times as high.
pub(super) fn auto_price(
    recent: Vec<u64>,
    (floor, ceiling): (u64, u64),
    round: u32,
    deadline: Option<(Deadline, i64)>,
) -> u64 {
    let price = u128::from(upper_quartile(recent).max(floor)) << round.min(32);
    let (whole_secs, left_secs) = match deadline {
        Some((Deadline { from, due }, now)) => {
            let whole = due.saturating_sub(from).max(1);
            (whole, due.saturating_sub(now).clamp(1, whole))
        }
        None => (1, 1),
    };
    let urgent = price.saturating_mul(whole_secs.unsigned_abs().into()) / u128::from(left_secs.unsigned_abs());
    u64::try_from(urgent).unwrap_or(u64::MAX).min(ceiling)
}

/// Three of four prices are at or below it; 0 if there are none.
fn upper_quartile(mut recent: Vec<u64>) -> u64 {
    recent.sort_unstable();
    // Of four prices the third, of five the fourth.
    let place = (recent.len() * 3).div_ceil(4).saturating_sub(1);
    recent.get(place).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: (u64, u64) = (100, 50_000);

    #[test]
    fn three_of_four_paid_no_more_than_the_upper_quartile() {
        assert_eq!(upper_quartile(vec![40, 10, 30, 20]), 30);
        assert_eq!(upper_quartile(vec![5, 4, 3, 2, 1]), 4);
        assert_eq!(upper_quartile(vec![7]), 7);
        assert_eq!(upper_quartile(vec![]), 0);
    }

    #[test]
    fn a_price_is_what_others_paid_and_at_least_the_floor() {
        assert_eq!(auto_price(vec![400, 100, 300, 200], BOUNDS, 0, None), 300);
        assert_eq!(auto_price(vec![0; 150], BOUNDS, 0, None), 100);
        assert_eq!(auto_price(vec![], BOUNDS, 0, None), 100);
    }

    #[test]
    fn a_price_doubles_with_each_round_and_stops_at_the_ceiling() {
        let prices: Vec<_> = [0, 1, 2, 3, 9, u32::MAX].map(|round| auto_price(vec![300], BOUNDS, round, None)).into();

        // 300 times 512 is 153,600.
        assert_eq!(prices, [300, 600, 1_200, 2_400, 50_000, 50_000]);
        assert_eq!(auto_price(vec![u64::MAX], BOUNDS, 0, None), 50_000);
        assert_eq!(auto_price(vec![], (100, 7), 0, None), 7);
    }

    #[test]
    fn a_price_rises_as_the_deadline_comes_near() {
        let deadline = Deadline { from: 1_000, due: 2_000 };
        let price = |now| auto_price(vec![], BOUNDS, 0, Some((deadline, now)));

        // All, half, a tenth and a hundredth of the time is left; then it is over.
        assert_eq!([1_000, 1_500, 1_900, 1_990].map(price), [100, 200, 1_000, 10_000]);
        assert_eq!([2_000, 3_000, i64::MAX].map(price), [50_000; 3]);
        assert_eq!(price(0), 100);
    }
}
