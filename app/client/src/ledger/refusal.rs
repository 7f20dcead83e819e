//! Why a transaction had no effect, from what the cluster says of it.

use super::LedgerError;
use solana_address::Address;
use solana_instruction_error::InstructionError;
use solana_message::compiled_instruction::CompiledInstruction;
use solana_transaction_error::TransactionError;

/// What a program said, in one line.
///
/// - `logs`: of the transaction, as far as they are known.
pub fn explain(error: TransactionError, logs: &[String]) -> LedgerError {
    let TransactionError::InstructionError(index, error) = error else {
        return LedgerError::NotExecuted { reason: error.to_string() };
    };
    let code = match error {
        InstructionError::Custom(code) => Some(code),
        // A program that has said what is wrong may run out of compute units before it has returned that: its limit is made for
        // what was simulated, before somebody else was faster.
        _ => logs.iter().find_map(|line| line.split_once("Error Number: ")?.1.split('.').next()?.parse().ok()),
    };
    // Anchor logs the error's message, and both sides of a comparison in lines of their own.
    let said = logs.iter().find_map(|line| line.split_once("Error Message: ")).map(|(_, message)| message);
    let sides = logs.iter().filter_map(|line| {
        let line = line.strip_prefix("Program log: ")?;
        (line.starts_with("Left: ") || line.starts_with("Right: ")).then_some(line)
    });
    // What is no program's error, the VM explains itself.
    let failed = logs.iter().rev().find_map(|line| line.split_once(" failed: ")).map(|(_, why)| why.to_owned());
    let mut reason =
        said.map(|message| message.trim_end_matches('.').to_owned()).or(failed).unwrap_or_else(|| error.to_string());
    for side in sides {
        reason.push_str(", ");
        reason.push_str(&side.to_lowercase());
    }
    LedgerError::Refused { index, code, reason }
}

/// The same of a transaction whose fees and rents `payer` was to pay: whoever has too few lamports is told so.
///
/// - `instructions`: of the transaction's message.
pub fn explain_of(
    payer: &Address,
    instructions: &[CompiledInstruction],
    error: TransactionError,
    logs: &[String],
) -> LedgerError {
    if let TransactionError::InstructionError(index, _) = &error {
        let failed = instructions.get(usize::from(*index));
        // The payer is a message's first account. Without it, it was somebody else who had too few.
        let is_payer_in_it = failed.is_some_and(|failed| failed.accounts.contains(&0));
        if is_payer_in_it && logs.iter().any(|line| line.contains(": insufficient lamports ")) {
            return LedgerError::NoFunds { payer: *payer };
        }
    }
    match error {
        TransactionError::AccountNotFound
        | TransactionError::InsufficientFundsForFee
        | TransactionError::InsufficientFundsForRent { account_index: 0 } => LedgerError::NoFunds { payer: *payer },
        error => explain(error, logs),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_quoted_with_both_sides_of_its_comparison() {
        let logs = [
            "Program log: AnchorError occurred. Error Code: A. Error Number: 6001. Error Message: too late; wait.",
            "Program log: Left: 5",
            "Program log: Right: 6",
        ];
        let logs = logs.map(str::to_owned);
        let error = TransactionError::InstructionError(2, InstructionError::Custom(6_001));

        let LedgerError::Refused { index, code, reason } = explain(error, &logs) else { panic!("refused") };

        assert_eq!((index, code), (2, Some(6_001)));
        assert_eq!(reason, "too late; wait, left: 5, right: 6");
    }

    #[test]
    fn a_program_that_ran_out_of_compute_units_after_its_error_has_still_said_which() {
        let said =
            "Program log: AnchorError occurred. Error Code: A. Error Number: 6001. Error Message: too late; wait.";
        let error = || TransactionError::InstructionError(0, InstructionError::ComputationalBudgetExceeded);
        let code = |logs: &[String]| match explain(error(), logs) {
            LedgerError::Refused { code, .. } => code,
            other => panic!("{other:?}"),
        };

        assert_eq!(code(&[said.to_owned()]), Some(6_001));
        assert_eq!(code(&["Program log: Instruction: CloseEpoch".to_owned()]), None);
    }

    #[test]
    fn whoever_can_not_pay_a_fee_or_a_rent_is_named() {
        let payer = Address::from([3; 32]);
        let touching = |accounts: &[u8]| CompiledInstruction {
            program_id_index: 3,
            accounts: accounts.to_vec(),
            data: Vec::new(),
        };
        // Only the second has anything to do with the payer.
        let instructions = [touching(&[1, 2]), touching(&[1, 0])];
        let is_named = |error: TransactionError, logs: &[String]| matches!(explain_of(&payer, &instructions, error, logs), LedgerError::NoFunds { payer: named } if named == payer);
        let failed = |index| TransactionError::InstructionError(index, InstructionError::Custom(1));
        let rent = ["Transfer: insufficient lamports 10, need 20".to_owned()];

        assert!(is_named(TransactionError::AccountNotFound, &[]));
        assert!(is_named(TransactionError::InsufficientFundsForFee, &[]));
        assert!(is_named(failed(1), &rent));
        assert!(!is_named(failed(1), &[]));
        assert!(!is_named(failed(0), &rent));
        assert!(!is_named(TransactionError::InsufficientFundsForRent { account_index: 1 }, &[]));
    }
}
