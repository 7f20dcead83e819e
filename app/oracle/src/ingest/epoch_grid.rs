//! Which epoch, and which sampling window of it, a point in time belongs to.

use super::unix_time::NANOS_PER_SEC;
use super::UnixTime;

/// Lengths that don't make a grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EpochGridError {
    #[error("an epoch of {epoch_secs} s is not a whole number of sampling windows of {sample_secs} s; choose --sample-secs so that it divides --epoch-secs")]
    NotDivisible { epoch_secs: u32, sample_secs: u32 },
    #[error("an epoch, or a sampling window, of 0 s holds nothing; both last a second at least")]
    Zero,
}

/// Epochs from the genesis on, each cut into windows of equal length. Epochs and windows hold their first moment and
/// end just before that of the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochGrid {
    genesis: UnixTime,
    epoch_secs: u32,
    sample_secs: u32,
}

/// A window of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GridPlace {
    pub epoch: u32,
    /// 0..[`EpochGrid::windows_per_epoch`]
    pub window: u32,
}

/// A point in time that no epoch holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutsideGrid {
    BeforeGenesis,
    AfterLastEpoch,
}

impl EpochGrid {
    /// - `genesis`: the first moment of epoch 0
    /// - `sample_secs`: the length of a window; it divides `epoch_secs`
    pub fn new(genesis: UnixTime, epoch_secs: u32, sample_secs: u32) -> Result<Self, EpochGridError> {
        match epoch_secs.checked_rem(sample_secs) {
            Some(0) if epoch_secs > 0 => Ok(Self { genesis, epoch_secs, sample_secs }),
            Some(0) | None => Err(EpochGridError::Zero),
            Some(_) => Err(EpochGridError::NotDivisible { epoch_secs, sample_secs }),
        }
    }

    pub fn windows_per_epoch(&self) -> u32 {
        self.epoch_secs / self.sample_secs
    }

    pub fn place(&self, instant: UnixTime) -> Result<GridPlace, OutsideGrid> {
        let since_genesis = instant.nanos_since(self.genesis);
        if since_genesis < 0 {
            return Err(OutsideGrid::BeforeGenesis);
        }
        let epoch_nanos = i128::from(self.epoch_secs) * NANOS_PER_SEC;
        let sample_nanos = i128::from(self.sample_secs) * NANOS_PER_SEC;
        let epoch = u32::try_from(since_genesis / epoch_nanos).map_err(|_| OutsideGrid::AfterLastEpoch)?;
        let window =
            u32::try_from(since_genesis % epoch_nanos / sample_nanos).map_err(|_| OutsideGrid::AfterLastEpoch)?;
        Ok(GridPlace { epoch, window })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::ZoneRule;

    const GENESIS_SECS: i64 = 1_625_011_200;

    fn grid(epoch_secs: u32, sample_secs: u32) -> Result<EpochGrid, EpochGridError> {
        EpochGrid::new(UnixTime::from_unix_secs(GENESIS_SECS), epoch_secs, sample_secs)
    }

    fn place(text: &str) -> Result<(u32, u32), OutsideGrid> {
        let instant = UnixTime::parse(text, ZoneRule::OffsetRequired).expect("a time");
        let place = grid(86_400, 300).expect("a grid").place(instant)?;
        Ok((place.epoch, place.window))
    }

    #[test]
    fn a_window_holds_its_first_moment_and_not_its_end() {
        assert_eq!(place("2021-06-30T00:00:00Z"), Ok((0, 0)));
        assert_eq!(place("2021-06-30T00:04:59.999999999Z"), Ok((0, 0)));
        assert_eq!(place("2021-06-30T00:05:00Z"), Ok((0, 1)));
        // 12:02 is 43,320 s into the day: 43,320 / 300 = 144.4
        assert_eq!(place("2021-06-30T12:02:00Z"), Ok((0, 144)));
    }

    #[test]
    fn an_epoch_holds_its_first_moment_and_not_its_end() {
        assert_eq!(place("2021-06-30T23:59:59.999999999Z"), Ok((0, 287)));
        assert_eq!(place("2021-07-01T00:00:00Z"), Ok((1, 0)));
        // The same moment where clocks show another day.
        assert_eq!(place("2021-06-30T19:00:00-05:00"), Ok((1, 0)));
        assert_eq!(place("2021-06-30T18:59:59-05:00"), Ok((0, 287)));
        // August 30 is 61 days after June 30.
        assert_eq!(place("2021-08-30T14:31:25.887869Z"), Ok((61, 174)));
    }

    #[test]
    fn a_time_that_no_epoch_holds_is_refused() {
        assert_eq!(place("2021-06-29T23:59:59.999999999Z"), Err(OutsideGrid::BeforeGenesis));
        let last = UnixTime::from_unix_secs(GENESIS_SECS + i64::from(u32::MAX));
        let past = UnixTime::from_unix_secs(GENESIS_SECS + i64::from(u32::MAX) + 1);
        let grid = grid(1, 1).expect("a grid");
        assert_eq!(grid.place(last), Ok(GridPlace { epoch: u32::MAX, window: 0 }));
        assert_eq!(grid.place(past), Err(OutsideGrid::AfterLastEpoch));
    }

    #[test]
    fn windows_that_do_not_fill_an_epoch_are_refused() {
        assert_eq!(grid(86_400, 300).map(|grid| grid.windows_per_epoch()), Ok(288));
        assert_eq!(grid(300, 300).map(|grid| grid.windows_per_epoch()), Ok(1));
        assert_eq!(grid(86_400, 7_000), Err(EpochGridError::NotDivisible { epoch_secs: 86_400, sample_secs: 7_000 }));
        assert_eq!(grid(300, 600), Err(EpochGridError::NotDivisible { epoch_secs: 300, sample_secs: 600 }));
        assert_eq!(grid(86_400, 0), Err(EpochGridError::Zero));
        assert_eq!(grid(0, 300), Err(EpochGridError::Zero));
    }
}
