//! Other programs are called.

use anchor_lang::{
    prelude::*,
    solana_program::{
        instruction::{AccountMeta, Instruction},
        program::invoke_signed_unchecked,
    },
};

/// Calls a program. No data of the accounts that are passed may be borrowed.
///
/// - `seeds`: of the program's own address that signs, with the bump; none if there is none.
#[inline(never)]
pub fn call(
    program: &Pubkey,
    infos: &[AccountInfo],
    metas: Vec<AccountMeta>,
    data: Vec<u8>,
    seeds: &[&[u8]],
) -> Result<()> {
    let instruction = Instruction { program_id: *program, accounts: metas, data };
    Ok(invoke_signed_unchecked(&instruction, infos, &[seeds])?)
}
