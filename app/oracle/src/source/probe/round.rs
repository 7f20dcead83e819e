//! One round: every target is asked once, at a moment of its own, and downloads that are due are made.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::ask::{Asker, Silence};
use super::targets::Target;
use super::ProbeRules;
use crate::service::Stop;

/// What a target answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Since the round's start.
    pub after: Duration,
    /// Which of the targets.
    pub target: usize,
    pub up: Option<bool>,
    /// kbit/s
    pub bandwidth: Option<u32>,
    pub why: Option<String>,
    is_unresolved: bool,
}

/// When a target's next download is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueDownload {
    pub target: usize,
    pub due: Instant,
}

/// What came of a round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoundOutcome {
    /// In the order in which they were found.
    Findings(Vec<Finding>),
    /// The prober's own network was down at some time in the round, so nothing can be said of anybody.
    NotMeasured(&'static str),
    /// The prober was told to stop.
    Stopped,
}

/// A round that is under way.
pub struct Round<'a> {
    pub asker: &'a Asker,
    pub targets: &'a [Target],
    pub rules: &'a ProbeRules,
    pub stop: &'a Stop,
    pub start: Instant,
    findings: Mutex<Vec<Finding>>,
    has_resolved: AtomicBool,
    is_asking: AtomicBool,
    is_reference_silent: AtomicBool,
}

impl<'a> Round<'a> {
    pub fn new(asker: &'a Asker, targets: &'a [Target], rules: &'a ProbeRules, stop: &'a Stop, start: Instant) -> Self {
        Self {
            asker,
            targets,
            rules,
            stop,
            start,
            findings: Mutex::new(Vec::new()),
            has_resolved: AtomicBool::new(false),
            is_asking: AtomicBool::new(true),
            is_reference_silent: AtomicBool::new(false),
        }
    }

    /// Runs the round, and ends before the next one begins.
    pub fn run(self, downloads: &mut [DueDownload]) -> RoundOutcome {
        let queue = Mutex::new(self.schedule());
        self.ask_references();
        thread::scope(|scope| {
            let workers: Vec<_> = (0..self.rules.concurrency.min(self.targets.len()))
                .map(|_| scope.spawn(|| self.ask_targets(&queue)))
                .collect();
            let downloader = scope.spawn(|| self.download_due(downloads));
            let watcher = scope.spawn(|| self.watch_references());
            for asking in workers.into_iter().chain([downloader]) {
                // A thread that panicked has said so; what it did not find is a gap.
                let _ = asking.join();
            }
            self.is_asking.store(false, Ordering::SeqCst);
            let _ = watcher.join();
        });
        self.ask_references();
        self.into_outcome()
    }

    /// The targets, by the moment at which they are asked. No two rounds have the same moments, so that nobody can know
    /// them.
    fn schedule(&self) -> VecDeque<(Instant, usize)> {
        let spread = self.rules.spread(self.targets.len());
        let mut schedule: Vec<_> = self
            .targets
            .iter()
            .enumerate()
            .filter(|(_, target)| target.has_uptime())
            .map(|(index, _)| (self.start + random_below(spread), index))
            .collect();
        schedule.sort();
        schedule.into()
    }

    fn ask_targets(&self, queue: &Mutex<VecDeque<(Instant, usize)>>) {
        loop {
            let Some((due, index)) = locked(queue).pop_front() else { return };
            let Some(target) = self.targets.get(index) else { return };
            if self.stop.sleep_until(due) {
                return;
            }
            let answer = self.asker.is_up(target, self.rules.timeout, || self.resolved());
            let why = answer.as_ref().err().map(|silence| silence.why().to_owned());
            self.found(Finding {
                after: self.start.elapsed(),
                target: index,
                up: Some(answer.is_ok()),
                bandwidth: None,
                why,
                is_unresolved: matches!(answer, Err(Silence::Unresolved(_))),
            });
        }
    }

    /// One after the other, as two at once would share the prober's own line.
    fn download_due(&self, downloads: &mut [DueDownload]) {
        let last_start = self.start + self.rules.last_download_start();
        loop {
            let Some(next) = downloads.iter_mut().min_by_key(|download| download.due) else { return };
            let start = next.due.max(Instant::now());
            if start > last_start || self.stop.sleep_until(start) {
                return;
            }
            next.due += self.rules.download_interval;
            let Some(url) = self.targets.get(next.target).and_then(|target| target.download.as_ref()) else { return };
            let download = self.asker.download(url, self.rules.download_limits);
            self.found(Finding {
                after: self.start.elapsed(),
                target: next.target,
                up: None,
                bandwidth: Some(download.as_ref().map_or(0, |download| download.kbit_per_sec())),
                why: download.err(),
                is_unresolved: false,
            });
        }
    }

    fn watch_references(&self) {
        while self.is_asking.load(Ordering::SeqCst) && !self.rules.references.is_empty() {
            let pause_end = Instant::now() + self.rules.timeout;
            while self.is_asking.load(Ordering::SeqCst) && Instant::now() < pause_end {
                if self.stop.sleep_until(pause_end.min(Instant::now() + Duration::from_millis(100))) {
                    return;
                }
            }
            if !self.is_asking.load(Ordering::SeqCst) {
                // The round's end asks them.
                return;
            }
            self.ask_references();
        }
    }

    fn ask_references(&self) {
        let references = &self.rules.references;
        let is_silent =
            !references.is_empty() && !self.asker.has_answer(references, self.rules.timeout, || self.resolved());
        if is_silent {
            self.is_reference_silent.store(true, Ordering::SeqCst);
        }
    }

    fn resolved(&self) {
        self.has_resolved.store(true, Ordering::SeqCst);
    }

    fn found(&self, finding: Finding) {
        locked(&self.findings).push(finding);
    }

    fn into_outcome(self) -> RoundOutcome {
        if self.stop.is_asked() {
            return RoundOutcome::Stopped;
        }
        let mut findings = self.findings.into_inner().unwrap_or_else(PoisonError::into_inner);
        if self.is_reference_silent.into_inner() {
            return RoundOutcome::NotMeasured("no reference answered");
        }
        let has_answer =
            findings.iter().any(|finding| finding.up == Some(true) || finding.bandwidth.is_some_and(|kbit| kbit > 0));
        if self.rules.references.is_empty() && !has_answer && !findings.is_empty() {
            return RoundOutcome::NotMeasured("no target answered");
        }
        let has_resolved = self.has_resolved.into_inner();
        // Where no name at all has an address, the prober's own resolver is down. What was found after the round is of
        // the next one, in which the target is asked anew.
        findings.retain(|finding| (has_resolved || !finding.is_unresolved) && finding.after < self.rules.interval);
        RoundOutcome::Findings(findings)
    }
}

/// A duration from zero to below `limit`; zero if the machine has no randomness.
pub fn random_below(limit: Duration) -> Duration {
    let micros = u64::try_from(limit.as_micros()).unwrap_or(u64::MAX).max(1);
    Duration::from_micros(getrandom::u64().unwrap_or(0) % micros)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
