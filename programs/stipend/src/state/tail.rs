//! Zero-copy accounts whose data goes on behind the header with items of one size.
//!
//! Anchor's `AccountLoader` checks owner and discriminator and gives the header; it has nothing for what lies behind.

use crate::{constants::ACCOUNT_VERSION, error::StipendError};
use anchor_lang::{prelude::*, Discriminator};
use bytemuck::Pod;
use core::mem::size_of;

/// An account whose data is a discriminator, the header `Self` and then items, as many as there is room for.
pub trait Tail: Pod + Discriminator {
    /// One item of the tail.
    type Item: Pod;

    /// Bytes of discriminator and header.
    const HEADER_SPACE: usize = Self::DISCRIMINATOR.len() + size_of::<Self>();

    /// Bytes of an account with `items` items; `None` if they pass a usize.
    fn checked_space(items: usize) -> Option<usize> {
        Self::HEADER_SPACE.checked_add(size_of::<Self::Item>().checked_mul(items)?)
    }

    /// Header and items of the data of an account whose type is checked.
    ///
    /// Errors: [`StipendError::AccountSizeWrong`], [`StipendError::AccountVersionWrong`].
    fn split(data: &[u8]) -> Result<(&Self, &[Self::Item])> {
        let (header, tail) = data
            .get(Self::DISCRIMINATOR.len()..)
            .and_then(|body| body.split_at_checked(size_of::<Self>()))
            .ok_or(StipendError::AccountSizeWrong)?;
        check_version(header)?;
        let header = bytemuck::try_from_bytes(header).ok().ok_or(StipendError::AccountSizeWrong)?;
        let items = bytemuck::try_cast_slice(tail).ok().ok_or(StipendError::AccountSizeWrong)?;
        Ok((header, items))
    }

    /// Header and items of the data of an account whose type is checked, to be changed.
    ///
    /// Errors: as for [`Self::split`].
    fn split_mut(data: &mut [u8]) -> Result<(&mut Self, &mut [Self::Item])> {
        let (header, tail) = data
            .get_mut(Self::DISCRIMINATOR.len()..)
            .and_then(|body| body.split_at_mut_checked(size_of::<Self>()))
            .ok_or(StipendError::AccountSizeWrong)?;
        check_version(header)?;
        let header = bytemuck::try_from_bytes_mut(header).ok().ok_or(StipendError::AccountSizeWrong)?;
        let items = bytemuck::try_cast_slice_mut(tail).ok().ok_or(StipendError::AccountSizeWrong)?;
        Ok((header, items))
    }
}

/// Every header begins with its version.
fn check_version(header: &[u8]) -> Result<()> {
    require!(header.first() == Some(&ACCOUNT_VERSION), StipendError::AccountVersionWrong);
    Ok(())
}
