//! As many instructions in a transaction as the wire takes.

use super::{
    wire::{compile, Budget},
    TransactionFormat,
};
use solana_address::Address;
use solana_instruction::Instruction;

/// Most instructions of a transaction, so that their compute units fit too: a registration takes 94,000 at the most, a claim that
/// opens a token account about 50,000.
const fn max_instructions(format: TransactionFormat) -> usize {
    match format {
        TransactionFormat::Small => 8,
        TransactionFormat::V1 => 24,
    }
}

/// What a transaction does whole, and what needs nothing else of it.
pub type Part = Vec<Instruction>;

/// Puts parts into transactions in their order. A part is never torn; one that is too long for the wire stands alone.
pub fn pack(format: TransactionFormat, payer: &Address, parts: Vec<Part>) -> Vec<Vec<Part>> {
    let mut transactions: Vec<Vec<Part>> = Vec::new();
    for part in parts {
        if let Some(last) = transactions.last_mut() {
            let mut longer = last.concat();
            longer.extend(part.iter().cloned());
            if longer.len() <= max_instructions(format) && fits(format, payer, &longer) {
                last.push(part);
                continue;
            }
        }
        transactions.push(vec![part]);
    }
    transactions
}

/// Whether a transaction of these instructions fits the format, with its limits and a price.
pub(crate) fn fits(format: TransactionFormat, payer: &Address, instructions: &[Instruction]) -> bool {
    let budget = Budget { price: 1, ..Budget::MOST };
    compile(format, payer, instructions, Some(&budget)).is_ok()
}
