//! What Prometheus is told of a program that runs on.

mod crank;
mod oracle;
mod serve;

pub use crank::CrankMetrics;
pub use oracle::{EpochOutcome, OracleMetrics};
pub use serve::MetricsArgs;

use std::sync::atomic::AtomicU64;
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

/// What all names begin with.
const PREFIX: &str = "stipend";

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct KindLabels {
    kind: &'static str,
}

/// What every such program tells.
#[derive(Clone, Debug, Default)]
pub struct ServiceMetrics {
    payer_balance_lamports: Gauge<u64, AtomicU64>,
    last_success_timestamp_seconds: Gauge,
    paused: Gauge,
    errors: Family<KindLabels, Counter>,
}

/// Every kind of error that is counted.
const ERROR_KINDS: [&str; 6] = ["no_funds", "refused", "cluster", "account", "source", "journal"];

impl ServiceMetrics {
    /// A registry with these metrics in it.
    fn register() -> (Registry, Self) {
        let mut registry = Registry::with_prefix(PREFIX);
        let metrics = Self::default();
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The version that runs", build);
        registry.register(
            "payer_balance_lamports",
            "Lamports of the key that pays the fees",
            metrics.payer_balance_lamports.clone(),
        );
        registry.register(
            "last_success_timestamp_seconds",
            "Unix time of the last look at the network that succeeded",
            metrics.last_success_timestamp_seconds.clone(),
        );
        registry.register("paused", "1 while the network is paused", metrics.paused.clone());
        registry.register("errors", "Errors by their kind", metrics.errors.clone());
        // Alerts on a rate need the zero before the first error.
        for kind in ERROR_KINDS {
            let _ = metrics.errors.get_or_create(&KindLabels { kind });
        }
        (registry, metrics)
    }

    pub fn set_balance(&self, lamports: u64) {
        self.payer_balance_lamports.set(lamports);
    }

    pub fn set_paused(&self, is_paused: bool) {
        self.paused.set(i64::from(is_paused));
    }

    /// A look at the network succeeded, by this machine's clock.
    pub fn note_success(&self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.last_success_timestamp_seconds.set(i64::try_from(now.as_secs()).unwrap_or(i64::MAX));
    }

    pub fn note_error(&self, kind: &'static str) {
        self.errors.get_or_create(&KindLabels { kind }).inc();
    }
}

#[cfg(test)]
mod tests;
