//! What the suite stands on: a validator's bank with the sBPF artifact in it, networks to act on, and exact refusals.
//!
//! - [`stage`]: the bank, its clock and its accounts; [`Stage::refuses`] asserts that nothing changed
//! - [`refusal`]: the errors that an instruction can give
//! - [`scene`]: a network with its mint, oracles, shards and nodes
//! - [`mint`]: the bytes of mints, with and without extensions
//! - [`caller`]: a program that calls this one
//! - [`random`]: numbers from a seed

pub mod caller;
pub mod mint;
pub mod random;
pub mod refusal;
pub mod scene;
pub mod stage;

pub use refusal::Refusal;
pub use scene::{measured, params, Measured, Scene};
pub use stage::{Receipt, Stage};

use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;

/// The same key for the same name in every run.
pub fn key(name: &str) -> Keypair {
    assert!(name.len() <= 32, "{name} is longer than a seed");
    let mut seed = [0; 32];
    seed[..name.len()].copy_from_slice(name.as_bytes());
    Keypair::new_from_array(seed)
}

/// An address that nobody holds the key of.
pub fn address(name: &str) -> Address {
    assert!(name.len() <= 32, "{name} is longer than an address");
    let mut bytes = [b'.'; 32];
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    Address::from(bytes)
}

/// The instruction with another account in a place.
pub fn swapped(instruction: &Instruction, place: usize, impostor: &Address) -> Instruction {
    let mut instruction = instruction.clone();
    instruction.accounts[place].pubkey = *impostor;
    instruction
}

/// The instruction with the account in a place not signing.
pub fn unsigned(instruction: &Instruction, place: usize) -> Instruction {
    let mut instruction = instruction.clone();
    instruction.accounts[place].is_signer = false;
    instruction
}

/// The instruction with the account in a place read-only.
pub fn read_only(instruction: &Instruction, place: usize) -> Instruction {
    let mut instruction = instruction.clone();
    instruction.accounts[place].is_writable = false;
    instruction
}
