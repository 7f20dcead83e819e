//! When epochs begin and end, in Unix seconds.

/// Epoch boundaries and the windows behind each epoch's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Unix seconds at which epoch 0 begins.
    pub genesis: i64,
    /// Length of an epoch; never 0.
    pub epoch_secs: u32,
    /// From an epoch's end, how long its reports are taken.
    pub report_secs: u32,
    /// From an epoch's end, how long its shards may be scored; longer than `report_secs`.
    pub score_secs: u32,
}

impl Schedule {
    /// The epoch under way at `now`, or `None` before the genesis.
    ///
    /// Epoch e covers [genesis + e·len, genesis + (e+1)·len). Past the last epoch that a u32 counts, that last one.
    pub fn epoch_at(&self, now: i64) -> Option<u32> {
        // The sign is checked first and the division is unsigned: the VM has no signed one.
        let elapsed = u64::try_from(now.checked_sub(self.genesis)?).ok()?;
        let epoch = elapsed.checked_div(u64::from(self.epoch_secs))?;
        Some(u32::try_from(epoch).unwrap_or(u32::MAX))
    }

    /// The first epoch that has not begun at `now`: from it on, what is decided now holds.
    pub fn next_epoch(&self, now: i64) -> u32 {
        self.epoch_at(now).map_or(0, |epoch| epoch.saturating_add(1))
    }

    /// Unix second at which `epoch` is over; `None` past the end of time.
    pub fn checked_end(&self, epoch: u32) -> Option<i64> {
        let secs = u64::from(epoch).checked_add(1)?.checked_mul(u64::from(self.epoch_secs))?;
        self.genesis.checked_add_unsigned(secs)
    }

    /// Unix second at which `epoch` takes no more reports.
    pub fn checked_report_end(&self, epoch: u32) -> Option<i64> {
        self.checked_end(epoch)?.checked_add(i64::from(self.report_secs))
    }

    /// Unix second at which `epoch` can no longer be scored.
    pub fn checked_score_end(&self, epoch: u32) -> Option<i64> {
        self.checked_end(epoch)?.checked_add(i64::from(self.score_secs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEDULE: Schedule = Schedule { genesis: 1_000, epoch_secs: 100, report_secs: 20, score_secs: 300 };

    #[test]
    fn an_epoch_holds_its_first_second_and_not_its_last() {
        assert_eq!(SCHEDULE.epoch_at(999), None);
        assert_eq!(SCHEDULE.epoch_at(1_000), Some(0));
        assert_eq!(SCHEDULE.epoch_at(1_099), Some(0));
        assert_eq!(SCHEDULE.epoch_at(1_100), Some(1));
    }

    #[test]
    fn the_next_epoch_is_the_first_before_genesis() {
        assert_eq!(SCHEDULE.next_epoch(i64::MIN), 0);
        assert_eq!(SCHEDULE.next_epoch(999), 0);
        assert_eq!(SCHEDULE.next_epoch(1_000), 1);
    }

    #[test]
    fn windows_start_at_the_end_of_the_epoch() {
        assert_eq!(SCHEDULE.checked_end(0), Some(1_100));
        assert_eq!(SCHEDULE.checked_report_end(1), Some(1_220));
        assert_eq!(SCHEDULE.checked_score_end(1), Some(1_500));
    }

    #[test]
    fn the_end_of_time_is_no_panic() {
        let late = Schedule { genesis: i64::MAX - 50, ..SCHEDULE };
        assert_eq!(late.checked_end(0), None);
        assert_eq!(late.checked_score_end(u32::MAX), None);
        assert_eq!(Schedule { genesis: i64::MIN, epoch_secs: 1, ..SCHEDULE }.epoch_at(i64::MAX), None);
        assert_eq!(Schedule { genesis: 0, epoch_secs: 1, ..SCHEDULE }.epoch_at(i64::MAX), Some(u32::MAX));
    }
}
