//! What an oracle signed, kept before the first byte of it is sent.
//!
//! Whoever signs two values for one slot forfeits the oracle's bond, and an oracle that measures an epoch again after a crash
//! would do just that. So each epoch is signed once: what is signed is written here whole, and from then on the same bytes are
//! sent, however often the program is ended and started. The folder holds:
//!
//! | name | content |
//! |---|---|
//! | `journal` | network and oracle, in base58, a line each |
//! | `epoch-0000000012.batches` | what was signed for epoch 12: a file of signed batches |
//! | `epoch-0000000012.done` | what became of it; there is nothing more to do |
//! | `sign.lock`, `send.lock` | locked by the process that signs, and by the one that sends |

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use solana_address::Address;
use stipend_client::batch::{self, BatchFileError, SignedBatch};

use crate::output_file::{write_output_file, Existing, OutputFileError, Privacy};

const IDENTITY: &str = "journal";
const SIGN_LOCK: &str = "sign.lock";
const SEND_LOCK: &str = "send.lock";
const BATCHES: &str = "batches";
const DONE: &str = "done";

/// Which end of the journal a process holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It signs and sends.
    Both,
    /// It signs, and another process sends.
    Sign,
}

/// Why a journal can't be used. Nothing is signed or sent without one.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("journal `{}` can't be read or written", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("journal `{}` is in use by another process; two on one journal would sign an epoch twice", path.display())]
    Locked { path: PathBuf },
    #[error("journal `{}` is of {found}; this is {expected}: name another folder", path.display())]
    Foreign { path: PathBuf, found: String, expected: String },
    #[error(transparent)]
    Write(#[from] OutputFileError),
    #[error(
        "`{}` can't be used; mend the disk or bring the file back, for signing its epoch anew could forfeit the bond",
        path.display()
    )]
    Batches { path: PathBuf, source: BatchFileError },
}

/// An oracle's journal, held by this process.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    /// Locked as long as they are open.
    _locks: Vec<File>,
}

impl Journal {
    /// Opens the journal of an oracle in `folder`, which is made if it is missing.
    pub fn open(folder: &Path, role: Role, network: &Address, oracle: &Address) -> Result<Self, JournalError> {
        let failed = |source| JournalError::Io { path: folder.to_owned(), source };
        fs::create_dir_all(folder).map_err(failed)?;
        let names: &[&str] = match role {
            Role::Both => &[SIGN_LOCK, SEND_LOCK],
            Role::Sign => &[SIGN_LOCK],
        };
        let locks = names.iter().map(|name| lock(&folder.join(name))).collect::<Result<Vec<_>, _>>()?;
        let journal = Self { folder: folder.to_owned(), _locks: locks };
        journal.check_identity(network, oracle)?;
        Ok(journal)
    }

    fn check_identity(&self, network: &Address, oracle: &Address) -> Result<(), JournalError> {
        let path = self.folder.join(IDENTITY);
        let expected = format!("{network}\n{oracle}\n");
        match fs::read_to_string(&path) {
            Ok(found) if found == expected => Ok(()),
            Ok(found) => Err(JournalError::Foreign {
                path: self.folder.clone(),
                found: described(&found),
                expected: described(&expected),
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.write(&path, expected.as_bytes()),
            Err(source) => Err(JournalError::Io { path, source }),
        }
    }

    /// Keeps what was signed for an epoch. When it returns, all of it is on the disk.
    ///
    /// Errors: there is something of that epoch already.
    pub fn keep(&self, epoch: u32, batches: &[SignedBatch]) -> Result<(), JournalError> {
        let path = self.path(epoch, BATCHES);
        let mut bytes = Vec::new();
        batch::write(batches, &mut bytes).map_err(|source| JournalError::Batches { path: path.clone(), source })?;
        self.write(&path, &bytes)
    }

    /// What was signed for an epoch.
    pub fn read(&self, epoch: u32) -> Result<Vec<SignedBatch>, JournalError> {
        let path = self.path(epoch, BATCHES);
        let file = File::open(&path).map_err(|source| JournalError::Io { path: path.clone(), source })?;
        batch::read(BufReader::new(file)).map_err(|source| JournalError::Batches { path, source })
    }

    /// There is nothing more to do for an epoch.
    ///
    /// - `ending`: what became of it, for people.
    pub fn finish(&self, epoch: u32, ending: &str) -> Result<(), JournalError> {
        let path = self.path(epoch, DONE);
        if path.exists() {
            return Ok(());
        }
        self.write(&path, format!("{ending}\n").as_bytes())
    }

    /// Epochs that are signed and not done, the oldest first.
    pub fn pending(&self) -> Result<Vec<u32>, JournalError> {
        let done = self.epochs(DONE)?;
        Ok(self.epochs(BATCHES)?.difference(&done).copied().collect())
    }

    /// The newest epoch that anything is known of: none up to it is ever signed again.
    pub fn newest(&self) -> Result<Option<u32>, JournalError> {
        let signed = self.epochs(BATCHES)?.last().copied();
        Ok(signed.max(self.epochs(DONE)?.last().copied()))
    }

    /// Removes the oldest of the epochs that are done, but for the last `keep`. Returns how many.
    pub fn prune(&self, keep: usize) -> Result<usize, JournalError> {
        let done: Vec<_> = self.epochs(DONE)?.into_iter().collect();
        // The newest one says which epochs are not to be signed again.
        let old = done.get(..done.len().saturating_sub(keep.max(1))).unwrap_or_default();
        for epoch in old {
            // The batches first: an epoch without its end would be sent again.
            for extension in [BATCHES, DONE] {
                let path = self.path(*epoch, extension);
                match fs::remove_file(&path) {
                    Err(source) if source.kind() != io::ErrorKind::NotFound => {
                        return Err(JournalError::Io { path, source })
                    }
                    _ => {}
                }
            }
        }
        Ok(old.len())
    }

    fn path(&self, epoch: u32, extension: &str) -> PathBuf {
        self.folder.join(format!("epoch-{epoch:010}.{extension}"))
    }

    /// The epochs that have a file of this kind.
    fn epochs(&self, extension: &str) -> Result<BTreeSet<u32>, JournalError> {
        let failed = |source| JournalError::Io { path: self.folder.clone(), source };
        let mut epochs = BTreeSet::new();
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let epoch = name.to_str().and_then(|name| name.strip_prefix("epoch-")?.strip_suffix(extension));
            epochs.extend(epoch.and_then(|epoch| epoch.strip_suffix('.')?.parse::<u32>().ok()));
        }
        Ok(epochs)
    }

    /// Makes a file, whole or not at all, and its name last as its content does.
    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), JournalError> {
        write_output_file(path, Privacy::Everybody, Existing::Keep, |output| output.write_all(bytes))?;
        let synced = File::open(&self.folder).and_then(|folder| folder.sync_all());
        synced.map_err(|source| JournalError::Io { path: self.folder.clone(), source })
    }
}

fn lock(path: &Path) -> Result<File, JournalError> {
    let failed = |source| JournalError::Io { path: path.to_owned(), source };
    let file = File::options().create(true).truncate(false).write(true).open(path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(JournalError::Locked { path: path.parent().unwrap_or(path).to_owned() }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

fn described(identity: &str) -> String {
    let mut lines = identity.lines();
    let (network, oracle) = (lines.next().unwrap_or("?"), lines.next().unwrap_or("?"));
    format!("oracle {oracle} of network {network}")
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use stipend_client::batch::cut;
    use stipend_client::program::state::Entry;

    use super::*;

    const NETWORK: Address = Address::new_from_array([1; 32]);
    const ORACLE: Address = Address::new_from_array([2; 32]);

    fn open(folder: &Path) -> Result<Journal, JournalError> {
        Journal::open(folder, Role::Both, &NETWORK, &ORACLE)
    }

    fn signed(epoch: u32, uptime_bps: u16) -> Vec<SignedBatch> {
        let key = SigningKey::from_bytes(&[7; 32]);
        let batches = cut([0; 8], epoch, &[Entry::new(Some(uptime_bps), None)], 10);
        batches.iter().map(|batch| SignedBatch::new(&key, &NETWORK, &ORACLE, batch)).collect()
    }

    #[test]
    fn what_was_signed_is_read_after_a_restart_and_never_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = signed(12, 9_000);
        open(folder.path()).expect("opened").keep(12, &first).expect("kept");

        let journal = open(folder.path()).expect("opened again");

        assert_eq!(journal.pending().expect("read"), [12]);
        assert!(matches!(journal.keep(12, &signed(12, 8_000)), Err(JournalError::Write(_))));
        assert_eq!(journal.read(12).expect("read"), first);
    }

    #[test]
    fn two_processes_never_hold_one_journal() {
        let folder = tempfile::tempdir().expect("a folder");
        let held = open(folder.path()).expect("opened");

        assert!(matches!(open(folder.path()), Err(JournalError::Locked { .. })));
        drop(held);
        assert!(open(folder.path()).is_ok());
    }

    #[test]
    fn a_journal_of_another_oracle_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        drop(open(folder.path()).expect("opened"));

        let refused = Journal::open(folder.path(), Role::Both, &NETWORK, &NETWORK);

        assert!(matches!(refused, Err(JournalError::Foreign { .. })));
    }

    #[test]
    fn only_what_is_done_is_pruned_and_the_newest_epoch_stays_known() {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = open(folder.path()).expect("opened");
        for epoch in 0..5 {
            journal.keep(epoch, &signed(epoch, 1)).expect("kept");
        }
        for epoch in [0, 1, 3] {
            journal.finish(epoch, "reported").expect("finished");
        }

        assert_eq!(journal.prune(1).expect("pruned"), 2);

        assert_eq!(journal.pending().expect("read"), [2, 4]);
        assert_eq!(journal.newest().expect("read"), Some(4));
        assert!(journal.read(0).is_err() && journal.read(3).is_ok());
    }

    #[test]
    fn a_damaged_file_is_not_taken_for_an_epoch_that_was_never_signed() {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = open(folder.path()).expect("opened");
        journal.keep(3, &signed(3, 1)).expect("kept");
        fs::write(folder.path().join("epoch-0000000003.batches"), "STPB").expect("written");

        assert_eq!(journal.newest().expect("read"), Some(3));
        assert!(matches!(journal.read(3), Err(JournalError::Batches { .. })));
    }
}
