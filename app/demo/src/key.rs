//! The demonstration's keys: each made of its name, so that two runs are the same to the last byte.
//!
//! Anybody can make them too. They are worth nothing outside the VM, and must never hold anything elsewhere.

use sha2::{Digest as _, Sha256};
use solana_keypair::Keypair;

/// The key of one role; `name` tells those of a role apart.
pub fn demo_key(role: &str, name: &str) -> Keypair {
    let mut hash = Sha256::new();
    hash.update(b"stipend demo\0");
    hash.update(role.as_bytes());
    hash.update(b"\0");
    hash.update(name.as_bytes());
    Keypair::new_from_array(hash.finalize().into())
}
