//! What the program's accounts say.
//!
//! An account's bytes need no alignment here: everything is copied out.

use crate::instruction::MINT_BYTES;
use anchor_lang::Discriminator;
use bytemuck::Pod;
use std::mem::size_of;
use stipend::state::{Directory, DirectoryEntry, Entry, Network, Report, Shard, Slot, Split, Tail};

/// Bytes of a token account without extensions: mint 32, owner 32, amount u64, and what does not matter here.
const TOKEN_ACCOUNT_BYTES: usize = 165;
const TOKEN_AMOUNT_AT: usize = 64;
/// Behind the authority: 4 + 32 bytes.
const MINT_SUPPLY_AT: usize = 36;
const MINT_DECIMALS_AT: usize = 44;

/// Bytes that are not the account that was asked for.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("account is no {expected}: its {len} bytes have another discriminator or length")]
pub struct DecodeError {
    /// The account's type.
    pub expected: &'static str,
    /// Its length.
    pub len: usize,
}

/// A network.
pub fn network(data: &[u8]) -> Result<Network, DecodeError> {
    header(data).filter(|(_, tail)| tail.is_empty()).map(|(network, _)| network).ok_or(wrong("network", data))
}

/// A split.
pub fn split(data: &[u8]) -> Result<Split, DecodeError> {
    header(data).filter(|(_, tail)| tail.is_empty()).map(|(split, _)| split).ok_or(wrong("split", data))
}

/// A shard and its slots.
pub fn shard(data: &[u8]) -> Result<(Shard, Vec<Slot>), DecodeError> {
    with_tail(data).ok_or(wrong("shard", data))
}

/// Bytes from which [`shard_head`] reads: the header and the first slot.
pub const SHARD_HEAD_BYTES: usize = Shard::DISCRIMINATOR.len() + size_of::<Shard>() + size_of::<Slot>();

/// A shard's header and its first slot, if it has one, from its first [`SHARD_HEAD_BYTES`] bytes.
pub fn shard_head(data: &[u8]) -> Result<(Shard, Option<Slot>), DecodeError> {
    let (shard, tail) = header(data).ok_or(wrong("shard", data))?;
    Ok((shard, tail.get(..size_of::<Slot>()).map(bytemuck::pod_read_unaligned)))
}

/// Bytes from which [`report_head`] reads.
pub const REPORT_HEAD_BYTES: usize = Report::DISCRIMINATOR.len() + size_of::<Report>();

/// A report's header, from its first [`REPORT_HEAD_BYTES`] bytes.
pub fn report_head(data: &[u8]) -> Result<Report, DecodeError> {
    header(data).map(|(report, _)| report).ok_or(wrong("report", data))
}

/// Bytes from which [`directory_head`] reads.
pub const DIRECTORY_HEAD_BYTES: usize = Directory::DISCRIMINATOR.len() + size_of::<Directory>();

/// A directory's header, from its first [`DIRECTORY_HEAD_BYTES`] bytes.
pub fn directory_head(data: &[u8]) -> Result<Directory, DecodeError> {
    header(data).map(|(directory, _)| directory).ok_or(wrong("directory", data))
}

/// A report and its entries, one for each slot that the shard may have.
pub fn report(data: &[u8]) -> Result<(Report, Vec<Entry>), DecodeError> {
    with_tail(data).ok_or(wrong("report", data))
}

/// A directory and its entries.
pub fn directory(data: &[u8]) -> Result<(Directory, Vec<DirectoryEntry>), DecodeError> {
    with_tail(data).ok_or(wrong("directory", data))
}

/// What of a mint is needed here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mint {
    /// Atoms that there are.
    pub supply_atoms: u64,
    /// Decimals of a token.
    pub decimals: u8,
}

/// A mint of SPL Token or Token-2022.
pub fn mint(data: &[u8]) -> Result<Mint, DecodeError> {
    let supply = data.get(MINT_SUPPLY_AT..).and_then(|rest| rest.first_chunk());
    let (Some(supply), Some([decimals, 1])) = (supply, data.get(MINT_DECIMALS_AT..MINT_DECIMALS_AT + 2)) else {
        return Err(wrong("mint", data));
    };
    // A token account of Token-2022 is longer than a mint without extensions, and so is a mint with some; byte 165 tells.
    let is_mint = data.len() == MINT_BYTES || data.get(TOKEN_ACCOUNT_BYTES) == Some(&1);
    is_mint.then(|| Mint { supply_atoms: u64::from_le_bytes(*supply), decimals: *decimals }).ok_or(wrong("mint", data))
}

/// Atoms in a token account, of SPL Token or Token-2022.
pub fn token_atoms(data: &[u8]) -> Result<u64, DecodeError> {
    let is_whole = data.len() >= TOKEN_ACCOUNT_BYTES;
    let atoms = data.get(TOKEN_AMOUNT_AT..).and_then(|rest| rest.first_chunk()).filter(|_| is_whole);
    atoms.map(|atoms| u64::from_le_bytes(*atoms)).ok_or(wrong("token account", data))
}

fn wrong(expected: &'static str, data: &[u8]) -> DecodeError {
    DecodeError { expected, len: data.len() }
}

fn header<T: Pod + Discriminator>(data: &[u8]) -> Option<(T, &[u8])> {
    let body = data.strip_prefix(T::DISCRIMINATOR)?;
    let (header, tail) = body.split_at_checked(size_of::<T>())?;
    Some((bytemuck::pod_read_unaligned(header), tail))
}

fn with_tail<T: Tail>(data: &[u8]) -> Option<(T, Vec<T::Item>)> {
    let (header, tail) = header::<T>(data)?;
    let items = tail.chunks_exact(size_of::<T::Item>());
    items.remainder().is_empty().then(|| (header, items.map(bytemuck::pod_read_unaligned).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use stipend::state::Slot;

    #[test]
    fn a_shard_is_read_at_any_alignment() {
        let mut bytes = vec![0u8];
        bytes.extend_from_slice(Shard::DISCRIMINATOR);
        bytes.extend_from_slice(&[0; size_of::<Shard>()]);
        let slot = Slot { accrued_atoms: 7, ..Slot::default() };
        bytes.extend_from_slice(bytemuck::bytes_of(&slot));

        let (_, slots) = shard(&bytes[1..]).unwrap();

        assert_eq!(slots, [slot]);
    }

    #[test]
    fn atoms_are_read_where_a_token_account_has_them() {
        let mut data = [0; 165];
        data[64..72].copy_from_slice(&7_000_000_009u64.to_le_bytes());

        assert_eq!(token_atoms(&data), Ok(7_000_000_009));
        assert_eq!(token_atoms(&data[..164]), Err(DecodeError { expected: "token account", len: 164 }));
    }

    #[test]
    fn a_mint_tells_its_supply_and_decimals() {
        let mut data = [0; 82];
        data[36..44].copy_from_slice(&7_000_000_009u64.to_le_bytes());
        data[44] = 6;
        assert_eq!(mint(&data), Err(DecodeError { expected: "mint", len: 82 }));
        data[45] = 1;

        assert_eq!(mint(&data), Ok(Mint { supply_atoms: 7_000_000_009, decimals: 6 }));
        // With an extension: byte 165 says what the account is, 1 a mint, 2 a token account.
        let mut extended = [0; 170];
        extended[..82].copy_from_slice(&data);
        extended[165] = 1;
        assert_eq!(mint(&extended), Ok(Mint { supply_atoms: 7_000_000_009, decimals: 6 }));
        extended[165] = 2;
        assert!(mint(&extended).is_err());
    }

    #[test]
    fn other_bytes_are_refused() {
        assert_eq!(shard(&[]).err(), Some(DecodeError { expected: "shard", len: 0 }));
        assert!(network(&[0; 4_000]).is_err());
        let mut short = Shard::DISCRIMINATOR.to_vec();
        short.extend_from_slice(&[0; size_of::<Shard>() + 63]);
        assert!(shard(&short).is_err());
        assert!(directory(Shard::DISCRIMINATOR).is_err());
    }
}
