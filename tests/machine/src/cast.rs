//! Who takes part: wallets, oracles and devices by number, and the addresses of every account.

use crate::random::hash;
use ed25519_dalek::{Signer, SigningKey};
use solana_address::Address;
use std::{cell::RefCell, collections::HashMap};

/// Wallets: the authority, a second one, the guardian, the registrar, owners and strangers.
pub const WALLETS: u8 = 10;
/// The wallet that is often empty.
pub const POOR: u8 = 9;
/// Oracle keys, more than fit a set.
pub const ORACLES: u8 = 20;
/// First bytes of the devices' keys, so that several share a directory.
pub const BYTES: [u8; 4] = [0, 7, 128, 255];

/// The mint of every network.
pub const MINT: Address = Address::new_from_array([77; 32]);
/// Pays every fee and nothing else.
pub const FEE_PAYER: Address = Address::new_from_array([78; 32]);

/// A wallet's address.
pub fn wallet(number: u8) -> Address {
    Address::new_from_array([100 + number; 32])
}

/// A device's key.
pub fn device(number: u16) -> Address {
    let mut bytes = [0; 32];
    for (place, chunk) in bytes.chunks_mut(8).enumerate() {
        chunk.copy_from_slice(&hash(&[9, number.into(), place as u64]).to_le_bytes());
    }
    bytes[0] = byte_of(number);
    // Some keys differ in the last byte alone.
    if number.is_multiple_of(3) {
        bytes[1..].fill(3);
        bytes[30..].copy_from_slice(&number.to_be_bytes());
    }
    Address::new_from_array(bytes)
}

/// First byte of a device's key.
pub fn byte_of(device: u16) -> u8 {
    BYTES[usize::from(device) % BYTES.len()]
}

fn signing_key(oracle: u8) -> SigningKey {
    SigningKey::from_bytes(&[oracle + 1; 32])
}

/// An oracle's key.
pub fn oracle(number: u8) -> Address {
    thread_local!(static KEYS: Vec<Address> = (0..ORACLES)
        .map(|oracle| Address::new_from_array(signing_key(oracle).verifying_key().to_bytes()))
        .collect());
    KEYS.with(|keys| keys[usize::from(number)])
}

/// An oracle's signature.
pub fn sign(oracle: u8, message: &[u8]) -> [u8; 64] {
    signing_key(oracle).sign(message).to_bytes()
}

fn derived(seeds: &[&[u8]], program: &Address) -> Address {
    thread_local!(static KNOWN: RefCell<HashMap<Vec<u8>, Address>> = RefCell::default());
    let key = [seeds.concat(), program.to_bytes().to_vec()].concat();
    KNOWN
        .with(|known| *known.borrow_mut().entry(key).or_insert_with(|| Address::find_program_address(seeds, program).0))
}

/// Address of a network.
pub fn network(id: u16) -> Address {
    derived(&[b"network", MINT.as_ref(), &id.to_le_bytes()], &stipend::ID)
}

/// Address of the mint authority.
pub fn mint_authority() -> Address {
    derived(&[b"mint_authority", MINT.as_ref()], &stipend::ID)
}

/// Address of a shard.
pub fn shard(id: u16, index: u32) -> Address {
    derived(&[b"shard", network(id).as_ref(), &index.to_le_bytes()], &stipend::ID)
}

/// Address of a directory.
pub fn directory(id: u16, byte: u8) -> Address {
    derived(&[b"directory", network(id).as_ref(), &[byte]], &stipend::ID)
}

/// Address of an oracle's report of a shard.
pub fn report(id: u16, index: u32, number: u8) -> Address {
    derived(&[b"report", shard(id, index).as_ref(), oracle(number).as_ref()], &stipend::ID)
}

/// A wallet's associated token account.
pub fn tokens(number: u8) -> Address {
    let program = spl_token_interface::ID;
    derived(
        &[wallet(number).as_ref(), program.as_ref(), MINT.as_ref()],
        &spl_associated_token_account_interface::program::ID,
    )
}
