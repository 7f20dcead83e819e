//! Epochs are scored, closed, settled and paid.

use super::{build, reports};
use crate::address;
use solana_address::Address;
use solana_instruction::Instruction;
use stipend::{
    accounts,
    instruction::{self as data},
};

/// Scores a shard for the open epoch.
///
/// - `oracles`: all that are active in the epoch, in the set's order.
pub fn score_shard(network: &Address, shard: &Address, oracles: &[Address], epoch: u32) -> Instruction {
    let mut instruction = build(accounts::ScoreShard { network: *network, shard: *shard }, data::ScoreShard { epoch });
    instruction.accounts.extend(reports(shard, oracles));
    instruction
}

/// Compares a shard's reports of its last scored epoch with the medians, for the oracles' records.
///
/// - `oracles`: all that were active in the epoch, in the set's order.
pub fn judge_shard(network: &Address, shard: &Address, oracles: &[Address], epoch: u32) -> Instruction {
    let mut instruction = build(accounts::JudgeShard { network: *network, shard: *shard }, data::JudgeShard { epoch });
    instruction.accounts.extend(reports(shard, oracles));
    instruction
}

/// Closes every epoch that can be closed.
pub fn close_epoch(network: &Address) -> Instruction {
    build(accounts::CloseEpoch { network: *network }, data::CloseEpoch {})
}

/// Turns a shard's scores into atoms.
pub fn settle_shard(network: &Address, shard: &Address) -> Instruction {
    build(accounts::SettleShard { network: *network, shard: *shard }, data::SettleShard {})
}

/// Where a claim goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// The owner's associated token account: anybody may send this.
    Associated,
    /// Any token account of the mint: the owner signs.
    Account(Address),
}

/// Mints what an owner's slots of a shard have accrued.
///
/// - `slots`: in ascending order.
pub fn claim(
    network: &Address,
    shard: &Address,
    owner: &Address,
    mint: &Address,
    token_program: &Address,
    destination: Destination,
    slots: Vec<u16>,
) -> Instruction {
    let accounts = accounts::Claim {
        network: *network,
        shard: *shard,
        owner: *owner,
        mint: *mint,
        mint_authority: address::mint_authority(mint),
        destination: match destination {
            Destination::Associated => address::associated_token(owner, mint, token_program),
            Destination::Account(account) => account,
        },
        token_program: *token_program,
    };
    let mut instruction = build(accounts, data::Claim { slots });
    if matches!(destination, Destination::Account(_)) {
        for account in instruction.accounts.iter_mut().filter(|account| account.pubkey == *owner) {
            account.is_signer = true;
        }
    }
    instruction
}
