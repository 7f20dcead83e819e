//! What a crank tells.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use stipend_client::crank::{Outcome, Step, Task};

use super::ServiceMetrics;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct TaskLabels {
    task: &'static str,
    outcome: &'static str,
}

/// The metrics of `stipend crank run`.
#[derive(Clone, Debug)]
pub struct CrankMetrics {
    /// What every daemon tells.
    pub service: ServiceMetrics,
    tasks: Family<TaskLabels, Counter>,
    open_epoch: Gauge,
    open_epoch_age_seconds: Gauge,
    held_tasks: Gauge,
    claims_without_token_account: Gauge,
    fees_lamports: Counter,
}

impl CrankMetrics {
    /// A registry with these metrics in it.
    pub fn register() -> (Registry, Self) {
        let (mut registry, service) = ServiceMetrics::register();
        let metrics = Self {
            service,
            tasks: Family::default(),
            open_epoch: Gauge::default(),
            open_epoch_age_seconds: Gauge::default(),
            held_tasks: Gauge::default(),
            claims_without_token_account: Gauge::default(),
            fees_lamports: Counter::default(),
        };
        registry.register("crank_tasks", "Steps that were sent, by what became of them", metrics.tasks.clone());
        registry.register("crank_open_epoch", "The oldest epoch that is not closed", metrics.open_epoch.clone());
        registry.register(
            "crank_open_epoch_age_seconds",
            "How long ago the oldest epoch that is not closed ended; 0 while it is under way",
            metrics.open_epoch_age_seconds.clone(),
        );
        registry.register(
            "crank_held_tasks",
            "Steps that were refused and are let be for a while",
            metrics.held_tasks.clone(),
        );
        registry.register(
            "crank_claims_without_token_account",
            "Claims that are left out since their owners have no token account",
            metrics.claims_without_token_account.clone(),
        );
        registry.register("crank_fees_lamports", "Fees of all that landed", metrics.fees_lamports.clone());
        for task in Task::NAMES {
            for outcome in ["done", "outrun", "refused", "lost"] {
                let _ = metrics.tasks.get_or_create(&TaskLabels { task, outcome });
            }
        }
        (registry, metrics)
    }

    /// - `held`: how many steps are let be for a while
    pub fn note(&self, step: &Step, held: usize) {
        let network = &step.network;
        self.service.note_clock(step.now, network.epoch_secs);
        if step.outcomes.iter().any(|(_, outcome)| matches!(outcome, Outcome::Done(_))) {
            self.service.note_work();
        }
        self.service.set_paused(network.is_paused(step.now));
        self.open_epoch.set(network.open_epoch.into());
        let age_secs = network.end(network.open_epoch).map_or(0, |end| step.now.saturating_sub(end).max(0));
        self.open_epoch_age_seconds.set(age_secs);
        self.claims_without_token_account.set(i64::try_from(step.unopened).unwrap_or(i64::MAX));
        self.held_tasks.set(i64::try_from(held).unwrap_or(i64::MAX));
        for (task, outcome) in &step.outcomes {
            let name = match outcome {
                Outcome::Done(receipt) => {
                    self.fees_lamports.inc_by(receipt.fee_lamports);
                    "done"
                }
                Outcome::Outrun(_) => "outrun",
                Outcome::Refused(_) => {
                    self.service.note_error("refused");
                    "refused"
                }
                Outcome::Lost(_) => "lost",
            };
            self.tasks.get_or_create(&TaskLabels { task: task.name(), outcome: name }).inc();
        }
    }
}
