//! Where the program's accounts are.

use solana_address::Address;
use stipend::{
    constants::{DIRECTORY_SEED, MINT_AUTHORITY_SEED, NETWORK_SEED, REPORT_SEED, SHARD_SEED, SPLIT_SEED},
    ID,
};

/// The newer of the two token programs.
pub const TOKEN_2022: Address = Address::from_str_const("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");

/// The network `id` of a mint; 0 is the first.
pub fn network(mint: &Address, id: u16) -> Address {
    derive(&[NETWORK_SEED, mint.as_ref(), &id.to_le_bytes()])
}

/// The program's address that mints.
pub fn mint_authority(mint: &Address) -> Address {
    derive(&[MINT_AUTHORITY_SEED, mint.as_ref()])
}

/// A network's shard.
pub fn shard(network: &Address, index: u32) -> Address {
    derive(&[SHARD_SEED, network.as_ref(), &index.to_le_bytes()])
}

/// An oracle's report of a shard.
pub fn report(shard: &Address, oracle: &Address) -> Address {
    derive(&[REPORT_SEED, shard.as_ref(), oracle.as_ref()])
}

/// The directory that a device is in.
pub fn directory(network: &Address, device: &Address) -> Address {
    directory_at(network, first_byte(device))
}

/// The directory of the devices whose keys begin with `first_byte`.
pub fn directory_at(network: &Address, first_byte: u8) -> Address {
    derive(&[DIRECTORY_SEED, network.as_ref(), &[first_byte]])
}

/// What decides which directory a device is in.
pub fn first_byte(device: &Address) -> u8 {
    device.to_bytes()[0]
}

/// Where anybody may have an owner's rewards minted to.
pub fn associated_token(owner: &Address, mint: &Address, token_program: &Address) -> Address {
    associated_token_and_bump(owner, mint, token_program).0
}

/// The same, with the bump of that address.
pub fn associated_token_and_bump(owner: &Address, mint: &Address, token_program: &Address) -> (Address, u8) {
    spl_associated_token_account_interface::address::get_associated_token_address_and_bump_seed(
        owner,
        mint,
        &spl_associated_token_account_interface::program::ID,
        token_program,
    )
}

/// A split, by who created it.
pub fn split(creator: &Address, id: u16) -> Address {
    derive(&[SPLIT_SEED, creator.as_ref(), &id.to_le_bytes()])
}

fn derive(seeds: &[&[u8]]) -> Address {
    Address::find_program_address(seeds, &ID).0
}
