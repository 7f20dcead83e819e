//! What anybody may do for a network once the measurements are in: score, close, settle.

use super::{Settlement, SettlementError};
use crate::{
    instruction::{self, MAX_COMPUTE_UNITS},
    ledger::Ledger,
};

/// Measurements (slots times oracles) that are scored well within the 200,000 compute units that an instruction has unasked.
const SCORED_UNASKED: usize = 512;

impl<L: Ledger> Settlement<'_, L> {
    /// Scores all shards for `epoch`, those that are not. Returns how many.
    pub fn score(&mut self, epoch: u32) -> Result<usize, SettlementError> {
        let network = self.network()?;
        let oracles: Vec<_> = network.oracles.active(epoch).map(|oracle| oracle.key).collect();
        let mut scored = 0;
        for index in 0..network.shard_count {
            let shard = self.shard(index)?;
            if shard.header.next_epoch > epoch {
                continue;
            }
            let score = instruction::score_shard(&self.network, &shard.address, &oracles, epoch);
            if shard.slots.len() * oracles.len() > SCORED_UNASKED {
                self.send(&[instruction::compute_unit_limit(MAX_COMPUTE_UNITS), score], &[])?;
            } else {
                self.send(&[score], &[])?;
            }
            scored += 1;
        }
        Ok(scored)
    }

    /// Closes every epoch that can be closed.
    pub fn close(&mut self) -> Result<(), SettlementError> {
        self.send(&[instruction::close_epoch(&self.network)], &[])
    }

    /// Closes every epoch up to `last`, which is over, scoring what can still be scored and settling what was.
    pub fn close_until(&mut self, last: u32) -> Result<(), SettlementError> {
        loop {
            let network = self.network()?;
            if network.open_epoch > last {
                return Ok(());
            }
            let now = self.ledger.now()?;
            if network.score_end(network.open_epoch).is_ok_and(|end| end > now) {
                self.score(network.open_epoch)?;
            }
            self.close()?;
            self.settle()?;
        }
    }

    /// Settles all shards that scored and are not settled. Returns how many.
    pub fn settle(&mut self) -> Result<usize, SettlementError> {
        let mut settled = 0;
        for shard in self.shards()?.iter().filter(|shard| shard.header.is_unsettled()) {
            self.send(&[instruction::settle_shard(&self.network, &shard.address)], &[])?;
            settled += 1;
        }
        Ok(settled)
    }
}
