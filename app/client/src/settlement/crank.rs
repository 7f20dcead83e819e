//! What anybody may do for a network once the measurements are in: score, close, settle.

use super::{Settlement, SettlementError};
use crate::{
    crank::{is_settleable, is_unscored},
    instruction::{self, MAX_COMPUTE_UNITS},
    ledger::{Ledger, LedgerError},
    reader::ShardHead,
};
use solana_address::Address;
use solana_instruction::Instruction;
use stipend::error::StipendError;

/// Measurements (slots times oracles) that are scored well within the 200,000 compute units that an instruction has unasked.
const SCORED_UNASKED: usize = 512;

/// What scores a shard for `epoch`, with the compute units that it needs.
///
/// - `oracles`: all that are active in the epoch, in the set's order.
pub(crate) fn score_shard(network: &Address, shard: &ShardHead, oracles: &[Address], epoch: u32) -> Vec<Instruction> {
    let score = instruction::score_shard(network, &shard.address, oracles, epoch);
    let needs_more = usize::from(shard.header.capacity) * oracles.len() > SCORED_UNASKED;
    let limit = needs_more.then(|| instruction::compute_unit_limit(MAX_COMPUTE_UNITS));
    limit.into_iter().chain([score]).collect()
}

impl<L: Ledger> Settlement<'_, L> {
    /// Scores all shards for `epoch` that are not, and in which a node can earn in it or later. Returns how many.
    pub fn score(&mut self, epoch: u32) -> Result<usize, SettlementError> {
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

    /// Closes every epoch that can be closed.
    pub fn close(&mut self) -> Result<(), SettlementError> {
        let open_epoch = self.network()?.open_epoch;
        let sent = self.send(&[instruction::close_epoch(&self.network)], &[]);
        match sent {
            Err(SettlementError::Ledger(LedgerError::Refused { .. })) if self.network()?.open_epoch > open_epoch => {
                Ok(())
            }
            sent => sent,
        }
    }

    /// Closes every epoch up to `last`, which is over: settles what is closed, scores what is awake, closes.
    ///
    /// Errors: those of the program while an epoch's reports may still come; nothing is waited for. Its report window begins
    /// when the epoch before it is closed.
    pub fn close_until(&mut self, last: u32) -> Result<(), SettlementError> {
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
    pub fn settle(&mut self) -> Result<usize, SettlementError> {
        let network = self.network()?;
        let mut settled = 0;
        for shard in self.reader().shard_heads(network.shard_count)? {
            if is_settleable(&network, &shard.header) {
                let settle = instruction::settle_shard(&self.network, &shard.address);
                settled += usize::from(self.send_unless(&[settle], &[StipendError::ShardAlreadySettled])?);
            }
        }
        Ok(settled)
    }
}
