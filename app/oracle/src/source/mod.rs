//! Where an oracle's measurements come from: files, a Prometheus server, or probes of its own.
//!
//! One law holds for all of them: a gap in the source is "not measured", never "down". Every source cuts an epoch into
//! windows of equal length, and a window without a sample counts neither for a node nor against it. What is measured in
//! too few windows is not measured at all. Every rounding is a floor, so a node is never credited with what was not
//! measured.

mod args;
mod error;
mod input_file;
mod measurement_files;
mod probe;
mod prometheus;
mod sample_files;
mod span_tally;
#[cfg(test)]
mod test_server;
mod window_set;
mod worker;

use std::time::Instant;

use stipend_client::measurement::MeasurementRow;

pub use args::SourceArgs;
pub use error::{Remark, SourceError};
pub use worker::SourceWorker;

/// An epoch in time: Unix seconds, the first of them in the epoch, the last not any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochSpan {
    /// Counted from the network's genesis.
    pub epoch: u32,
    /// Its first second.
    pub start: i64,
    /// The first second after it.
    pub end: i64,
}

impl EpochSpan {
    /// How many windows of `window_secs` the epoch has.
    ///
    /// - `option`: which option chose `window_secs`
    fn windows(&self, window_secs: u32, option: &'static str) -> Result<u32, SourceError> {
        let epoch_secs = self.end.saturating_sub(self.start);
        let windows_dont_fill = || SourceError::WindowsDontFill { epoch_secs, window_secs, option };
        if epoch_secs < 1 || epoch_secs.checked_rem(i64::from(window_secs)) != Some(0) {
            return Err(windows_dont_fill());
        }
        u32::try_from(epoch_secs / i64::from(window_secs)).map_err(|_| windows_dont_fill())
    }
}

/// When a network's epochs are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochClock {
    /// The first moment of epoch 0, in Unix seconds.
    pub genesis: i64,
    /// The length of an epoch, above 0.
    pub epoch_secs: u32,
}

impl EpochClock {
    /// When `epoch` is.
    pub fn span(&self, epoch: u32) -> EpochSpan {
        let epoch_secs = i64::from(self.epoch_secs);
        let start = self.genesis.saturating_add(epoch_secs.saturating_mul(i64::from(epoch)));
        EpochSpan { epoch, start, end: start.saturating_add(epoch_secs) }
    }

    /// The epoch that holds the moment `unix_secs`; `None` before the genesis, and past the last epoch.
    pub fn epoch_at(&self, unix_secs: i64) -> Option<u32> {
        let since_genesis = unix_secs.checked_sub(self.genesis)?;
        u32::try_from(since_genesis.checked_div_euclid(i64::from(self.epoch_secs))?).ok()
    }
}

/// What a source knows of an epoch.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// By the bytes of the node's label, each label once. A node without a row was not measured.
    pub rows: Vec<MeasurementRow>,
    /// What was left out, and why.
    pub remarks: Vec<Remark>,
}

impl Measured {
    /// The same, unless nothing at all was measured: that is an error, and never a measurement.
    ///
    /// Errors: [`SourceError::Nothing`].
    pub fn or_nothing(self, epoch: u32) -> Result<Self, SourceError> {
        if self.rows.is_empty() {
            return Err(SourceError::Nothing { epoch, remarks: self.remarks });
        }
        Ok(self)
    }
}

/// Where measurements come from.
pub trait Source: Send {
    /// What was measured in an epoch that is over.
    ///
    /// The same epoch can be asked for again, after an error too: a file may have been finished or mended, a server may be
    /// back. Whoever asks decides how long it goes on trying, and takes a source that has no row at all for one that failed.
    ///
    /// - `deadline`: when to give up, since the answer is of no use afterwards.
    fn measure(&mut self, span: &EpochSpan, deadline: Instant) -> Result<Measured, SourceError>;

    /// Epochs before `epoch` are never asked for again: what is kept of them may be removed.
    ///
    /// Errors are logged only, since nothing depends on it.
    fn forget_before(&mut self, _epoch: u32) {}
}

/// A deadline that no test reaches.
#[cfg(test)]
fn later() -> Instant {
    Instant::now() + std::time::Duration::from_secs(3_600)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_holds_its_first_second_and_not_that_of_the_next() {
        let clock = EpochClock { genesis: 1_000, epoch_secs: 60 };

        assert_eq!(clock.span(2), EpochSpan { epoch: 2, start: 1_120, end: 1_180 });
        assert_eq!(clock.epoch_at(999), None);
        assert_eq!(clock.epoch_at(1_000), Some(0));
        assert_eq!(clock.epoch_at(1_119), Some(1));
        assert_eq!(clock.epoch_at(1_120), Some(2));
        // 60 · 2^32 seconds after the genesis.
        assert_eq!(clock.epoch_at(1_000 + 257_698_037_760 - 1), Some(u32::MAX));
        assert_eq!(clock.epoch_at(1_000 + 257_698_037_760), None);
    }
}
