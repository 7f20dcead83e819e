//! The values of one node in one epoch, to one field of its measurement.

use stipend_client::measurement::{MAX_BANDWIDTH, MAX_UPTIME_BPS};

use crate::ingest::Decimal;
use crate::source::error::Field;
use crate::source::span_tally::MinCoverage;
use crate::source::window_set::WindowSet;

/// Decimal places to which values are summed: more than a share has in Prometheus' notation, as far as it matters.
const PLACES: u32 = 18;
const ONE: u128 = 10_u128.pow(PLACES);

/// What the values of a node come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Basis points, or bandwidth.
    Value(u32),
    /// How many windows have a value.
    FewWindows(u64),
    BadValue {
        value: String,
        reason: &'static str,
    },
    TooLarge,
    TwoSeries,
}

/// The values of one node so far.
#[derive(Debug)]
pub struct Steps {
    field: Field,
    windows: WindowSet,
    /// Times [`ONE`]; each value floored.
    sum: u128,
    fault: Option<Outcome>,
}

impl Steps {
    pub fn new(field: Field) -> Self {
        Self { field, windows: WindowSet::default(), sum: 0, fault: None }
    }

    /// Adds the value of a window. One that is no number, as 0/0 is, is a gap.
    pub fn add(&mut self, window: u32, text: &str) {
        if self.fault.is_some() || text.eq_ignore_ascii_case("nan") {
            return;
        }
        self.fault = self.checked_add(window, text).err();
    }

    fn checked_add(&mut self, window: u32, text: &str) -> Result<(), Outcome> {
        let bad_value = |reason| Outcome::BadValue { value: text.to_owned(), reason };
        if !self.windows.insert(window) {
            return Err(Outcome::TwoSeries);
        }
        if text.starts_with('-') {
            return Err(bad_value("negative"));
        }
        if text.trim_start_matches('+').eq_ignore_ascii_case("inf") {
            return Err(bad_value("not finite"));
        }
        let value = Decimal::parse_value(text).map_err(|_| bad_value("not a number"))?;
        let scale = Decimal::parse_scale("1e18").map_err(|_| bad_value("not a number"))?;
        let value = value.checked_floor_scaled(scale).ok_or(Outcome::TooLarge)?;
        if self.field == Field::Uptime && value > ONE {
            return Err(bad_value("above 1, which is all of a window"));
        }
        self.sum = self.sum.checked_add(value).ok_or(Outcome::TooLarge)?;
        Ok(())
    }

    /// The mean of the values there are, floored, in basis points if it is of uptime.
    ///
    /// - `windows`: how many the epoch has
    pub fn outcome(self, windows: u32, min_coverage: MinCoverage) -> Outcome {
        if let Some(fault) = self.fault {
            return fault;
        }
        let covered = self.windows.len();
        if !min_coverage.is_met(covered, windows) {
            return Outcome::FewWindows(covered);
        }
        let (factor, max) = match self.field {
            Field::Uptime => (u128::from(MAX_UPTIME_BPS), u32::from(MAX_UPTIME_BPS)),
            Field::Bandwidth => (1, MAX_BANDWIDTH),
        };
        // A sum of at most 2^32 shares of 10^18, times 10^4, is below 2^107.
        let value = self.sum.checked_mul(factor).and_then(|sum| (sum / ONE).checked_div(u128::from(covered)));
        match value.and_then(|value| u32::try_from(value).ok()).filter(|value| *value <= max) {
            Some(value) => Outcome::Value(value),
            None => Outcome::TooLarge,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(field: Field, values: &[&str], windows: u32) -> Outcome {
        let mut steps = Steps::new(field);
        for (window, value) in (0..).zip(values) {
            steps.add(window, value);
        }
        steps.outcome(windows, MinCoverage { percent: 50 })
    }

    #[test]
    fn uptime_is_the_mean_of_the_windows_that_have_a_value() {
        // 2 of 3, of 4 windows; NaN is a gap.
        assert_eq!(outcome(Field::Uptime, &["1", "0", "NaN", "1"], 4), Outcome::Value(6_666));
        assert_eq!(outcome(Field::Uptime, &["0.29"], 1), Outcome::Value(2_900));
        assert_eq!(outcome(Field::Uptime, &["0", "0"], 2), Outcome::Value(0));
        assert_eq!(outcome(Field::Uptime, &["1", "0.5"], 2), Outcome::Value(7_500));
    }

    #[test]
    fn bandwidth_is_the_floor_of_the_mean() {
        // (1.5 + 2 + 2.4) / 3 = 1.966…
        assert_eq!(outcome(Field::Bandwidth, &["1.5", "2", "2.4"], 3), Outcome::Value(1));
        assert_eq!(outcome(Field::Bandwidth, &["0"], 1), Outcome::Value(0));
        assert_eq!(outcome(Field::Bandwidth, &["4294967294"], 1), Outcome::Value(4_294_967_294));
        assert_eq!(outcome(Field::Bandwidth, &["4294967295"], 1), Outcome::TooLarge);
        assert_eq!(outcome(Field::Bandwidth, &["1e300"], 1), Outcome::TooLarge);
        assert_eq!(outcome(Field::Bandwidth, &["0.1", "0.2", "0.7"], 3), Outcome::Value(0));
        assert_eq!(outcome(Field::Bandwidth, &["0.1", "0.2", "2.7"], 3), Outcome::Value(1));
    }

    #[test]
    fn too_few_values_are_no_measurement() {
        assert_eq!(outcome(Field::Uptime, &["1", "1"], 5), Outcome::FewWindows(2));
        assert_eq!(outcome(Field::Uptime, &["NaN", "NaN"], 2), Outcome::FewWindows(0));
        assert_eq!(outcome(Field::Uptime, &["1", "1"], 4), Outcome::Value(10_000));
    }

    #[test]
    fn a_value_that_can_not_be_is_named() {
        for (field, value, reason) in [
            (Field::Bandwidth, "+Inf", "not finite"),
            (Field::Bandwidth, "-Inf", "negative"),
            (Field::Bandwidth, "-0.1", "negative"),
            (Field::Uptime, "1.000001", "above 1, which is all of a window"),
            (Field::Uptime, "up", "not a number"),
        ] {
            let found = outcome(field, &["1", value, "1"], 3);

            assert_eq!(found, Outcome::BadValue { value: value.to_owned(), reason });
        }
    }

    #[test]
    fn two_values_in_one_window_are_those_of_two_series() {
        let mut steps = Steps::new(Field::Uptime);
        steps.add(3, "1");
        steps.add(3, "1");

        assert_eq!(steps.outcome(4, MinCoverage { percent: 0 }), Outcome::TwoSeries);
    }
}
