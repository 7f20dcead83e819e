//! A Solana VM in this process: the real program, token programs and signature checks, and a clock that can be turned.

use crate::instruction::MAX_COMPUTE_UNITS;
use crate::ledger::{
    holds, refusal, Accounts, Ledger, LedgerError, Receipt, Search, Simulation, MAX_TRANSACTION_BYTES,
};
use litesvm::{types::FailedTransactionMetadata, LiteSVM};
use solana_account::{Account, ReadableAccount};
use solana_address::Address;
use solana_clock::Clock;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_message::{legacy::Message, v1, VersionedMessage};
use solana_signer::Signer;
use solana_transaction::{versioned::VersionedTransaction, Transaction};

/// Most bytes of accounts that a transaction may load.
const MAX_LOADED_BYTES: u32 = 64 * 1024 * 1024;

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

    /// Sets the slot that the clock shows: a program can't be upgraded in the slot in which it was changed.
    pub fn warp_to_slot(&mut self, slot: u64) {
        self.vm.warp_to_slot(slot);
    }

    /// Gives an account lamports.
    pub fn airdrop(&mut self, address: &Address, lamports: u64) -> Result<(), LedgerError> {
        self.vm.airdrop(address, lamports).map(drop).map_err(refusal)
    }

    /// Puts an account in place of what an address holds.
    pub fn set_account(&mut self, address: Address, account: Account) -> Result<(), LedgerError> {
        self.vm
            .set_account(address, account)
            .map_err(|error| LedgerError::NotExecuted { reason: format!("account is not accepted: {error:?}") })
    }

    /// Sends a transaction of version 1: 4,096 bytes, and all compute units and account bytes that one may have.
    pub fn send_v1(
        &mut self,
        payer: &Keypair,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<Receipt, LedgerError> {
        self.vm.expire_blockhash();
        let config = v1::TransactionConfig::empty()
            .with_compute_unit_limit(MAX_COMPUTE_UNITS)
            .with_loaded_accounts_data_size_limit(MAX_LOADED_BYTES);
        let message =
            v1::Message::try_compile_with_config(&payer.pubkey(), instructions, self.vm.latest_blockhash(), config)
                .map_err(|error| LedgerError::NotExecuted { reason: format!("message does not compile: {error}") })?;
        let bytes = message.size() + v1::SIGNATURE_SIZE * usize::from(message.header.num_required_signatures);
        if bytes > v1::MAX_TRANSACTION_SIZE {
            return Err(LedgerError::TooLong { bytes });
        }
        let mut keys: Vec<&dyn Signer> = vec![payer];
        keys.extend(signers.iter().map(|key| *key as &dyn Signer));
        let transaction = VersionedTransaction::try_new(VersionedMessage::V1(message), &keys)?;
        let meta = self.vm.send_transaction(transaction).map_err(refusal)?;
        Ok(Receipt { compute_units: meta.compute_units_consumed, fee_lamports: meta.fee, bytes })
    }

    fn sign(
        &mut self,
        payer: &Keypair,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<Transaction, LedgerError> {
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
        Ok(transaction)
    }
}

impl Accounts for EmbeddedLedger {
    fn account(&mut self, address: &Address) -> Result<Option<Account>, LedgerError> {
        Ok(self.vm.get_account(address).filter(|account| account.lamports > 0))
    }
}

impl Search for EmbeddedLedger {
    fn find(&mut self, holding: &[(usize, &[u8])]) -> Result<Vec<(Address, Account)>, LedgerError> {
        let mut found = self.vm.get_program_accounts(&stipend::ID);
        found.retain(|(_, account)| account.lamports > 0 && holds(&account.data, holding));
        found.sort_by_key(|(address, _)| *address);
        Ok(found)
    }
}

impl Ledger for EmbeddedLedger {
    fn send(
        &mut self,
        payer: &Keypair,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<Receipt, LedgerError> {
        let transaction = self.sign(payer, instructions, signers)?;
        let bytes = wire_bytes(&transaction);
        let message = transaction.message.clone();
        let meta = self.vm.send_transaction(transaction).map_err(|failed| refusal_of(payer, &message, failed))?;
        Ok(Receipt { compute_units: meta.compute_units_consumed, fee_lamports: meta.fee, bytes })
    }

    fn simulate(
        &mut self,
        payer: &Keypair,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<Simulation, LedgerError> {
        let transaction = self.sign(payer, instructions, signers)?;
        let message = transaction.message.clone();
        let simulated =
            self.vm.simulate_transaction(transaction).map_err(|failed| refusal_of(payer, &message, failed))?;
        let lamports_before = |address| self.vm.get_account(address).map_or(0, |account| account.lamports);
        let changes = simulated.post_accounts.iter().map(|(address, account)| {
            (*address, i128::from(account.lamports()) - i128::from(lamports_before(address)))
        });
        Ok(Simulation {
            compute_units: simulated.meta.compute_units_consumed,
            fee_lamports: simulated.meta.fee,
            changes_lamports: changes.filter(|(_, change)| *change != 0).collect(),
        })
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

fn refusal(failed: FailedTransactionMetadata) -> LedgerError {
    refusal::explain(failed.err, &failed.meta.logs)
}

/// The same of a transaction that `payer` was to pay for.
fn refusal_of(payer: &Keypair, message: &Message, failed: FailedTransactionMetadata) -> LedgerError {
    refusal::explain_of(&payer.pubkey(), &message.instructions, failed.err, &failed.meta.logs)
}
