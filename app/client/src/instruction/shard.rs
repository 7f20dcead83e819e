//! Shards and the reports of them are opened and closed.

use super::build;
use crate::address;
use anchor_lang::system_program;
use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction};
use stipend::{
    accounts,
    instruction::{self as data},
};

/// Opens shard `index`, which must be the network's next.
pub fn open_shard(payer: &Address, network: &Address, index: u32) -> Instruction {
    let accounts = accounts::OpenShard {
        payer: *payer,
        network: *network,
        last_shard: index.checked_sub(1).map(|last| address::shard(network, last)),
        shard: address::shard(network, index),
        system_program: system_program::ID,
    };
    build(accounts, data::OpenShard { index })
}

/// Opens an oracle's report of a shard.
pub fn open_report(payer: &Address, network: &Address, shard: &Address, oracle: &Address) -> Instruction {
    let accounts = accounts::OpenReport {
        payer: *payer,
        network: *network,
        shard: *shard,
        report: address::report(shard, oracle),
        system_program: system_program::ID,
    };
    build(accounts, data::OpenReport { oracle: *oracle })
}

/// Takes vacant slots off a shard's end, one for each of `payers`.
///
/// - `payers`: who paid for these slots, from the last one backwards.
pub fn shrink_shard(network: &Address, shard: &Address, payers: &[Address]) -> Instruction {
    let mut instruction = build(accounts::ShrinkShard { network: *network, shard: *shard }, data::ShrinkShard {});
    instruction.accounts.extend(payers.iter().map(|payer| AccountMeta::new(*payer, false)));
    instruction
}

/// Closes a network's last shard, which has no slots; `payer` paid its rent.
pub fn close_shard(network: &Address, shard: &Address, payer: &Address) -> Instruction {
    build(accounts::CloseShard { network: *network, shard: *shard, payer: *payer }, data::CloseShard {})
}

/// Closes a report that nobody needs any more; `payer` paid its rent.
pub fn close_report(network: &Address, shard: &Address, oracle: &Address, payer: &Address) -> Instruction {
    let report = address::report(shard, oracle);
    build(accounts::CloseReport { network: *network, shard: *shard, report, payer: *payer }, data::CloseReport {})
}
