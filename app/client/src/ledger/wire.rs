//! Transactions as they go over the wire, in both formats that clusters take.

use super::LedgerError;
use crate::instruction::{is_compute_unit_limit, MAX_COMPUTE_UNITS, MAX_LOADED_BYTES};
use solana_address::Address;
use solana_compute_budget_interface::{ComputeBudgetInstruction, ID as COMPUTE_BUDGET_ID};
use solana_hash::Hash;
use solana_instruction::Instruction;
use solana_message::{legacy, v0, v1, VersionedMessage};

/// Micro-lamports in a lamport.
const MICRO: u128 = 1_000_000;

/// A format of transactions, with its limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TransactionFormat {
    /// Version 0 and what came before it: every cluster takes it.
    #[default]
    Small,
    /// Version 1 (SIMD-0385).
    V1,
}

impl TransactionFormat {
    /// Most bytes on the wire.
    pub const fn max_bytes(self) -> usize {
        match self {
            Self::Small => 1_232,
            Self::V1 => v1::MAX_TRANSACTION_SIZE,
        }
    }

    /// Most accounts, programs among them.
    pub const fn max_accounts(self) -> usize {
        v1::MAX_ADDRESSES as usize
    }

    /// Most instructions.
    pub const fn max_instructions(self) -> usize {
        v1::MAX_INSTRUCTIONS as usize
    }

    /// Most signatures. More do not fit the small format anyway.
    pub const fn max_signatures(self) -> usize {
        v1::MAX_SIGNATURES as usize
    }
}

/// What a transaction may use, and what it pays to come before others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Most compute units.
    pub units: u32,
    /// Most bytes of accounts that are loaded; none leaves the cluster's default of 64 MiB.
    pub loaded_bytes: Option<u32>,
    /// Micro-lamports a compute unit of the limit.
    pub price: u64,
}

impl Budget {
    /// All that a transaction may have, for no priority.
    pub const MOST: Self = Self { units: MAX_COMPUTE_UNITS, loaded_bytes: Some(MAX_LOADED_BYTES), price: 0 };

    /// Lamports of the priority: rounded up, as the cluster does.
    pub fn priority_lamports(&self) -> u64 {
        let micro = u128::from(self.units) * u128::from(self.price);
        u64::try_from(micro.div_ceil(MICRO)).unwrap_or(u64::MAX)
    }
}

/// A message without its blockhash.
///
/// - `budget`: none leaves a small transaction as it is, and gives one of version 1, which has no default, the most.
///
/// The limits of a small transaction go to its end, but for one that is there already: signatures are found by the place of an
/// instruction. Version 1 has them in its header: instructions of the compute budget are left out, and a limit among them holds
/// if `budget` is none.
///
/// Errors: [`LedgerError::TooLong`]; more accounts, instructions or signatures than the format takes.
pub fn compile(
    format: TransactionFormat,
    payer: &Address,
    instructions: &[Instruction],
    budget: Option<&Budget>,
) -> Result<VersionedMessage, LedgerError> {
    let message = match format {
        TransactionFormat::Small => {
            let budgeted = budget.map(|budget| with_budget(instructions, budget));
            small(payer, budgeted.as_deref().unwrap_or(instructions))?
        }
        TransactionFormat::V1 => {
            let asked = budget.copied().unwrap_or_else(|| asked_budget(instructions));
            version_1(payer, instructions, &asked)?
        }
    };
    let (bytes, most) = (wire_bytes(&message), format.max_bytes());
    if bytes > most {
        return Err(LedgerError::TooLong { bytes, most });
    }
    Ok(message)
}

/// Bytes of a transaction with all its signatures, of which there are fewer than 128.
pub fn wire_bytes(message: &VersionedMessage) -> usize {
    let signatures = 64 * usize::from(message.header().num_required_signatures);
    match message {
        // Its version and no count of signatures.
        VersionedMessage::V1(message) => 1 + message.size() + signatures,
        message => 1 + message.serialize().len() + signatures,
    }
}

/// Version 0, or the one before where two bytes decide.
fn small(payer: &Address, instructions: &[Instruction]) -> Result<VersionedMessage, LedgerError> {
    let newest = v0::Message::try_compile(payer, instructions, &[], Hash::default()).map_err(not_executed)?;
    let newest = VersionedMessage::V0(newest);
    if wire_bytes(&newest) <= TransactionFormat::Small.max_bytes() {
        return Ok(newest);
    }
    Ok(VersionedMessage::Legacy(legacy::Message::new(instructions, Some(payer))))
}

fn version_1(payer: &Address, instructions: &[Instruction], budget: &Budget) -> Result<VersionedMessage, LedgerError> {
    let is_ordinary = |one: &&Instruction| one.program_id != COMPUTE_BUDGET_ID;
    let ordinary: Vec<_> = instructions.iter().filter(is_ordinary).cloned().collect();
    let mut config = v1::TransactionConfig::empty()
        .with_compute_unit_limit(budget.units)
        .with_loaded_accounts_data_size_limit(budget.loaded_bytes.unwrap_or(MAX_LOADED_BYTES));
    if budget.price > 0 {
        config = config.with_priority_fee(budget.priority_lamports());
    }
    let message = v1::Message::try_compile_with_config(payer, &ordinary, Hash::default(), config);
    let message = message.map_err(not_executed)?;
    message.validate().map_err(not_executed)?;
    Ok(VersionedMessage::V1(message))
}

fn not_executed(error: impl std::fmt::Display) -> LedgerError {
    LedgerError::NotExecuted { reason: format!("message does not compile: {error}") }
}

fn asked_budget(instructions: &[Instruction]) -> Budget {
    let limit = |one: &Instruction| {
        let units = one.data.get(1..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
        units.filter(|_| is_compute_unit_limit(one))
    };
    let units = instructions.iter().find_map(limit).unwrap_or(MAX_COMPUTE_UNITS);
    Budget { units, ..Budget::MOST }
}

fn with_budget(instructions: &[Instruction], budget: &Budget) -> Vec<Instruction> {
    let limit = ComputeBudgetInstruction::set_compute_unit_limit(budget.units);
    let mut instructions = instructions.to_vec();
    match instructions.iter_mut().find(|one| is_compute_unit_limit(one)) {
        Some(old) => *old = limit,
        None => instructions.push(limit),
    }
    if let Some(bytes) = budget.loaded_bytes {
        instructions.push(ComputeBudgetInstruction::set_loaded_accounts_data_size_limit(bytes));
    }
    if budget.price > 0 {
        instructions.push(ComputeBudgetInstruction::set_compute_unit_price(budget.price));
    }
    instructions
}

#[cfg(test)]
mod tests {
    use super::*;
    use solana_instruction::AccountMeta;

    const BUDGET: Budget = Budget { units: 32_000, loaded_bytes: Some(70_000), price: 3 };

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

    fn data(message: &VersionedMessage) -> Vec<Vec<u8>> {
        message.instructions().iter().map(|one| one.data.clone()).collect()
    }

    #[test]
    fn a_small_transaction_has_its_budget_at_the_end() {
        let message = compile(TransactionFormat::Small, &payer(), &[instruction(4)], Some(&BUDGET)).unwrap();

        let limits = [
            [vec![2], 32_000u32.to_le_bytes().to_vec()].concat(),
            [vec![4], 70_000u32.to_le_bytes().to_vec()].concat(),
            [vec![3], 3u64.to_le_bytes().to_vec()].concat(),
        ];
        assert_eq!(data(&message), [vec![vec![0; 4]], limits.to_vec()].concat());
    }

    #[test]
    fn a_limit_that_is_there_is_replaced_in_its_place() {
        let asked = ComputeBudgetInstruction::set_compute_unit_limit(MAX_COMPUTE_UNITS);
        let budget = Budget { loaded_bytes: None, price: 0, ..BUDGET };

        let message = compile(TransactionFormat::Small, &payer(), &[asked, instruction(4)], Some(&budget)).unwrap();

        assert_eq!(data(&message), [[vec![2], 32_000u32.to_le_bytes().to_vec()].concat(), vec![0; 4]]);
    }

    #[test]
    fn version_1_has_its_budget_in_the_header_and_no_instruction_for_it() {
        let asked = ComputeBudgetInstruction::set_compute_unit_limit(9);

        let message =
            compile(TransactionFormat::V1, &payer(), &[asked.clone(), instruction(4)], Some(&BUDGET)).unwrap();
        let unasked = compile(TransactionFormat::V1, &payer(), &[asked, instruction(4)], None).unwrap();

        assert_eq!(data(&message), [vec![0; 4]]);
        let VersionedMessage::V1(message) = message else { panic!("version 1") };
        // 32,000 units at 3 micro-lamports are 0.096 lamports, paid as one.
        let config = v1::TransactionConfig {
            priority_fee: Some(1),
            compute_unit_limit: Some(32_000),
            loaded_accounts_data_size_limit: Some(70_000),
            heap_size: None,
        };
        assert_eq!(message.config, config);
        let VersionedMessage::V1(unasked) = unasked else { panic!("version 1") };
        assert_eq!(unasked.config.compute_unit_limit, Some(9));
        assert_eq!(unasked.config.loaded_accounts_data_size_limit, Some(64 << 20));
    }

    #[test]
    fn the_longest_transactions_of_both_formats_fit_and_a_byte_more_does_not() {
        let compile = |format, bytes| compile(format, &payer(), &[instruction(bytes)], None);
        // Small, without a version: count 1, signature 64, header 3, three keys 1 + 96, blockhash 32, instructions 1, program 1,
        // accounts 1 + 1, length 2: 203 bytes and the data.
        let small = compile(TransactionFormat::Small, 1_029).unwrap();
        // Version 1: version 1, signature 64, header 3, mask 4, blockhash 32, counts 2, three keys 96, two limits 8, instruction
        // header 4, account 1: 215 bytes and the data.
        let large = compile(TransactionFormat::V1, 3_881).unwrap();

        assert!(matches!(small, VersionedMessage::Legacy(_)));
        assert_eq!([wire_bytes(&small), wire_bytes(&large)], [1_232, 4_096]);
        let too_long = [compile(TransactionFormat::Small, 1_030), compile(TransactionFormat::V1, 3_882)];
        let [Err(LedgerError::TooLong { bytes: 1_233, most: 1_232 }), Err(LedgerError::TooLong { bytes: 4_097, most: 4_096 })] =
            too_long
        else {
            panic!("{too_long:?}")
        };
    }

    #[test]
    fn version_1_takes_no_more_than_64_accounts() {
        let touching = |count: u8| Instruction {
            program_id: Address::from([7; 32]),
            accounts: (0..count).map(|number| AccountMeta::new(Address::from([100 + number; 32]), false)).collect(),
            data: Vec::new(),
        };

        // The payer and the program are two of them.
        assert!(compile(TransactionFormat::V1, &payer(), &[touching(62)], None).is_ok());
        let refused = compile(TransactionFormat::V1, &payer(), &[touching(63)], None);
        assert!(matches!(refused, Err(LedgerError::NotExecuted { .. })), "{refused:?}");
    }

    #[test]
    fn a_part_of_a_lamport_is_paid_as_one() {
        let lamports = |units, price| Budget { units, loaded_bytes: None, price }.priority_lamports();

        assert_eq!([lamports(200_000, 5), lamports(200_000, 6), lamports(1_400_000, 0)], [1, 2, 0]);
        assert_eq!(lamports(u32::MAX, u64::MAX), u64::MAX);
    }
}
