//! Measurements reach the program.

use super::{Settlement, SettlementError};
use crate::{
    batch::{cut, SignedBatch, SIGNED_NODES},
    instruction,
    ledger::Ledger,
};
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend::state::Entry;

impl<L: Ledger> Settlement<'_, L> {
    /// Reports a shard in transactions that the oracle signs and pays for.
    ///
    /// - `entries`: one for each slot, from slot 0 on.
    pub fn report(
        &mut self,
        oracle: &Keypair,
        shard: &Address,
        epoch: u32,
        entries: &[Entry],
    ) -> Result<(), SettlementError> {
        let domain = self.network()?.domain;
        for batch in cut(domain, epoch, entries, SIGNED_NODES) {
            let report = instruction::submit_report(&oracle.pubkey(), &self.network, shard, &batch);
            self.ledger.send(oracle, &[report], &[])?;
        }
        Ok(())
    }

    /// Relays what an oracle signed elsewhere.
    pub fn relay(&mut self, batch: &SignedBatch) -> Result<(), SettlementError> {
        self.send(&batch.to_instructions(), &[])
    }
}
