//! What an oracle tells.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use stipend_client::relay::Relayed;

use super::ServiceMetrics;
use crate::runner::Standing;

/// What became of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EpochOutcome {
    /// All of its reports are there.
    Reported,
    /// Its window closed before all of its reports were there.
    Missed,
    /// The source had nothing to sign until the report window was nearly over.
    Skipped,
    /// The oracle was removed or suspended before it could report it.
    Barred,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct StateLabels {
    state: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct FieldLabels {
    field: &'static str,
}

/// The metrics of `stipend oracle run`.
#[derive(Clone, Debug)]
pub struct OracleMetrics {
    /// What every daemon tells.
    pub service: ServiceMetrics,
    epochs: Family<OutcomeLabels, Counter>,
    reports: Family<OutcomeLabels, Counter>,
    last_reported_epoch: Gauge,
    lag_seconds: Gauge,
    pending_epochs: Gauge,
    state: Family<StateLabels, Gauge>,
    measured_nodes: Family<FieldLabels, Gauge>,
    drops: Counter,
    fees_lamports: Counter,
}

impl OracleMetrics {
    /// A registry with these metrics in it.
    pub fn register() -> (Registry, Self) {
        let (mut registry, service) = ServiceMetrics::register();
        let metrics = Self {
            service,
            epochs: Family::default(),
            reports: Family::default(),
            last_reported_epoch: Gauge::default(),
            lag_seconds: Gauge::default(),
            pending_epochs: Gauge::default(),
            state: Family::default(),
            measured_nodes: Family::default(),
            drops: Counter::default(),
            fees_lamports: Counter::default(),
        };
        registry.register("oracle_epochs", "Epochs by what became of them", metrics.epochs.clone());
        registry.register("oracle_reports", "Batches of measurements by what became of them", metrics.reports.clone());
        registry.register(
            "oracle_last_reported_epoch",
            "The last epoch whose reports are all there",
            metrics.last_reported_epoch.clone(),
        );
        registry.register(
            "oracle_lag_seconds",
            "From an epoch's end until all of its reports were there, of the last one",
            metrics.lag_seconds.clone(),
        );
        registry.register(
            "oracle_pending_epochs",
            "Epochs that are signed and not all there",
            metrics.pending_epochs.clone(),
        );
        registry.register(
            "oracle_state",
            "1 for what the network makes of the oracle, 0 for all else",
            metrics.state.clone(),
        );
        registry.register(
            "oracle_measured_nodes",
            "Nodes with a value in the last epoch that was signed",
            metrics.measured_nodes.clone(),
        );
        registry.register(
            "oracle_drops",
            "Epochs that were signed although far fewer nodes had a value than in the epoch before",
            metrics.drops.clone(),
        );
        registry.register("oracle_fees_lamports", "Fees of all that landed", metrics.fees_lamports.clone());
        for outcome in ["reported", "missed", "skipped", "barred"] {
            let _ = metrics.epochs.get_or_create(&OutcomeLabels { outcome });
        }
        for outcome in ["sent", "refused", "retried"] {
            let _ = metrics.reports.get_or_create(&OutcomeLabels { outcome });
        }
        for state in Standing::NAMES {
            metrics.state.get_or_create(&StateLabels { state }).set(0);
        }
        metrics.note_measured(0, 0);
        (registry, metrics)
    }

    /// - `epoch`: what it was, and how many seconds after its end.
    pub fn note_epoch(&self, epoch: u32, outcome: EpochOutcome, lag_secs: i64) {
        let name = match outcome {
            EpochOutcome::Reported => {
                self.last_reported_epoch.set(epoch.into());
                self.lag_seconds.set(lag_secs);
                "reported"
            }
            EpochOutcome::Missed => "missed",
            EpochOutcome::Skipped => "skipped",
            EpochOutcome::Barred => "barred",
        };
        self.epochs.get_or_create(&OutcomeLabels { outcome: name }).inc();
    }

    /// Batches were sent.
    pub fn note_relayed(&self, relayed: &Relayed) {
        let count = |outcome, number: usize| {
            self.reports.get_or_create(&OutcomeLabels { outcome }).inc_by(number as u64);
        };
        count("sent", relayed.sent);
        count("refused", relayed.refused.len());
        self.fees_lamports.inc_by(relayed.fee_lamports);
    }

    /// The same batches are sent again, for it is not known whether they are there.
    pub fn note_retry(&self, batches: usize) {
        self.reports.get_or_create(&OutcomeLabels { outcome: "retried" }).inc_by(batches as u64);
    }

    /// What the network makes of the oracle.
    pub fn set_standing(&self, standing: &Standing) {
        for state in Standing::NAMES {
            self.state.get_or_create(&StateLabels { state }).set(i64::from(state == standing.name()));
        }
    }

    /// How many nodes have an uptime, and how many a bandwidth, in the epoch that was signed.
    pub fn note_measured(&self, uptimes: usize, bandwidths: usize) {
        for (field, count) in [("uptime", uptimes), ("bandwidth", bandwidths)] {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            self.measured_nodes.get_or_create(&FieldLabels { field }).set(count);
        }
    }

    /// An epoch was signed although far fewer nodes had a value than in the epoch before.
    pub fn note_drop(&self) {
        self.drops.inc();
    }

    /// Epochs that are signed and not done.
    pub fn set_pending(&self, epochs: usize) {
        self.pending_epochs.set(i64::try_from(epochs).unwrap_or(i64::MAX));
    }
}
