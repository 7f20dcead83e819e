//! Keys as a plan names them: an address, or a file that holds the secret too.

use crate::error::MigrationError;
use solana_address::Address;
use solana_keypair::{read_keypair_file, Keypair};
use solana_signer::Signer;
use std::path::{Path, PathBuf};

/// Somebody or something with an address, whose secret may be at hand.
#[derive(Debug)]
pub struct Key {
    address: Address,
    keypair: Option<Keypair>,
}

/// Why a key that a plan names can't be used. Nothing of what is in a file is shown.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is no such file.
    #[error("there is no file `{}`, and it is no address; make a key with `solana-keygen new -o FILE`", .0.display())]
    Missing(PathBuf),
    /// The file holds something else.
    #[error("`{}` is no key file: it is not a JSON array of 64 bytes whose halves belong together", .0.display())]
    NotAKey(PathBuf),
}

impl Key {
    /// The key that `text` names: an address in base58, or a file as Solana's tools keep keys.
    ///
    /// - `folder`: where a relative path begins; `~/` is the home folder.
    pub fn read(text: &str, folder: &Path) -> Result<Self, KeyError> {
        if let Ok(address) = text.parse() {
            return Ok(Self { address, keypair: None });
        }
        let path = resolve(text, folder);
        if !path.is_file() {
            return Err(KeyError::Missing(path));
        }
        read_keypair_file(&path).map(Self::from).map_err(|_| KeyError::NotAKey(path))
    }

    /// Its address.
    pub fn address(&self) -> Address {
        self.address
    }

    /// Its secret, to sign with.
    ///
    /// - `role`: what the key is for, as it stands in the plan.
    ///
    /// Errors: [`MigrationError::KeyMissing`] if the plan names its address only.
    pub fn keypair(&self, role: &'static str) -> Result<&Keypair, MigrationError> {
        self.keypair.as_ref().ok_or(MigrationError::KeyMissing { role, address: self.address })
    }

    /// Whether its secret is at hand.
    pub fn has_secret(&self) -> bool {
        self.keypair.is_some()
    }
}

impl From<Keypair> for Key {
    fn from(keypair: Keypair) -> Self {
        Self { address: keypair.pubkey(), keypair: Some(keypair) }
    }
}

impl From<Address> for Key {
    fn from(address: Address) -> Self {
        Self { address, keypair: None }
    }
}

/// Where `path` is: behind the home folder, behind `folder`, or where it says itself.
pub fn resolve(path: &str, folder: &Path) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => folder.join(path),
    }
}
