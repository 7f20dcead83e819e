//! Where transactions are sent and accounts are read.

use solana_account::Account;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;

/// What a transaction that was executed cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Compute units of all its instructions.
    pub compute_units: u64,
    /// Lamports of its fee.
    pub fee_lamports: u64,
    /// Bytes on the wire, of 1,232 at the most.
    pub bytes: usize,
}

/// Why a transaction had no effect, or an account was not read.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// A program refused one of the instructions: none of the transaction took effect.
    #[error("instruction {index} was refused: {reason}")]
    Refused {
        /// Place of the instruction in the transaction.
        index: u8,
        /// The program's error number, where it gave one.
        code: Option<u32>,
        /// What the program said.
        reason: String,
    },
    /// The transaction could not be executed at all.
    #[error("transaction was not executed: {reason}")]
    NotExecuted {
        /// Why.
        reason: String,
    },
    /// A signer that an instruction needs is not among the keys.
    #[error("transaction can't be signed")]
    Signing(#[from] solana_signer::SignerError),
    /// The transaction is too long for the wire.
    #[error("transaction has {bytes} bytes, and 1,232 is the most; send fewer measurements or slots at once")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
}

/// Where accounts are read: a cluster, or what one left behind.
pub trait Accounts {
    /// An account, if there is one.
    fn account(&mut self, address: &Address) -> Result<Option<Account>, LedgerError>;
}

/// A Solana cluster, or something that behaves like one.
pub trait Ledger: Accounts {
    /// Executes a transaction, whole or not at all.
    ///
    /// - `payer` pays the fee and signs first; `signers` are the others.
    fn send(
        &mut self,
        payer: &Keypair,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<Receipt, LedgerError>;

    /// Lamports that an account of `space` bytes must hold.
    fn rent_lamports(&mut self, space: usize) -> Result<u64, LedgerError>;

    /// Unix seconds of the cluster's clock.
    fn now(&mut self) -> Result<i64, LedgerError>;
}
