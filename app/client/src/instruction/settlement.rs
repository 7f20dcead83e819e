//! Epochs are scored, closed, settled and paid.

use super::{build, reports};
use crate::address;
use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction};
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

/// Takes the score of a slot away, in the dispute window of its shard's last scored epoch.
///
/// - `reason`: UTF-8, filled up with zeros.
pub fn void_score(arbiter: &Address, network: &Address, shard: &Address, slot: u16, reason: [u8; 32]) -> Instruction {
    let accounts = accounts::VoidScore { arbiter: *arbiter, network: *network, shard: *shard };
    build(accounts, data::VoidScore { slot, reason })
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

/// Mints what a split's slots of a shard have accrued to its recipients' associated token accounts.
///
/// - `recipients`: all of the split's wallets, in its order; `slots`: in ascending order.
pub fn claim_split(
    network: &Address,
    shard: &Address,
    split: &Address,
    recipients: &[Address],
    mint: &Address,
    token_program: &Address,
    slots: Vec<u16>,
) -> Instruction {
    let accounts = accounts::ClaimSplit {
        network: *network,
        shard: *shard,
        split: *split,
        mint: *mint,
        mint_authority: address::mint_authority(mint),
        token_program: *token_program,
    };
    let destinations: Vec<_> =
        recipients.iter().map(|wallet| address::associated_token_and_bump(wallet, mint, token_program)).collect();
    let bumps = destinations.iter().map(|(_, bump)| *bump).collect();
    let mut instruction = build(accounts, data::ClaimSplit { slots, bumps });
    instruction.accounts.extend(destinations.iter().map(|(account, _)| AccountMeta::new(*account, false)));
    instruction
}
