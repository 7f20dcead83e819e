//! How long a program sleeps between two looks.

use std::time::Duration;

/// The shortest sleep: a cluster's clock goes in steps of a block.
const FLOOR: Duration = Duration::from_secs(1);

/// How often the network is looked at.
#[derive(Debug, Clone, clap::Args)]
pub struct RestArgs {
    /// Look at the network at least so often, in seconds, even if nothing is due by the clock
    #[arg(long, value_name = "SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=3600))]
    poll_secs: u64,
}

impl RestArgs {
    /// Sleeps by these options.
    pub fn rest(&self) -> Rest {
        Rest { ceiling: Duration::from_secs(self.poll_secs), failures: 0 }
    }
}

/// Sleeps that are as long as there is nothing to do, and longer with each failure.
#[derive(Clone, Copy, Debug)]
pub struct Rest {
    ceiling: Duration,
    failures: u32,
}

impl Rest {
    /// Until there is something to do.
    ///
    /// - `now`, `next`: Unix seconds of the cluster's clock; none if nothing is known to come.
    pub fn until(&mut self, now: i64, next: Option<i64>) -> Duration {
        self.failures = 0;
        let secs = next.map(|next| u64::try_from(next.saturating_sub(now)).unwrap_or(0));
        secs.map_or(self.ceiling, Duration::from_secs).min(self.ceiling).max(FLOOR)
    }

    /// After a failure: twice as long each time.
    pub fn after_failure(&mut self) -> Duration {
        let secs = 1_u64.checked_shl(self.failures).unwrap_or(u64::MAX);
        self.failures = self.failures.saturating_add(1).min(16);
        Duration::from_secs(secs).min(self.ceiling).max(FLOOR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rest() -> Rest {
        Rest { ceiling: Duration::from_secs(15), failures: 0 }
    }

    #[test]
    fn a_sleep_ends_when_something_is_due_and_never_later_than_the_next_look() {
        let slept = |now, next| rest().until(now, next).as_secs();

        assert_eq!([slept(100, Some(107)), slept(100, Some(900)), slept(100, None)], [7, 15, 15]);
        // What is due already, and what the clock has passed.
        assert_eq!([slept(100, Some(100)), slept(100, Some(3))], [1, 1]);
    }

    #[test]
    fn failures_are_waited_out_longer_each_time_until_one_look_succeeds() {
        let mut rest = rest();

        let waited: Vec<_> = (0..6).map(|_| rest.after_failure().as_secs()).collect();
        rest.until(0, None);

        assert_eq!(waited, [1, 2, 4, 8, 15, 15]);
        assert_eq!(rest.after_failure().as_secs(), 1);
    }
}
