//! Refusals that cost a branch where they are checked; all that describes them lies out of line.
//!
//! Anchor's own `require!` writes the whole error out at each place, which doubles the size of this program.

use crate::error::StipendError;
use anchor_lang::prelude::*;

/// The error of a check that failed; its name and message go to the log.
#[cold]
#[inline(never)]
pub fn refuse(error: StipendError) -> Error {
    let number = u32::from(error);
    msg!("AnchorError occurred. Error Code: {:?}. Error Number: {}. Error Message: {}.", error, number, error);
    ProgramError::Custom(number).into()
}

/// One of Anchor's own errors, by its number.
#[cold]
#[inline(never)]
pub fn refuse_anchor(error: ErrorCode) -> Error {
    let number = u32::from(error);
    msg!("AnchorError occurred. Error Number: {}.", number);
    ProgramError::Custom(number).into()
}

/// The error of a comparison that failed, with both sides in the log.
#[cold]
#[inline(never)]
pub fn refuse_pair(error: StipendError, left: i64, right: i64) -> Error {
    let refused = refuse(error);
    msg!("Left: {}", left);
    msg!("Right: {}", right);
    refused
}

/// What the runtime is told of an error.
#[cold]
#[inline(never)]
pub fn code(error: Error) -> u64 {
    match error {
        Error::ProgramError(error) => error.program_error.into(),
        Error::AnchorError(error) => error.error_code_number.into(),
    }
}

/// Turns what is not there into a named error.
pub trait OrRefuse<T> {
    /// The value, or `error`.
    fn or_refuse(self, error: StipendError) -> Result<T>;
}

impl<T> OrRefuse<T> for Option<T> {
    #[inline(always)]
    fn or_refuse(self, error: StipendError) -> Result<T> {
        match self {
            Some(value) => Ok(value),
            None => Err(refuse(error)),
        }
    }
}

/// Returns with the error unless the condition holds.
#[macro_export]
macro_rules! ensure {
    ($condition:expr, $error:expr $(,)?) => {
        if !$condition {
            return Err($crate::check::refuse($error));
        }
    };
}

/// Returns with the error, which logs both sides, unless the comparison holds: `ensure_that!(now >= end, error)`.
#[macro_export]
macro_rules! ensure_that {
    ($left:tt $operator:tt $right:expr, $error:expr $(,)?) => {{
        let (left, right) = ($left, $right);
        if !(left $operator right) {
            return Err($crate::check::refuse_pair($error, left as i64, right as i64));
        }
    }};
}
