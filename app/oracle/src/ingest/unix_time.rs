//! Points in time as they stand in a file.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::Timestamp;

use super::Decimal;

/// Nanoseconds in a second.
pub const NANOS_PER_SEC: i128 = 1_000_000_000;
/// The end of the year 9999: what is later was meant as milliseconds.
const MAX_UNIX_SECS: i128 = 253_402_300_799;

/// Text that is no point in time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "each message says what its variant is")]
pub enum UnixTimeError {
    #[error("time `{text}` is neither RFC 3339 nor Unix seconds")]
    Unreadable { text: String },
    #[error("time `{text}` has no UTC offset; add one, or pass --assume-utc if all such times are UTC")]
    NoOffset { text: String },
    #[error("time `{text}` is past the year 9999; Unix times are in seconds, not in milliseconds")]
    TooLate { text: String },
    #[error("time `{text}` is not a whole second")]
    NotAWholeSecond { text: String },
}

impl UnixTimeError {
    /// The reason without the text.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "time that is neither RFC 3339 nor Unix seconds",
            Self::NoOffset { .. } => "time without a UTC offset",
            Self::TooLate { .. } => "time past the year 9999",
            Self::NotAWholeSecond { .. } => "time that is not a whole second",
        }
    }
}

/// What a time without an offset means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZoneRule {
    /// Nothing: it is refused.
    OffsetRequired,
    /// It is UTC.
    AssumeUtc,
}

impl ZoneRule {
    /// - `assume_utc`: whether `--assume-utc` was passed
    pub fn from_assume_utc(assume_utc: bool) -> Self {
        if assume_utc {
            Self::AssumeUtc
        } else {
            Self::OffsetRequired
        }
    }
}

/// Nanoseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixTime {
    nanos: i128,
}

impl UnixTime {
    /// Reads RFC 3339, with `T` or a space and an offset as `Z`, `+02:00` or `+0200`, or Unix seconds with or without a
    /// fraction. What is finer than a nanosecond is floored in Unix seconds and refused in RFC 3339.
    pub fn parse(text: &str, zone_rule: ZoneRule) -> Result<Self, UnixTimeError> {
        if let Ok(unix_secs) = Decimal::parse(text) {
            return Self::from_unix_secs_text(unix_secs, text);
        }
        if let Ok(timestamp) = text.parse::<Timestamp>() {
            return Ok(Self { nanos: timestamp.as_nanosecond() });
        }
        // A date alone is midnight to the parser; here it is no time.
        let civil = match text.parse::<DateTime>() {
            Ok(civil) if text.contains(':') => civil,
            _ => return Err(UnixTimeError::Unreadable { text: text.to_owned() }),
        };
        match (zone_rule, TimeZone::UTC.to_timestamp(civil)) {
            (ZoneRule::AssumeUtc, Ok(timestamp)) => Ok(Self { nanos: timestamp.as_nanosecond() }),
            (ZoneRule::AssumeUtc, Err(_)) => Err(UnixTimeError::TooLate { text: text.to_owned() }),
            (ZoneRule::OffsetRequired, _) => Err(UnixTimeError::NoOffset { text: text.to_owned() }),
        }
    }

    fn from_unix_secs_text(unix_secs: Decimal, text: &str) -> Result<Self, UnixTimeError> {
        match unix_secs.checked_floor_nanos() {
            Some(nanos) if nanos / NANOS_PER_SEC <= MAX_UNIX_SECS => Ok(Self { nanos }),
            _ => Err(UnixTimeError::TooLate { text: text.to_owned() }),
        }
    }

    /// Reads a point in time that must be a whole second, as those on the chain are; in Unix seconds.
    pub fn parse_unix_secs(text: &str) -> Result<i64, UnixTimeError> {
        let Self { nanos } = Self::parse(text, ZoneRule::OffsetRequired)?;
        if nanos.rem_euclid(NANOS_PER_SEC) != 0 {
            return Err(UnixTimeError::NotAWholeSecond { text: text.to_owned() });
        }
        i64::try_from(nanos / NANOS_PER_SEC).map_err(|_| UnixTimeError::TooLate { text: text.to_owned() })
    }

    /// Nanoseconds from `earlier` to this point in time; negative if it is not earlier.
    pub fn nanos_since(self, earlier: Self) -> i128 {
        self.nanos.saturating_sub(earlier.nanos)
    }

    /// A whole second.
    pub fn from_unix_secs(secs: i64) -> Self {
        Self { nanos: i128::from(secs).saturating_mul(NANOS_PER_SEC) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nanos(text: &str) -> i128 {
        match UnixTime::parse(text, ZoneRule::OffsetRequired) {
            Ok(instant) => instant.nanos,
            Err(error) => panic!("{error}"),
        }
    }

    fn refusal(text: &str, zone_rule: ZoneRule) -> String {
        UnixTime::parse(text, zone_rule).expect_err("the time was to be refused").to_string()
    }

    #[test]
    fn one_instant_is_the_same_in_every_notation() {
        // 2021-06-30 is day 18,808 since 1970: 18,808 · 86,400 = 1,625,011,200; 18:50:28 is 67,828 s into it.
        for text in [
            "2021-06-30T18:50:28.25Z",
            "2021-06-30t18:50:28.25z",
            "2021-06-30 18:50:28.25+00:00",
            "2021-06-30 18:50:28.250000+0000",
            "2021-06-30T20:50:28.25+0200",
            "2021-06-30T13:50:28.25-05:00",
            "2021-07-01T00:20:28.25+05:30",
            "1625079028.25",
            "1.62507902825e9",
        ] {
            assert_eq!(nanos(text), 1_625_079_028_250_000_000, "{text}");
        }
    }

    #[test]
    fn the_hour_that_daylight_saving_leaves_out_has_no_length() {
        // At 2020-03-29 02:00 the clocks of Aachen went on to 03:00.
        let before = nanos("2020-03-29T01:59:59+0100");
        let after = nanos("2020-03-29T03:00:00+0200");

        assert_eq!(after - before, NANOS_PER_SEC);
    }

    #[test]
    fn a_time_before_1970_is_negative() {
        assert_eq!(nanos("1969-12-31T23:59:59.5Z"), -500_000_000);
        assert_eq!(nanos("-0.5"), -500_000_000);
    }

    #[test]
    fn a_time_without_an_offset_is_refused_or_is_utc() {
        assert_eq!(
            refusal("2021-06-30 00:00:01", ZoneRule::OffsetRequired),
            "time `2021-06-30 00:00:01` has no UTC offset; add one, or pass --assume-utc if all such times are UTC"
        );
        assert_eq!(
            UnixTime::parse("2021-06-30 00:00:01", ZoneRule::AssumeUtc),
            Ok(UnixTime { nanos: 1_625_011_201 * NANOS_PER_SEC })
        );
        // An offset that is there is kept.
        assert_eq!(
            UnixTime::parse("2021-06-30 00:00:01+01:00", ZoneRule::AssumeUtc),
            Ok(UnixTime { nanos: 1_625_007_601 * NANOS_PER_SEC })
        );
    }

    #[test]
    fn what_is_no_time_is_refused_by_its_reason() {
        for text in [
            "",
            "yesterday",
            "2021-06-30",
            "2021-06-31T00:00:00Z",
            "30.06.2021 10:00",
            "2021-06-30T00:00:00Zulu",
            "NaN",
        ] {
            assert_eq!(
                refusal(text, ZoneRule::AssumeUtc),
                format!("time `{text}` is neither RFC 3339 nor Unix seconds")
            );
        }
        assert_eq!(
            refusal("1625079028250", ZoneRule::OffsetRequired),
            "time `1625079028250` is past the year 9999; Unix times are in seconds, not in milliseconds"
        );
        assert_eq!(
            refusal("1e40", ZoneRule::OffsetRequired),
            "time `1e40` is past the year 9999; Unix times are in seconds, not in milliseconds"
        );
    }

    #[test]
    fn a_genesis_is_a_whole_second() {
        assert_eq!(UnixTime::parse_unix_secs("2021-06-30T02:00:00+02:00"), Ok(1_625_011_200));
        assert_eq!(UnixTime::parse_unix_secs("1625011200"), Ok(1_625_011_200));
        assert_eq!(UnixTime::parse_unix_secs("-1"), Ok(-1));
        assert_eq!(
            UnixTime::parse_unix_secs("0.5").map_err(|error| error.to_string()),
            Err("time `0.5` is not a whole second".to_owned())
        );
    }
}
