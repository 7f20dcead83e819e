//! An oracle as a program that runs on: it measures, signs, keeps what it signed, and sends that.

mod journal;
mod places;
mod runner;

pub use journal::{Journal, JournalError, Role};
pub use places::PlacesArgs;
pub use runner::{Ends, OracleRunner, RunError, Tick};
