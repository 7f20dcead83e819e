//! What the programs share that people leave running.

pub mod metrics;
mod patience;
mod rest;
mod stop;

pub use patience::wait_for_cluster;
pub use rest::{Rest, RestArgs};
pub use stop::Stop;

use stipend_client::ledger::LedgerError;
use stipend_client::reader::ReadError;

/// An error's kind, as metrics count it.
pub fn kind_of(error: &ReadError) -> &'static str {
    match error {
        ReadError::Ledger(LedgerError::NoFunds { .. }) => "no_funds",
        ReadError::Ledger(LedgerError::Refused { .. }) => "refused",
        ReadError::Ledger(_) => "cluster",
        ReadError::Missing { .. } | ReadError::Decode { .. } | ReadError::DeviceUnknown { .. } => "account",
    }
}
