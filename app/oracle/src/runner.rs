//! What an oracle does at one moment: measure, sign, keep, send.

use std::cmp::Ordering;

use ed25519_dalek::SigningKey;
use solana_address::Address;
use solana_keypair::Keypair;
use stipend_client::account;
use stipend_client::address;
use stipend_client::batch::{cut, SignedBatch, RELAYED_NODES_WITH_BUDGET, SIGNED_NODES_WITH_BUDGET};
use stipend_client::ledger::{Accounts, Ledger, LedgerError};
use stipend_client::measurement::MeasurementRow;
use stipend_client::program::constants::{NO_END, NO_EPOCH};
use stipend_client::program::state::Network;
use stipend_client::reader::{ReadError, Reader};
use stipend_client::relay::{look, relay, Arrival, Witness};

use super::places::Places;
use super::{Journal, JournalError};
use crate::figure::counted;
use crate::progress::Progress;
use crate::service::metrics::{EpochOutcome, OracleMetrics};
use crate::source::{EpochClock, Source};

/// How long a source that failed, or a report that was refused, is let be, in seconds.
const RETRY_SECS: i64 = 10;
/// Remarks of a source that are logged; of the others, how many there are.
const MAX_REMARKS: usize = 20;

/// What an oracle does of its work.
#[derive(Debug)]
pub enum Ends {
    /// It signs, keeps, and has the transactions paid by another key.
    Relay,
    /// It signs, keeps, and pays the transactions itself.
    Pay(Box<Keypair>),
    /// It signs and keeps; what it kept is sent by somebody else.
    SignOnly,
}

/// Why an oracle can't go on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The cluster is lost, or says something else than it must. It may be back.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Nothing is signed or sent without a journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl From<LedgerError> for RunError {
    fn from(error: LedgerError) -> Self {
        Self::Read(error.into())
    }
}

/// What one look brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tick {
    /// Something was done: there may be more.
    Worked,
    /// There is nothing to do before `next`, Unix seconds of the cluster's clock, which showed `now`.
    Idle { now: i64, next: Option<i64> },
}

/// An oracle of one network.
pub struct OracleRunner {
    pub network: Address,
    pub key: SigningKey,
    pub ends: Ends,
    pub journal: Journal,
    pub source: Box<dyn Source>,
    pub places: Places,
    pub metrics: OracleMetrics,
    /// How long after an epoch's end its last samples may still be under way.
    pub settle_secs: u32,
    /// Epochs that are done and kept.
    pub keep_epochs: usize,
    /// The first epoch that was not looked at.
    pub looked_until: u32,
    /// When what was signed is sent again, Unix seconds of the cluster's clock.
    pub send_at: i64,
    /// When the source is asked again.
    pub measure_at: i64,
    /// The epoch whose end was said to be waited for.
    pub awaited_epoch: Option<u32>,
}

/// Whether the program takes reports of an epoch: only the open one's, for as long as its report window is open.
enum Window {
    /// An epoch before it is not closed.
    Later,
    /// Until this Unix second.
    Open(i64),
    Closed,
}

impl Window {
    /// Of an epoch that is over, while there is no pause.
    fn of(network: &Network, epoch: u32, now: i64) -> Self {
        match epoch.cmp(&network.open_epoch) {
            Ordering::Less => Self::Closed,
            Ordering::Greater => Self::Later,
            Ordering::Equal => match network.report_end() {
                Ok(end) if now < end => Self::Open(end),
                _ => Self::Closed,
            },
        }
    }
}

/// How far the reports of an epoch are.
enum Sent {
    All,
    /// The window closed before.
    Missed(usize),
    /// Something is to come first, or was refused.
    Waiting,
}

impl OracleRunner {
    /// Does the next thing that is due, the oldest epoch first.
    ///
    /// What was signed is sent again as it is, never signed anew; so this may be ended at any moment and called again.
    ///
    /// Errors: what was done before stands.
    pub fn tick<L: Ledger>(&mut self, ledger: &mut L, payer: &Keypair) -> Result<Tick, RunError> {
        let now = ledger.now()?;
        let network = Reader::new(ledger, self.network).network()?;
        self.metrics.service.note_success();
        self.metrics.service.set_paused(network.is_paused(now));
        let pending = self.journal.pending()?;
        self.metrics.set_pending(pending.len());
        if network.is_paused(now) {
            let next = Some(network.pause_ends_at).filter(|end| *end != NO_END);
            return Ok(Tick::Idle { now, next });
        }
        if now >= self.send_at {
            if let Some(epoch) = pending.first() {
                match self.send(ledger, payer, &network, *epoch, now)? {
                    Sent::Waiting => self.send_at = now.saturating_add(RETRY_SECS),
                    sent => return self.finish(&network, *epoch, now, sent),
                }
            }
        }
        self.sign_next(ledger, &network, now)
    }

    fn oracle(&self) -> Address {
        Address::from(self.key.verifying_key().to_bytes())
    }

    /// Signs the oldest epoch that is over and not signed, if its window is open.
    fn sign_next<L: Ledger>(&mut self, ledger: &mut L, network: &Network, now: i64) -> Result<Tick, RunError> {
        let newest = self.journal.newest()?;
        let first = newest.map_or(network.open_epoch, |newest| newest.saturating_add(1)).max(self.looked_until);
        let send_at = (self.send_at > now).then_some(self.send_at);
        let mut missed = Vec::new();
        let mut epoch = first;
        let found = loop {
            let Some(end) = network.end(epoch).ok().filter(|_| epoch != NO_EPOCH) else {
                break None;
            };
            let is_active = network.oracles.is_active(&self.oracle(), epoch);
            let is_missed = matches!(Window::of(network, epoch, now), Window::Closed);
            if end > now || (is_active && !is_missed) {
                break Some((epoch, end));
            }
            // An oracle that left may stand in no entry any more; one that is new has missed nothing.
            if is_active && newest.is_some() {
                missed.push(epoch);
            }
            epoch = epoch.saturating_add(1);
        };
        self.looked_until = epoch;
        if let (Some(first), Some(last)) = (missed.first(), missed.last()) {
            tracing::error!("epochs {first} to {last} were missed: their report windows closed meanwhile");
            missed.iter().for_each(|epoch| self.metrics.note_epoch(*epoch, EpochOutcome::Missed, 0));
        }
        let Some((epoch, end)) = found else {
            return Ok(Tick::Idle { now, next: send_at });
        };
        let ready_at = end.saturating_add(self.settle_secs.into()).max(self.measure_at);
        if now < ready_at {
            if self.awaited_epoch != Some(epoch) {
                self.awaited_epoch = Some(epoch);
                tracing::info!("epoch {epoch} is signed in {} s", ready_at.saturating_sub(now));
            }
            return Ok(Tick::Idle { now, next: send_at.into_iter().chain([ready_at]).min() });
        }
        if self.is_begun_elsewhere(ledger, network, epoch)? {
            self.metrics.service.note_error("journal");
            tracing::error!(
                "epoch {epoch} is reported in part, and not from this journal: it is not signed anew, for two values for one \
                 slot forfeit the bond; bring the journal back, or let the epoch be"
            );
            self.journal.finish(epoch, "reported from another journal")?;
            return Ok(Tick::Worked);
        }
        let Some(rows) = self.measure(network, epoch, now) else {
            self.measure_at = now.saturating_add(RETRY_SECS);
            return Ok(Tick::Idle { now, next: send_at.into_iter().chain([self.measure_at]).min() });
        };
        let batches = self.sign(ledger, network, epoch, &rows)?;
        self.journal.keep(epoch, &batches)?;
        let (nodes, batches) = (counted(rows.len() as u64, "node"), counted(batches.len() as u64, "batch"));
        tracing::info!("epoch {epoch}: {nodes} measured, signed in {batches}");
        Ok(Tick::Worked)
    }

    /// What the source knows of an epoch. None: it failed, and is asked again while there is time. A source that fails until the
    /// window is nearly over has measured nothing, and that is what is reported: "not measured", never "down".
    fn measure(&mut self, network: &Network, epoch: u32, now: i64) -> Option<Vec<MeasurementRow>> {
        let clock = EpochClock { genesis: network.genesis, epoch_secs: network.epoch_secs };
        match self.source.measure(&clock.span(epoch)) {
            Ok(measured) => {
                for remark in measured.remarks.iter().take(MAX_REMARKS) {
                    tracing::warn!("epoch {epoch}: {remark}");
                }
                if let Some(more) = measured.remarks.len().checked_sub(MAX_REMARKS).filter(|more| *more > 0) {
                    tracing::warn!("epoch {epoch}: {more} remarks more");
                }
                Some(measured.rows)
            }
            Err(error) => {
                self.metrics.service.note_error("source");
                let window_secs = i64::from(network.policy_at(epoch).report_secs);
                let last_call = match Window::of(network, epoch, now) {
                    Window::Later => i64::MAX,
                    Window::Open(end) => end.saturating_sub((window_secs / 4).min(120)),
                    Window::Closed => now,
                };
                if now < last_call {
                    tracing::warn!("epoch {epoch}: the source says nothing: {error}; asking again");
                    return None;
                }
                tracing::error!(
                    "epoch {epoch}: the source says nothing, and the report window is nearly over: {error}; every node is \
                     reported as not measured"
                );
                self.metrics.note_epoch(epoch, EpochOutcome::Unmeasured, 0);
                Some(Vec::new())
            }
        }
    }

    /// Whether the chain has something of this epoch by this oracle, though the journal has not.
    fn is_begun_elsewhere(
        &self,
        accounts: &mut impl Accounts,
        network: &Network,
        epoch: u32,
    ) -> Result<bool, ReadError> {
        let shards = (0..network.shard_count).map(|index| address::shard(&self.network, index));
        let reports: Vec<_> = shards.map(|shard| address::report(&shard, &self.oracle())).collect();
        let found = accounts.accounts(&reports)?;
        Ok(found.into_iter().flatten().any(|found| {
            let header = account::report(&found.data).map(|(header, _)| header);
            header.is_ok_and(|header| header.epoch != NO_EPOCH && header.epoch >= epoch)
        }))
    }

    /// One report for each shard in which a node can earn, an empty one where nothing was measured: a missing one would hold
    /// up the scoring.
    fn sign(
        &mut self,
        accounts: &mut impl Accounts,
        network: &Network,
        epoch: u32,
        rows: &[MeasurementRow],
    ) -> Result<Vec<SignedBatch>, ReadError> {
        let nodes = match self.ends {
            Ends::Pay(_) => SIGNED_NODES_WITH_BUDGET,
            Ends::Relay | Ends::SignOnly => RELAYED_NODES_WITH_BUDGET,
        };
        let shards = self.places.entries(accounts, self.network, network, epoch, rows)?;
        let mut batches = Vec::new();
        for (index, entries) in shards {
            let shard = address::shard(&self.network, index);
            let cut = cut(network.domain, epoch, &entries, nodes);
            batches.extend(cut.iter().map(|batch| SignedBatch::new(&self.key, &self.network, &shard, batch)));
        }
        Ok(batches)
    }

    /// Sends what is not there of what was signed.
    fn send(
        &mut self,
        ledger: &mut impl Ledger,
        payer: &Keypair,
        network: &Network,
        epoch: u32,
        now: i64,
    ) -> Result<Sent, RunError> {
        let batches = self.journal.read(epoch)?;
        let window = Window::of(network, epoch, now);
        if matches!(window, Window::Later) {
            return Ok(Sent::Waiting);
        }
        let is_open = matches!(window, Window::Open(_));
        // Who signs only looks what has become of it.
        if is_open && !matches!(self.ends, Ends::SignOnly) {
            let witness = match &self.ends {
                Ends::Pay(oracle) => Witness::Oracle(oracle),
                Ends::Relay | Ends::SignOnly => Witness::Batch,
            };
            let progress = Progress::begin("reporting", batches.len() as u64);
            let tell = |dealt| progress.set(dealt as u64);
            let relayed = relay(ledger, payer, &batches, witness, tell).inspect_err(|_| {
                self.metrics.note_retry(batches.len());
            })?;
            self.metrics.note_relayed(&relayed);
            for (place, error) in &relayed.refused {
                self.metrics.service.note_error("refused");
                tracing::warn!("epoch {epoch}: batch {place} was refused: {error}");
            }
            tracing::info!(
                "epoch {epoch}: {} sent, {} there before",
                counted(relayed.sent as u64, "batch"),
                relayed.arrived
            );
        }
        let missing = look(ledger, &batches)?.into_iter().filter(|arrival| *arrival != Arrival::Arrived).count();
        Ok(match (missing, is_open) {
            (0, _) => Sent::All,
            (missing, false) => Sent::Missed(missing),
            (_, true) => Sent::Waiting,
        })
    }

    fn finish(&mut self, network: &Network, epoch: u32, now: i64, sent: Sent) -> Result<Tick, RunError> {
        let lag_secs = network.end(epoch).map_or(0, |end| now.saturating_sub(end));
        if let Sent::Missed(missing) = sent {
            tracing::error!("epoch {epoch} was missed: its report window closed with {missing} batches not there");
            self.journal.finish(epoch, "missed")?;
            self.metrics.note_epoch(epoch, EpochOutcome::Missed, lag_secs);
        } else {
            tracing::info!("epoch {epoch} is reported, {lag_secs} s after its end");
            self.journal.finish(epoch, "reported")?;
            self.metrics.note_epoch(epoch, EpochOutcome::Reported, lag_secs);
        }
        self.journal.prune(self.keep_epochs)?;
        Ok(Tick::Worked)
    }
}

#[cfg(test)]
mod tests;
