//! A cluster that counts what is sent to it, lets its slots pass, and can be lost at any transaction.

use solana_account::Account;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use stipend_client::{
    embedded::EmbeddedLedger,
    ledger::{Accounts, Ledger, LedgerError, Receipt, Simulation},
};

/// Unix seconds that every cluster's clock shows at first.
pub const NOW: i64 = 1_800_000_000;

/// At which moment of a transaction the cluster is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// It never arrives.
    Before,
    /// It lands, and nobody hears of it.
    After,
}

/// See [the module](self).
pub struct Cluster {
    pub vm: EmbeddedLedger,
    /// Transactions that took effect.
    pub landed: usize,
    /// Transactions until the cluster is lost.
    left: Option<usize>,
    lost: Lost,
    slot: u64,
}

impl Cluster {
    /// With Stipend at its own address from the start, not to be upgraded.
    pub fn new() -> Self {
        let vm = EmbeddedLedger::new(&artifact(), NOW).expect("the artifact loads");
        Self { vm, landed: 0, left: None, lost: Lost::Before, slot: 1 }
    }

    /// Lets the cluster be lost when so many more transactions have landed.
    pub fn lose_after(&mut self, transactions: usize, lost: Lost) {
        self.left = Some(transactions);
        self.lost = lost;
    }

    /// Lets it stay.
    pub fn mend(&mut self) {
        self.left = None;
    }

    /// Forgets what landed so far.
    pub fn landed_since(&mut self) -> usize {
        std::mem::take(&mut self.landed)
    }

    fn pass_slot(&mut self) {
        self.slot += 1;
        self.vm.warp_to_slot(self.slot);
    }
}

impl Accounts for Cluster {
    fn account(&mut self, address: &Address) -> Result<Option<Account>, LedgerError> {
        self.vm.account(address)
    }
}

impl Ledger for Cluster {
    fn send(&mut self, payer: &Keypair, all: &[Instruction], signers: &[&Keypair]) -> Result<Receipt, LedgerError> {
        let gone = || LedgerError::Unreachable { reason: "it was lost".to_owned() };
        match (&mut self.left, self.lost) {
            (Some(0), _) => return Err(gone()),
            (Some(left), _) => *left -= 1,
            (None, _) => {}
        }
        let receipt = self.vm.send(payer, all, signers)?;
        self.landed += 1;
        self.pass_slot();
        if self.left == Some(0) && self.lost == Lost::After {
            return Err(LedgerError::Unknown { signature: "it".to_owned(), reason: "the cluster was lost".to_owned() });
        }
        Ok(receipt)
    }

    fn simulate(
        &mut self,
        payer: &Keypair,
        all: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<Simulation, LedgerError> {
        self.vm.simulate(payer, all, signers)
    }

    fn rent_lamports(&mut self, space: usize) -> Result<u64, LedgerError> {
        self.vm.rent_lamports(space)
    }

    fn now(&mut self) -> Result<i64, LedgerError> {
        self.vm.now()
    }
}

/// Bytes of the artifact: the committed one, or the one that STIPEND_PROGRAM names.
pub fn artifact() -> Vec<u8> {
    let path = std::env::var("STIPEND_PROGRAM")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../programs/stipend/artifact/stipend.so").to_owned());
    std::fs::read(path).expect("the artifact is there")
}
