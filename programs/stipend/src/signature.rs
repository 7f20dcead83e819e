//! Proof that an oracle signed a report: its own signature, or an ed25519 instruction directly before.
//!
//! A relayed report travels as two top-level instructions. The first, of the ed25519 program, holds the oracle's key and
//! signature and points at the second one's data as the message, so that the bytes travel once:
//!
//! | bytes of the ed25519 instruction | content |
//! |---|---|
//! | 0 | 1: the number of signatures |
//! | 1 | padding, any |
//! | 2..4, 4..6 | 48 and 0xffff: the signature is in this instruction |
//! | 6..8, 8..10 | 16 and 0xffff: so is the key |
//! | 10..12, 12..14, 14..16 | 0, the report's length, the report's index: all of its data |
//! | 16..48 | the oracle's key |
//! | 48..112 | its signature |
//!
//! The runtime has verified every ed25519 instruction of a transaction before any program runs. What is left to check
//! is what was signed: every offset is compared, none is trusted.

use crate::{error::StipendError, ID};
use anchor_lang::prelude::*;

/// Address of the ed25519 signature program.
pub const ED25519_PROGRAM_ID: Pubkey = pubkey!("Ed25519SigVerify111111111111111111111111111");
/// Address of the sysvar that holds the transaction's instructions.
pub const INSTRUCTIONS_SYSVAR_ID: Pubkey = pubkey!("Sysvar1nstructions1111111111111111111111111");

/// Bytes of an ed25519 instruction with one key and one signature, its message elsewhere.
pub const ED25519_DATA_LEN: usize = 112;
/// The header and offsets of that instruction, but for the message's length and index.
pub const ED25519_HEADER: [u8; 12] = [1, 0, 48, 0, 0xff, 0xff, 16, 0, 0xff, 0xff, 0, 0];
/// The same of an instruction that holds its message itself, behind the signature, as [`statement`] reads it.
pub const STATEMENT_HEADER: [u8; 12] = [1, 0, 48, 0, 0xff, 0xff, 16, 0, 0xff, 0xff, 112, 0];

/// How an oracle signed what is running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedBy {
    /// It signed the transaction.
    Oracle,
    /// Somebody relays what it signed: this many bytes.
    Relay(usize),
}

/// Checks that `oracle` signed the instruction that is running.
///
/// - `witness`: the oracle as a signer, or the instructions sysvar.
///
/// Errors: [`StipendError::SignatureMissing`], [`StipendError::RelayNotTopLevel`],
/// [`StipendError::Ed25519InstructionMissing`], [`StipendError::Ed25519LayoutWrong`],
/// [`StipendError::Ed25519KeyMismatch`], [`StipendError::Ed25519MessageMismatch`].
pub fn verify(oracle: &Pubkey, witness: &AccountInfo) -> Result<SignedBy> {
    if *witness.key == INSTRUCTIONS_SYSVAR_ID {
        return Ok(SignedBy::Relay(verify_relayed(oracle, &witness.try_borrow_data()?)?));
    }
    require!(witness.is_signer && witness.key == oracle, StipendError::SignatureMissing);
    Ok(SignedBy::Oracle)
}

/// As [`verify`], from the content of the instructions sysvar; returns how many bytes were signed.
fn verify_relayed(oracle: &Pubkey, sysvar: &[u8]) -> Result<usize> {
    let missing = || StipendError::Ed25519InstructionMissing;
    let (_, current) = sysvar.split_last_chunk().ok_or_else(missing)?;
    let current = u16::from_le_bytes(*current);
    let (program, report) = instruction(sysvar, current).ok_or_else(missing)?;
    // Called from inside another program, the current instruction would be that program's. That it is this program's
    // means that it is this very call: Solana lets no program be entered again from below.
    require_keys_eq!(*program, ID, StipendError::RelayNotTopLevel);
    let before = current.checked_sub(1).ok_or_else(missing)?;
    let (program, check) = instruction(sysvar, before).ok_or_else(missing)?;
    require_keys_eq!(*program, ED25519_PROGRAM_ID, StipendError::Ed25519InstructionMissing);

    let check: &[u8; ED25519_DATA_LEN] = check.try_into().ok().ok_or(StipendError::Ed25519LayoutWrong)?;
    let (header, check) = check.split_first_chunk::<12>().ok_or(StipendError::Ed25519LayoutWrong)?;
    let (message, check) = check.split_first_chunk::<4>().ok_or(StipendError::Ed25519LayoutWrong)?;
    let (key, _) = check.split_at_checked(32).ok_or(StipendError::Ed25519LayoutWrong)?;
    let key: &Pubkey = bytemuck::try_from_bytes(key).ok().ok_or(StipendError::Ed25519LayoutWrong)?;
    require!(has_layout(header, &ED25519_HEADER), StipendError::Ed25519LayoutWrong);
    require_keys_eq!(*key, *oracle, StipendError::Ed25519KeyMismatch);
    let [len_low, len_high, index_low, index_high] = *message;
    let is_whole = usize::from(u16::from_le_bytes([len_low, len_high])) == report.len();
    let is_this = u16::from_le_bytes([index_low, index_high]) == current;
    require!(is_whole && is_this, StipendError::Ed25519MessageMismatch);
    Ok(report.len())
}

/// Key and message of an ed25519 instruction that holds both, `back` instructions before the one that is running.
///
/// - `sysvar`: content of the instructions sysvar.
///
/// Errors: [`StipendError::Ed25519InstructionMissing`], [`StipendError::Ed25519LayoutWrong`].
pub fn statement(sysvar: &[u8], back: u16) -> Result<(&Pubkey, &[u8])> {
    let missing = || StipendError::Ed25519InstructionMissing;
    let (_, current) = sysvar.split_last_chunk().ok_or_else(missing)?;
    let place = u16::from_le_bytes(*current).checked_sub(back).ok_or_else(missing)?;
    let (program, data) = instruction(sysvar, place).ok_or_else(missing)?;
    require_keys_eq!(*program, ED25519_PROGRAM_ID, StipendError::Ed25519InstructionMissing);

    let (check, message) = data.split_at_checked(ED25519_DATA_LEN).ok_or(StipendError::Ed25519LayoutWrong)?;
    let (header, check) = check.split_first_chunk::<12>().ok_or(StipendError::Ed25519LayoutWrong)?;
    let (place, check) = check.split_first_chunk::<4>().ok_or(StipendError::Ed25519LayoutWrong)?;
    let (key, _) = check.split_at_checked(32).ok_or(StipendError::Ed25519LayoutWrong)?;
    let key: &Pubkey = bytemuck::try_from_bytes(key).ok().ok_or(StipendError::Ed25519LayoutWrong)?;
    let [len_low, len_high, index @ ..] = *place;
    let is_whole = usize::from(u16::from_le_bytes([len_low, len_high])) == message.len() && index == [0xff, 0xff];
    require!(is_whole && has_layout(header, &STATEMENT_HEADER), StipendError::Ed25519LayoutWrong);
    Ok((key, message))
}

/// Whether the first 12 bytes are as expected; the second byte is padding.
fn has_layout(header: &[u8; 12], expected: &[u8; 12]) -> bool {
    let [count, _, offsets @ ..] = header;
    let [expected_count, _, expected_offsets @ ..] = expected;
    count == expected_count && offsets == expected_offsets
}

/// Program and data of instruction `index`, read where they lie: copying them would cost more than all the rest.
///
/// The sysvar holds a count, an offset for each instruction, and at each offset: the number of accounts, 33 bytes for
/// each, the program, the data's length, the data. All numbers are u16 little-endian.
fn instruction(sysvar: &[u8], index: u16) -> Option<(&Pubkey, &[u8])> {
    if index >= read_u16(sysvar, 0)? {
        return None;
    }
    let start = usize::from(read_u16(sysvar, usize::from(index).checked_mul(2)?.checked_add(2)?)?);
    let accounts = usize::from(read_u16(sysvar, start)?).checked_mul(33)?;
    let program = start.checked_add(2)?.checked_add(accounts)?;
    let len_at = program.checked_add(32)?;
    let data = len_at.checked_add(2)?;
    let end = data.checked_add(usize::from(read_u16(sysvar, len_at)?))?;
    Some((bytemuck::try_from_bytes(sysvar.get(program..len_at)?).ok()?, sysvar.get(data..end)?))
}

fn read_u16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}
