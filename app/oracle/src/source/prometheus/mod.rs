//! A Prometheus server, or one that speaks its HTTP API: `--prometheus`.
//!
//! The server is asked for one value at the last millisecond of each window, and the query must have a range. With a range
//! of one window that is exactly what was sampled in [start, end) of the window: neither the epoch before nor the next one
//! shows, and no gap is filled with what was before it.

mod answer;
mod server;
mod steps;
mod window_query;

use std::collections::BTreeMap;
use std::time::Instant;

use stipend_client::measurement::{check_node_label, MeasurementRow};

use super::error::Field;
use super::span_tally::MinCoverage;
use super::{EpochSpan, Measured, Remark, Source, SourceError};

use answer::Series;
pub use server::{PrometheusError, Server};
use steps::{Outcome, Steps};
pub use window_query::WindowQuery;

/// Windows that are asked for at once: below the 11,000 that Prometheus answers at the most, and so few that the answer
/// for ten thousand nodes fits in memory.
const WINDOWS_PER_QUERY: u32 = 1_000;

/// What is asked for, and how the answer is reckoned.
#[derive(Clone, Debug)]
pub struct PrometheusRules {
    /// 1 for up, 0 for down, or a share in between.
    pub uptime_query: Option<WindowQuery>,
    /// Bandwidth in the unit that the network names.
    pub bandwidth_query: Option<WindowQuery>,
    /// The label whose value is the node's.
    pub node_label: String,
    /// The length of a window; it divides the epoch.
    pub step_secs: u32,
    pub min_coverage: MinCoverage,
}

/// What a Prometheus server has scraped.
pub struct Prometheus {
    server: Server,
    rules: PrometheusRules,
}

impl Prometheus {
    pub fn new(server: Server, rules: PrometheusRules) -> Self {
        Self { server, rules }
    }

    /// One value for every node that the query has enough steps of.
    fn measure_field(
        &self,
        field: Field,
        query: &WindowQuery,
        span: &EpochSpan,
        windows: u32,
        deadline: Instant,
        remarks: &mut Vec<Remark>,
    ) -> Result<BTreeMap<String, u32>, SourceError> {
        let mut nodes: BTreeMap<String, Steps> = BTreeMap::new();
        let mut without_label = None;
        for first in (0..windows).step_by(WINDOWS_PER_QUERY as usize) {
            let last = windows.min(first.saturating_add(WINDOWS_PER_QUERY)).saturating_sub(1);
            let step_secs = self.rules.step_secs;
            for series in self.server.query_range(query, span.start, first, last, step_secs, deadline)? {
                let Some(node) = self.node_of(field, &series, &mut without_label, remarks) else { continue };
                let steps = nodes.entry(node).or_insert_with(|| Steps::new(field));
                for (window, value) in &series.values {
                    steps.add(*window, value);
                }
            }
        }
        if let (true, Some(series)) = (nodes.is_empty(), without_label) {
            let label = self.rules.node_label.clone();
            return Err(PrometheusError::NoLabel { field, series, label }.into());
        }

        let mut values = BTreeMap::new();
        for (node, steps) in nodes {
            match steps.outcome(windows, self.rules.min_coverage) {
                Outcome::Value(value) => {
                    values.insert(node, value);
                }
                Outcome::FewWindows(covered) => {
                    remarks.push(Remark::FewWindows { field, node, covered, of: windows });
                }
                Outcome::BadValue { value, reason } => {
                    remarks.push(Remark::BadValue { field, node, value, reason });
                }
                Outcome::TooLarge => remarks.push(Remark::TooLarge { field, node }),
                Outcome::TwoSeries => remarks.push(Remark::TwoSeries { field, node }),
            }
        }
        Ok(values)
    }

    /// The node of `series`; `None` where its labels name none, which is said.
    fn node_of(
        &self,
        field: Field,
        series: &Series,
        without_label: &mut Option<String>,
        remarks: &mut Vec<Remark>,
    ) -> Option<String> {
        let remark = match series.labels.get(&self.rules.node_label) {
            Some(node) => match check_node_label(node) {
                Ok(()) => return Some(node.clone()),
                Err(reason) => Remark::BadLabel { field, reason },
            },
            None => {
                let label = self.rules.node_label.clone();
                without_label.get_or_insert_with(|| series.name());
                Remark::NoLabel { field, series: series.name(), label }
            }
        };
        // A series is in the answer of every query, but is one.
        if !remarks.contains(&remark) {
            remarks.push(remark);
        }
        None
    }
}

impl Source for Prometheus {
    fn measure(&mut self, span: &EpochSpan, deadline: Instant) -> Result<Measured, SourceError> {
        let windows = span.windows(self.rules.step_secs, "--step-secs")?;
        let mut measured = Measured::default();
        let mut rows: BTreeMap<String, MeasurementRow> = BTreeMap::new();
        for (field, query) in
            [(Field::Uptime, &self.rules.uptime_query), (Field::Bandwidth, &self.rules.bandwidth_query)]
        {
            let Some(query) = query else { continue };
            for (node, value) in self.measure_field(field, query, span, windows, deadline, &mut measured.remarks)? {
                let row = rows.entry(node.clone()).or_insert_with(|| MeasurementRow {
                    epoch: span.epoch,
                    node,
                    uptime_bps: None,
                    bandwidth: None,
                });
                match field {
                    Field::Uptime => row.uptime_bps = u16::try_from(value).ok(),
                    Field::Bandwidth => row.bandwidth = Some(value),
                }
            }
        }
        measured.rows = rows.into_values().collect();
        Ok(measured)
    }
}

#[cfg(test)]
mod tests;
