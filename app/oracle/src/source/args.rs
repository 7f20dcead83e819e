//! The options that name a source.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::RangedU64ValueParser;
use clap::{ArgGroup, Args};
use stipend_client::measurement::check_node_label;

use super::measurement_files::MeasurementFiles;
use super::probe::{read_targets, DownloadLimits, ProbeRules, Prober, Reference};
use super::prometheus::{Prometheus, PrometheusRules, Server, WindowQuery};
use super::sample_files::{NodeSource, SampleFiles, SampleRules, UptimeColumn};
use super::span_tally::MinCoverage;
use super::{EpochClock, Source, SourceError};
use crate::ingest::{BadRows, Decimal, ZoneRule};
use crate::output_file::is_same_file;

/// So that the median of an epoch's downloads is none of a single bad moment.
const DOWNLOADS_PER_EPOCH: u32 = 24;

/// One source of measurements.
#[derive(Debug, Args)]
#[command(next_help_heading = "Source, one of")]
#[command(group(ArgGroup::new("source").required(true).args(["measurements", "samples", "prometheus", "probe"])))]
pub struct SourceArgs {
    /// Ready measurements: a CSV or JSONL file, or a folder of them, read anew for every epoch
    #[arg(long, value_name = "FILE|FOLDER")]
    measurements: Option<PathBuf>,
    /// Raw samples with their times: a CSV or JSONL file, or a folder of them, read anew for every epoch
    #[arg(long, value_name = "FILE|FOLDER", requires_all = ["time_column", "sample_nodes", "sample_values"])]
    samples: Option<PathBuf>,
    /// A Prometheus server; with user and password in the URL, if it asks for them
    #[arg(
        long,
        value_name = "URL",
        env = "STIPEND_PROMETHEUS",
        hide_env_values = true,
        requires_all = ["node_label", "queries"]
    )]
    prometheus: Option<String>,

    /// A CSV file of nodes to ask, with the header node,tcp,http,download
    #[arg(long, value_name = "FILE", requires = "probe_log")]
    probe: Option<PathBuf>,

    /// The share of an epoch's windows that must have a sample, for uptime and for what Prometheus is asked, to be
    /// measured
    #[arg(long, value_name = "PERCENT", default_value_t = 50, value_parser = RangedU64ValueParser::<u8>::new().range(0..=100))]
    min_coverage: u8,
    /// How long after an epoch's end its last samples may still be under way to the source
    #[arg(long, value_name = "SECS", default_value_t = 5)]
    settle_secs: u32,

    #[command(flatten)]
    sample: SampleArgs,
    #[command(flatten)]
    prometheus_rules: PrometheusArgs,
    #[command(flatten)]
    prober: ProbeArgs,
}

/// What goes with `--samples`.
#[derive(Debug, Args)]
#[command(next_help_heading = "With --samples")]
#[command(group(ArgGroup::new("sample_nodes").args(["node_column", "node"])))]
#[command(group(ArgGroup::new("sample_values").multiple(true).args(["uptime_column", "up_column", "bandwidth_column"])))]
struct SampleArgs {
    /// When a sample was taken: RFC 3339 with an offset, or Unix seconds
    #[arg(long, value_name = "NAME", requires = "samples")]
    time_column: Option<String>,
    /// Of which node a sample was taken
    #[arg(long, value_name = "NAME", requires = "samples")]
    node_column: Option<String>,
    /// All samples are of this node
    #[arg(long, value_name = "LABEL", requires = "samples")]
    node: Option<String>,
    /// A value here says that the node was up; a window in which other rows are, and none says so, is down
    #[arg(long, value_name = "NAME", requires_all = ["samples", "sample_secs"], conflicts_with = "up_column")]
    uptime_column: Option<String>,
    /// 1 or true here says that the node was up, 0 or false that it was down
    #[arg(long, value_name = "NAME", requires_all = ["samples", "sample_secs"])]
    up_column: Option<String>,
    /// The bandwidth that the node served
    #[arg(long, value_name = "NAME", requires = "samples")]
    bandwidth_column: Option<String>,
    /// How often uptime is sampled: the length of a window; it divides the epoch
    #[arg(long, value_name = "SECS", requires = "samples", value_parser = clap::value_parser!(u32).range(1..))]
    sample_secs: Option<u32>,
    /// What a bandwidth is multiplied with, a decimal number
    #[arg(long, value_name = "FACTOR", default_value = "1", value_parser = Decimal::parse_scale, requires = "bandwidth_column")]
    scale: Decimal,
    /// Take times without an offset for UTC
    #[arg(long, requires = "samples")]
    assume_utc: bool,
    /// Leave out rows that can't be read, and count them
    #[arg(long, requires = "samples")]
    skip_bad_rows: bool,
}

/// What goes with `--prometheus`.
#[derive(Debug, Args)]
#[command(next_help_heading = "With --prometheus")]
#[command(group(ArgGroup::new("queries").multiple(true).args(["uptime_query", "bandwidth_query"])))]
struct PrometheusArgs {
    /// One series a node: 1 for up, 0 for down, or a share in between; $window stands for the length of a window, as in
    /// avg_over_time(up[$window])
    #[arg(long, value_name = "PROMQL", requires = "prometheus")]
    uptime_query: Option<String>,
    /// One series a node: bandwidth in the network's unit, as in rate(node_network_transmit_bytes_total[5m]) / 125
    #[arg(long, value_name = "PROMQL", requires = "prometheus")]
    bandwidth_query: Option<String>,
    /// The label of a series that names the node
    #[arg(long, value_name = "LABEL", requires = "prometheus")]
    node_label: Option<String>,
    /// The length of a window, twice the scrape interval or more; it divides the epoch
    #[arg(long, value_name = "SECS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    step_secs: u32,
}

/// What goes with `--probe`.
#[derive(Debug, Args)]
#[command(next_help_heading = "With --probe")]
struct ProbeArgs {
    /// The folder that keeps what was found, a file for each epoch
    #[arg(long, value_name = "FOLDER", requires = "probe")]
    probe_log: Option<PathBuf>,
    /// How often every node is asked: the length of a window; it divides the epoch
    #[arg(long, value_name = "SECS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    probe_interval_secs: u32,
    /// How long a node may take to answer
    #[arg(long, value_name = "SECS", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    probe_timeout_secs: u32,
    /// How many nodes are asked at once
    #[arg(long, value_name = "COUNT", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=512))]
    probe_concurrency: u16,
    /// Answers as long as this machine's own network is up; several may be named, and one is enough
    #[arg(long, value_name = "HOST:PORT|URL", value_parser = Reference::parse, requires = "probe")]
    reference: Vec<Reference>,
    /// How often each download is made [default: 24 times an epoch, but not more than once a window]
    #[arg(long, value_name = "SECS", requires = "probe", value_parser = clap::value_parser!(u32).range(1..))]
    download_interval_secs: Option<u32>,
    /// As much of a download as is asked for
    #[arg(long, value_name = "BYTES", default_value_t = 10_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    download_bytes: u64,
    /// As long as a download may take
    #[arg(long, value_name = "SECS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    download_secs: u32,
}

impl SourceArgs {
    /// Opens the source for the epochs of `clock`.
    ///
    /// Files may come later, and a server need not be there yet. What can never work, as windows that don't fill an epoch,
    /// is refused at once.
    pub fn open(&self, clock: &EpochClock) -> Result<Box<dyn Source>, SourceError> {
        let min_coverage = MinCoverage { percent: self.min_coverage };
        match (&self.measurements, &self.samples, &self.prometheus, &self.probe) {
            (Some(path), None, None, None) => Ok(Box::new(MeasurementFiles::new(path.clone()))),
            (None, Some(path), None, None) => {
                let rules = self.sample.rules(min_coverage)?;
                if let Some(sample_secs) = rules.sample_secs {
                    clock.span(0).windows(sample_secs, "--sample-secs")?;
                }
                Ok(Box::new(SampleFiles::new(path.clone(), rules)))
            }
            (None, None, Some(url), None) => {
                let rules = self.prometheus_rules.rules(min_coverage)?;
                clock.span(0).windows(rules.step_secs, "--step-secs")?;
                Ok(Box::new(Prometheus::new(Server::new(url)?, rules)))
            }
            (None, None, None, Some(targets)) => Ok(Box::new(self.prober.start(clock, targets, min_coverage)?)),
            _ => Err(SourceError::Options),
        }
    }

    /// Whether a file made at `path` would take the place of what the source reads, or be read as part of it.
    pub fn would_read(&self, path: &Path) -> bool {
        let Some(input) = self.measurements.as_ref().or(self.samples.as_ref()).or(self.prober.probe_log.as_ref())
        else {
            return false;
        };
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        is_same_file(input, path) || is_same_file(input, folder)
    }

    /// How long after an epoch's end its last samples may still be under way to the source. To ask earlier is to miss
    /// them.
    pub fn settle_secs(&self) -> u32 {
        self.settle_secs
    }
}

impl SampleArgs {
    fn rules(&self, min_coverage: MinCoverage) -> Result<SampleRules, SourceError> {
        let node = match (&self.node, &self.node_column) {
            (Some(node), None) => {
                check_node_label(node)?;
                NodeSource::Named(node.clone())
            }
            (None, Some(column)) => NodeSource::Column(column.clone()),
            _ => return Err(SourceError::Options),
        };
        let uptime = match (&self.uptime_column, &self.up_column) {
            (Some(column), _) => Some(UptimeColumn::Presence(column.clone())),
            (None, Some(column)) => Some(UptimeColumn::UpOrDown(column.clone())),
            (None, None) => None,
        };
        Ok(SampleRules {
            time: self.time_column.clone().ok_or(SourceError::Options)?,
            node,
            uptime,
            bandwidth: self.bandwidth_column.clone(),
            sample_secs: self.sample_secs,
            scale: self.scale,
            zone_rule: ZoneRule::from_assume_utc(self.assume_utc),
            bad_rows: BadRows::from_skip(self.skip_bad_rows),
            min_coverage,
        })
    }
}

impl PrometheusArgs {
    fn rules(&self, min_coverage: MinCoverage) -> Result<PrometheusRules, SourceError> {
        let query =
            |text: &Option<String>| text.as_ref().map(|text| WindowQuery::new(text, self.step_secs)).transpose();
        Ok(PrometheusRules {
            uptime_query: query(&self.uptime_query)?,
            bandwidth_query: query(&self.bandwidth_query)?,
            node_label: self.node_label.clone().ok_or(SourceError::Options)?,
            step_secs: self.step_secs,
            min_coverage,
        })
    }
}

impl ProbeArgs {
    fn start(&self, clock: &EpochClock, targets: &Path, min_coverage: MinCoverage) -> Result<Prober, SourceError> {
        clock.span(0).windows(self.probe_interval_secs, "--probe-interval-secs")?;
        let secs = |secs: u32| Duration::from_secs(u64::from(secs));
        let download_interval_secs = self
            .download_interval_secs
            .unwrap_or((clock.epoch_secs / DOWNLOADS_PER_EPOCH).max(self.probe_interval_secs));
        let rules = ProbeRules {
            interval: secs(self.probe_interval_secs),
            timeout: secs(self.probe_timeout_secs),
            concurrency: usize::from(self.probe_concurrency),
            references: self.reference.clone(),
            download_interval: secs(download_interval_secs),
            download_limits: DownloadLimits { bytes: self.download_bytes, time: secs(self.download_secs) },
            min_coverage,
        };
        let log = self.probe_log.as_ref().ok_or(SourceError::Options)?;
        Ok(Prober::start(*clock, read_targets(targets)?, rules, log)?)
    }
}
