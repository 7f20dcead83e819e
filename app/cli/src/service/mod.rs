//! What the programs share that people leave running.

pub mod metrics;
mod patience;
mod rest;
mod stop;

pub use patience::wait_for_cluster;
pub use rest::{Rest, RestArgs};
pub use stop::Stop;

use tracing_subscriber::EnvFilter;

use stipend_client::ledger::LedgerError;
use stipend_client::reader::ReadError;

/// Begins to log what is done, on stderr, unless somebody has begun to log already.
pub fn begin_log() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,stipend=info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    // It fails if somebody has: then that one's choice holds.
    let _ = log.try_init();
}

/// An error's kind, as metrics count it.
pub fn kind_of(error: &ReadError) -> &'static str {
    match error {
        ReadError::Ledger(LedgerError::NoFunds { .. }) => "no_funds",
        ReadError::Ledger(LedgerError::Refused { .. }) => "refused",
        ReadError::Ledger(_) => "cluster",
        ReadError::Missing { .. } | ReadError::Decode { .. } => "account",
    }
}
