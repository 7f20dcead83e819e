//! A ledger on which something happens before each transaction.

use solana_account::Account;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use stipend_client::ledger::{Accounts, Ledger, LedgerError, Receipt, Simulation};

/// A ledger whose transactions `send` sends, after whatever it does before.
pub struct Ahead<L, F> {
    /// Where everything happens.
    pub ledger: L,
    /// Sends a transaction: the payer's, of these instructions, signed by these beside the payer.
    pub send: F,
}

impl<L: Accounts, F> Accounts for Ahead<&mut L, F> {
    fn account(&mut self, address: &Address) -> Result<Option<Account>, LedgerError> {
        self.ledger.account(address)
    }
}

impl<L, F> Ledger for Ahead<&mut L, F>
where
    L: Ledger,
    F: FnMut(&mut L, &Keypair, &[Instruction], &[&Keypair]) -> Result<Receipt, LedgerError>,
{
    fn send(
        &mut self,
        payer: &Keypair,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<Receipt, LedgerError> {
        (self.send)(self.ledger, payer, instructions, signers)
    }

    fn simulate(
        &mut self,
        payer: &Keypair,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<Simulation, LedgerError> {
        self.ledger.simulate(payer, instructions, signers)
    }

    fn rent_lamports(&mut self, space: usize) -> Result<u64, LedgerError> {
        self.ledger.rent_lamports(space)
    }

    fn now(&mut self) -> Result<i64, LedgerError> {
        self.ledger.now()
    }
}
