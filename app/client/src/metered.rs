//! A ledger that counts what each kind of instruction costs.

use crate::{
    instruction::transaction_name,
    ledger::{Accounts, Deadline, Ledger, LedgerError, Receipt, Search, Simulation, TransactionFormat},
};
use solana_account::Account;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;

/// What all transactions of one kind cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstructionCost {
    /// The last instruction of each of these transactions; those before it serve it.
    pub instruction: &'static str,
    /// How many transactions were executed.
    pub count: u64,
    /// Compute units of the cheapest.
    pub min_compute_units: u64,
    /// Compute units of the dearest.
    pub max_compute_units: u64,
    /// Compute units of all together.
    pub total_compute_units: u64,
    /// Fees of all together.
    pub fee_lamports: u64,
}

/// A ledger, and what was spent on it.
pub struct Metered<L> {
    ledger: L,
    costs: Vec<InstructionCost>,
}

impl<L> Metered<L> {
    /// Counts from now on.
    pub fn new(ledger: L) -> Self {
        Self { ledger, costs: Vec::new() }
    }

    /// What was spent, in the order in which the instructions were first used.
    pub fn costs(&self) -> &[InstructionCost] {
        &self.costs
    }

    /// The ledger itself, past the meter.
    pub fn ledger_mut(&mut self) -> &mut L {
        &mut self.ledger
    }

    fn count(&mut self, instruction: &'static str, receipt: &Receipt) {
        let units = receipt.compute_units;
        match self.costs.iter_mut().find(|cost| cost.instruction == instruction) {
            Some(cost) => {
                cost.count += 1;
                cost.min_compute_units = cost.min_compute_units.min(units);
                cost.max_compute_units = cost.max_compute_units.max(units);
                cost.total_compute_units += units;
                cost.fee_lamports += receipt.fee_lamports;
            }
            None => self.costs.push(InstructionCost {
                instruction,
                count: 1,
                min_compute_units: units,
                max_compute_units: units,
                total_compute_units: units,
                fee_lamports: receipt.fee_lamports,
            }),
        }
    }
}

impl<L: Accounts> Accounts for Metered<L> {
    fn account(&mut self, address: &Address) -> Result<Option<Account>, LedgerError> {
        self.ledger.account(address)
    }

    fn accounts(&mut self, addresses: &[Address]) -> Result<Vec<Option<Account>>, LedgerError> {
        self.ledger.accounts(addresses)
    }

    fn heads(&mut self, addresses: &[Address], bytes: usize) -> Result<Vec<Option<Account>>, LedgerError> {
        self.ledger.heads(addresses, bytes)
    }
}

impl<L: Search> Search for Metered<L> {
    fn find(&mut self, holding: &[(usize, &[u8])]) -> Result<Vec<(Address, Account)>, LedgerError> {
        self.ledger.find(holding)
    }
}

impl<L: Ledger> Ledger for Metered<L> {
    fn send(
        &mut self,
        payer: &Keypair,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<Receipt, LedgerError> {
        let receipt = self.ledger.send(payer, instructions, signers)?;
        self.count(transaction_name(instructions), &receipt);
        Ok(receipt)
    }

    fn send_all(
        &mut self,
        payer: &Keypair,
        transactions: &[Vec<Instruction>],
        signers: &[&Keypair],
    ) -> Vec<Result<Receipt, LedgerError>> {
        let receipts = self.ledger.send_all(payer, transactions, signers);
        for (instructions, receipt) in transactions.iter().zip(&receipts) {
            if let Ok(receipt) = receipt {
                self.count(transaction_name(instructions), receipt);
            }
        }
        receipts
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

    fn transaction_format(&mut self) -> TransactionFormat {
        self.ledger.transaction_format()
    }

    fn set_deadline(&mut self, deadline: Option<Deadline>) {
        self.ledger.set_deadline(deadline);
    }

    fn now(&mut self) -> Result<i64, LedgerError> {
        self.ledger.now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instruction;

    /// Executes everything, for as many compute units as the instruction has bytes.
    struct Cheap;

    impl Accounts for Cheap {
        fn account(&mut self, _: &Address) -> Result<Option<Account>, LedgerError> {
            Ok(None)
        }
    }

    impl Ledger for Cheap {
        fn send(&mut self, _: &Keypair, all: &[Instruction], _: &[&Keypair]) -> Result<Receipt, LedgerError> {
            let compute_units = all.iter().map(|one| one.data.len() as u64).sum();
            Ok(Receipt { compute_units, fee_lamports: 5_000, bytes: 0 })
        }

        fn simulate(&mut self, _: &Keypair, _: &[Instruction], _: &[&Keypair]) -> Result<Simulation, LedgerError> {
            Ok(Simulation::default())
        }

        fn rent_lamports(&mut self, _: usize) -> Result<u64, LedgerError> {
            Ok(0)
        }

        fn now(&mut self) -> Result<i64, LedgerError> {
            Ok(0)
        }
    }

    #[test]
    fn every_kind_is_counted_by_itself_in_the_order_of_first_use() {
        let mut ledger = Metered::new(Cheap);
        let (payer, key) = (Keypair::new_from_array([1; 32]), Address::default());
        let limit = instruction::compute_unit_limit(1_400_000);

        ledger.send(&payer, &[instruction::settle_shard(&key, &key)], &[]).unwrap();
        ledger.send(&payer, &[instruction::score_shard(&key, &key, &[], 7)], &[]).unwrap();
        ledger.send(&payer, &[limit, instruction::score_shard(&key, &key, &[], 7)], &[]).unwrap();

        // A discriminator has 8 bytes, the epoch 4, the limit 1 + 4.
        let settle = InstructionCost {
            instruction: "settle_shard",
            count: 1,
            min_compute_units: 8,
            max_compute_units: 8,
            total_compute_units: 8,
            fee_lamports: 5_000,
        };
        let score = InstructionCost {
            instruction: "score_shard",
            count: 2,
            min_compute_units: 12,
            max_compute_units: 17,
            total_compute_units: 29,
            fee_lamports: 10_000,
        };
        assert_eq!(ledger.costs(), [settle, score]);
    }
}
