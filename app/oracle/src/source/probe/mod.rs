//! A prober of the oracle's own: `--probe`.
//!
//! An epoch is cut into windows, and in each window every target is asked once: a round. A round in which the prober's own
//! network was down says nothing of anybody: no sample of it is kept, so that an outage of the oracle punishes no node. The
//! samples of a round are added to a file of the epoch when it ends; a kill loses the round that is under way, and the
//! time until the next start is a gap.

mod ask;
mod log;
mod round;
mod targets;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::sample_files::{NodeSource, SampleFiles, SampleRules, UptimeColumn};
use super::span_tally::MinCoverage;
use super::{EpochClock, EpochSpan, Measured, Source, SourceError};
use crate::ingest::{BadRows, Decimal, DecimalError, IngestError, ZoneRule};
use crate::service::Stop;

use ask::Asker;
pub use ask::DownloadLimits;
use log::{ProbeLog, ProbeSample};
use round::{random_below, DueDownload, Finding, Round, RoundOutcome};
pub use targets::{read_targets, Reference, Target};

/// How much longer than a timeout the end of a round is waited for.
const ROUND_GRACE: Duration = Duration::from_secs(5);

/// Why nothing can be probed.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    #[error("`{}` can't be read as targets", path.display())]
    TargetsFile { path: PathBuf, source: io::Error },
    #[error("`{}`, line {line}: {reason}", path.display())]
    Target { path: PathBuf, line: u64, reason: String },
    #[error(transparent)]
    Targets(IngestError),
    #[error("`{}` names no target", path.display())]
    NoTargets { path: PathBuf },
    #[error("a single target that is down can't be told from a prober that is; name a --reference")]
    NeedsReference,
    #[error(
        "asking {targets} targets, {concurrency} at a time, may take {} s of a window of {} s; raise \
         --probe-concurrency or --probe-interval-secs, or lower --probe-timeout-secs",
        worst.as_secs_f64(), interval.as_secs_f64()
    )]
    TooManyTargets { targets: usize, concurrency: usize, worst: Duration, interval: Duration },
    #[error(
        "a download of {} s does not fit into a window of {} s beside two timeouts; raise --probe-interval-secs, or lower \
         --download-secs",
        time.as_secs_f64(), interval.as_secs_f64()
    )]
    DownloadTooLong { time: Duration, interval: Duration },
    #[error(
        "{downloads} downloads, one after the other, don't fit into {} s; raise --download-interval-secs, or lower \
         --download-secs",
        interval.as_secs_f64()
    )]
    TooManyDownloads { downloads: usize, interval: Duration },
    #[error("`{}` can't be written", path.display())]
    Log { path: PathBuf, source: io::Error },
    #[error("another prober writes to `{}`; end it, or choose another --probe-log", folder.display())]
    Locked { folder: PathBuf },
    #[error("the HTTP client can't be made")]
    Client { source: reqwest::Error },
    #[error("the prober can't be started")]
    Thread { source: io::Error },
    #[error("the prober has failed: {reason}")]
    Failed { reason: String },
    #[error("the prober's own scale is none")]
    Scale(#[from] DecimalError),
}

/// When and how targets are asked.
#[derive(Clone, Debug)]
pub struct ProbeRules {
    /// The length of a window, in whole seconds; it divides the epoch.
    pub interval: Duration,
    /// For all that a target is asked but its download.
    pub timeout: Duration,
    /// Above 0.
    pub concurrency: usize,
    /// Asked at the start of a round, at its end, and once a timeout in between.
    pub references: Vec<Reference>,
    /// How often a target's download is made.
    pub download_interval: Duration,
    pub download_limits: DownloadLimits,
    pub min_coverage: MinCoverage,
}

impl ProbeRules {
    /// How long it takes to ask `targets` targets if none answers, and the references after them.
    fn worst(&self, targets: usize) -> Duration {
        let turns = targets.div_ceil(self.concurrency.max(1)).saturating_add(2);
        self.timeout.saturating_mul(u32::try_from(turns).unwrap_or(u32::MAX))
    }

    /// Over how much of a window the questions are spread, so that the last answer comes in time even if none comes before
    /// its timeout.
    fn spread(&self, targets: usize) -> Duration {
        self.interval.saturating_sub(self.worst(targets))
    }

    /// When in a window a download must begin to end in time.
    fn last_download_start(&self) -> Duration {
        self.interval.saturating_sub(self.download_limits.time).saturating_sub(self.timeout)
    }

    fn check(&self, targets: &[Target]) -> Result<(), ProbeError> {
        let interval = self.interval;
        let asked = targets.iter().filter(|target| target.has_uptime()).count();
        let downloads = targets.iter().filter(|target| target.download.is_some()).count();
        if targets.len() == 1 && self.references.is_empty() {
            return Err(ProbeError::NeedsReference);
        }
        let worst = self.worst(asked);
        if worst > interval {
            return Err(ProbeError::TooManyTargets { targets: asked, concurrency: self.concurrency, worst, interval });
        }
        if downloads == 0 {
            return Ok(());
        }
        let time = self.download_limits.time;
        let left = self.last_download_start().saturating_sub(self.timeout);
        if left.is_zero() {
            return Err(ProbeError::DownloadTooLong { time, interval });
        }
        let in_a_window = left.as_millis() / time.as_millis().max(1) + 1;
        let windows = self.download_interval.as_millis() / interval.as_millis().max(1);
        if downloads as u128 > windows * in_a_window {
            return Err(ProbeError::TooManyDownloads { downloads, interval: self.download_interval });
        }
        Ok(())
    }
}

/// How far the prober has come.
#[derive(Debug, Default)]
struct Progress {
    /// Unix seconds: what was found before is in the files.
    written_until: i64,
    /// Why the last round could not be written.
    failure: Option<String>,
}

/// Asks targets for as long as it lives.
pub struct Prober {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    clock: EpochClock,
    targets: Vec<Target>,
    rules: ProbeRules,
    asker: Asker,
    log: ProbeLog,
    stop: Stop,
    progress: Mutex<Progress>,
    progressed: Condvar,
}

impl Prober {
    /// Begins to ask `targets`, and to write to the folder `log`.
    pub fn start(clock: EpochClock, targets: Vec<Target>, rules: ProbeRules, log: &Path) -> Result<Self, ProbeError> {
        rules.check(&targets)?;
        let shared = Arc::new(Shared {
            clock,
            targets,
            rules,
            asker: Asker::new().map_err(|source| ProbeError::Client { source })?,
            log: ProbeLog::open(log)?,
            stop: Stop::default(),
            progress: Mutex::default(),
            progressed: Condvar::new(),
        });
        let thread = {
            let shared = Arc::clone(&shared);
            thread::Builder::new()
                .name("prober".to_owned())
                .spawn(move || shared.run())
                .map_err(|source| ProbeError::Thread { source })?
        };
        Ok(Self { shared, thread: Some(thread) })
    }
}

impl Source for Prober {
    fn measure(&mut self, span: &EpochSpan, deadline: Instant) -> Result<Measured, SourceError> {
        self.shared.wait_until_written(span.end, deadline)?;
        if self.thread.as_ref().is_none_or(JoinHandle::is_finished) {
            return Err(ProbeError::Failed { reason: "its thread has ended; start it again".to_owned() }.into());
        }
        self.shared.log.cut_unfinished(span.epoch)?;
        let path = self.shared.log.path(span.epoch);
        if !path.exists() {
            return Ok(Measured::default());
        }
        SampleFiles::new(path, self.shared.sample_rules()?).measure(span, deadline)
    }

    fn forget_before(&mut self, epoch: u32) {
        if let Err(error) = self.shared.log.remove_before(epoch) {
            tracing::warn!("old probe logs stay: {:#}", anyhow::Error::new(error));
        }
    }
}

impl Drop for Prober {
    fn drop(&mut self) {
        self.shared.stop.ask();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn run(&self) {
        let mut downloads = self.first_downloads();
        loop {
            let Some((window_start, start)) = self.next_window() else {
                locked(&self.progress).failure = Some("this machine's clock can't be reckoned with".to_owned());
                return self.progressed.notify_all();
            };
            self.written_until(window_start);
            if self.stop.sleep_until(start) {
                return;
            }
            let round = Round::new(&self.asker, &self.targets, &self.rules, &self.stop, start);
            match round.run(&mut downloads) {
                RoundOutcome::Stopped => return,
                RoundOutcome::NotMeasured(reason) => {
                    tracing::warn!(window_start, "this round is not measured: {reason}");
                }
                RoundOutcome::Findings(findings) => {
                    // A disk may have room again in the next round.
                    let written = self.write(window_start, &findings);
                    locked(&self.progress).failure =
                        written.err().map(|error| format!("{:#}", anyhow::Error::new(error)));
                }
            }
            self.written_until(window_start.saturating_add(self.interval_secs()));
        }
    }

    /// Each download at a random moment of the first interval; from then on they keep their distance.
    fn first_downloads(&self) -> Vec<DueDownload> {
        let now = Instant::now();
        (0..)
            .zip(&self.targets)
            .filter(|(_, target)| target.download.is_some())
            .map(|(target, _)| DueDownload { target, due: now + random_below(self.rules.download_interval) })
            .collect()
    }

    /// When the next window of an epoch begins: in Unix seconds, and on this machine's other clock.
    fn next_window(&self) -> Option<(i64, Instant)> {
        let (unix_now, now) = (SystemTime::now().duration_since(UNIX_EPOCH).ok()?, Instant::now());
        let interval = self.interval_secs();
        let unix_ceil = i64::try_from(unix_now.as_secs()).ok()?.checked_add(i64::from(unix_now.subsec_nanos() > 0))?;
        let since_genesis = unix_ceil.checked_sub(self.clock.genesis)?.max(0);
        let past = since_genesis.checked_rem(interval)?;
        let until_next = if past == 0 { 0 } else { interval.checked_sub(past)? };
        let window_start = self.clock.genesis.checked_add(since_genesis)?.checked_add(until_next)?;
        let left = Duration::from_secs(u64::try_from(window_start).ok()?).saturating_sub(unix_now);
        Some((window_start, now.checked_add(left)?))
    }

    fn interval_secs(&self) -> i64 {
        i64::try_from(self.rules.interval.as_secs()).unwrap_or(i64::MAX).max(1)
    }

    fn write(&self, window_start: i64, findings: &[Finding]) -> Result<(), ProbeError> {
        let Some(epoch) = self.clock.epoch_at(window_start) else { return Ok(()) };
        let samples: Vec<_> = findings
            .iter()
            .filter_map(|finding| {
                // Whole milliseconds, floored: a sample stays in its window.
                let millis = window_start.saturating_mul(1_000) + i64::try_from(finding.after.as_millis()).ok()?;
                Some(ProbeSample {
                    time: millis as f64 / 1_000.0,
                    node: &self.targets.get(finding.target)?.node,
                    up: finding.up,
                    bandwidth: finding.bandwidth,
                    why: finding.why.as_deref(),
                })
            })
            .collect();
        if samples.is_empty() {
            return Ok(());
        }
        self.log.append(epoch, &samples)
    }

    fn written_until(&self, unix_secs: i64) {
        locked(&self.progress).written_until = unix_secs;
        self.progressed.notify_all();
    }

    /// Waits for the round that is under way to be written, if it is of before `unix_secs`. One that takes too long is a
    /// gap.
    fn wait_until_written(&self, unix_secs: i64, deadline: Instant) -> Result<(), ProbeError> {
        let deadline = deadline.min(Instant::now() + self.rules.timeout + ROUND_GRACE);
        let mut progress = locked(&self.progress);
        loop {
            if let Some(reason) = &progress.failure {
                return Err(ProbeError::Failed { reason: reason.clone() });
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if progress.written_until >= unix_secs || left.is_zero() {
                return Ok(());
            }
            progress = self.progressed.wait_timeout(progress, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn sample_rules(&self) -> Result<SampleRules, ProbeError> {
        Ok(SampleRules {
            time: "time".to_owned(),
            node: NodeSource::Column("node".to_owned()),
            uptime: Some(UptimeColumn::UpOrDown("up".to_owned())),
            bandwidth: Some("bandwidth".to_owned()),
            sample_secs: u32::try_from(self.rules.interval.as_secs()).ok(),
            scale: Decimal::parse_scale("1")?,
            zone_rule: ZoneRule::OffsetRequired,
            bad_rows: BadRows::Refuse,
            min_coverage: self.rules.min_coverage,
        })
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
