use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction};
use spl_token_interface::instruction::TokenInstruction;

/// Bytes of a mint without extensions, in both token programs.
pub const MINT_BYTES: usize = 82;

/// Creates a mint that nobody can freeze.
///
/// - `rent_lamports`: of [`MINT_BYTES`]; `authority` may mint.
///
/// The payer and the mint's key sign.
pub fn create_mint(
    payer: &Address,
    mint: &Address,
    authority: &Address,
    token_program: &Address,
    decimals: u8,
    rent_lamports: u64,
) -> [Instruction; 2] {
    let space = MINT_BYTES as u64;
    let create = solana_system_interface::instruction::create_account(payer, mint, rent_lamports, space, token_program);
    // Both token programs read this instruction alike.
    let initialize =
        TokenInstruction::InitializeMint2 { decimals, mint_authority: *authority, freeze_authority: None.into() };
    let accounts = vec![AccountMeta::new(*mint, false)];
    [create, Instruction { program_id: *token_program, accounts, data: initialize.pack() }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mint_is_initialized_in_its_own_token_program() {
        let [payer, mint, authority] = [1, 2, 3].map(|byte| Address::new_from_array([byte; 32]));
        let program = crate::address::TOKEN_2022;

        let [create, initialize] = create_mint(&payer, &mint, &authority, &program, 6, 7);

        // CreateAccount is 0: lamports, bytes, owner.
        assert_eq!(create.data[..20], [0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 82, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(create.data[20..], program.to_bytes());
        // InitializeMint2 is 20: decimals, authority, no freeze authority.
        assert_eq!(initialize.program_id, program);
        assert_eq!(initialize.data, [&[20, 6][..], &[3; 32], &[0]].concat());
    }
}
