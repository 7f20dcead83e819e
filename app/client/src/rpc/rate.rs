//! How many requests a second are sent.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// A token bucket that holds the requests of one second.
#[derive(Debug)]
pub(super) struct Rate {
    /// Time between two requests.
    interval: Duration,
    /// When the bucket is full again.
    full_at: Mutex<Option<Instant>>,
}

impl Rate {
    /// - `per_sec`: requests a second, at least 1.
    pub(super) fn new(per_sec: u32) -> Self {
        Self { interval: Duration::from_secs(1) / per_sec.max(1), full_at: Mutex::default() }
    }

    /// Takes one token. Returns how long to wait before the request may be sent.
    pub(super) fn take(&self, now: Instant) -> Duration {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let next = full_at.map_or(now, |full_at| full_at.max(now)) + self.interval;
        *full_at = Some(next);
        // A full bucket has one second's requests.
        next.saturating_duration_since(now).saturating_sub(Duration::from_secs(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seconds_requests_go_at_once_and_the_next_ones_evenly() {
        let rate = Rate::new(4);
        let start = Instant::now();

        let waits: Vec<_> = (0..6).map(|_| rate.take(start).as_millis()).collect();

        // Four at once; the fifth a quarter of a second later, and the sixth another one.
        assert_eq!(waits, [0, 0, 0, 0, 250, 500]);
    }

    #[test]
    fn a_bucket_fills_up_to_one_second_and_no_more() {
        let rate = Rate::new(4);
        let start = Instant::now();
        let at_once: Vec<_> = (0..4).map(|_| rate.take(start).as_millis()).collect();
        assert_eq!(at_once, [0; 4]);

        let after_half = start + Duration::from_millis(500);
        let waits: Vec<_> = (0..3).map(|_| rate.take(after_half).as_millis()).collect();
        let much_later = start + Duration::from_secs(60);
        let rested: Vec<_> = (0..5).map(|_| rate.take(much_later).as_millis()).collect();

        // Two tokens came back in half a second.
        assert_eq!(waits, [0, 0, 250]);
        assert_eq!(rested, [0, 0, 0, 0, 250]);
    }
}
