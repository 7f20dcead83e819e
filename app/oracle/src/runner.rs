//! What an oracle does at one moment: measure, sign, keep, send.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use solana_address::Address;
use solana_keypair::Keypair;
use stipend_client::address;
use stipend_client::batch::{cut, relayed_nodes, signed_nodes, SignedBatch};
use stipend_client::ledger::{Accounts, Deadline, Ledger, LedgerError, TransactionFormat};
use stipend_client::program::constants::{NO_END, NO_EPOCH};
use stipend_client::program::state::{Entry, Network};
use stipend_client::reader::{ReadError, Reader};
use stipend_client::relay::{incomplete, look, relay, Arrival, Witness};

use super::places::{Places, PlacesError};
use super::{Journal, JournalError};
use crate::figure::counted;
use crate::progress::Progress;
use crate::service::metrics::{EpochOutcome, OracleMetrics};
use crate::service::Stop;
use crate::source::SourceWorker;

mod coverage;
mod measuring;
mod standing;
mod way;
mod window;

use coverage::Coverage;
use measuring::Found;
pub use standing::Standing;
use way::Way;
use window::{last_call, Window};

/// How long a source that failed, or a report that was rejected, is let be, in seconds.
const RETRY_SECS: i64 = 10;

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

/// Why a step failed. What was done before it stands, and the same call again goes on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The cluster is lost, or its accounts are not what they must be. It may be back.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The accounts that were read don't hold all nodes.
    #[error(transparent)]
    Places(#[from] PlacesError),
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
    /// The source is at work.
    Measuring,
    /// There is nothing to do for now.
    Idle {
        /// Unix seconds of the cluster's clock.
        now: i64,
        /// When there is something to do, by the same clock; `None` if nothing is known to come.
        next: Option<i64>,
    },
}

/// How an oracle measures, and what it keeps.
#[derive(Clone, Copy, Debug)]
pub struct RunnerOptions {
    /// How long after an epoch's end its last samples may still be under way.
    pub settle_secs: u32,
    /// Epochs that are done and kept.
    pub keep_epochs: usize,
    /// By how much the number of nodes with a value may fall from one epoch to the next without a second look, 0..=100.
    pub max_drop_percent: u8,
}

/// An oracle of one network.
pub struct OracleRunner {
    /// The network's address.
    pub network: Address,
    /// The oracle's key.
    pub key: SigningKey,
    /// What it does of its work.
    pub ends: Ends,
    /// What it signed.
    pub journal: Journal,
    /// What it measures with.
    pub source: SourceWorker,
    /// Where the nodes are.
    pub places: Places,
    /// What it tells.
    pub metrics: OracleMetrics,
    /// Ends its waits.
    pub stop: Stop,
    /// How it measures, and what it keeps.
    pub options: RunnerOptions,
    /// What it remembers from tick to tick; nothing depends on it after a restart.
    pub memory: Memory,
}

/// What a runner remembers from tick to tick.
#[derive(Debug, Default)]
pub struct Memory {
    /// The first epoch that was not looked at.
    looked_until: u32,
    /// When what was signed is sent again, Unix seconds of the cluster's clock.
    send_at: i64,
    /// When the source is asked again.
    measure_at: i64,
    /// The epoch whose end was said to be waited for.
    awaited_epoch: Option<u32>,
    /// What was last said of an epoch that can't be signed yet.
    said: Option<(u32, String)>,
    /// What the network made of the oracle when it was last looked at.
    standing: Option<Standing>,
    /// What was measured in the last epoch that was signed.
    coverage: Option<Coverage>,
    /// The last epoch of which it is known that some node can earn in it.
    earning_epoch: Option<u32>,
    /// What stands in the way of a report.
    way: Way,
}

/// How far the reports of an epoch are.
enum Sent {
    All,
    /// The window closed before.
    Missed(usize),
    /// The oracle does not measure this epoch any more.
    Barred,
    /// Something was rejected.
    Waiting,
    /// An earlier epoch is still to be closed.
    Early,
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
        self.metrics.service.note_clock(now, network.epoch_secs);
        self.metrics.service.set_paused(network.is_paused(now));
        self.note_standing(&network, now);
        let pending = self.journal.pending()?;
        self.metrics.set_pending(pending.len());
        if network.is_paused(now) {
            let next = Some(network.pause_ends_at).filter(|end| *end != NO_END);
            return Ok(Tick::Idle { now, next });
        }
        let sent = if now >= self.memory.send_at {
            self.send_pending(ledger, payer, &network, &pending, now)
        } else {
            Ok(None)
        };
        if let Ok(Some(tick)) = sent {
            self.metrics.service.note_work();
            return Ok(tick);
        }
        // A payer without lamports keeps nothing from being measured and signed.
        let tick = self.sign_next(ledger, &network, now)?;
        if tick == Tick::Worked {
            self.metrics.service.note_work();
            return Ok(tick);
        }
        sent.map(|_| tick)
    }

    /// What the network made of the oracle at the last tick; `None` before the first one.
    pub fn standing(&self) -> Option<Standing> {
        self.memory.standing
    }

    fn oracle(&self) -> Address {
        Address::from(self.key.verifying_key().to_bytes())
    }

    /// Says what the network makes of the oracle whenever that changes.
    fn note_standing(&mut self, network: &Network, now: i64) {
        let standing = Standing::of(network, &self.oracle(), now);
        self.metrics.set_standing(&standing);
        let before = self.memory.standing.replace(standing);
        if before == Some(standing) {
            return;
        }
        if standing.is_fault() {
            tracing::error!("{standing}");
        } else if matches!(standing, Standing::Leaving { .. }) {
            tracing::warn!("{standing}");
        } else if before.is_some() || standing != Standing::Active {
            tracing::info!("{standing}");
        }
    }

    /// Looks after every epoch that is signed and not done, the oldest first, until one is done. One that can't be sent holds no
    /// other up.
    fn send_pending<L: Ledger>(
        &mut self,
        ledger: &mut L,
        payer: &Keypair,
        network: &Network,
        pending: &[u32],
        now: i64,
    ) -> Result<Option<Tick>, RunError> {
        for epoch in pending {
            match self.send(ledger, payer, network, *epoch, now) {
                Ok(Sent::Waiting) => self.memory.send_at = now.saturating_add(RETRY_SECS),
                Ok(Sent::Early) => {
                    // Those behind it are early too.
                    let has_stepped = self.clear_way(ledger, payer, network, now)?;
                    self.memory.send_at = if has_stepped { now } else { now.saturating_add(RETRY_SECS) };
                    return Ok(has_stepped.then_some(Tick::Worked));
                }
                Ok(sent) => return self.finish(network, *epoch, now, sent).map(Some),
                Err(RunError::Journal(error @ JournalError::Batches { .. })) => {
                    self.metrics.service.note_error("disk");
                    self.say(*epoch, &format!("what was signed can't be read, and is not sent: {error}"), true);
                    self.memory.send_at = now.saturating_add(RETRY_SECS);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Signs the oldest epoch that is over and not signed, if its window is open.
    fn sign_next<L: Ledger>(&mut self, ledger: &mut L, network: &Network, now: i64) -> Result<Tick, RunError> {
        let newest = self.journal.newest()?;
        let first = newest.map_or(network.open_epoch, |newest| newest.saturating_add(1)).max(self.memory.looked_until);
        let send_at = (self.memory.send_at > now).then_some(self.memory.send_at);
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
        self.memory.looked_until = epoch;
        if let (Some(first), Some(last)) = (missed.first(), missed.last()) {
            tracing::error!("epochs {first} to {last} were missed: their report windows closed meanwhile");
            missed.iter().for_each(|epoch| self.metrics.note_epoch(*epoch, EpochOutcome::Missed, 0));
        }
        let Some((epoch, end)) = found else {
            return Ok(Tick::Idle { now, next: send_at });
        };
        let ready_at = end.saturating_add(self.options.settle_secs.into()).max(self.memory.measure_at);
        if now < ready_at {
            if self.memory.awaited_epoch != Some(epoch) && network.oracles.is_active(&self.oracle(), epoch) {
                self.memory.awaited_epoch = Some(epoch);
                tracing::info!("epoch {epoch} is signed in {} s", ready_at.saturating_sub(now));
            }
            return Ok(Tick::Idle { now, next: send_at.into_iter().chain([ready_at]).min() });
        }
        let shards = match self.measure(ledger, network, epoch, now)? {
            Found::Entries(shards) => shards,
            Found::Measuring => return Ok(Tick::Measuring),
            Found::Over => return Ok(Tick::Worked),
            Found::Later => {
                // The last safe moment is not slept through.
                let last_call = last_call(network, epoch, now).filter(|last_call| *last_call > now).unwrap_or(i64::MAX);
                self.memory.measure_at = now.saturating_add(RETRY_SECS).min(last_call);
                return Ok(Tick::Idle { now, next: send_at.into_iter().chain([self.memory.measure_at]).min() });
            }
        };
        if self.is_begun_elsewhere(ledger, network, epoch)? {
            self.metrics.service.note_error("journal");
            tracing::error!(
                "epoch {epoch} is reported in part, and not from this journal: it is not signed again, since two values for one \
                 slot forfeit the bond; bring the journal back, or let the epoch be"
            );
            self.journal.finish(epoch, "reported from another journal")?;
            return Ok(Tick::Worked);
        }
        let batches = self.sign(ledger.transaction_format(), network, epoch, &shards);
        self.journal.keep(epoch, &batches)?;
        let coverage = Coverage::of_entries(shards.values().flatten());
        self.metrics.note_measured(coverage.uptimes, coverage.bandwidths);
        self.memory.coverage = Some(coverage);
        let measured = shards.values().flatten().filter(|entry| **entry != Entry::BLANK).count();
        let (nodes, batches) = (counted(measured as u64, "node"), counted(batches.len() as u64, "batch"));
        tracing::info!("epoch {epoch}: {nodes} measured, signed in {batches}");
        Ok(Tick::Worked)
    }

    /// Whether the chain has something of this epoch by this oracle, though the journal has not.
    fn is_begun_elsewhere(
        &self,
        accounts: &mut impl Accounts,
        network: &Network,
        epoch: u32,
    ) -> Result<bool, ReadError> {
        let shards = (0..network.shard_count).map(|index| address::shard(&self.network, index));
        let reports: Vec<_> = shards.map(|shard| (shard, self.oracle())).collect();
        let found = Reader::new(accounts, self.network).report_heads(&reports)?;
        Ok(found.into_iter().flatten().any(|header| header.epoch != NO_EPOCH && header.epoch >= epoch))
    }

    /// One report for each shard in which a node can earn, an empty one where nothing was measured: a missing one would hold
    /// up the scoring.
    fn sign(
        &self,
        format: TransactionFormat,
        network: &Network,
        epoch: u32,
        shards: &BTreeMap<u32, Vec<Entry>>,
    ) -> Vec<SignedBatch> {
        let nodes = match self.ends {
            Ends::Pay(_) => signed_nodes(format),
            Ends::Relay | Ends::SignOnly => relayed_nodes(format),
        };
        let mut batches = Vec::new();
        for (index, entries) in shards {
            let shard = address::shard(&self.network, *index);
            let cut = cut(network.domain, epoch, entries, nodes);
            batches.extend(cut.iter().map(|batch| SignedBatch::new(&self.key, &self.network, &shard, batch)));
        }
        batches
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
        let window = Window::of(network, epoch, now);
        if matches!(window, Window::Later) {
            return Ok(Sent::Early);
        }
        let batches = match self.journal.read(epoch) {
            Err(JournalError::Batches { .. }) if matches!(window, Window::Closed) => return Ok(Sent::Missed(0)),
            read => read?,
        };
        let is_open = matches!(window, Window::Open(_));
        if is_open && !network.oracles.is_active(&self.oracle(), epoch) {
            return Ok(Sent::Barred);
        }
        let mut has_refused = false;
        // Who signs only looks what has become of it.
        if is_open && !matches!(self.ends, Ends::SignOnly) {
            let witness = match &self.ends {
                Ends::Pay(oracle) => Witness::Oracle(oracle),
                Ends::Relay | Ends::SignOnly => Witness::Batch,
            };
            let progress = Progress::begin("reporting", batches.len() as u64);
            let tell = |dealt| progress.set(dealt as u64);
            if let Window::Open(due) = window {
                ledger.set_deadline(network.windows_begin().ok().map(|from| Deadline { from, due }));
            }
            let relayed = relay(ledger, payer, &batches, witness, tell).inspect_err(|_| {
                self.metrics.note_retry(batches.len());
            })?;
            self.metrics.note_relayed(&relayed);
            has_refused = !relayed.refused.is_empty();
            for (place, error) in &relayed.refused {
                self.metrics.service.note_error("refused");
                tracing::warn!("epoch {epoch}: batch {place} was rejected: {error}");
            }
            if relayed.sent > 0 {
                tracing::info!(
                    "epoch {epoch}: {} sent, {} there before",
                    counted(relayed.sent as u64, "batch"),
                    relayed.arrived
                );
            }
        }
        // What was rejected may differ from what is there.
        let missing = match has_refused {
            true => look(ledger, &batches)?.into_iter().filter(|arrival| *arrival != Arrival::Arrived).count(),
            false => incomplete(ledger, &batches)?,
        };
        Ok(match (missing, is_open) {
            (0, _) => Sent::All,
            (missing, false) => Sent::Missed(missing),
            (_, true) => Sent::Waiting,
        })
    }

    fn finish(&mut self, network: &Network, epoch: u32, now: i64, sent: Sent) -> Result<Tick, RunError> {
        let lag_secs = network.end(epoch).map_or(0, |end| now.saturating_sub(end));
        match sent {
            Sent::Missed(missing) => {
                tracing::error!("epoch {epoch} was missed: its report window closed with {missing} batches not there");
                self.journal.finish(epoch, "missed")?;
                self.metrics.note_epoch(epoch, EpochOutcome::Missed, lag_secs);
            }
            Sent::Barred => {
                tracing::error!(
                    "epoch {epoch} can't be reported: the network does not let the oracle measure it any more"
                );
                self.journal.finish(epoch, "not reported: the oracle was removed or suspended")?;
                self.metrics.note_epoch(epoch, EpochOutcome::Barred, lag_secs);
            }
            Sent::All | Sent::Waiting | Sent::Early => {
                tracing::info!("epoch {epoch} is reported, {lag_secs} s after its end");
                self.journal.finish(epoch, "reported")?;
                self.metrics.note_epoch(epoch, EpochOutcome::Reported, lag_secs);
            }
        }
        self.source.forget_before(epoch.saturating_sub(u32::try_from(self.options.keep_epochs).unwrap_or(u32::MAX)));
        self.journal.prune(self.options.keep_epochs)?;
        Ok(Tick::Worked)
    }
}

#[cfg(test)]
mod tests;
