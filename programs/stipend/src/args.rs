//! An instruction's arguments, read where they lie, as Borsh lays them out.
//!
//! Borsh itself would bring its errors with it, and with them all of formatting: a tenth of the program.

use crate::check::refuse_anchor;
use anchor_lang::prelude::*;

/// A type of argument.
pub trait Arg: Sized {
    /// Takes an argument off the front of the data; `None` if it is not there whole, or is none.
    fn take(data: &mut &[u8]) -> Option<Self>;
}

/// The next argument. Errors: Anchor's `InstructionDidNotDeserialize`.
#[inline(always)]
pub fn arg<T: Arg>(data: &mut &[u8]) -> Result<T> {
    expect(T::take(data))
}

/// The next argument, bytes behind their length. Errors: Anchor's `InstructionDidNotDeserialize`.
#[inline(always)]
pub fn bytes<'a>(data: &mut &'a [u8]) -> Result<&'a [u8]> {
    let len = arg::<u32>(data)?;
    expect(usize::try_from(len).ok().and_then(|len| take_bytes(data, len)))
}

#[inline(always)]
fn expect<T>(arg: Option<T>) -> Result<T> {
    match arg {
        Some(arg) => Ok(arg),
        None => Err(refuse_anchor(ErrorCode::InstructionDidNotDeserialize)),
    }
}

#[inline(never)]
fn take_bytes<'a>(data: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (bytes, rest) = data.split_at_checked(len)?;
    *data = rest;
    Some(bytes)
}

macro_rules! numbers {
    ($($number:ty),+) => {$(
        impl Arg for $number {
            #[inline(always)]
            fn take(data: &mut &[u8]) -> Option<Self> {
                Some(Self::from_le_bytes(*take_bytes(data, size_of::<Self>())?.first_chunk()?))
            }
        }
    )+};
}

numbers!(u8, u16, u32, u64, i64);

impl<const N: usize> Arg for [u8; N] {
    #[inline(always)]
    fn take(data: &mut &[u8]) -> Option<Self> {
        take_bytes(data, N)?.first_chunk().copied()
    }
}

impl Arg for Pubkey {
    #[inline(always)]
    fn take(data: &mut &[u8]) -> Option<Self> {
        Arg::take(data).map(Self::new_from_array)
    }
}

impl Arg for bool {
    fn take(data: &mut &[u8]) -> Option<Self> {
        let byte = u8::take(data)?;
        (byte <= 1).then_some(byte == 1)
    }
}

impl<T: Arg> Arg for Option<T> {
    fn take(data: &mut &[u8]) -> Option<Self> {
        if bool::take(data)? {
            return T::take(data).map(Some);
        }
        Some(None)
    }
}

/// Reads a struct by its fields, which are listed in the order of their declaration.
#[macro_export]
macro_rules! arg_fields {
    ($name:ident { $($field:ident),+ $(,)? }) => {
        impl $crate::args::Arg for $name {
            fn take(data: &mut &[u8]) -> Option<Self> {
                Some(Self { $($field: $crate::args::Arg::take(data)?),+ })
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        instructions::NetworkParams,
        state::{EmissionParams, PolicyParams},
    };

    fn policy() -> PolicyParams {
        PolicyParams {
            report_secs: 1,
            score_secs: 2,
            uptime_weight_bps: 3,
            min_uptime_bps: 4,
            bandwidth_cap: 5,
            min_boost_bps: 6,
            max_boost_bps: 7,
            tolerance_bps: 8,
            quorum: 9,
            registrar: Some(Pubkey::new_from_array([10; 32])),
            bond_lamports: 11,
            oracle_bond_lamports: 12,
            mint_limit_atoms: 13,
        }
    }

    fn emission() -> EmissionParams {
        EmissionParams { per_epoch_atoms: 14, decay_bps: 15, decay_every_epochs: 16, carry_epochs: 17 }
    }

    #[test]
    fn structs_are_read_as_borsh_writes_them() {
        let params = NetworkParams {
            id: 18,
            genesis: -19,
            epoch_secs: 20,
            shard_capacity: 21,
            unit: [22; 16],
            guardian: None,
            cap_atoms: 23,
            policy: policy(),
            emission: emission(),
        };
        let bytes = borsh::to_vec(&params).unwrap();

        let mut rest = &bytes[..];
        assert_eq!(NetworkParams::take(&mut rest), Some(params));
        assert!(rest.is_empty());
        for len in 0..bytes.len() {
            assert_eq!(NetworkParams::take(&mut &bytes[..len]), None, "{len}");
        }
    }

    #[test]
    fn an_option_or_bool_of_another_byte_is_refused() {
        assert_eq!(<Option<u8> as Arg>::take(&mut &[2, 0][..]), None);
        assert_eq!(bool::take(&mut &[2][..]), None);
        assert_eq!(<Option<u8> as Arg>::take(&mut &[1, 7][..]), Some(Some(7)));
        assert_eq!(<Option<u8> as Arg>::take(&mut &[0][..]), Some(None));
    }

    #[test]
    fn bytes_stand_behind_their_length() {
        let mut data = &[2, 0, 0, 0, 7, 8, 9][..];
        assert_eq!(bytes(&mut data).unwrap(), [7, 8]);
        assert_eq!(data, [9]);
        assert!(bytes(&mut &[2, 0, 0, 0, 7][..]).is_err());
    }
}
