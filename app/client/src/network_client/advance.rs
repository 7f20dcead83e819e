//! What anybody may do for a network once the measurements are in: score, judge, close, settle.

use super::NetworkClient;
use crate::{
    crank::{is_settleable, is_unscored, judge_shard, score_shard, unjudged_epoch},
    instruction,
    ledger::{Ledger, LedgerError},
    reader::ReadError,
};
use stipend::error::StipendError;

impl<L: Ledger> NetworkClient<'_, L> {
    /// Scores all shards for `epoch` that are not, and in which a node can earn in it or later. Returns how many.
    pub fn score(&mut self, epoch: u32) -> Result<usize, ReadError> {
        let network = self.network()?;
        let oracles: Vec<_> = network.oracles.active(epoch).map(|oracle| oracle.key).collect();
        let mut done = vec![StipendError::ShardAlreadyScored, StipendError::ShardDormant];
        if network.open_epoch == epoch {
            // It was the open one: somebody has closed it since.
            done.push(StipendError::EpochNotOpen);
        }
        let mut scored = 0;
        for shard in self.reader().shard_heads(network.shard_count)? {
            if !is_unscored(&shard.header, epoch) {
                continue;
            }
            let score = score_shard(&self.network, &shard, &oracles, epoch);
            scored += usize::from(self.send_unless(&score, &done)?);
        }
        Ok(scored)
    }

    /// Compares the reports of `epoch` with the medians, for the oracles' records, in all shards that hold that epoch and are
    /// not judged. Returns how many.
    pub fn judge(&mut self, epoch: u32) -> Result<usize, ReadError> {
        let network = self.network()?;
        let oracles: Vec<_> = network.oracles.active(epoch).map(|oracle| oracle.key).collect();
        let mut judged = 0;
        for shard in self.reader().shard_heads(network.shard_count)? {
            if unjudged_epoch(&shard.header) != Some(epoch) {
                continue;
            }
            let judge = judge_shard(&self.network, &shard, &oracles, epoch);
            judged += usize::from(self.send_unless(&judge, &[StipendError::ShardAlreadyJudged])?);
        }
        Ok(judged)
    }

    /// Closes every epoch that can be closed.
    pub fn close(&mut self) -> Result<(), ReadError> {
        let open_epoch = self.network()?.open_epoch;
        let sent = self.send(&[instruction::close_epoch(&self.network)], &[]);
        match sent {
            Err(ReadError::Ledger(LedgerError::Refused { .. })) if self.network()?.open_epoch > open_epoch => Ok(()),
            sent => sent,
        }
    }

    /// Closes every epoch up to `last`, which is over: settles what is closed, scores what is awake, closes.
    ///
    /// Errors: those of the program while an epoch's reports may still come; nothing is waited for. Its report window begins
    /// when the epoch before it is closed.
    pub fn close_until(&mut self, last: u32) -> Result<(), ReadError> {
        loop {
            self.settle()?;
            let open_epoch = self.network()?.open_epoch;
            if open_epoch > last {
                return Ok(());
            }
            self.score(open_epoch)?;
            self.close()?;
        }
    }

    /// Settles all shards whose scores are of a closed epoch and not yet atoms. Returns how many.
    pub fn settle(&mut self) -> Result<usize, ReadError> {
        let (network, now) = (self.network()?, self.ledger.now()?);
        let mut settled = 0;
        for shard in self.reader().shard_heads(network.shard_count)? {
            if is_settleable(&network, &shard.header, now) {
                let settle = instruction::settle_shard(&self.network, &shard.address);
                settled += usize::from(self.send_unless(&[settle], &[StipendError::ShardAlreadySettled])?);
            }
        }
        Ok(settled)
    }
}
