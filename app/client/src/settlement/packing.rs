//! As many instructions in a transaction as the wire takes.

use crate::ledger::MAX_TRANSACTION_BYTES;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_message::legacy::Message;

/// What a limit of compute units and their price add: a program's address and two short instructions.
const BUDGET_BYTES: usize = 32 + 8 + 12;
/// Most instructions of a transaction, so that their compute units fit too.
const MAX_INSTRUCTIONS: usize = 8;

/// What a transaction does whole, and what needs nothing else of it.
pub type Part = Vec<Instruction>;

/// Puts parts into transactions in their order. A part is never torn; one that is too long for the wire stands alone.
pub(super) fn pack(payer: &Address, parts: Vec<Part>) -> Vec<Vec<Part>> {
    let mut transactions: Vec<Vec<Part>> = Vec::new();
    for part in parts {
        if let Some(last) = transactions.last_mut() {
            let mut longer = last.concat();
            longer.extend(part.iter().cloned());
            if longer.len() <= MAX_INSTRUCTIONS && fits(payer, &longer) {
                last.push(part);
                continue;
            }
        }
        transactions.push(vec![part]);
    }
    transactions
}

/// Whether a transaction of these instructions fits the wire, with its limits and their price.
pub(crate) fn fits(payer: &Address, instructions: &[Instruction]) -> bool {
    wire_bytes(payer, instructions) + BUDGET_BYTES <= MAX_TRANSACTION_BYTES
}

/// Bytes with all signatures, of which there are fewer than 128.
fn wire_bytes(payer: &Address, instructions: &[Instruction]) -> usize {
    let message = Message::new(instructions, Some(payer));
    1 + 64 * usize::from(message.header.num_required_signatures) + message.serialize().len()
}
