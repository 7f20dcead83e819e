//! A transaction as it goes over the wire, with what it may use and pay.

use super::price::fee_lamports;
use crate::{
    instruction::{limit_units, MAX_COMPUTE_UNITS},
    ledger::{LedgerError, MAX_TRANSACTION_BYTES},
};
use solana_address::Address;
use solana_compute_budget_interface::{ComputeBudgetInstruction, ID as COMPUTE_BUDGET_ID};
use solana_hash::Hash;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_message::{compiled_instruction::CompiledInstruction, legacy, v0, VersionedMessage};
use solana_transaction::versioned::VersionedTransaction;

/// Compute units of an instruction that asks for none.
const DEFAULT_UNITS: u64 = 200_000;

/// A transaction without its blockhash and signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Composed {
    message: VersionedMessage,
    /// Bytes on the wire.
    pub(super) bytes: usize,
    /// What its priority costs, beside the fee for its signatures.
    pub(super) priority_lamports: u64,
}

impl Composed {
    /// What is asked how many units it uses.
    pub(super) fn unlimited(payer: &Address, instructions: &[Instruction]) -> Result<Self, LedgerError> {
        let limited = with_budget(instructions, MAX_COMPUTE_UNITS, 0);
        compile(payer, &limited, 0).or_else(|_| compile(payer, instructions, 0))
    }

    /// What is sent.
    ///
    /// - `units`: what it was seen to use; `price`: micro-lamports a compute unit.
    pub(super) fn new(
        payer: &Address,
        instructions: &[Instruction],
        units: u64,
        price: u64,
    ) -> Result<Self, LedgerError> {
        let limit = limit_units(units);
        let limited = with_budget(instructions, limit, price);
        let composed = compile(payer, &limited, fee_lamports(limit, price));
        // What needs no budget, and has no room for one, goes as it is.
        let is_bare_enough = price == 0 && units <= DEFAULT_UNITS;
        match composed {
            Err(LedgerError::TooLong { .. }) if is_bare_enough => compile(payer, instructions, 0),
            composed => composed,
        }
    }

    /// Signs it with a blockhash.
    pub(super) fn sign(&self, blockhash: Hash, signers: &[&Keypair]) -> Result<VersionedTransaction, LedgerError> {
        let mut message = self.message.clone();
        message.set_recent_blockhash(blockhash);
        Ok(VersionedTransaction::try_new(message, signers)?)
    }

    /// Not signed, for a cluster that is only asked.
    pub(super) fn unsigned(&self) -> VersionedTransaction {
        let signatures = usize::from(self.message.header().num_required_signatures);
        VersionedTransaction { signatures: vec![Default::default(); signatures], message: self.message.clone() }
    }

    pub(super) fn instructions(&self) -> &[CompiledInstruction] {
        self.message.instructions()
    }

    /// Accounts, in the message's order.
    pub(super) fn addresses(&self) -> &[Address] {
        self.message.static_account_keys()
    }
}

/// The limit takes the place of one that is there already; what is new goes to the end, for signatures are found by the place of
/// an instruction.
fn with_budget(instructions: &[Instruction], limit: u32, price: u64) -> Vec<Instruction> {
    let limit = ComputeBudgetInstruction::set_compute_unit_limit(limit);
    let mut instructions = instructions.to_vec();
    let is_limit =
        |one: &&mut Instruction| one.program_id == COMPUTE_BUDGET_ID && one.data.first() == limit.data.first();
    match instructions.iter_mut().find(is_limit) {
        Some(old) => *old = limit,
        None => instructions.push(limit),
    }
    if price > 0 {
        instructions.push(ComputeBudgetInstruction::set_compute_unit_price(price));
    }
    instructions
}

/// Version 0, or the one before where two bytes decide.
fn compile(payer: &Address, instructions: &[Instruction], priority_lamports: u64) -> Result<Composed, LedgerError> {
    let not_executed = |error: &dyn std::fmt::Display| LedgerError::NotExecuted { reason: error.to_string() };
    let newest = v0::Message::try_compile(payer, instructions, &[], Hash::default());
    let newest = VersionedMessage::V0(newest.map_err(|error| not_executed(&error))?);
    let bytes = wire_bytes(&newest);
    if bytes <= MAX_TRANSACTION_BYTES {
        return Ok(Composed { message: newest, bytes, priority_lamports });
    }
    let message = VersionedMessage::Legacy(legacy::Message::new(instructions, Some(payer)));
    let bytes = wire_bytes(&message);
    if bytes <= MAX_TRANSACTION_BYTES {
        return Ok(Composed { message, bytes, priority_lamports });
    }
    Err(LedgerError::TooLong { bytes })
}

/// Fewer than 128 signatures, and the message.
fn wire_bytes(message: &VersionedMessage) -> usize {
    let signatures = usize::from(message.header().num_required_signatures);
    1 + 64 * signatures + message.serialize().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use solana_instruction::AccountMeta;

    fn instruction(bytes: usize) -> Instruction {
        Instruction {
            program_id: Address::from([7; 32]),
            accounts: vec![AccountMeta::new(Address::from([8; 32]), false)],
            data: vec![0; bytes],
        }
    }

    fn payer() -> Address {
        Address::from([1; 32])
    }

    #[test]
    fn a_budget_goes_to_the_end() {
        let composed = Composed::new(&payer(), &[instruction(4)], 10_000, 3).unwrap();

        // 10,000 units and a fifth and 20,000 for an error are 32,000; at 3 micro-lamports each 0.096 lamports, paid as one.
        assert_eq!(composed.priority_lamports, 1);
        let VersionedMessage::V0(message) = &composed.message else { panic!("version 0") };
        assert_eq!(message.instructions.len(), 3);
        assert_eq!(message.instructions[0].data.len(), 4);
        assert_eq!(message.instructions[1].data, [vec![2], 32_000u32.to_le_bytes().to_vec()].concat());
        assert_eq!(message.instructions[2].data, [vec![3], 3u64.to_le_bytes().to_vec()].concat());
    }

    #[test]
    fn a_limit_that_is_there_is_replaced_in_its_place() {
        let asked = ComputeBudgetInstruction::set_compute_unit_limit(MAX_COMPUTE_UNITS);

        let composed = Composed::new(&payer(), &[asked, instruction(4)], 50_000, 0).unwrap();

        let VersionedMessage::V0(message) = &composed.message else { panic!("version 0") };
        assert_eq!(message.instructions.len(), 2);
        assert_eq!(message.instructions[0].data, [vec![2], 80_000u32.to_le_bytes().to_vec()].concat());
    }

    #[test]
    fn what_has_no_room_for_a_budget_goes_without_where_it_needs_none() {
        // Signature 1 + 64, header 3, three keys 1 + 96, blockhash 32, instructions 1, program 1, accounts 1 + 1, length 2:
        // 203 bytes and the data; 1,029 bytes of data just fit without a version, which takes two bytes more.
        let full = [instruction(1_029)];

        let composed = Composed::new(&payer(), &full, DEFAULT_UNITS, 0).unwrap();
        assert_eq!(composed.bytes, MAX_TRANSACTION_BYTES);
        assert!(matches!(composed.message, VersionedMessage::Legacy(_)));

        assert!(matches!(Composed::new(&payer(), &full, DEFAULT_UNITS, 1), Err(LedgerError::TooLong { .. })));
        assert!(matches!(Composed::new(&payer(), &full, DEFAULT_UNITS + 1, 0), Err(LedgerError::TooLong { .. })));
        assert!(matches!(
            Composed::new(&payer(), &[instruction(1_030)], 0, 0),
            Err(LedgerError::TooLong { bytes: 1_233 })
        ));
    }
}
