//! A key as Solana's tools keep it: a JSON array of 64 numbers, the ed25519 secret and then the public key.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use ed25519_dalek::SigningKey;
use solana_keypair::Keypair;
use zeroize::Zeroizing;

use crate::output_file::{write_output_file, Existing, OutputFileError, Privacy};

/// Of 64 numbers of up to three digits, each with a comma or a bracket.
const MAX_TEXT_BYTES: usize = 64 * 4 + 1;

/// A new key from the operating system's randomness.
pub fn generate_key() -> Result<SigningKey, getrandom::Error> {
    let mut secret = Zeroizing::new([0_u8; 32]);
    getrandom::fill(secret.as_mut_slice())?;
    Ok(SigningKey::from_bytes(&secret))
}

/// Writes `key` to the file `path`, which its owner only can read.
pub fn write_key(path: &Path, key: &SigningKey, existing: Existing) -> Result<(), OutputFileError> {
    let text = key_to_json(key);
    write_output_file(path, Privacy::Owner, existing, |output| output.write_all(text.as_bytes()))
}

/// Why a key file can't be used. Nothing of what is in it is shown.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    #[error("`{}` can't be read", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("`{}` is no key file: it is not a JSON array of 64 bytes, as `stipend oracle keygen` makes it", path.display())]
    NotAKey { path: PathBuf },
    #[error("`{}` is damaged: its public key is not that of its secret key", path.display())]
    HalvesDiffer { path: PathBuf },
}

/// Reads the key in the file `path`.
pub fn read_key(path: &Path) -> Result<SigningKey, KeyFileError> {
    let path = || path.to_owned();
    let text = fs::read(path()).map(Zeroizing::new).map_err(|source| KeyFileError::Io { path: path(), source })?;
    let bytes: Zeroizing<Vec<u8>> =
        serde_json::from_slice(&text).map(Zeroizing::new).map_err(|_| KeyFileError::NotAKey { path: path() })?;
    let bytes: &[u8; 64] = bytes.as_slice().try_into().map_err(|_| KeyFileError::NotAKey { path: path() })?;
    SigningKey::from_keypair_bytes(bytes).map_err(|_| KeyFileError::HalvesDiffer { path: path() })
}

/// Reads the key in the file `path`, to sign transactions with.
pub fn read_keypair(path: &Path) -> Result<Keypair, KeyFileError> {
    read_key(path).map(|key| Keypair::new_from_array(key.to_bytes()))
}

fn key_to_json(key: &SigningKey) -> Zeroizing<String> {
    let bytes = Zeroizing::new(key.to_keypair_bytes());
    // Never grown: a string that moves would leave its old bytes, and so the secret, in memory.
    let mut text = Zeroizing::new(String::with_capacity(MAX_TEXT_BYTES));
    for (index, byte) in bytes.iter().enumerate() {
        text.push(if index == 0 { '[' } else { ',' });
        // Writing to a string can't fail.
        let _ = write!(text, "{byte}");
    }
    text.push(']');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_written_as_secret_and_public_bytes() {
        // RFC 8032, 7.1, test 1.
        let secret = [
            0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49,
            0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
        ];

        let text = key_to_json(&SigningKey::from_bytes(&secret));

        assert_eq!(
            text.as_str(),
            "[157,97,177,157,239,253,90,96,186,132,74,244,146,236,44,196,68,73,197,105,123,50,105,25,112,59,172,3,28,174,\
             127,96,215,90,152,1,130,177,10,183,213,75,254,211,201,100,7,58,14,225,114,243,218,166,35,37,175,2,26,104,247,7,\
             81,26]"
        );
        assert!(text.len() <= MAX_TEXT_BYTES);
    }

    /// A path that no other test has, and no file there.
    fn new_path(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("stipend-{}-{name}.json", std::process::id()));
        let _ = fs::remove_file(&path);
        path
    }

    #[test]
    fn a_key_that_was_written_is_read() {
        let path = new_path("written");
        let key = SigningKey::from_bytes(&[7; 32]);

        write_key(&path, &key, Existing::Keep).expect("written");

        assert_eq!(read_key(&path).expect("a key").to_bytes(), key.to_bytes());
        fs::remove_file(path).expect("removed");
    }

    #[test]
    fn a_file_that_holds_no_key_is_rejected_and_not_shown() {
        let path = new_path("no-key");
        let refusal = |text: &str| {
            fs::write(&path, text).expect("written");
            read_key(&path).expect_err("not a key")
        };

        assert!(matches!(refusal("secret"), KeyFileError::NotAKey { .. }));
        assert!(matches!(refusal("[1,2,3]"), KeyFileError::NotAKey { .. }));
        assert!(matches!(refusal(&format!("{:?}", [256; 64])), KeyFileError::NotAKey { .. }));
        assert!(matches!(refusal(&format!("{:?}", [1; 64])), KeyFileError::HalvesDiffer { .. }));
        assert!(!refusal("secret").to_string().contains("secret"));
        fs::remove_file(path).expect("removed");
    }

    #[test]
    fn two_keys_are_never_the_same() {
        let (first, second) = (generate_key(), generate_key());

        assert_ne!(first.expect("randomness").to_bytes(), second.expect("randomness").to_bytes());
    }
}
