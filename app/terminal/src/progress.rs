//! How far the demonstration is, on stderr if that is a terminal, else nowhere.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

const TEMPLATE: &str = "{msg:<22} {bar:40} {pos}/{len}";

/// A bar that is gone when the step is over.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// - `doing`: what the step does; `steps`: how many times.
    pub fn begin(doing: &'static str, steps: u64) -> Self {
        // Not a terminal: the target hides itself.
        let bar = ProgressBar::with_draw_target(Some(steps), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style);
        }
        bar.set_message(doing);
        Self { bar }
    }

    /// So many are done by now.
    pub fn set(&self, steps: u64) {
        self.bar.set_position(steps);
    }

    /// One more is done.
    pub fn advance(&self) {
        self.bar.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
