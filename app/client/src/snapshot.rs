//! A folder of account files: what a cluster's accounts were at one moment.
//!
//! One JSON file an account, as `solana account --output json` prints it and `solana-test-validator --account` takes it:
//!
//! | field | content |
//! |---|---|
//! | `pubkey` | the account's address, base58 |
//! | `account.lamports` | u64 |
//! | `account.data` | its data in base64, and the word `base64` |
//! | `account.owner` | the program that it belongs to, base58 |
//! | `account.executable` | whether it is a program |
//! | `account.rentEpoch` | u64 |
//! | `account.space` | bytes of the data; may be missing |
//!
//! Only files whose names end in `.json` are read; other fields are passed over.

use crate::ledger::{holds, Accounts, LedgerError, Search};
use anchor_lang::Discriminator;
use base64::{engine::general_purpose::STANDARD, Engine as _};
use serde::{Deserialize, Serialize};
use solana_account::Account;
use solana_address::Address;
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};
use stipend::state::Network;

/// Why a folder of account files can't be used.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The operating system refused.
    #[error("`{}` can't be read or written", path.display())]
    Io {
        /// The folder or file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Nothing in it is an account file.
    #[error("`{}` holds no account file, which ends in .json; name a folder of `solana account --output json`", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// There is something already where the folder is to be made.
    #[error("`{}` exists and is not an empty folder; name one that is to be made", path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// A file is no account file.
    #[error("`{}` is no account file: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: AccountFileError,
    },
}

/// What is wrong with an account file.
#[derive(Debug, thiserror::Error)]
pub enum AccountFileError {
    /// It is not JSON, or not of this shape.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// An address is none.
    #[error("`{field}` is no base58 address: `{found}`")]
    Address {
        /// `pubkey` or `owner`.
        field: &'static str,
        /// What stands there instead.
        found: String,
    },
    /// The data is encoded in another way.
    #[error("data is encoded as `{found}`, and only `base64` is read; print it with --output json")]
    Encoding {
        /// What stands there instead.
        found: String,
    },
    /// The data is not what it says.
    #[error("data is not base64: {0}")]
    Base64(#[from] base64::DecodeError),
    /// The data is longer or shorter than it says.
    #[error("data has {found} bytes, and `space` says {space}; the file was cut or changed")]
    Space {
        /// Bytes of the data.
        found: usize,
        /// Bytes by the file.
        space: u64,
    },
    /// Two files hold one account.
    #[error("account {address} is in `{}` too; keep one of the two", other.display())]
    Twice {
        /// The account.
        address: Address,
        /// The file that was read before.
        other: PathBuf,
    },
}

#[derive(Deserialize, Serialize)]
struct AccountFile {
    pubkey: String,
    account: AccountFields,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct AccountFields {
    lamports: u64,
    data: (String, String),
    owner: String,
    executable: bool,
    rent_epoch: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    space: Option<u64>,
}

/// Accounts as they were at one moment, by address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    accounts: BTreeMap<Address, Account>,
}

impl Snapshot {
    /// Reads every account file of a folder.
    pub fn read(folder: &Path) -> Result<Self, SnapshotError> {
        let io_error = |source| SnapshotError::Io { path: folder.to_owned(), source };
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder).map_err(io_error)? {
            let path = entry.map_err(io_error)?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                paths.push(path);
            }
        }
        // Folders list their files in any order; which of two files is refused must not depend on it.
        paths.sort();
        let mut snapshot = Self::default();
        let mut sources: BTreeMap<Address, PathBuf> = BTreeMap::new();
        for path in paths {
            let bytes = fs::read(&path).map_err(|source| SnapshotError::Io { path: path.clone(), source })?;
            let refuse = |reason| SnapshotError::File { path: path.clone(), reason };
            let (address, account) = decode(&bytes).map_err(refuse)?;
            if let Some(other) = sources.get(&address) {
                return Err(refuse(AccountFileError::Twice { address, other: other.clone() }));
            }
            sources.insert(address, path);
            snapshot.insert(address, account);
        }
        if snapshot.accounts.is_empty() {
            return Err(SnapshotError::Empty { path: folder.to_owned() });
        }
        Ok(snapshot)
    }

    /// Makes a folder of account files, `<address>.json` each: whole, or not at all.
    pub fn write(&self, folder: &Path) -> Result<(), SnapshotError> {
        check_free(folder)?;
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let unfinished = folder.with_file_name(format!(".{name}.unfinished-{}", std::process::id()));
        let written = self.write_files(&unfinished).and_then(|()| {
            // An empty folder of that name is replaced.
            fs::rename(&unfinished, folder).map_err(|source| SnapshotError::Io { path: folder.to_owned(), source })
        });
        if written.is_err() {
            // What went wrong first is what is told.
            let _ = fs::remove_dir_all(&unfinished);
        }
        written
    }

    fn write_files(&self, folder: &Path) -> Result<(), SnapshotError> {
        let io_error = |path: &Path| {
            let path = path.to_owned();
            move |source| SnapshotError::Io { path, source }
        };
        fs::create_dir_all(folder).map_err(io_error(folder))?;
        for (address, account) in &self.accounts {
            let path = folder.join(format!("{address}.json"));
            let bytes = encode(address, account).map_err(|error| io_error(&path)(error.into()))?;
            fs::write(&path, bytes).map_err(io_error(&path))?;
        }
        Ok(())
    }

    /// Adds an account, or replaces it.
    pub fn insert(&mut self, address: Address, account: Account) {
        self.accounts.insert(address, account);
    }

    /// Every account, by address.
    pub fn iter(&self) -> impl Iterator<Item = (&Address, &Account)> {
        self.accounts.iter()
    }

    /// Addresses of the networks among the accounts.
    pub fn networks(&self) -> Vec<Address> {
        let is_network =
            |account: &Account| account.owner == stipend::ID && account.data.starts_with(Network::DISCRIMINATOR);
        self.accounts.iter().filter(|(_, account)| is_network(account)).map(|(address, _)| *address).collect()
    }
}

impl Accounts for Snapshot {
    fn account(&mut self, address: &Address) -> Result<Option<Account>, LedgerError> {
        Ok(self.accounts.get(address).cloned())
    }
}

impl Search for Snapshot {
    fn find(&mut self, holding: &[(usize, &[u8])]) -> Result<Vec<(Address, Account)>, LedgerError> {
        let is_meant = |account: &Account| account.owner == stipend::ID && holds(&account.data, holding);
        let found = self.accounts.iter().filter(|(_, account)| is_meant(account));
        Ok(found.map(|(address, account)| (*address, account.clone())).collect())
    }
}

/// Refuses a folder that has anything in it: accounts of two moments must not be mixed.
pub fn check_free(folder: &Path) -> Result<(), SnapshotError> {
    let exists = || SnapshotError::Exists { path: folder.to_owned() };
    match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().map_or(Ok(()), |_| Err(exists())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Err(exists()),
        Err(source) => Err(SnapshotError::Io { path: folder.to_owned(), source }),
    }
}

fn decode(bytes: &[u8]) -> Result<(Address, Account), AccountFileError> {
    let AccountFile { pubkey, account } = serde_json::from_slice(bytes)?;
    let address = |field, text: String| text.parse().map_err(|_| AccountFileError::Address { field, found: text });
    let (data, encoding) = account.data;
    if encoding != "base64" {
        return Err(AccountFileError::Encoding { found: encoding });
    }
    let data = STANDARD.decode(data)?;
    if let Some(space) = account.space.filter(|space| *space != data.len() as u64) {
        return Err(AccountFileError::Space { found: data.len(), space });
    }
    let found = Account {
        lamports: account.lamports,
        data,
        owner: address("owner", account.owner)?,
        executable: account.executable,
        rent_epoch: account.rent_epoch,
    };
    Ok((address("pubkey", pubkey)?, found))
}

fn encode(address: &Address, account: &Account) -> Result<Vec<u8>, serde_json::Error> {
    let file = AccountFile {
        pubkey: address.to_string(),
        account: AccountFields {
            lamports: account.lamports,
            data: (STANDARD.encode(&account.data), "base64".to_owned()),
            owner: account.owner.to_string(),
            executable: account.executable,
            rent_epoch: account.rent_epoch,
            space: Some(account.data.len() as u64),
        },
    };
    let mut bytes = serde_json::to_vec_pretty(&file)?;
    bytes.push(b'\n');
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An account as Solana's own tool prints it.
    const PRINTED: &str = r#"{
  "pubkey": "SysvarC1ock11111111111111111111111111111111",
  "account": {
    "lamports": 1169280,
    "data": ["AAEC/w==", "base64"],
    "owner": "Sysvar1111111111111111111111111111111111111",
    "executable": false,
    "rentEpoch": 18446744073709551615,
    "space": 4
  }
}"#;

    fn folder_of(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    /// What a folder that holds `text` alone is refused with, behind its path.
    fn refusal(text: &str) -> String {
        let folder = folder_of(&[("a.json", text)]);
        let refused = Snapshot::read(folder.path()).unwrap_err().to_string();
        let path = folder.path().join("a.json");
        refused.strip_prefix(&format!("`{}` is no account file: ", path.display())).unwrap().to_owned()
    }

    #[test]
    fn an_account_is_read_as_solana_prints_it() {
        let folder = folder_of(&[("clock.json", PRINTED), ("README", "not an account")]);

        let mut snapshot = Snapshot::read(folder.path()).unwrap();

        let clock = Address::from_str_const("SysvarC1ock11111111111111111111111111111111");
        let found = snapshot.account(&clock).unwrap().unwrap();
        assert_eq!((found.lamports, found.data.as_slice()), (1_169_280, &[0, 1, 2, 255][..]));
        assert_eq!(found.owner.to_string(), "Sysvar1111111111111111111111111111111111111");
        assert_eq!((found.executable, found.rent_epoch), (false, u64::MAX));
        assert_eq!(snapshot.account(&Address::default()).unwrap(), None);
        assert_eq!(snapshot.networks(), []);
    }

    #[test]
    fn a_folder_gives_back_what_was_written() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("accounts");
        let mut snapshot = Snapshot::default();
        let account =
            Account { lamports: u64::MAX, data: vec![7; 1_000], owner: stipend::ID, executable: true, rent_epoch: 3 };
        snapshot.insert(Address::new_from_array([1; 32]), account);
        snapshot.insert(Address::new_from_array([2; 32]), Account::default());

        snapshot.write(&folder).unwrap();

        assert_eq!(Snapshot::read(&folder).unwrap(), snapshot);
        // Nothing unfinished is left beside it.
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_with_anything_in_it_is_not_written_to() {
        let folder = folder_of(&[("old.json", PRINTED)]);

        let refused = Snapshot::default().write(folder.path()).unwrap_err();

        let path = folder.path().display();
        assert_eq!(
            refused.to_string(),
            format!("`{path}` exists and is not an empty folder; name one that is to be made")
        );
        assert!(matches!(
            Snapshot::default().write(&folder.path().join("old.json")),
            Err(SnapshotError::Exists { .. })
        ));
        assert_eq!(fs::read_to_string(folder.path().join("old.json")).unwrap(), PRINTED);
    }

    #[test]
    fn a_bad_file_is_named_with_what_is_wrong() {
        assert_eq!(refusal("[]"), "invalid length 0, expected struct AccountFile with 2 elements at line 1 column 2");
        assert_eq!(
            refusal(&PRINTED.replace("\"base64\"]", "\"base58\"]")),
            "data is encoded as `base58`, and only `base64` is read; print it with --output json"
        );
        assert_eq!(refusal(&PRINTED.replace("AAEC", "AA*C")), "data is not base64: Invalid symbol 42, offset 2.");
        assert_eq!(
            refusal(&PRINTED.replace("\"space\": 4", "\"space\": 5")),
            "data has 4 bytes, and `space` says 5; the file was cut or changed"
        );
        assert_eq!(refusal(&PRINTED.replace("SysvarC1", "0")), {
            "`pubkey` is no base58 address: `0ock11111111111111111111111111111111`"
        });
        assert_eq!(
            refusal(&PRINTED.replace("Sysvar1111111111111111111111111111111111111", "me")),
            "`owner` is no base58 address: `me`"
        );
    }

    #[test]
    fn an_account_in_two_files_is_refused() {
        let folder = folder_of(&[("a.json", PRINTED), ("b.json", PRINTED)]);

        let refused = Snapshot::read(folder.path()).unwrap_err().to_string();

        let [a, b] = ["a.json", "b.json"].map(|name| folder.path().join(name).display().to_string());
        assert_eq!(
            refused,
            format!(
                "`{b}` is no account file: account SysvarC1ock11111111111111111111111111111111 is in `{a}` too; keep one of \
                 the two"
            )
        );
    }

    #[test]
    fn a_folder_without_an_account_is_refused() {
        let folder = folder_of(&[("README", "")]);

        assert!(matches!(Snapshot::read(folder.path()), Err(SnapshotError::Empty { .. })));
        assert!(matches!(Snapshot::read(&folder.path().join("none")), Err(SnapshotError::Io { .. })));
    }
}
