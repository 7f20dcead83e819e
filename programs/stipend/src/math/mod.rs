//! The arithmetic that decides rewards: integers only, no account, clock, log or Anchor type.
//!
//! The program, the client and an outside verifier all call these functions, so that they can't disagree. Every function
//! is total: it returns `None` where the mathematical result does not fit, and every rounding is a floor, stated where it
//! happens together with who loses by it.

pub mod emission;
pub mod median;
pub mod reward;
pub mod schedule;
pub mod score;

/// Basis points of a whole.
pub const BPS: u16 = 10_000;
