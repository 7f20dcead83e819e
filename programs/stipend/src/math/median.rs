//! The lower median of what the oracles measured.
//!
//! A value that was not measured is all ones, the greatest of its type, and so sorts behind every measured one: the median
//! of the first `m` of a sorted row is the median of the `m` measured values. With quorum q of n oracles, fewer than q/2
//! liars can't move it outside the range of the honest values (DESIGN, What must always hold, 4).
//!
//! Rows are sorted by fixed networks of compare-exchanges, whose cost doesn't depend on the values: an oracle can't make
//! a shard too dear to score.

/// Rows that a sorting network exists for; a shorter row is padded with values that were not measured.
pub trait SortRow {
    /// Sorts in ascending order.
    fn sort(&mut self);
}

/// Sorts two places of a row.
macro_rules! exchange {
    ($row:ident, $($low:literal $high:literal),+) => {
        $(if $row[$high] < $row[$low] {
            $row.swap($low, $high);
        })+
    };
}

impl SortRow for [u32; 3] {
    #[inline(always)]
    fn sort(&mut self) {
        exchange!(self, 0 1, 1 2, 0 1);
    }
}

impl SortRow for [u32; 5] {
    #[inline(always)]
    fn sort(&mut self) {
        exchange!(self, 0 3, 1 4, 0 2, 1 3, 0 1, 2 4, 1 2, 3 4, 2 3);
    }
}

impl SortRow for [u32; 8] {
    #[inline(always)]
    fn sort(&mut self) {
        exchange!(
            self, 0 2, 1 3, 4 6, 5 7, 0 4, 1 5, 2 6, 3 7, 0 1, 2 3, 4 5, 6 7, 2 4, 3 5, 1 4, 3 6, 1 2, 3 4, 5 6
        );
    }
}

impl SortRow for [u32; 16] {
    // Green's network of 60: Knuth, The Art of Computer Programming, volume 3, 5.3.4.
    #[inline(never)]
    fn sort(&mut self) {
        exchange!(
            self, 0 1, 2 3, 4 5, 6 7, 8 9, 10 11, 12 13, 14 15,
            0 2, 4 6, 8 10, 12 14, 1 3, 5 7, 9 11, 13 15,
            0 4, 8 12, 1 5, 9 13, 2 6, 10 14, 3 7, 11 15,
            0 8, 1 9, 2 10, 3 11, 4 12, 5 13, 6 14, 7 15,
            5 10, 6 9, 3 12, 13 14, 7 11, 1 2,
            4 8, 1 4, 7 13, 2 8, 11 14,
            2 4, 5 6, 9 10, 11 13, 3 8, 7 12,
            6 8, 10 12, 3 5, 7 9,
            3 4, 5 6, 7 8, 9 10, 11 12,
            6 7, 8 9
        );
    }
}

/// The lower median of the `measured` least values of `row`, which it sorts; `None` if `measured` is 0 or past the row.
///
/// - `row`: values that were not measured are `u32::MAX`.
/// - `measured`: how many values were measured.
#[inline(always)]
pub fn lower_median<const N: usize>(row: &mut [u32; N], measured: usize) -> Option<u32>
where
    [u32; N]: SortRow,
{
    row.sort();
    // The lower of the two middle values when their number is even.
    row.get(measured.checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Every row of zeros and ones: a network that sorts these sorts everything (the 0-1 principle).
    fn sorts_every_row<const N: usize>()
    where
        [u32; N]: SortRow,
    {
        for bits in 0u32..1 << N {
            let mut row: [u32; N] = std::array::from_fn(|place| bits >> place & 1);
            row.sort();
            let zeros = N - bits.count_ones() as usize;
            assert!(row.iter().enumerate().all(|(place, &value)| value == u32::from(place >= zeros)), "{bits:b}");
        }
    }

    #[test]
    fn every_network_sorts_every_row() {
        sorts_every_row::<3>();
        sorts_every_row::<5>();
        sorts_every_row::<8>();
        sorts_every_row::<16>();
    }

    #[test]
    fn an_even_number_of_values_gives_the_lower_middle() {
        assert_eq!(lower_median(&mut [30, u32::MAX, 10], 2), Some(10));
        assert_eq!(lower_median(&mut [30, 20, 10], 3), Some(20));
        assert_eq!(lower_median(&mut [u32::MAX, 7, u32::MAX], 1), Some(7));
        assert_eq!(lower_median(&mut [4, u32::MAX, 1, 2, 3], 4), Some(2));
        assert_eq!(lower_median(&mut [u32::MAX; 3], 0), None);
        assert_eq!(lower_median(&mut [1, 2, 3], 7), None);
    }

    proptest! {
        #[test]
        fn the_median_is_that_of_the_sorted_measured_values(
            values in prop::collection::vec(0u32..u32::MAX, 1..=16),
            gaps in prop::collection::vec(any::<bool>(), 16),
        ) {
            let mut row = [u32::MAX; 16];
            let mut measured = Vec::new();
            for (place, value) in values.iter().enumerate() {
                if gaps[place] {
                    row[place] = *value;
                    measured.push(*value);
                }
            }
            measured.sort_unstable();

            let median = lower_median(&mut row, measured.len());

            prop_assert_eq!(median, measured.get(measured.len().wrapping_sub(1) / 2).copied());
        }

        #[test]
        fn fewer_liars_than_half_the_quorum_cannot_leave_the_honest_range(
            honest in prop::collection::vec(0u32..u32::MAX, 1..=8),
            lies in prop::collection::vec(any::<u32>().prop_filter("measured", |v| *v != u32::MAX), 0..=7),
        ) {
            let lies = &lies[..lies.len().min(honest.len() - 1)];
            let mut row = [u32::MAX; 16];
            for (place, value) in honest.iter().chain(lies).enumerate() {
                row[place] = *value;
            }

            let median = lower_median(&mut row, honest.len() + lies.len());

            let range = *honest.iter().min().unwrap()..=*honest.iter().max().unwrap();
            prop_assert!(range.contains(&median.unwrap()));
        }
    }
}
