//! A transaction with what it may use and pay, before it is signed.

use crate::{
    instruction::{limit_loaded_bytes, limit_units},
    ledger::{
        wire::{compile, wire_bytes, Budget},
        LedgerError, TransactionFormat,
    },
};
use solana_address::Address;
use solana_hash::Hash;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_message::{compiled_instruction::CompiledInstruction, VersionedMessage};
use solana_rpc_client_api::response::RpcSimulateTransactionResult;
use solana_transaction::versioned::VersionedTransaction;

/// Compute units of an instruction that asks for none.
const DEFAULT_UNITS: u64 = 200_000;

/// What a transaction used in a simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) units: u64,
    /// None: the cluster does not tell.
    pub(super) loaded_bytes: Option<u32>,
}

impl Usage {
    pub(super) fn of(simulated: &RpcSimulateTransactionResult) -> Self {
        Self { units: simulated.units_consumed.unwrap_or_default(), loaded_bytes: simulated.loaded_accounts_data_size }
    }
}

/// A transaction without its blockhash and signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Composed {
    message: VersionedMessage,
    /// Bytes on the wire.
    pub(super) bytes: usize,
    /// What its priority costs, beside the fee for its signatures.
    pub(super) priority_lamports: u64,
}

impl Composed {
    /// What is asked how much it uses.
    pub(super) fn unlimited(
        format: TransactionFormat,
        payer: &Address,
        instructions: &[Instruction],
    ) -> Result<Self, LedgerError> {
        let limited = Budget { loaded_bytes: None, ..Budget::MOST };
        let message = compile(format, payer, instructions, Some(&limited));
        Ok(Self::from(message.or_else(|_| compile(format, payer, instructions, None))?, 0))
    }

    /// What is sent.
    ///
    /// - `price`: micro-lamports a compute unit.
    ///
    /// A small transaction that has no room for the limit of loaded bytes goes without it, and without any limit if it needs none
    /// and pays nothing.
    pub(super) fn new(
        format: TransactionFormat,
        payer: &Address,
        instructions: &[Instruction],
        usage: Usage,
        price: u64,
    ) -> Result<Self, LedgerError> {
        let units = limit_units(usage.units);
        let whole = Budget { units, loaded_bytes: usage.loaded_bytes.map(limit_loaded_bytes), price };
        let message = match compile(format, payer, instructions, Some(&whole)) {
            Err(LedgerError::TooLong { .. }) if format == TransactionFormat::Small => {
                let shorter = compile(format, payer, instructions, Some(&Budget { loaded_bytes: None, ..whole }));
                match shorter {
                    Err(LedgerError::TooLong { .. }) if price == 0 && usage.units <= DEFAULT_UNITS => {
                        compile(format, payer, instructions, None)
                    }
                    shorter => shorter,
                }
            }
            message => message,
        };
        Ok(Self::from(message?, whole.priority_lamports()))
    }

    fn from(message: VersionedMessage, priority_lamports: u64) -> Self {
        Self { bytes: wire_bytes(&message), message, priority_lamports }
    }

    /// Signs it with a blockhash.
    pub(super) fn sign(&self, blockhash: Hash, signers: &[&Keypair]) -> Result<VersionedTransaction, LedgerError> {
        let mut message = self.message.clone();
        message.set_recent_blockhash(blockhash);
        Ok(VersionedTransaction::try_new(message, signers)?)
    }

    /// Not signed, for a cluster that is only asked.
    pub(super) fn unsigned(&self) -> VersionedTransaction {
        let signatures = usize::from(self.message.header().num_required_signatures);
        VersionedTransaction { signatures: vec![Default::default(); signatures], message: self.message.clone() }
    }

    pub(super) fn instructions(&self) -> &[CompiledInstruction] {
        self.message.instructions()
    }

    /// Accounts, in the message's order.
    pub(super) fn addresses(&self) -> &[Address] {
        self.message.static_account_keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use solana_instruction::AccountMeta;

    const SMALL: TransactionFormat = TransactionFormat::Small;

    fn instruction(bytes: usize) -> Instruction {
        Instruction {
            program_id: Address::from([7; 32]),
            accounts: vec![AccountMeta::new(Address::from([8; 32]), false)],
            data: vec![0; bytes],
        }
    }

    fn payer() -> Address {
        Address::from([1; 32])
    }

    fn usage(units: u64) -> Usage {
        Usage { units, loaded_bytes: Some(1_000_000) }
    }

    #[test]
    fn limits_are_what_was_seen_and_room_beside_it() {
        let small = Composed::new(SMALL, &payer(), &[instruction(4)], usage(10_000), 3).unwrap();
        let large = Composed::new(TransactionFormat::V1, &payer(), &[instruction(4)], usage(10_000), 3).unwrap();

        // 10,000 units and a fifth and 20,000 for an error are 32,000; at 3 micro-lamports each 0.096 lamports, paid as one.
        assert_eq!([small.priority_lamports, large.priority_lamports], [1, 1]);
        let VersionedMessage::V0(message) = &small.message else { panic!("version 0") };
        assert_eq!(message.instructions[1].data, [vec![2], 32_000u32.to_le_bytes().to_vec()].concat());
        // 1,000,000 bytes and a quarter and 65,536 for growth.
        assert_eq!(message.instructions[2].data, [vec![4], 1_315_536u32.to_le_bytes().to_vec()].concat());
        let VersionedMessage::V1(message) = &large.message else { panic!("version 1") };
        assert_eq!(message.config.compute_unit_limit, Some(32_000));
        assert_eq!(message.config.loaded_accounts_data_size_limit, Some(1_315_536));
    }

    #[test]
    fn limits_that_have_no_room_are_left_out_where_they_are_not_needed() {
        let compose = |bytes, units, price| Composed::new(SMALL, &payer(), &[instruction(bytes)], usage(units), price);
        // Without a version, 203 bytes and the data; a limit of units is a key of 32, and 8 bytes; one of loaded bytes
        // 8 more: 1,029, 989 and 981 bytes of data just fit.
        let instructions = |composed: Result<Composed, LedgerError>| composed.map(|one| one.instructions().len()).ok();

        assert_eq!(instructions(compose(981, 200_001, 0)), Some(3));
        assert_eq!(instructions(compose(989, 200_001, 0)), Some(2));
        assert_eq!(instructions(compose(1_029, 200_000, 0)), Some(1));
        for (bytes, units, price) in [(1_029, 200_000, 1), (1_029, 200_001, 0), (1_030, 0, 0)] {
            assert!(
                matches!(compose(bytes, units, price), Err(LedgerError::TooLong { .. })),
                "{bytes} {units} {price}"
            );
        }
    }
}
