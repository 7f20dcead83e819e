//! What a crank has read, as long as it is known to be true: it could be read again, and cost that much.

use super::TASKS_A_STEP;
use crate::{
    ledger::{Accounts, LedgerError},
    reader::{ReadError, Reader, ShardHead},
    reports::missing_reports_of,
};
use solana_address::Address;
use std::collections::BTreeMap;
use stipend::{
    constants::NO_EPOCH,
    state::{is_any_earning, Network},
};

/// Reports that are looked at by one request.
const REPORTS_AT_ONCE: usize = 100;

/// What a crank remembers of its network.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// The network's bytes: no shard's header changes without them, but by what this crank sends or need not know.
    network: Vec<u8>,
    /// The shards' headers, read with those bytes.
    heads: Vec<ShardHead>,
    /// The shard at which the next look at reports begins.
    next_look: u32,
    /// Of an epoch that is over, whether any node of a shard earns in it.
    earning: (u32, BTreeMap<u32, bool>),
    /// Of shards whose reports by these oracles are all open, how many were.
    opened: (Vec<Address>, BTreeMap<u32, u8>),
    /// Of each shard whose slots were looked at, what was found.
    claims: BTreeMap<u32, Looked>,
}

/// A shard whose claims were planned.
#[derive(Clone, Copy, Debug)]
struct Looked {
    /// The epoch whose atoms were the last.
    epoch: u32,
    /// Claims that were left out since their owners have no token account.
    unopened: usize,
}

impl Memory {
    /// Whether the network's account has the same bytes still.
    pub(super) fn is_of(&self, network: &[u8]) -> bool {
        self.network == network
    }

    /// The headers of all shards.
    ///
    /// - `bytes`: of the network's account.
    pub(super) fn heads(
        &mut self,
        reader: &mut Reader<'_, impl Accounts>,
        network: &Network,
        bytes: &[u8],
    ) -> Result<Vec<ShardHead>, ReadError> {
        if !self.is_of(bytes) {
            self.heads = reader.shard_heads(network.shard_count)?;
            self.network = bytes.to_vec();
        }
        Ok(self.heads.clone())
    }

    /// The headers are read again, whatever the network's account says.
    pub(super) fn forget_heads(&mut self) {
        self.network.clear();
    }

    /// Which of `shards` can be scored for `epoch`, as many as a step takes, and whether others wait for reports.
    ///
    /// Looks at the reports of one request after another, the next time where it left off.
    ///
    /// - `patience`: how many requests may find no shard to score.
    pub(super) fn reported<'h>(
        &mut self,
        reader: &mut Reader<'_, impl Accounts>,
        shards: &[&'h ShardHead],
        oracles: &[Address],
        epoch: u32,
        patience: usize,
    ) -> Result<(Vec<&'h ShardHead>, bool), ReadError> {
        if oracles.is_empty() {
            return Ok((shards.to_vec(), false));
        }
        let start = shards.iter().position(|shard| shard.header.index >= self.next_look).unwrap_or(0);
        let (before, behind) = shards.split_at(start);
        let in_turn: Vec<_> = behind.iter().chain(before).copied().collect();
        let (mut found, mut is_waiting, mut looked, mut in_vain) = (Vec::new(), false, 0, 0);
        for some in in_turn.chunks((REPORTS_AT_ONCE / oracles.len()).max(1)) {
            let found_before = found.len();
            let pairs: Vec<_> = some.iter().flat_map(|shard| oracles.iter().map(|key| (shard.address, *key))).collect();
            let reports = reader.report_heads(&pairs)?;
            for (shard, reports) in some.iter().zip(reports.chunks(oracles.len())) {
                let mut reports = reports.iter().map(Option::as_ref);
                let is_complete =
                    reports.all(|report| report.is_some_and(|report| report.epoch == epoch && report.is_complete()));
                if is_complete || !self.is_earning(reader, shard, epoch)? {
                    found.push(*shard);
                } else {
                    is_waiting = true;
                }
            }
            looked += some.len();
            self.next_look = some.last().map_or(0, |last| last.header.index.saturating_add(1));
            in_vain += usize::from(found.len() == found_before);
            if in_vain >= patience || found.len() >= TASKS_A_STEP {
                break;
            }
        }
        Ok((found, is_waiting || looked < in_turn.len()))
    }

    /// Whether any node of a shard earns in `epoch`, which is over: nothing changes that.
    fn is_earning(
        &mut self,
        reader: &mut Reader<'_, impl Accounts>,
        shard: &ShardHead,
        epoch: u32,
    ) -> Result<bool, ReadError> {
        if shard.first_slot.is_some_and(|slot| slot.is_earning(epoch)) {
            return Ok(true);
        }
        if self.earning.0 != epoch {
            self.earning = (epoch, BTreeMap::new());
        }
        if let Some(is_earning) = self.earning.1.get(&shard.header.index) {
            return Ok(*is_earning);
        }
        let is_earning = is_any_earning(&reader.shard_at(shard.address)?.slots, epoch);
        self.earning.1.insert(shard.header.index, is_earning);
        Ok(is_earning)
    }

    /// Shard and oracle of each report that is not open, of those that were not seen to be.
    pub(super) fn missing_reports<'h>(
        &mut self,
        accounts: &mut impl Accounts,
        shards: &[&'h ShardHead],
        oracles: &[Address],
    ) -> Result<Vec<(&'h ShardHead, Address)>, LedgerError> {
        if self.opened.0 != oracles {
            self.opened = (oracles.to_vec(), BTreeMap::new());
        }
        let seen = &mut self.opened.1;
        let unseen = shards.iter().filter(|shard| seen.get(&shard.header.index) != Some(&shard.header.open_reports));
        let unseen: Vec<_> = unseen.copied().collect();
        let addresses: Vec<_> = unseen.iter().map(|shard| shard.address).collect();
        let missing = missing_reports_of(accounts, &addresses, oracles)?;
        for shard in &unseen {
            if missing.iter().all(|(address, _)| *address != shard.address) {
                seen.insert(shard.header.index, shard.header.open_reports);
            }
        }
        let shard_of = |address: Address| unseen.iter().find(|shard| shard.address == address).copied();
        Ok(missing.into_iter().filter_map(|(address, oracle)| Some((shard_of(address)?, oracle))).collect())
    }

    /// Whether a shard may have atoms that were not looked at.
    pub(super) fn may_claim(&self, shard: &ShardHead) -> bool {
        let looked = self.claims.get(&shard.header.index);
        looked.is_none_or(|looked| !shard.header.is_unsettled() && looked.epoch != shard.header.scored_epoch)
    }

    /// The claims of a shard are planned.
    pub(super) fn note_claims(&mut self, shard: &ShardHead) {
        // Scores that are not settled are still to bring atoms.
        let epoch = if shard.header.is_unsettled() { NO_EPOCH } else { shard.header.scored_epoch };
        self.claims.insert(shard.header.index, Looked { epoch, unopened: 0 });
    }

    /// A claim of a shard is left out since its owner has no token account.
    pub(super) fn note_unopened(&mut self, shard: u32) {
        if let Some(looked) = self.claims.get_mut(&shard) {
            looked.unopened += 1;
        }
    }

    /// A claim of a shard was not sent, or had no effect: it is looked at again.
    pub(super) fn forget_claims(&mut self, shard: u32) {
        self.claims.remove(&shard);
    }

    /// Claims that were left out since their owners have no token account.
    pub(super) fn unopened(&self) -> usize {
        self.claims.values().map(|looked| looked.unopened).sum()
    }
}
