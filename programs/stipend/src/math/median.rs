//! The lower median of what the oracles measured.
//!
//! A value that was not measured is all ones, the greatest of its type, and so sorts behind every measured one: the median
//! of the first `m` of a sorted row is the median of the `m` measured values. With quorum q of n oracles, fewer than q/2
//! liars can't move it outside the range of the honest values (DESIGN, What must always hold, 4).
//!
//! Rows are sorted by fixed networks of compare-exchanges, whose cost doesn't depend on the values: an oracle can't make
//! a shard too dear to score.

/// Rows that a sorting network exists for; a shorter row is padded with values that were not measured.
pub trait Row: Copy {
    /// The row of what `value` gives for each place.
    fn from_places(value: impl Fn(usize) -> u64) -> Self;

    /// Whether no value is `unmeasured`.
    fn is_full(&self, unmeasured: u64) -> bool;

    /// How many values are not `unmeasured`.
    fn count(&self, unmeasured: u64) -> usize;

    /// Makes the first `count` of the values that are `unmeasured` 0.
    fn fill(&mut self, unmeasured: u64, count: usize);

    /// Sorts in ascending order.
    fn sort(&mut self);

    /// The median of a row of which every value was measured.
    fn median(self) -> u64;
}

/// What every row does, place by place without a loop: the program is built for size, which keeps loops.
macro_rules! places {
    ($($place:literal),+) => {
        #[inline(always)]
        fn from_places(value: impl Fn(usize) -> u64) -> Self {
            [$(value($place)),+]
        }

        #[inline(always)]
        fn is_full(&self, unmeasured: u64) -> bool {
            $(self[$place] != unmeasured)&&+
        }

        #[inline(always)]
        fn count(&self, unmeasured: u64) -> usize {
            0usize $(.wrapping_add(usize::from(self[$place] != unmeasured)))+
        }

        #[inline(always)]
        fn fill(&mut self, unmeasured: u64, mut count: usize) {
            $(if count > 0 && self[$place] == unmeasured {
                self[$place] = 0;
                count = count.wrapping_sub(1);
            })+
            let _ = count;
        }
    };
}

/// Sorts places of a row, two at a time.
macro_rules! exchange {
    ($row:ident, $($low:literal $high:literal),+) => {
        $(($row[$low], $row[$high]) = ($row[$low].min($row[$high]), $row[$low].max($row[$high]));)+
    };
}

impl Row for [u64; 3] {
    places!(0, 1, 2);

    #[inline(always)]
    fn sort(&mut self) {
        exchange!(self, 0 1, 1 2, 0 1);
    }

    #[inline(always)]
    fn median(self) -> u64 {
        let [a, b, c] = self;
        if a < b {
            median_of_ordered(a, b, c)
        } else {
            median_of_ordered(b, a, c)
        }
    }
}

impl Row for [u64; 5] {
    places!(0, 1, 2, 3, 4);

    #[inline(always)]
    fn sort(&mut self) {
        exchange!(self, 0 3, 1 4, 0 2, 1 3, 0 1, 2 4, 1 2, 3 4, 2 3);
    }

    #[inline(always)]
    fn median(self) -> u64 {
        let [a, b, c, d, e] = self;
        if a < b {
            median_of_pair_and_three(a, b, c, d, e)
        } else {
            median_of_pair_and_three(b, a, c, d, e)
        }
    }
}

// The medians of three and five decide by branches alone: with every order written out, no value is ever moved, which is
// half of what a network costs here. Six comparisons are the least for five.

/// The median of a, b, c, where a ≤ b.
#[inline(always)]
fn median_of_ordered(a: u64, b: u64, c: u64) -> u64 {
    if b < c {
        b
    } else if a < c {
        c
    } else {
        a
    }
}

/// The median of five, where a ≤ b.
#[inline(always)]
fn median_of_pair_and_three(a: u64, b: u64, c: u64, d: u64, e: u64) -> u64 {
    if c < d {
        median_of_two_pairs(a, b, c, d, e)
    } else {
        median_of_two_pairs(a, b, d, c, e)
    }
}

/// The median of five, where a ≤ b and c ≤ d. The least of them is not the median: three are above it.
#[inline(always)]
fn median_of_two_pairs(a: u64, b: u64, c: u64, d: u64, e: u64) -> u64 {
    if a < c {
        second_of_pair_and_two(c, d, b, e)
    } else {
        second_of_pair_and_two(a, b, d, e)
    }
}

/// The second least of four, where a ≤ b.
#[inline(always)]
fn second_of_pair_and_two(a: u64, b: u64, c: u64, d: u64) -> u64 {
    if c < d {
        second_of_two_pairs(a, b, c, d)
    } else {
        second_of_two_pairs(a, b, d, c)
    }
}

/// The second least of four, where a ≤ b and c ≤ d.
#[inline(always)]
fn second_of_two_pairs(a: u64, b: u64, c: u64, d: u64) -> u64 {
    if a < c {
        b.min(c)
    } else {
        a.min(d)
    }
}

impl Row for [u64; 8] {
    places!(0, 1, 2, 3, 4, 5, 6, 7);

    #[inline(always)]
    fn sort(&mut self) {
        exchange!(
            self, 0 2, 1 3, 4 6, 5 7, 0 4, 1 5, 2 6, 3 7, 0 1, 2 3, 4 5, 6 7, 2 4, 3 5, 1 4, 3 6, 1 2, 3 4, 5 6
        );
    }

    #[inline(always)]
    fn median(mut self) -> u64 {
        self.sort();
        self[3]
    }
}

impl Row for [u64; 16] {
    places!(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);

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

    #[inline(always)]
    fn median(mut self) -> u64 {
        self.sort();
        self[7]
    }
}

/// The lower median of the values of `row` that were measured; `unmeasured` if they are fewer than `quorum`, or none.
///
/// - `row`: values that were not measured are `unmeasured`, which is greater than every other.
/// - `quorum`: at most N, so that a row without a gap always has it.
///
/// A row without a gap takes the short way, in which it never leaves the VM's registers.
#[inline(always)]
pub fn lower_median<const N: usize>(row: [u64; N], unmeasured: u64, quorum: usize) -> u64
where
    [u64; N]: Row,
{
    if row.is_full(unmeasured) {
        return row.median();
    }
    lower_median_with_gaps(row, unmeasured, quorum)
}

/// As [`lower_median`], of a row with at least one gap.
///
/// Of its gaps, so many become the least value that the lower middle of the measured ones comes to stand in the middle of the
/// whole row; the others stay above all. So the way that finds the median of a full row finds that of any.
#[inline(never)]
fn lower_median_with_gaps<const N: usize>(mut row: [u64; N], unmeasured: u64, quorum: usize) -> u64
where
    [u64; N]: Row,
{
    let measured = row.count(unmeasured);
    if measured < quorum.max(1) {
        return unmeasured;
    }
    let below = (N.wrapping_sub(1) / 2).wrapping_sub(measured.wrapping_sub(1) / 2);
    row.fill(unmeasured, below);
    row.median()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GAP: u64 = u64::MAX;

    /// Every row of zeros and ones: a network that sorts these sorts everything, and one that finds the middle of these
    /// finds the middle of everything (the 0-1 principle).
    fn sorts_every_row<const N: usize>()
    where
        [u64; N]: Row,
    {
        for bits in 0u32..1 << N {
            let row: [u64; N] = std::array::from_fn(|place| u64::from(bits >> place & 1));
            let zeros = N - bits.count_ones() as usize;
            let expected: [u64; N] = std::array::from_fn(|place| u64::from(place >= zeros));

            let mut sorted = row;
            sorted.sort();

            assert_eq!(sorted, expected, "{bits:b}");
            assert_eq!(row.median(), expected[(N - 1) / 2], "{bits:b}");
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
        assert_eq!(lower_median([30, GAP, 10], GAP, 1), 10);
        assert_eq!(lower_median([30, 20, 10], GAP, 1), 20);
        assert_eq!(lower_median([GAP, 7, GAP], GAP, 1), 7);
        assert_eq!(lower_median([4, GAP, 1, 2, 3], GAP, 1), 2);
        assert_eq!(lower_median([8, 7, 6, 5, 4, 3, 2, 1], GAP, 1), 4);
        assert_eq!(lower_median([GAP; 3], GAP, 0), GAP);
    }

    #[test]
    fn the_quorum_itself_is_enough() {
        assert_eq!(lower_median([30, GAP, 10], GAP, 2), 10);
        assert_eq!(lower_median([30, GAP, 10], GAP, 3), GAP);
        assert_eq!(lower_median([30, 20, 10], GAP, 3), 20);
    }

    /// `values` at the places of a row that `gaps` leaves, and the same values alone.
    fn scatter<const N: usize>(values: &[u64], gaps: &[bool]) -> ([u64; N], Vec<u64>) {
        let mut row = [GAP; N];
        let mut measured = Vec::new();
        for (place, (value, is_there)) in values.iter().zip(gaps).take(N).enumerate() {
            if *is_there {
                row[place] = *value;
                measured.push(*value);
            }
        }
        (row, measured)
    }

    /// The model: sort, then take the middle.
    fn model(mut measured: Vec<u64>, quorum: usize) -> u64 {
        measured.sort_unstable();
        if measured.is_empty() || measured.len() < quorum {
            return GAP;
        }
        measured[(measured.len() - 1) / 2]
    }

    fn check<const N: usize>(values: &[u64], gaps: &[bool], quorum: usize) -> Result<(), TestCaseError>
    where
        [u64; N]: Row,
    {
        let (row, measured) = scatter::<N>(values, gaps);
        let quorum = quorum.min(N);
        prop_assert_eq!(lower_median(row, GAP, quorum), model(measured, quorum));
        Ok(())
    }

    proptest! {
        #[test]
        fn the_median_is_that_of_the_sorted_measured_values(
            values in prop::collection::vec(0..GAP, 16),
            gaps in prop::collection::vec(prop::bool::weighted(0.8), 16),
            quorum in 0usize..18,
        ) {
            check::<3>(&values, &gaps, quorum)?;
            check::<5>(&values, &gaps, quorum)?;
            check::<8>(&values, &gaps, quorum)?;
            check::<16>(&values, &gaps, quorum)?;
        }

        #[test]
        fn fewer_liars_than_half_the_quorum_cannot_leave_the_honest_range(
            honest in prop::collection::vec(0..GAP, 1..=8),
            lies in prop::collection::vec(0..GAP, 0..=7),
        ) {
            let lies = &lies[..lies.len().min(honest.len() - 1)];
            let mut row = [GAP; 16];
            for (place, value) in honest.iter().chain(lies).enumerate() {
                row[place] = *value;
            }

            let median = lower_median(row, GAP, honest.len() + lies.len());

            let range = *honest.iter().min().unwrap()..=*honest.iter().max().unwrap();
            prop_assert!(range.contains(&median));
        }
    }
}
