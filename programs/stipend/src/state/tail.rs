//! Accounts of a fixed header and a tail of equal items.

use crate::{check::OrRefuse, ensure, error::StipendError};
use anchor_lang::{prelude::*, Discriminator};
use bytemuck::Pod;
use core::mem::size_of;

/// An account whose data is a discriminator, the header `Self` and then items, as many as there is room for.
pub trait Tail: Pod + Discriminator {
    /// One item of the tail.
    type Item: Pod;

    /// Bytes of an account with `items` items; `None` if they pass a usize.
    fn checked_space(items: usize) -> Option<usize> {
        let tail = size_of::<Self::Item>().checked_mul(items)?;
        Self::DISCRIMINATOR.len().checked_add(size_of::<Self>())?.checked_add(tail)
    }

    /// Header and items of an account's data.
    ///
    /// Errors: [`StipendError::AccountSizeWrong`] if the data is no such account.
    fn split(data: &[u8]) -> Result<(&Self, &[Self::Item])> {
        let body = data.strip_prefix(Self::DISCRIMINATOR).or_refuse(StipendError::AccountSizeWrong)?;
        let (header, tail) = body.split_at_checked(size_of::<Self>()).or_refuse(StipendError::AccountSizeWrong)?;
        let header = bytemuck::try_from_bytes(header).ok().or_refuse(StipendError::AccountSizeWrong)?;
        let items = bytemuck::try_cast_slice(tail).ok().or_refuse(StipendError::AccountSizeWrong)?;
        Ok((header, items))
    }

    /// Header and items of an account's data, to be changed.
    ///
    /// Errors: [`StipendError::AccountSizeWrong`] if the data is no such account.
    fn split_mut(data: &mut [u8]) -> Result<(&mut Self, &mut [Self::Item])> {
        let (discriminator, body) =
            data.split_at_mut_checked(Self::DISCRIMINATOR.len()).or_refuse(StipendError::AccountSizeWrong)?;
        ensure!(discriminator == Self::DISCRIMINATOR, StipendError::AccountSizeWrong);
        let (header, tail) = body.split_at_mut_checked(size_of::<Self>()).or_refuse(StipendError::AccountSizeWrong)?;
        let header = bytemuck::try_from_bytes_mut(header).ok().or_refuse(StipendError::AccountSizeWrong)?;
        let items = bytemuck::try_cast_slice_mut(tail).ok().or_refuse(StipendError::AccountSizeWrong)?;
        Ok((header, items))
    }
}
