//! The demonstration's token.

/// Decimals of its mint: 1 token is 1,000,000,000 atoms.
pub const DECIMALS: u8 = 9;

/// Atoms as tokens, with all decimals.
pub fn tokens(atoms: u64) -> String {
    stipend_terminal::figure::tokens(atoms, DECIMALS)
}
