//! When a network's first epoch begins.

use crate::ingest::{UnixTime, UnixTimeError};

/// A point in time, or one that is counted from the cluster's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Genesis {
    /// Unix seconds.
    At(i64),
    /// Seconds from the moment at which the network is created.
    In(u32),
}

/// Why a text is no genesis.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum GenesisError {
    #[error("`{text}` is no number of seconds; write `+300` for five minutes from now")]
    Seconds { text: String },
    #[error(transparent)]
    Time(#[from] UnixTimeError),
}

impl Genesis {
    /// Reads `+SECONDS`, RFC 3339 with an offset, or Unix seconds.
    pub fn parse(text: &str) -> Result<Self, GenesisError> {
        let Some(secs) = text.strip_prefix('+') else {
            return Ok(Self::At(UnixTime::parse_unix_secs(text)?));
        };
        let is_plain = secs.bytes().all(|byte| byte.is_ascii_digit());
        let secs = secs.parse().ok().filter(|_| is_plain);
        secs.map(Self::In).ok_or_else(|| GenesisError::Seconds { text: text.to_owned() })
    }

    /// Unix seconds, where the clock shows `now`.
    pub fn at(self, now: i64) -> i64 {
        match self {
            Self::At(secs) => secs,
            Self::In(secs) => now.saturating_add(i64::from(secs)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_genesis_is_a_time_or_a_number_of_seconds_from_now() {
        // 2021-06-30 is day 18,808 since 1970: 18,808 · 86,400 = 1,625,011,200.
        assert_eq!(Genesis::parse("2021-06-30T02:00:00+02:00"), Ok(Genesis::At(1_625_011_200)));
        assert_eq!(Genesis::parse("1625011200"), Ok(Genesis::At(1_625_011_200)));
        assert_eq!(Genesis::parse("+300"), Ok(Genesis::In(300)));
        assert_eq!(Genesis::In(300).at(1_000), 1_300);
        assert_eq!(Genesis::At(7).at(1_000), 7);
    }

    #[test]
    fn what_is_no_genesis_is_refused_by_its_reason() {
        for text in ["+", "+-1", "++1", "+1.5", "+4294967296"] {
            assert_eq!(Genesis::parse(text), Err(GenesisError::Seconds { text: text.to_owned() }));
        }
        assert!(matches!(Genesis::parse("tomorrow"), Err(GenesisError::Time(UnixTimeError::Unreadable { .. }))));
    }
}
