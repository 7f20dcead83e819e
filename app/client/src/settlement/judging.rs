//! Oracles are held to what they reported: records, evidence, proofs.

use super::{Settlement, SettlementError};
use crate::{
    crank::unjudged_epoch,
    instruction::{self, Contradicted, ReportBatch, MAX_COMPUTE_UNITS},
    ledger::Ledger,
    reader::ShardHead,
};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend::error::StipendError;

/// What judges a shard's reports of `epoch`, with the compute units that it needs.
///
/// - `oracles`: all that are active in the epoch, in the set's order.
pub(crate) fn judge_shard(network: &Address, shard: &ShardHead, oracles: &[Address], epoch: u32) -> Vec<Instruction> {
    let limit = instruction::compute_unit_limit(MAX_COMPUTE_UNITS);
    vec![limit, instruction::judge_shard(network, &shard.address, oracles, epoch)]
}

impl<L: Ledger> Settlement<'_, L> {
    /// Compares the reports of `epoch` with the medians, for the oracles' records, in all shards that hold that epoch and are
    /// not judged. Returns how many.
    pub fn judge(&mut self, epoch: u32) -> Result<usize, SettlementError> {
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

    /// Binds an oracle to its raw data of a shard and epoch, in a transaction that it pays for.
    ///
    /// - `evidence`: SHA-256 of the raw data.
    pub fn commit_evidence(
        &mut self,
        oracle: &Keypair,
        shard: &Address,
        epoch: u32,
        evidence: [u8; 32],
    ) -> Result<(), SettlementError> {
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
    ) -> Result<(), SettlementError> {
        let network = self.network;
        let proof = instruction::prove_equivocation(&prover.pubkey(), &network, shard, oracle, statement, contradicted);
        self.ledger.send(prover, &proof, &[])?;
        Ok(())
    }
}
