//! A sharp drop of what a source measures against the epoch before.

use stipend_client::batch::SignedBatch;
use stipend_client::program::state::Entry;

/// How many nodes have a value in each field of an epoch's measurements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    pub uptimes: usize,
    pub bandwidths: usize,
}

impl Coverage {
    /// Of the entries of an epoch's reports.
    pub fn of_entries<'a>(entries: impl Iterator<Item = &'a Entry>) -> Self {
        let mut coverage = Self::default();
        for entry in entries {
            coverage.uptimes += usize::from(entry.uptime_bps() != Entry::NO_UPTIME);
            coverage.bandwidths += usize::from(entry.bandwidth() != Entry::NO_BANDWIDTH);
        }
        coverage
    }

    /// Of what was signed for an epoch.
    pub fn of_batches(batches: &[SignedBatch]) -> Self {
        let args = batches.iter().filter_map(SignedBatch::args);
        let bytes: Vec<u8> = args.flat_map(|args| args.measurements.0).collect();
        let entries: Vec<Entry> = bytes.chunks_exact(Entry::SIZE).map(bytemuck::pod_read_unaligned).collect();
        Self::of_entries(entries.iter())
    }

    /// Whether either field falls by more than `max_drop_percent` against `before`. 100 is never exceeded.
    pub fn has_dropped(&self, before: &Self, max_drop_percent: u8) -> bool {
        let kept_percent = 100_usize.saturating_sub(max_drop_percent.into());
        let is_below = |now: usize, before: usize| now.saturating_mul(100) < before.saturating_mul(kept_percent);
        is_below(self.uptimes, before.uptimes) || is_below(self.bandwidths, before.bandwidths)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drop_is_one_of_either_field_by_more_than_the_limit() {
        let before = Coverage { uptimes: 200, bandwidths: 10 };
        let has_dropped = |uptimes, bandwidths, percent| Coverage { uptimes, bandwidths }.has_dropped(&before, percent);

        // Half of 200 is 100, half of 10 is 5.
        assert!(!has_dropped(100, 5, 50));
        assert!(has_dropped(99, 5, 50));
        assert!(has_dropped(200, 4, 50));
        assert!(has_dropped(199, 10, 0));
        assert!(!has_dropped(0, 0, 100));
    }
}
