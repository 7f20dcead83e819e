//! Why a transaction had no effect, from what the cluster says of it.

use super::LedgerError;
use solana_address::Address;
use solana_instruction_error::InstructionError;
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
        _ => None,
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

/// The same of a transaction that `payer` was to pay for: whoever has no lamports is told so.
pub fn explain_of(payer: &Address, error: TransactionError, logs: &[String]) -> LedgerError {
    match error {
        TransactionError::AccountNotFound
        | TransactionError::InsufficientFundsForFee
        | TransactionError::InsufficientFundsForRent { account_index: 0 } => LedgerError::NoFunds { payer: *payer },
        error => explain(error, logs),
    }
}
