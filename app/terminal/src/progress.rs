//! How far a long step is: one line on stderr if that is a terminal, else nothing.

use std::cell::Cell;
use std::io::{self, IsTerminal as _, Write as _};

/// A line that is redrawn as the step goes on, and erased when it is over.
pub struct Progress {
    doing: &'static str,
    steps: u64,
    done: Cell<u64>,
    is_shown: bool,
}

impl Progress {
    /// - `doing`: what the step does; `steps`: how many times.
    pub fn begin(doing: &'static str, steps: u64) -> Self {
        let progress = Self { doing, steps, done: Cell::new(0), is_shown: io::stderr().is_terminal() };
        progress.draw();
        progress
    }

    /// So many are done by now.
    pub fn set(&self, steps: u64) {
        let percent = |done: u64| done.saturating_mul(100).checked_div(self.steps);
        let is_same = percent(self.done.replace(steps)) == percent(steps);
        if !is_same {
            self.draw();
        }
    }

    /// One more is done.
    pub fn advance(&self) {
        self.set(self.done.get().saturating_add(1));
    }

    fn draw(&self) {
        if self.is_shown {
            // What can't be shown is not worth failing for.
            let _ = write!(io::stderr(), "\r\x1b[K{}: {} of {}", self.doing, self.done.get(), self.steps);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
