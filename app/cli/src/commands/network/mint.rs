//! The mint of a network's rewards: one that is there, or a new one.

use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer as _;
use stipend_client::account::{mint, Mint};
use stipend_client::address::TOKEN_2022;
use stipend_client::instruction::{create_mint, MINT_BYTES};
use stipend_client::ledger::Ledger;

use crate::failure::Failure;

/// The mint at an address, and the token program that it belongs to.
pub fn read(ledger: &mut impl Ledger, address: &Address) -> Result<(Address, Mint), Failure> {
    let doing = || format!("read the mint {address}");
    let found = ledger.account(address).map_err(|error| Failure::settling(doing(), error))?;
    let found = found.ok_or_else(|| Failure::usage(doing(), "there is no such account on this cluster"))?;
    if ![spl_token_interface::ID, TOKEN_2022].contains(&found.owner) {
        let cause = format!("it belongs to {}, which is no token program", found.owner);
        return Err(Failure::usage(doing(), cause));
    }
    let read = mint(&found.data).map_err(|error| Failure::usage(doing(), error))?;
    Ok((found.owner, read))
}

/// What makes a mint that nobody can freeze.
pub fn create(
    ledger: &mut impl Ledger,
    payer: &Address,
    mint: &Keypair,
    authority: &Address,
    token_program: &Address,
    decimals: u8,
) -> Result<[Instruction; 2], Failure> {
    let rent = ledger.rent_lamports(MINT_BYTES);
    let rent_lamports = rent.map_err(|error| Failure::settling("create the mint", error))?;
    Ok(create_mint(payer, &mint.pubkey(), authority, token_program, decimals, rent_lamports))
}
