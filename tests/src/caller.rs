//! A program that calls another one with whatever it is given, or does nothing if it is given no account.

use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction};
use solana_instruction_error::InstructionError;
use solana_program_test::{BuiltinFunctionDefinition, InvokeContext};
use std::error::Error;

/// Where the program lies.
pub const ID: Address = Address::from_str_const("Ca11er1111111111111111111111111111111111111");

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
            context.native_invoke_signed(instruction, &[])?;
        }
        Ok(0)
    }
}

fn handed_on(context: &InvokeContext) -> Result<Instruction, InstructionError> {
    let current = context.transaction_context.get_current_instruction_context()?;
    let meta = |place| {
        Ok(AccountMeta {
            pubkey: *current.get_key_of_instruction_account(place)?,
            is_signer: current.is_instruction_account_signer(place)?,
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

/// The instruction, called from inside this program.
pub fn wrapped(instruction: &Instruction) -> Instruction {
    let mut accounts = vec![AccountMeta::new_readonly(instruction.program_id, false)];
    accounts.extend_from_slice(&instruction.accounts);
    Instruction { program_id: ID, accounts, data: instruction.data.clone() }
}

/// An instruction that does nothing.
pub fn nothing(data: &[u8]) -> Instruction {
    Instruction { program_id: ID, accounts: Vec::new(), data: data.to_vec() }
}
