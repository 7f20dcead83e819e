//! Tasks of one kind share a transaction, and so its fee.

use super::Task;
use crate::{
    instruction::{is_compute_unit_limit, MAX_COMPUTE_UNITS},
    ledger::{Ledger, LedgerError, Receipt, TransactionFormat},
    settlement::fits,
};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;

/// Compute units that the tasks of a transaction are taken to need, at the most. What is sent has a fifth more as its limit.
const GROUP_UNITS: u64 = 1_100_000;

/// A task, what does it, and the compute units that it is taken to need.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub(super) task: Task,
    pub(super) instructions: Vec<Instruction>,
    pub(super) units: u64,
}

/// Sends tasks in as few transactions as their kinds, bytes, accounts and compute units allow. Of a transaction that a program
/// refuses, each task is sent once more by itself, so that one that is done already takes no other along.
///
/// Returns what became of each task, in their order. A fee is told with the first task of its transaction.
pub(super) fn send(ledger: &mut impl Ledger, payer: &Keypair, tasks: &[Planned]) -> Vec<Result<Receipt, LedgerError>> {
    let groups = group(ledger.transaction_format(), payer, tasks);
    let transactions: Vec<_> = groups.iter().map(|group| joined(group)).collect();
    let results = ledger.send_all(payer, &transactions, &[]);
    let mut told = Vec::with_capacity(tasks.len());
    for (group, result) in groups.into_iter().zip(results) {
        match result {
            Ok(receipt) => told.extend(shares(receipt, group.len()).map(Ok)),
            Err(LedgerError::Refused { .. }) if group.len() > 1 => {
                let apart: Vec<_> = group.iter().map(|planned| planned.instructions.clone()).collect();
                told.extend(ledger.send_all(payer, &apart, &[]));
            }
            Err(error) => told.extend(group.iter().map(|_| Err(error.again()))),
        }
    }
    told
}

fn group<'t>(format: TransactionFormat, payer: &Keypair, tasks: &'t [Planned]) -> Vec<&'t [Planned]> {
    let payer = payer.pubkey();
    let mut groups = Vec::new();
    let mut left = tasks;
    while let Some(first) = left.first() {
        let mut count = 1;
        while let Some(next) = left.get(count) {
            let longer = left.get(..=count).unwrap_or_default();
            let units: u64 = longer.iter().map(|planned| planned.units).sum();
            if next.task.name() != first.task.name() || units > GROUP_UNITS || !fits(format, &payer, &joined(longer)) {
                break;
            }
            count += 1;
        }
        let (group, rest) = left.split_at(count);
        groups.push(group);
        left = rest;
    }
    groups
}

/// The instructions of all, with one limit of compute units if any has one.
fn joined(group: &[Planned]) -> Vec<Instruction> {
    if let [alone] = group {
        return alone.instructions.clone();
    }
    let all = || group.iter().flat_map(|planned| &planned.instructions);
    let limit = all().any(is_compute_unit_limit).then(|| crate::instruction::compute_unit_limit(MAX_COMPUTE_UNITS));
    limit.into_iter().chain(all().filter(|one| !is_compute_unit_limit(one)).cloned()).collect()
}

/// What each of `count` tasks takes of a transaction: an equal part of its compute units, and the first one its fee.
fn shares(receipt: Receipt, count: usize) -> impl Iterator<Item = Receipt> {
    let compute_units = receipt.compute_units / count as u64;
    (0..count).map(move |place| Receipt {
        compute_units,
        fee_lamports: if place == 0 { receipt.fee_lamports } else { 0 },
        ..receipt
    })
}
