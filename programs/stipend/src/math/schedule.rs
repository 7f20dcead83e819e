//! When epochs begin and end, in Unix seconds.

/// Epoch boundaries. The windows behind an epoch's end belong to its policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Unix seconds at which epoch 0 begins.
    pub genesis: i64,
    /// Length of an epoch; never 0.
    pub epoch_secs: u32,
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

    /// The epoch under way at `now`, or the first one before the genesis.
    pub fn current_epoch(&self, now: i64) -> u32 {
        self.epoch_at(now).unwrap_or(0)
    }

    /// Unix second at which `epoch` is over; `None` past the end of time.
    #[inline(always)]
    pub fn checked_end(&self, epoch: u32) -> Option<i64> {
        let secs = u64::from(epoch).checked_add(1)?.checked_mul(u64::from(self.epoch_secs))?;
        self.genesis.checked_add_unsigned(secs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEDULE: Schedule = Schedule { genesis: 1_000, epoch_secs: 100 };

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
    fn the_current_epoch_is_the_one_under_way() {
        assert_eq!(SCHEDULE.current_epoch(999), 0);
        assert_eq!(SCHEDULE.current_epoch(1_000), 0);
        assert_eq!(SCHEDULE.current_epoch(1_099), 0);
        assert_eq!(SCHEDULE.current_epoch(1_100), 1);
        assert_eq!(SCHEDULE.checked_end(1), Some(1_200));
    }

    #[test]
    fn the_end_of_time_is_no_panic() {
        let late = Schedule { genesis: i64::MAX - 50, ..SCHEDULE };
        assert_eq!(late.checked_end(0), None);
        assert_eq!(late.checked_end(u32::MAX), None);
        assert_eq!(Schedule { genesis: i64::MIN, epoch_secs: 1 }.epoch_at(i64::MAX), None);
        assert_eq!(Schedule { genesis: 0, epoch_secs: 1 }.epoch_at(i64::MAX), Some(u32::MAX));
    }
}
