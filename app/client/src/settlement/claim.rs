//! What has accrued is minted to the owners.

use super::{Settlement, SettlementError, ShardState};
use crate::{
    address,
    instruction::{self, Destination},
    ledger::Ledger,
};
use solana_address::Address;
use solana_signer::Signer;
use std::collections::BTreeMap;

/// Slots of a claim that fits one transaction; 409 would just do.
const CLAIM_SLOTS: usize = 256;

impl<L: Ledger> Settlement<'_, L> {
    /// Claims everything that has accrued in a shard, for every owner, into associated token accounts, which are opened where
    /// they are missing. Returns how many owners were paid.
    pub fn claim_shard(&mut self, shard: &ShardState) -> Result<usize, SettlementError> {
        let network = self.network()?;
        let (mint, token_program) = (network.mint, network.token_program);
        let accrued = accrued_by_owner(shard);
        for (owner, slots) in &accrued {
            let destination = address::associated_token(owner, &mint, &token_program);
            if self.ledger.account(&destination)?.is_none() {
                let payer = self.payer.pubkey();
                self.send(&[instruction::open_associated_token(&payer, owner, &mint, &token_program)], &[])?;
            }
            for slots in slots.chunks(CLAIM_SLOTS) {
                let claim = instruction::claim(
                    &self.network,
                    &shard.address,
                    owner,
                    &mint,
                    &token_program,
                    Destination::Associated,
                    slots.to_vec(),
                );
                self.send(&[claim], &[])?;
            }
        }
        Ok(accrued.len())
    }
}

/// The slots of a shard that have something to claim, in ascending order, by their owner.
fn accrued_by_owner(shard: &ShardState) -> BTreeMap<Address, Vec<u16>> {
    let mut accrued: BTreeMap<Address, Vec<u16>> = BTreeMap::new();
    for (place, slot) in (0u16..).zip(&shard.slots) {
        if slot.accrued_atoms > 0 {
            accrued.entry(slot.owner).or_default().push(place);
        }
    }
    accrued
}
