//! Why a source has no measurements of an epoch, or not all of them.

use std::io;
use std::path::PathBuf;

use stipend_client::measurement::{MeasurementFileError, RowError, MAX_BANDWIDTH};

use super::probe::ProbeError;
use super::prometheus::PrometheusError;
use crate::ingest::IngestError;

/// A source that can't be opened, or that can't say what was measured in an epoch.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each message says what its variant is")]
pub enum SourceError {
    #[error("options that name no source, or more than one, were let through")]
    Options,
    #[error("`{}` can't be read", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("`{}` ends neither in .csv nor in .jsonl; rename it to what it is", path.display())]
    UnknownFormat { path: PathBuf },
    #[error(
        "the last line of `{}` does not end, so it may still be written to; end it with a newline, and write whole files \
         under another name first",
        path.display()
    )]
    Unfinished { path: PathBuf },
    #[error(transparent)]
    Samples(#[from] IngestError),
    #[error("none of the rows in `{}` has a value called `{column}`", path.display())]
    MissingKey { path: PathBuf, column: String },
    #[error(transparent)]
    Measurements(#[from] MeasurementFileError),
    #[error("`{}`, line {line}: {reason}", path.display())]
    JsonLine { path: PathBuf, line: u64, reason: String },
    #[error("`{}`: {reason}", path.display())]
    JsonRows { path: PathBuf, reason: RowError },
    #[error(
        "epoch {epoch} of node {node:?} has a row in `{}` and one in `{}`; keep one of them",
        first.display(), second.display()
    )]
    RepeatedRow { epoch: u32, node: String, first: PathBuf, second: PathBuf },
    #[error("{0}; a label is plain text")]
    Node(#[from] RowError),
    #[error("an epoch of {epoch_secs} s is not a whole number of windows of {window_secs} s; choose {option} so that it divides the epoch")]
    WindowsDontFill { epoch_secs: i64, window_secs: u32, option: &'static str },
    #[error("the source has nothing of epoch {epoch}{}", because(remarks))]
    Nothing { epoch: u32, remarks: Vec<Remark> },
    #[error(
        "none of the {nodes} nodes that the source has of epoch {epoch} can earn in this network; compare its labels with the \
         devices"
    )]
    Strangers { epoch: u32, nodes: usize },
    #[error("the source did not answer in time")]
    Late,
    #[error("the source is still busy with epoch {epoch}, although it is too late for it")]
    Busy { epoch: u32 },
    #[error("the source's thread has ended; restart the program")]
    Gone,
    #[error(transparent)]
    Prometheus(#[from] PrometheusError),
    #[error(transparent)]
    Probe(#[from] ProbeError),
}

/// The first of the remarks that explain why there is nothing, and how many more there are.
fn because(remarks: &[Remark]) -> String {
    match remarks {
        [] => String::new(),
        [remark] => format!(": {remark}"),
        [remark, more @ ..] => format!(": {remark}; and {} more such remarks", more.len()),
    }
}

/// What of an epoch was left out, and why. It is said, and the rest is measured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "each message says what its variant is")]
pub enum Remark {
    #[error("{field} of node {node:?} is not measured: samples in {covered} of {of} windows are too few")]
    FewWindows { field: Field, node: String, covered: u64, of: u32 },
    #[error("uptime is not measured: the source has rows in {covered} of {of} windows, which is too few")]
    SilentSource { covered: u64, of: u32 },
    #[error("{field} of node {node:?} is not measured: {value} is {reason}")]
    BadValue { field: Field, node: String, value: String, reason: &'static str },
    #[error("{field} of node {node:?} is not measured: it is above {MAX_BANDWIDTH}; choose a larger unit")]
    TooLarge { field: Field, node: String },
    #[error("{field} of node {node:?} is not measured: two series are of this node; aggregate them in the query")]
    TwoSeries { field: Field, node: String },
    #[error("a series of {field} is left out: {series} has no label `{label}`")]
    NoLabel { field: Field, series: String, label: String },
    #[error("a series of {field} is left out: {reason}")]
    BadLabel { field: Field, reason: RowError },
    #[error("{text}")]
    SkippedRows { text: String },
}

/// One of the two fields of a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Uptime,
    Bandwidth,
}

impl std::fmt::Display for Field {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Uptime => "uptime",
            Self::Bandwidth => "bandwidth",
        })
    }
}
