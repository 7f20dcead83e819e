//! Zero-copy accounts, read where they lie: a fixed header, and behind it items of one size.

use crate::{
    check::{refuse, refuse_anchor, OrRefuse},
    constants::ACCOUNT_VERSION,
    error::StipendError,
};
use anchor_lang::{prelude::*, Discriminator};
use bytemuck::Pod;
use core::mem::size_of;

/// Bytes of an account's discriminator.
const TAG_LEN: usize = size_of::<u64>();

/// An account whose data is a discriminator, the header `Self` and then items, as many as there is room for.
pub trait Tail: Pod + Discriminator {
    /// One item of the tail.
    type Item: Pod;

    /// The discriminator as a number, which compares in one step.
    const TAG: u64 = match Self::DISCRIMINATOR {
        [a, b, c, d, e, f, g, h] => u64::from_le_bytes([*a, *b, *c, *d, *e, *f, *g, *h]),
        _ => 0,
    };

    /// Bytes of an account with `items` items; `None` if they pass a usize.
    fn checked_space(items: usize) -> Option<usize> {
        let tail = size_of::<Self::Item>().checked_mul(items)?;
        TAG_LEN.checked_add(size_of::<Self>())?.checked_add(tail)
    }

    /// Header and items of an account that was opened just now, all zeros, to be filled in.
    ///
    /// Errors: [`StipendError::AccountSizeWrong`].
    fn init(data: &mut [u8]) -> Result<(&mut Self, &mut [Self::Item])> {
        let (tag, body) = data.split_first_chunk_mut::<TAG_LEN>().or_refuse(StipendError::AccountSizeWrong)?;
        *tag = Self::TAG.to_le_bytes();
        *body.first_mut().or_refuse(StipendError::AccountSizeWrong)? = ACCOUNT_VERSION;
        Self::split_mut(data)
    }

    /// Header and items of an account's data.
    ///
    /// Errors: Anchor's `AccountDiscriminatorMismatch` if it is of another type, [`StipendError::AccountSizeWrong`],
    /// [`StipendError::AccountVersionWrong`].
    #[inline(always)]
    fn split(data: &[u8]) -> Result<(&Self, &[Self::Item])> {
        let (tag, body) = data.split_first_chunk::<TAG_LEN>().or_refuse(StipendError::AccountSizeWrong)?;
        check_tag::<Self>(tag)?;
        let (header, tail) = body.split_at_checked(size_of::<Self>()).or_refuse(StipendError::AccountSizeWrong)?;
        let header = bytemuck::try_from_bytes(header).ok().or_refuse(StipendError::AccountSizeWrong)?;
        check_version(header)?;
        let items = bytemuck::try_cast_slice(tail).ok().or_refuse(StipendError::AccountSizeWrong)?;
        Ok((header, items))
    }

    /// Header and items of an account's data, to be changed.
    ///
    /// Errors: as for [`Self::split`].
    #[inline(always)]
    fn split_mut(data: &mut [u8]) -> Result<(&mut Self, &mut [Self::Item])> {
        let (tag, body) = data.split_first_chunk_mut::<TAG_LEN>().or_refuse(StipendError::AccountSizeWrong)?;
        check_tag::<Self>(tag)?;
        let (header, tail) = body.split_at_mut_checked(size_of::<Self>()).or_refuse(StipendError::AccountSizeWrong)?;
        let header = bytemuck::try_from_bytes_mut(header).ok().or_refuse(StipendError::AccountSizeWrong)?;
        check_version(header)?;
        let items = bytemuck::try_cast_slice_mut(tail).ok().or_refuse(StipendError::AccountSizeWrong)?;
        Ok((header, items))
    }
}

#[inline(always)]
fn check_tag<T: Tail>(tag: &[u8; TAG_LEN]) -> Result<()> {
    if u64::from_le_bytes(*tag) == T::TAG {
        return Ok(());
    }
    Err(refuse_anchor(ErrorCode::AccountDiscriminatorMismatch))
}

/// Every header begins with its version.
#[inline(always)]
fn check_version(header: &impl Pod) -> Result<()> {
    if bytemuck::bytes_of(header).first() == Some(&ACCOUNT_VERSION) {
        return Ok(());
    }
    Err(refuse(StipendError::AccountVersionWrong))
}
