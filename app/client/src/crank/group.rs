//! Tasks of one kind share a transaction, and so its fee.

use super::planned::Planned;
use crate::{
    instruction::{compute_unit_limit, is_compute_unit_limit, MAX_COMPUTE_UNITS},
    ledger::{fits, Ledger, LedgerError, Receipt, TransactionFormat},
};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;

/// Compute units that the tasks of a transaction are taken to need, at the most. What is sent has a fifth more as its limit.
const GROUP_UNITS: u64 = 1_100_000;

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
    let limit = all().any(is_compute_unit_limit).then(|| compute_unit_limit(MAX_COMPUTE_UNITS));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{address, reader::ShardHead};
    use bytemuck::Zeroable;
    use solana_address::Address;
    use stipend::state::Shard;

    const NETWORK: Address = Address::new_from_array([7; 32]);
    const ORACLES: [Address; 3] =
        [Address::new_from_array([1; 32]), Address::new_from_array([2; 32]), Address::new_from_array([3; 32])];

    fn shard(index: u32) -> ShardHead {
        let header = Shard { index, capacity: 600, ..Shard::zeroed() };
        ShardHead { address: address::shard(&NETWORK, index), header, first_slot: None }
    }

    /// How many shards are in each transaction of 100 full ones.
    fn counts(format: TransactionFormat, planned: impl Fn(&ShardHead) -> Planned) -> Vec<usize> {
        let tasks: Vec<_> = (0..100).map(|index| planned(&shard(index))).collect();
        group(format, &Keypair::new_from_array([9; 32]), &tasks).iter().map(|group| group.len()).collect()
    }

    #[test]
    fn as_many_shards_share_a_transaction_as_its_accounts_and_compute_units_allow() {
        let score = |shard: &ShardHead| Planned::score(&NETWORK, shard, &ORACLES, 0);
        let judge = |shard: &ShardHead| Planned::judge(&NETWORK, shard, &ORACLES, 0);
        let settle = |shard: &ShardHead| Planned::settle(&NETWORK, shard, 0);

        // Of 64 accounts a payer, the program and the network are 3; a shard and its three reports are 4: 15. Their units are
        // 15 times 64,000.
        assert_eq!(counts(TransactionFormat::V1, score), [15, 15, 15, 15, 15, 15, 10]);
        // 1,100,000 units are 9 times 118,000, and 32 times 34,000.
        assert_eq!(counts(TransactionFormat::V1, judge)[..2], [9, 9]);
        assert_eq!(counts(TransactionFormat::V1, settle), [32, 32, 32, 4]);
        // Of 1,232 bytes 258 are for a signature, the keys of payer and programs and a budget; a shard takes 148 to be scored and 45 to
        // be settled.
        assert_eq!(counts(TransactionFormat::Small, score)[..2], [6, 6]);
        assert_eq!(counts(TransactionFormat::Small, settle)[..2], [21, 21]);
    }
}
