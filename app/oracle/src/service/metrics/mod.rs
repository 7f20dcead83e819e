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
    last_work_timestamp_seconds: Gauge,
    cluster_time_seconds: Gauge,
    clock_skew_seconds: Gauge,
    epoch_seconds: Gauge,
    paused: Gauge,
    errors: Family<KindLabels, Counter>,
}

/// Every kind of error that is counted.
const ERROR_KINDS: [&str; 7] = ["no_funds", "refused", "cluster", "account", "source", "journal", "disk"];

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
            "Unix time of the last look at the network that found its clock ahead of the look before",
            metrics.last_success_timestamp_seconds.clone(),
        );
        registry.register(
            "last_work_timestamp_seconds",
            "Unix time of the last step that changed something, or of the start",
            metrics.last_work_timestamp_seconds.clone(),
        );
        registry.register(
            "cluster_time_seconds",
            "Unix time by the cluster's clock at the last look",
            metrics.cluster_time_seconds.clone(),
        );
        registry.register(
            "clock_skew_seconds",
            "How far the cluster's clock was ahead of this machine's at the last look; far behind if an endpoint stands still",
            metrics.clock_skew_seconds.clone(),
        );
        registry.register("epoch_seconds", "The length of the network's epochs", metrics.epoch_seconds.clone());
        registry.register("paused", "1 while the network is paused", metrics.paused.clone());
        registry.register("errors", "Errors by their kind", metrics.errors.clone());
        // Alerts on a rate need the zero before the first error.
        for kind in ERROR_KINDS {
            let _ = metrics.errors.get_or_create(&KindLabels { kind });
        }
        metrics.note_work();
        (registry, metrics)
    }

    /// - `lamports`: of the key that pays
    pub fn set_balance(&self, lamports: u64) {
        self.payer_balance_lamports.set(lamports);
    }

    /// Whether the network is paused.
    pub fn set_paused(&self, is_paused: bool) {
        self.paused.set(i64::from(is_paused));
    }

    /// The network was seen. That is a success only if its clock has gone on since the last look: an endpoint that stands still
    /// answers too.
    ///
    /// - `now`: Unix seconds of the cluster's clock
    pub fn note_clock(&self, now: i64, epoch_secs: u32) {
        let own = unix_now();
        if now > self.cluster_time_seconds.set(now) {
            self.last_success_timestamp_seconds.set(own);
        }
        self.clock_skew_seconds.set(now.saturating_sub(own));
        self.epoch_seconds.set(epoch_secs.into());
    }

    /// Something was done, and not only looked at.
    pub fn note_work(&self) {
        self.last_work_timestamp_seconds.set(unix_now());
    }

    /// - `kind`: one of those that are counted
    pub fn note_error(&self, kind: &'static str) {
        self.errors.get_or_create(&KindLabels { kind }).inc();
    }
}

fn unix_now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
