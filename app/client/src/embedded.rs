//! A Solana VM in this process: the real program, token programs and signature checks, and a clock that can be turned.

use crate::ledger::{Accounts, Ledger, LedgerError, Receipt};
use litesvm::{types::FailedTransactionMetadata, LiteSVM};
use solana_account::Account;
use solana_address::Address;
use solana_clock::Clock;
use solana_instruction::Instruction;
use solana_instruction_error::InstructionError;
use solana_keypair::Keypair;
use solana_signer::Signer;
use solana_transaction::Transaction;
use solana_transaction_error::TransactionError;

/// Most bytes of a transaction on the wire.
pub const MAX_TRANSACTION_BYTES: usize = 1_232;

/// A cluster of one, with the program deployed.
pub struct EmbeddedLedger {
    vm: LiteSVM,
}

impl EmbeddedLedger {
    /// A new cluster whose clock shows `now`.
    ///
    /// - `program`: the bytes of the sBPF artifact.
    pub fn new(program: &[u8], now: i64) -> Result<Self, LedgerError> {
        let mut vm = LiteSVM::new().with_mainnet_features().with_precompiles();
        vm.add_program(stipend::ID, program)
            .map_err(|error| LedgerError::NotExecuted { reason: format!("program does not load: {error:?}") })?;
        let mut ledger = Self { vm };
        ledger.warp_to(now);
        Ok(ledger)
    }

    /// Sets the clock.
    pub fn warp_to(&mut self, now: i64) {
        let clock: Clock = self.vm.get_sysvar();
        self.vm.set_sysvar(&Clock { unix_timestamp: now, ..clock });
    }

    /// Gives an account lamports.
    pub fn airdrop(&mut self, address: &Address, lamports: u64) -> Result<(), LedgerError> {
        self.vm.airdrop(address, lamports).map(drop).map_err(refusal)
    }
}

impl Accounts for EmbeddedLedger {
    fn account(&mut self, address: &Address) -> Result<Option<Account>, LedgerError> {
        Ok(self.vm.get_account(address).filter(|account| account.lamports > 0))
    }
}

impl Ledger for EmbeddedLedger {
    fn send(
        &mut self,
        payer: &Keypair,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<Receipt, LedgerError> {
        // The same instructions again are another transaction, as they are on a cluster some seconds later.
        self.vm.expire_blockhash();
        let mut keys: Vec<&dyn Signer> = vec![payer];
        keys.extend(signers.iter().map(|key| *key as &dyn Signer));
        let mut transaction = Transaction::new_with_payer(instructions, Some(&payer.pubkey()));
        transaction.try_sign(&keys, self.vm.latest_blockhash())?;
        let bytes = wire_bytes(&transaction);
        if bytes > MAX_TRANSACTION_BYTES {
            return Err(LedgerError::TooLong { bytes });
        }
        let meta = self.vm.send_transaction(transaction).map_err(refusal)?;
        Ok(Receipt { compute_units: meta.compute_units_consumed, fee_lamports: meta.fee, bytes })
    }

    fn rent_lamports(&mut self, space: usize) -> Result<u64, LedgerError> {
        Ok(self.vm.minimum_balance_for_rent_exemption(space))
    }

    fn now(&mut self) -> Result<i64, LedgerError> {
        Ok(self.vm.get_sysvar::<Clock>().unix_timestamp)
    }
}

/// Bytes of a transaction on the wire: its signatures, of which there are fewer than 128, and its message.
pub fn wire_bytes(transaction: &Transaction) -> usize {
    1 + 64 * transaction.signatures.len() + transaction.message_data().len()
}

/// What a program said, in one line.
fn refusal(failed: FailedTransactionMetadata) -> LedgerError {
    let FailedTransactionMetadata { err, meta } = failed;
    let TransactionError::InstructionError(index, error) = err else {
        return LedgerError::NotExecuted { reason: err.to_string() };
    };
    let code = match error {
        InstructionError::Custom(code) => Some(code),
        _ => None,
    };
    // Anchor logs the error's message, and both sides of a comparison in lines of their own.
    let said = meta.logs.iter().find_map(|line| line.split_once("Error Message: ")).map(|(_, message)| message);
    let sides = meta.logs.iter().filter_map(|line| {
        let line = line.strip_prefix("Program log: ")?;
        (line.starts_with("Left: ") || line.starts_with("Right: ")).then_some(line)
    });
    // What is no program's error, the VM explains itself.
    let failed = meta.logs.iter().rev().find_map(|line| line.split_once(" failed: ")).map(|(_, why)| why.to_owned());
    let mut reason =
        said.map(|message| message.trim_end_matches('.').to_owned()).or(failed).unwrap_or_else(|| error.to_string());
    for side in sides {
        reason.push_str(", ");
        reason.push_str(&side.to_lowercase());
    }
    LedgerError::Refused { index, code, reason }
}
