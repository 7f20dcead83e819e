//! Ends a program between two steps.

use std::io;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Whether the program, or a part of it, was asked to end. All clones of one are asked together.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    is_asked: Arc<AtomicBool>,
    /// Held while `is_asked` is set, so that no sleeper misses it.
    sleep: Mutex<()>,
    asked: Condvar,
}

impl Stop {
    /// One that SIGINT and SIGTERM ask. A second signal ends the program at once.
    ///
    /// Errors: the operating system does not let the signals be heard.
    pub fn listen() -> io::Result<Self> {
        let stop = Self::default();
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        let asked = stop.clone();
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            for signal in signals.forever() {
                if asked.is_asked() {
                    // The exit code that a shell shows for a program that a signal ended.
                    process::exit(signal.saturating_add(128));
                }
                asked.ask();
            }
        })?;
        Ok(stop)
    }

    /// Asks all clones to end, and wakes those that sleep.
    pub fn ask(&self) {
        let _held = self.shared.sleep.lock().unwrap_or_else(PoisonError::into_inner);
        self.shared.is_asked.store(true, Ordering::SeqCst);
        self.shared.asked.notify_all();
    }

    /// Whether somebody asked.
    pub fn is_asked(&self) -> bool {
        self.shared.is_asked.load(Ordering::SeqCst)
    }

    /// The same answer for code that knows only a flag.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.shared.is_asked)
    }

    /// Sleeps for `time`, or until it is asked to end.
    pub fn wait(&self, time: Duration) {
        let now = Instant::now();
        // A sleep past what the clock can show is an hour: the caller looks again afterwards.
        self.sleep_until(now.checked_add(time).unwrap_or(now + Duration::from_secs(3_600)));
    }

    /// Sleeps until `time`. Returns whether it was asked to end.
    pub fn sleep_until(&self, time: Instant) -> bool {
        let mut held = self.shared.sleep.lock().unwrap_or_else(PoisonError::into_inner);
        while !self.is_asked() {
            let left = time.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            held = self.shared.asked.wait_timeout(held, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleeper_wakes_when_any_clone_is_asked_to_end() {
        let stop = Stop::default();
        let sleeper = stop.clone();
        let thread = thread::spawn(move || sleeper.sleep_until(Instant::now() + Duration::from_secs(600)));

        stop.ask();

        assert!(thread.join().expect("no panic"));
        assert!(stop.is_asked() && stop.flag().load(Ordering::SeqCst));
    }

    #[test]
    fn a_sleep_that_nobody_cuts_short_ends_by_itself() {
        assert!(!Stop::default().sleep_until(Instant::now()));
    }
}
