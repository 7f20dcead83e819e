//! Where transactions are sent and accounts are read.

mod packing;
pub mod refusal;
pub mod wire;

pub(crate) use packing::fits;
pub use packing::{pack, Part};
pub use wire::TransactionFormat;

use solana_account::Account;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend::error::StipendError;

/// What a transaction that was executed cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Compute units of all its instructions.
    pub compute_units: u64,
    /// Lamports of its fee.
    pub fee_lamports: u64,
    /// Bytes on the wire.
    pub bytes: usize,
}

/// What a transaction would do if it were sent now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Simulation {
    /// Compute units of all its instructions.
    pub compute_units: u64,
    /// Lamports of its fee, at the least: what a cluster's load adds is not in it.
    pub fee_lamports: u64,
    /// Lamports that accounts would gain, or lose if below 0; fees are in it. Accounts without a change are not.
    pub changes_lamports: Vec<(Address, i128)>,
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
    /// Who pays has less than the fee and the rents come to.
    #[error("{payer} can't pay for the transaction; send it SOL")]
    NoFunds {
        /// Who was to pay.
        payer: Address,
    },
    /// The cluster can't be reached, or does not answer as one does. Nothing was sent.
    #[error("cluster can't be reached: {reason}")]
    Unreachable {
        /// Why, of the last attempt.
        reason: String,
    },
    /// The cluster answers, and its clock stands still or is far behind.
    #[error(
        "cluster's clock is {lag_secs} s behind this machine's and stands still, or is behind by more than {max_lag_secs} s; name \
         another endpoint, set this machine's clock, or allow more with --max-lag"
    )]
    Stale {
        /// Seconds that the newest clock of all endpoints is behind.
        lag_secs: u64,
        /// Seconds that are allowed.
        max_lag_secs: u64,
    },
    /// The transaction was sent, and the cluster was lost before it said what became of it. Whatever is sent again is safe: the
    /// program takes each step once.
    #[error("transaction {signature} was sent, and whether it landed is not known: {reason}; do it again")]
    Unknown {
        /// By which the transaction is found.
        signature: String,
        /// Why it is not known.
        reason: String,
    },
    /// A signer that an instruction needs is not among the keys.
    #[error("transaction can't be signed")]
    Signing(#[from] solana_signer::SignerError),
    /// The transaction is too long for the wire.
    #[error("transaction has {bytes} bytes, and {most} is the most; send less at once, or transactions of version 1 where the cluster takes \
         them (--transactions)")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The most that its format takes.
        most: usize,
    },
}

impl LedgerError {
    /// Whether nothing was sent since the cluster is lost or the payer has no lamports: another transaction fares no better.
    pub(crate) fn is_unsent(&self) -> bool {
        matches!(self, Self::NoFunds { .. } | Self::Unreachable { .. } | Self::Stale { .. })
    }

    /// The same of another transaction that went with this one.
    pub(crate) fn again(&self) -> Self {
        match self {
            Self::NoFunds { payer } => Self::NoFunds { payer: *payer },
            Self::Unreachable { reason } => Self::Unreachable { reason: reason.clone() },
            Self::Stale { lag_secs, max_lag_secs } => Self::Stale { lag_secs: *lag_secs, max_lag_secs: *max_lag_secs },
            Self::Unknown { signature, reason } => {
                Self::Unknown { signature: signature.clone(), reason: reason.clone() }
            }
            Self::Refused { index, code, reason } => {
                Self::Refused { index: *index, code: *code, reason: reason.clone() }
            }
            Self::NotExecuted { .. } | Self::Signing(_) | Self::TooLong { .. } => {
                Self::NotExecuted { reason: self.to_string() }
            }
        }
    }

    /// Whether a program refused with this number, which is Stipend's `error` if the instruction was Stipend's.
    pub fn is(&self, error: StipendError) -> bool {
        matches!(self, Self::Refused { code: Some(code), .. } if *code == u32::from(error))
    }
}

/// Until when transactions are to land, in Unix seconds of the cluster's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// When there was all the time.
    pub from: i64,
    /// When it is too late.
    pub due: i64,
}

/// Where accounts are read: a cluster, or what one left behind.
pub trait Accounts {
    /// An account, if there is one.
    fn account(&mut self, address: &Address) -> Result<Option<Account>, LedgerError>;

    /// Several accounts, in the order of their addresses; in fewer requests where the ledger can.
    fn accounts(&mut self, addresses: &[Address]) -> Result<Vec<Option<Account>>, LedgerError> {
        addresses.iter().map(|address| self.account(address)).collect()
    }

    /// The same with no more than the first `bytes` of each account's data.
    fn heads(&mut self, addresses: &[Address], bytes: usize) -> Result<Vec<Option<Account>>, LedgerError> {
        let mut found = self.accounts(addresses)?;
        found.iter_mut().flatten().for_each(|account| account.data.truncate(bytes));
        Ok(found)
    }
}

/// Accounts that can be found by what is in them.
pub trait Search: Accounts {
    /// All accounts of the program that hold each of the `(offset, bytes)`, by address.
    fn find(&mut self, holding: &[(usize, &[u8])]) -> Result<Vec<(Address, Account)>, LedgerError>;
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

    /// Executes transactions that differ and don't depend on one another, in any order; all at once where the ledger can. What became of
    /// each is told in their order.
    ///
    /// - `signers`: at least those of every transaction; each is signed by those that it names.
    fn send_all(
        &mut self,
        payer: &Keypair,
        transactions: &[Vec<Instruction>],
        signers: &[&Keypair],
    ) -> Vec<Result<Receipt, LedgerError>> {
        transactions.iter().map(|instructions| self.send(payer, instructions, &named(instructions, signers))).collect()
    }

    /// What a transaction would do, without doing it. What would be refused is refused here too.
    fn simulate(
        &mut self,
        payer: &Keypair,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<Simulation, LedgerError>;

    /// Lamports that an account of `space` bytes must hold.
    fn rent_lamports(&mut self, space: usize) -> Result<u64, LedgerError>;

    /// The format of what is sent, with its limits; transactions are packed by them.
    fn transaction_format(&mut self) -> TransactionFormat {
        TransactionFormat::Small
    }

    /// Sets until when what is sent from now on is to land; none takes it back. A ledger may pay more the less time is left.
    fn set_deadline(&mut self, _deadline: Option<Deadline>) {}

    /// Unix seconds of the cluster's clock.
    fn now(&mut self) -> Result<i64, LedgerError>;
}

/// Those of `signers` that the instructions name as signers.
pub fn named<'a>(instructions: &[Instruction], signers: &[&'a Keypair]) -> Vec<&'a Keypair> {
    let is_named = |key: &Address| {
        let mut metas = instructions.iter().flat_map(|instruction| &instruction.accounts);
        metas.any(|meta| meta.is_signer && meta.pubkey == *key)
    };
    signers.iter().copied().filter(|signer| is_named(&signer.pubkey())).collect()
}

/// Whether `data` has each of the bytes at its offset.
pub fn holds(data: &[u8], holding: &[(usize, &[u8])]) -> bool {
    holding.iter().all(|(offset, bytes)| data.get(*offset..).is_some_and(|rest| rest.starts_with(bytes)))
}

/// Lamports of a transaction's fee for each of its signatures; a priority comes on top.
pub const LAMPORTS_PER_SIGNATURE: u64 = 5_000;
/// Most bytes of a transaction of the small format on the wire.
pub const MAX_TRANSACTION_BYTES: usize = TransactionFormat::Small.max_bytes();
