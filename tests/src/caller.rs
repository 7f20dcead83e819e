//! A program that calls another one with whatever it is given, or does nothing if it is given no account.
//!
//! It signs for an address of its own, as a multisig does for its vault.

use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction};
use solana_instruction_error::InstructionError;
use solana_program_test::{BuiltinFunctionDefinition, InvokeContext};
use std::error::Error;

/// Where the program lies.
pub const ID: Address = Address::from_str_const("Ca11er1111111111111111111111111111111111111");

/// Seed of the vault's address.
const VAULT_SEED: &[u8] = b"vault";

/// The program's own address, which it signs for whatever it is told to call: that of a multisig whose members agreed.
pub fn vault() -> Address {
    Address::find_program_address(&[VAULT_SEED], &ID).0
}

/// The program: its first account is the program to call, the rest and the data are handed on.
pub struct Caller;

impl BuiltinFunctionDefinition<InvokeContext<'_, '_>> for Caller {
    type Error = Box<dyn Error>;

    fn rust(
        context: &mut InvokeContext<'_, '_>,
        _: u64,
        _: u64,
        _: u64,
        _: u64,
        _: u64,
    ) -> Result<u64, Box<dyn Error>> {
        // The runtime wants every program to cost something.
        context.compute_meter.consume_checked(1)?;
        let current = context.transaction_context.get_current_instruction_context()?;
        if current.get_number_of_instruction_accounts() > 0 {
            let instruction = handed_on(context)?;
            let (_, bump) = Address::find_program_address(&[VAULT_SEED], &ID);
            context.native_invoke_signed(instruction, &[&[VAULT_SEED, &[bump]]])?;
        }
        Ok(0)
    }
}

fn handed_on(context: &InvokeContext) -> Result<Instruction, InstructionError> {
    let current = context.transaction_context.get_current_instruction_context()?;
    let vault = vault();
    let meta = |place| {
        let key = current.get_key_of_instruction_account(place)?;
        Ok(AccountMeta {
            pubkey: *key,
            is_signer: *key == vault || current.is_instruction_account_signer(place)?,
            is_writable: current.is_instruction_account_writable(place)?,
        })
    };
    let accounts =
        (1..current.get_number_of_instruction_accounts()).map(meta).collect::<Result<Vec<_>, InstructionError>>()?;
    Ok(Instruction {
        program_id: *current.get_key_of_instruction_account(0)?,
        accounts,
        data: current.get_instruction_data().to_vec(),
    })
}

/// The instruction, called from inside this program, which signs for its vault.
pub fn wrapped(instruction: &Instruction) -> Instruction {
    let mut accounts = vec![AccountMeta::new_readonly(instruction.program_id, false)];
    let vault = vault();
    accounts.extend(instruction.accounts.iter().map(|meta| {
        // No transaction can be signed for the vault: the program does so when it calls.
        let is_signer = meta.is_signer && meta.pubkey != vault;
        AccountMeta { is_signer, ..meta.clone() }
    }));
    Instruction { program_id: ID, accounts, data: instruction.data.clone() }
}

/// An instruction that does nothing.
pub fn nothing(data: &[u8]) -> Instruction {
    Instruction { program_id: ID, accounts: Vec::new(), data: data.to_vec() }
}
