//! Splits: made, changed, closed.

use super::build;
use crate::address;
use anchor_lang::system_program;
use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction};
use stipend::{
    accounts,
    instruction::{self as data},
};

/// Somebody who is paid by a split, and the share in basis points.
pub type Share = (Address, u16);

/// Creates a split.
///
/// - `creator`, `id`: its address is made of these; `authority`: none for nobody, for ever; `shares`: 1 to 8, which sum to 10,000.
pub fn create_split(
    payer: &Address,
    creator: &Address,
    id: u16,
    authority: Option<Address>,
    shares: &[Share],
) -> Instruction {
    let split = address::split(creator, id);
    let accounts =
        accounts::CreateSplit { payer: *payer, creator: *creator, split, system_program: system_program::ID };
    with_recipients(build(accounts, data::CreateSplit { id, authority, shares_bps: shares_bps(shares) }), shares)
}

/// Gives a split other shares and an authority; none for nobody, for ever.
pub fn update_split(
    authority: &Address,
    split: &Address,
    new_authority: Option<Address>,
    shares: &[Share],
) -> Instruction {
    let accounts = accounts::UpdateSplit { authority: *authority, split: *split };
    with_recipients(build(accounts, data::UpdateSplit { new_authority, shares_bps: shares_bps(shares) }), shares)
}

/// Closes a split that owns no node, and pays its rent back to `payer`.
pub fn close_split(authority: &Address, split: &Address, payer: &Address) -> Instruction {
    let accounts = accounts::CloseSplit { authority: *authority, split: *split, payer: *payer };
    build(accounts, data::CloseSplit {})
}

fn shares_bps(shares: &[Share]) -> Vec<u16> {
    shares.iter().map(|(_, share_bps)| *share_bps).collect()
}

fn with_recipients(mut instruction: Instruction, shares: &[Share]) -> Instruction {
    instruction.accounts.extend(shares.iter().map(|(wallet, _)| AccountMeta::new_readonly(*wallet, false)));
    instruction
}
