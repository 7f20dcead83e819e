//! A Solana VM in this process: the real program, token programs and signature checks, and a clock that can be turned.

use crate::ledger::{
    holds, refusal,
    wire::{compile, wire_bytes},
    Accounts, Ledger, LedgerError, Receipt, Search, Simulation, TransactionFormat,
};
use litesvm::{types::FailedTransactionMetadata, LiteSVM};
use solana_account::{Account, ReadableAccount};
use solana_address::Address;
use solana_clock::Clock;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_message::VersionedMessage;
use solana_signer::Signer;
use solana_transaction::versioned::VersionedTransaction;

/// A cluster of one, with the program deployed.
pub struct EmbeddedLedger {
    vm: LiteSVM,
    format: TransactionFormat,
}

impl EmbeddedLedger {
    /// A new cluster whose clock shows `now`.
    ///
    /// - `program`: the bytes of the sBPF artifact.
    pub fn new(program: &[u8], now: i64) -> Result<Self, LedgerError> {
        let mut vm = LiteSVM::new().with_mainnet_features().with_precompiles();
        vm.add_program(stipend::ID, program)
            .map_err(|error| LedgerError::NotExecuted { reason: format!("program does not load: {error:?}") })?;
        let mut ledger = Self { vm, format: TransactionFormat::Small };
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

    /// Sets the format of what is sent from now on; at first it is the small one.
    pub fn set_transaction_format(&mut self, format: TransactionFormat) {
        self.format = format;
    }

    /// Sends a transaction of version 1, with all compute units and account bytes that one may have.
    pub fn send_v1(
        &mut self,
        payer: &Keypair,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<Receipt, LedgerError> {
        let before = std::mem::replace(&mut self.format, TransactionFormat::V1);
        let sent = self.send(payer, instructions, signers);
        self.format = before;
        sent
    }

    fn sign(
        &mut self,
        payer: &Keypair,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<VersionedTransaction, LedgerError> {
        // The same instructions again are another transaction, as they are on a cluster some seconds later.
        self.vm.expire_blockhash();
        let mut message = compile(self.format, &payer.pubkey(), instructions, None)?;
        message.set_recent_blockhash(self.vm.latest_blockhash());
        let mut keys: Vec<&dyn Signer> = vec![payer];
        let others = signers.iter().filter(|key| key.pubkey() != payer.pubkey());
        keys.extend(others.map(|key| *key as &dyn Signer));
        Ok(VersionedTransaction::try_new(message, &keys)?)
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
        let message = transaction.message.clone();
        let bytes = wire_bytes(&message);
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

    fn transaction_format(&mut self) -> TransactionFormat {
        self.format
    }

    fn now(&mut self) -> Result<i64, LedgerError> {
        Ok(self.vm.get_sysvar::<Clock>().unix_timestamp)
    }
}

fn refusal(failed: FailedTransactionMetadata) -> LedgerError {
    refusal::explain(failed.err, &failed.meta.logs)
}

/// The same of a transaction that `payer` was to pay for.
fn refusal_of(payer: &Keypair, message: &VersionedMessage, failed: FailedTransactionMetadata) -> LedgerError {
    refusal::explain_of(&payer.pubkey(), message.instructions(), failed.err, &failed.meta.logs)
}
