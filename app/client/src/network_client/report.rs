//! Measurements reach the program, and oracles are held to what they reported.

use super::NetworkClient;
use crate::{
    batch::{cut, SignedBatch, SIGNED_NODES},
    instruction::{self, Contradicted, ReportBatch},
    ledger::Ledger,
    reader::ReadError,
};
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend::state::Entry;

impl<L: Ledger> NetworkClient<'_, L> {
    /// Reports a shard in transactions that the oracle signs and pays for.
    ///
    /// - `entries`: one for each slot, from slot 0 on.
    pub fn report(
        &mut self,
        oracle: &Keypair,
        shard: &Address,
        epoch: u32,
        entries: &[Entry],
    ) -> Result<(), ReadError> {
        let domain = self.network()?.domain;
        for batch in cut(domain, epoch, entries, SIGNED_NODES) {
            let report = instruction::submit_report(&oracle.pubkey(), &self.network, shard, &batch);
            self.ledger.send(oracle, &[report], &[])?;
        }
        Ok(())
    }

    /// Relays what an oracle signed elsewhere.
    pub fn relay(&mut self, batch: &SignedBatch) -> Result<(), ReadError> {
        self.send(&batch.to_instructions(), &[])
    }

    /// Binds an oracle to its raw data of a shard and epoch, in a transaction that it pays for.
    ///
    /// - `evidence`: SHA-256 of the raw data.
    pub fn commit_evidence(
        &mut self,
        oracle: &Keypair,
        shard: &Address,
        epoch: u32,
        evidence: [u8; 32],
    ) -> Result<(), ReadError> {
        let domain = self.network()?.domain;
        let commit = instruction::commit_evidence(&oracle.pubkey(), &self.network, shard, domain, epoch, evidence);
        self.ledger.send(oracle, &[commit], &[])?;
        Ok(())
    }

    /// Proves that an oracle signed two values for one slot.
    ///
    /// - `prover`: pays the fee and gets a part of the bond; `statement`: a batch and the oracle's signature of it.
    pub fn prove_equivocation(
        &mut self,
        prover: &Keypair,
        shard: &Address,
        oracle: &Address,
        statement: (&ReportBatch, &[u8; 64]),
        contradicted: &Contradicted,
    ) -> Result<(), ReadError> {
        let network = self.network;
        let proof = instruction::prove_equivocation(&prover.pubkey(), &network, shard, oracle, statement, contradicted);
        self.ledger.send(prover, &proof, &[])?;
        Ok(())
    }
}
