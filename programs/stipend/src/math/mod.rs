//! The arithmetic that decides rewards: integers only, no account, clock, log or Anchor type.
//!
//! The program, the client and an outside verifier all call these functions, so that they can't disagree. Every function
//! is total: it returns `None` where the mathematical result does not fit, and every rounding is a floor, stated where it
//! happens together with who loses by it.

pub mod accuracy;
pub mod emission;
pub mod median;
pub mod reward;
pub mod schedule;
pub mod score;

/// Basis points of a whole.
pub const BPS: u16 = 10_000;

/// `share_bps` basis points of `amount`.
///
/// Floor: whoever gets the share loses the fraction. `None` if `share_bps` is above 10,000.
pub fn checked_share(amount: u64, share_bps: u16) -> Option<u64> {
    let (whole, share) = (u64::from(BPS), u64::from(share_bps));
    if share > whole {
        return None;
    }
    // (q·10,000 + r)·share/10,000 in two parts, so that no product passes 64 bits.
    let (quotient, rest) = (amount.checked_div(whole)?, amount.checked_rem(whole)?);
    quotient.checked_mul(share)?.checked_add(rest.checked_mul(share)?.checked_div(whole)?)
}
