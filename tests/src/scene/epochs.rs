//! What makes an epoch: reports, scores, the rate, rewards and claims.

use super::{count, end, measurements, Measured, Scene};
use crate::stage::Receipt;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use solana_transaction_error::TransactionError;
use stipend_client::{
    address as place,
    instruction::{self, Destination, ReportBatch},
};

impl Scene {
    /// A batch that is a whole report.
    pub fn batch(&mut self, epoch: u32, values: &[Measured]) -> ReportBatch {
        let domain = self.network().domain;
        ReportBatch { domain, epoch, total: count(values), first_slot: 0, measurements: measurements(values) }
    }

    /// An oracle reports a whole shard, signing itself.
    pub fn report(&mut self, oracle: usize, shard: &Address, epoch: u32, values: &[Measured]) -> Receipt {
        let batch = self.batch(epoch, values);
        match self.submit(oracle, shard, &batch) {
            Ok(receipt) => receipt,
            Err(error) => panic!("report of oracle {oracle} was refused: {error:?}"),
        }
    }

    /// An oracle reports a batch, signing itself.
    pub fn submit(&mut self, oracle: usize, shard: &Address, batch: &ReportBatch) -> Result<Receipt, TransactionError> {
        let submit = instruction::submit_report(&self.oracles[oracle].pubkey(), &self.network, shard, batch);
        let keys: Vec<_> = self.oracles.iter().collect();
        self.stage.send(&[submit], &keys)
    }

    /// What relays a batch that an oracle signed elsewhere, the second instruction at `index`.
    pub fn relay_instructions(
        &self,
        oracle: &Keypair,
        shard: &Address,
        batch: &ReportBatch,
        index: u16,
    ) -> [Instruction; 2] {
        let data = batch.to_data(&place::report(shard, &oracle.pubkey()));
        let signature = oracle.sign_message(&data).into();
        instruction::relay_report(&oracle.pubkey(), &self.network, shard, data, &signature, index)
    }

    /// Relays a whole report of an oracle.
    pub fn relay(&mut self, oracle: usize, shard: &Address, epoch: u32, values: &[Measured]) -> Receipt {
        let batch = self.batch(epoch, values);
        let pair = self.relay_instructions(&self.oracles[oracle], shard, &batch, 1);
        self.stage.accepts(&pair, &[])
    }

    /// Every oracle reports the same.
    pub fn report_all(&mut self, shard: &Address, epoch: u32, values: &[Measured]) {
        for oracle in 0..self.oracles.len() {
            self.report(oracle, shard, epoch, values);
        }
    }

    /// Scores a shard from the reports of all oracles.
    pub fn score(&mut self, shard: &Address, epoch: u32) -> Receipt {
        let score = instruction::score_shard(&self.network, shard, &self.oracle_keys(), epoch);
        self.stage.accepts(&[score], &[])
    }

    /// Closes what can be closed.
    pub fn close(&mut self) -> Receipt {
        let close = instruction::close_epoch(&self.network);
        self.stage.accepts(&[close], &[])
    }

    /// Settles a shard.
    pub fn settle(&mut self, shard: &Address) -> Receipt {
        let settle = instruction::settle_shard(&self.network, shard);
        self.stage.accepts(&[settle], &[])
    }

    /// Warps to the end of an epoch, has every oracle report the same, scores, closes and settles one shard.
    pub fn run_epoch(&mut self, shard: &Address, epoch: u32, values: &[Measured]) {
        self.warp_to(end(epoch));
        self.report_all(shard, epoch, values);
        self.score(shard, epoch);
        self.close();
        self.settle(shard);
    }

    /// What claims an owner's slots to the associated token account.
    pub fn claim_instruction(&self, shard: &Address, owner: &Address, slots: &[u16]) -> Instruction {
        self.claim_to(shard, owner, Destination::Associated, slots)
    }

    /// What claims slots of a split for all its recipients.
    pub fn split_instruction(
        &self,
        shard: &Address,
        split: &Address,
        wallets: &[Address],
        slots: &[u16],
    ) -> Instruction {
        let slots = slots.to_vec();
        instruction::claim_split(&self.network, shard, split, wallets, &self.mint, &self.token_program, slots)
    }

    /// Claims slots of a split for all its recipients.
    #[track_caller]
    pub fn claim_split(&mut self, shard: &Address, split: &Address, wallets: &[Address], slots: &[u16]) -> Receipt {
        let claim = self.split_instruction(shard, split, wallets, slots);
        self.stage.accepts(&[claim], &[])
    }

    /// As [`Self::run_epoch`], but for settling: the epoch before it is settled.
    #[track_caller]
    pub fn run_epoch_after(&mut self, shard: &Address, epoch: u32, values: &[Measured]) {
        self.warp_to(super::end(epoch));
        self.report_all(shard, epoch, values);
        self.score(shard, epoch);
        self.close();
    }

    /// What claims an owner's slots to a destination.
    pub fn claim_to(&self, shard: &Address, owner: &Address, to: Destination, slots: &[u16]) -> Instruction {
        instruction::claim(&self.network, shard, owner, &self.mint, &self.token_program, to, slots.to_vec())
    }

    /// Claims an owner's slots to the associated token account.
    pub fn claim(&mut self, shard: &Address, owner: &Address, slots: &[u16]) -> Receipt {
        let claim = self.claim_instruction(shard, owner, slots);
        self.stage.accepts(&[claim], &[])
    }
}
