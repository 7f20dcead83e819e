//! An oracle's daemon: it measures, signs, keeps what it signed, and sends that.
//!
//! - [`source`]: where measurements come from
//! - [`ingest`]: cells of samples as text
//! - [`Journal`]: what was signed, on disk
//! - [`OracleRunner`]: what is done at one moment
//! - [`service`]: what daemons share: metrics, signals, waits

pub mod ingest;
mod journal;
mod places;
mod roster;
mod runner;
pub mod service;
pub mod source;

pub use journal::{Journal, JournalError, JournalIdentity, Role};
pub use places::PlacesArgs;
pub use places::{Places, PlacesError};
pub use runner::{Ends, Memory, OracleRunner, RunError, RunnerOptions, Standing, Tick};

use stipend_terminal::{failure, figure, output_file, progress};
