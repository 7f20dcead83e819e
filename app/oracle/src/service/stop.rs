//! Ends a program between two steps.

use std::cell::Cell;
use std::io;
use std::process;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Whether somebody asked the program to end, by SIGINT or SIGTERM. Asked twice, it ends at once.
pub struct Stop {
    asked: Receiver<()>,
    is_asked: Cell<bool>,
}

impl Stop {
    /// Errors: the operating system does not let the signals be heard.
    pub fn listen() -> io::Result<Self> {
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        let (ask, asked) = mpsc::channel();
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            let mut is_asked = false;
            for signal in signals.forever() {
                if is_asked {
                    // As a shell says it of a program that a signal ended.
                    process::exit(signal.saturating_add(128));
                }
                is_asked = true;
                // Nobody listens any more: the program is ending.
                let _ = ask.send(());
            }
        })?;
        Ok(Self { asked, is_asked: Cell::new(false) })
    }

    /// Waits for `time`, or until it is asked to end.
    pub fn wait(&self, time: Duration) {
        if self.is_asked() {
            return;
        }
        match self.asked.recv_timeout(time) {
            Ok(()) => self.is_asked.set(true),
            Err(RecvTimeoutError::Timeout) => {}
            // The thread is gone, and with it who could ask: the time is waited out.
            Err(RecvTimeoutError::Disconnected) => thread::sleep(time),
        }
    }

    pub fn is_asked(&self) -> bool {
        if self.asked.try_recv().is_ok() {
            self.is_asked.set(true);
        }
        self.is_asked.get()
    }
}
