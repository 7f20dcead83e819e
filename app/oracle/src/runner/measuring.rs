//! What is signed of an epoch, and when nothing is.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use stipend_client::ledger::{Accounts, Ledger};
use stipend_client::program::state::{Entry, Network};
use stipend_client::reader::Reader;

use super::coverage::Coverage;
use super::window::{last_call, Window};
use super::{JournalError, OracleRunner, RunError};
use crate::service::metrics::EpochOutcome;
use crate::source::{EpochClock, Measured, SourceError};

/// Remarks of a source that are logged; of the others, how many there are.
const MAX_REMARKS: usize = 20;

/// What came of measuring an epoch.
pub enum Found {
    /// To be signed: the entries of each shard in which a node can earn.
    Entries(BTreeMap<u32, Vec<Entry>>),
    /// The source is at work.
    Measuring,
    /// The source is asked again.
    Later,
    /// There is nothing to sign, and never will be.
    Over,
}

impl OracleRunner {
    /// What the source knows of an epoch.
    ///
    /// A source that fails, has nothing at all, or names none of the network's nodes is asked again until the last safe
    /// moment; then the epoch is skipped, since nothing that the source said can be signed. One that suddenly has far fewer
    /// nodes is asked again as long, and then believed: it may be true. Where no node can earn, nothing can be missing.
    pub(super) fn measure<L: Ledger>(
        &mut self,
        ledger: &mut L,
        network: &Network,
        epoch: u32,
        now: i64,
    ) -> Result<Found, RunError> {
        let signed_by = last_call(network, epoch, now);
        let left_secs = match (signed_by, Window::of(network, epoch, now)) {
            (Some(signed_by), _) if now < signed_by => signed_by.saturating_sub(now),
            // It is asked once, even by an oracle that was started a moment ago.
            (Some(_), Window::Open(end)) => end.saturating_sub(now) / 2,
            _ => i64::from(network.policy_at(epoch).report_secs),
        };
        let deadline = Instant::now() + Duration::from_secs(u64::try_from(left_secs).unwrap_or(0));
        let clock = EpochClock { genesis: network.genesis, epoch_secs: network.epoch_secs };
        let Some(answer) = self.source.measure(&clock.span(epoch), deadline, &self.stop) else {
            return Ok(Found::Measuring);
        };
        // The answer may have taken long.
        let now = ledger.now()?;
        let network = Reader::new(ledger, self.network).network()?;
        match Window::of(&network, epoch, now) {
            // The next look finds out what becomes of the epoch.
            _ if network.is_paused(now) => return Ok(Found::Later),
            Window::Closed => return Ok(Found::Over),
            _ => {}
        }
        let is_last_call = last_call(&network, epoch, now).is_some_and(|signed_by| now >= signed_by);
        let measured = match answer {
            Ok(measured) => measured,
            Err(error) => return self.go_without(ledger, &network, epoch, &error, is_last_call),
        };
        let shards = self.places.entries(ledger, self.network, &network, epoch, &measured.rows)?;
        let coverage = Coverage::of_entries(shards.values().flatten());
        if shards.is_empty() {
            return self.nothing_to_report(epoch);
        }
        if coverage == Coverage::default() {
            let error = SourceError::Strangers { epoch, nodes: measured.rows.len() };
            return self.go_without(ledger, &network, epoch, &error, is_last_call);
        }
        let before = self.coverage_before()?;
        if before.is_some_and(|before| coverage.has_dropped(&before, self.options.max_drop_percent)) {
            let before = before.unwrap_or_default();
            let change = format!(
                "far fewer nodes are measured than in the epoch before: {} of {} have an uptime, {} of {} a bandwidth",
                coverage.uptimes, before.uptimes, coverage.bandwidths, before.bandwidths
            );
            if !is_last_call {
                self.say(epoch, &format!("{change}; the source is asked again"), false);
                return Ok(Found::Later);
            }
            self.metrics.note_drop();
            self.say(epoch, &format!("{change}; this is signed now, since the report window is nearly over"), true);
        }
        self.tell_remarks(epoch, &measured);
        Ok(Found::Entries(shards))
    }

    /// No node can earn the epoch.
    fn nothing_to_report(&self, epoch: u32) -> Result<Found, RunError> {
        tracing::info!("epoch {epoch}: no node can earn, so there is nothing to report");
        self.journal.finish(epoch, "nothing to report")?;
        Ok(Found::Over)
    }

    /// Without an answer of the source: the epoch is waited for, or at the last call skipped.
    fn go_without(
        &mut self,
        accounts: &mut impl Accounts,
        network: &Network,
        epoch: u32,
        error: &SourceError,
        is_last_call: bool,
    ) -> Result<Found, RunError> {
        if self.memory.earning_epoch != Some(epoch) {
            if !self.places.is_any_earning(accounts, self.network, network, epoch)? {
                return self.nothing_to_report(epoch);
            }
            self.memory.earning_epoch = Some(epoch);
        }
        self.metrics.service.note_error("source");
        let reason = with_causes(error);
        if !is_last_call {
            self.say(epoch, &format!("{reason}; the source is asked again"), false);
            return Ok(Found::Later);
        }
        self.journal.finish(epoch, "skipped")?;
        self.say(
            epoch,
            &format!("{reason}; the report window is nearly over, so the epoch is SKIPPED: nothing is signed"),
            true,
        );
        self.metrics.note_epoch(epoch, EpochOutcome::Skipped, 0);
        Ok(Found::Over)
    }

    /// Logs something about an epoch, unless it is what was last said.
    pub(super) fn say(&mut self, epoch: u32, text: &str, is_error: bool) {
        if self.memory.said.as_ref().is_some_and(|(said, words)| *said == epoch && words == text) {
            return;
        }
        self.memory.said = Some((epoch, text.to_owned()));
        if is_error {
            tracing::error!("epoch {epoch}: {text}");
        } else {
            tracing::warn!("epoch {epoch}: {text}");
        }
    }

    fn tell_remarks(&mut self, epoch: u32, measured: &Measured) {
        let remarks: Vec<_> = measured.remarks.iter().take(MAX_REMARKS).map(ToString::to_string).collect();
        let more = measured.remarks.len().saturating_sub(MAX_REMARKS);
        let more = (more > 0).then(|| format!("{more} more such remarks"));
        let text = remarks.into_iter().chain(more).collect::<Vec<_>>().join("; ");
        if !text.is_empty() {
            self.say(epoch, &text, false);
        }
    }

    /// What was measured in the last epoch that was signed; after a restart, what the journal has of it.
    fn coverage_before(&mut self) -> Result<Option<Coverage>, JournalError> {
        if self.memory.coverage.is_none() {
            if let Some(epoch) = self.journal.newest_signed()? {
                // A file that is damaged is said where it is sent.
                self.memory.coverage = self.journal.read(epoch).ok().map(|batches| Coverage::of_batches(&batches));
            }
        }
        Ok(self.memory.coverage)
    }
}

/// An error and all that caused it, on one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        text = format!("{text}: {deeper}");
        cause = deeper.source();
    }
    text
}
