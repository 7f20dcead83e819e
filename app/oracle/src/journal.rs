//! What an oracle signed, kept before the first byte of it is sent.
//!
//! Whoever signs two values for one slot forfeits the oracle's bond, and an oracle that measures an epoch again after a crash
//! would do just that. So each epoch is signed once: what is signed is written here whole, and from then on the same bytes are
//! sent, however often the program is ended and started. The folder holds:
//!
//! | name | content |
//! |---|---|
//! | `journal` | what it belongs to: network, oracle, domain and the network's epochs, a line each |
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
use crate::source::EpochClock;

const IDENTITY: &str = "journal";
const SIGN_LOCK: &str = "sign.lock";
const SEND_LOCK: &str = "send.lock";
const BATCHES: &str = "batches";
const DONE: &str = "done";
/// What the names of files begin with that are not written to the end.
const UNFINISHED: &str = ".tmp";

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
#[allow(missing_docs, reason = "each message says what its variant is")]
pub enum JournalError {
    #[error("journal `{}` can't be read or written", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("journal `{}` is in use by another process; two on one journal would sign an epoch twice", path.display())]
    Locked { path: PathBuf },
    #[error("journal `{}` is of {found}; this is {expected}: name another folder", path.display())]
    Foreign { path: PathBuf, found: Box<JournalIdentity>, expected: Box<JournalIdentity> },
    #[error("`{}` does not say what the journal belongs to; bring it back from a copy, or name another folder", path.display())]
    Identity { path: PathBuf },
    #[error("`{}` exists, and what was signed is never replaced", path.display())]
    Exists { path: PathBuf },
    #[error(transparent)]
    Write(OutputFileError),
    #[error(
        "`{}` can't be used; mend the disk or bring the file back, for signing its epoch anew could forfeit the bond",
        path.display()
    )]
    Batches { path: PathBuf, source: BatchFileError },
}

impl JournalError {
    /// Whether it may be over by itself, as a full disk may: the same is to be tried again.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Io { .. } | Self::Write(OutputFileError::Io { .. }))
    }
}

/// What a journal belongs to. None of it ever changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalIdentity {
    /// The network's address.
    pub network: Address,
    /// The oracle's key.
    pub oracle: Address,
    /// The network's domain: a network of the same address on another cluster has another one.
    pub domain: [u8; 8],
    /// When the network's epochs are.
    pub clock: EpochClock,
}

impl JournalIdentity {
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let mut value = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        let identity = Self {
            network: value("network")?.parse().ok()?,
            oracle: value("oracle")?.parse().ok()?,
            domain: u64::from_str_radix(value("domain")?, 16).ok()?.to_be_bytes(),
            clock: EpochClock {
                genesis: value("genesis")?.parse().ok()?,
                epoch_secs: value("epoch_secs")?.parse().ok()?,
            },
        };
        (identity.clock.epoch_secs > 0).then_some(identity)
    }

    fn to_text(&self) -> String {
        let Self { network, oracle, domain, clock } = self;
        let domain = u64::from_be_bytes(*domain);
        let EpochClock { genesis, epoch_secs } = clock;
        format!(
            "network {network}\noracle {oracle}\ndomain {domain:016x}\ngenesis {genesis}\nepoch_secs {epoch_secs}\n"
        )
    }
}

impl std::fmt::Display for JournalIdentity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { network, oracle, domain, clock } = self;
        let domain = u64::from_be_bytes(*domain);
        write!(
            formatter,
            "oracle {oracle} of network {network} with domain {domain:016x} and genesis {}",
            clock.genesis
        )
    }
}

/// An oracle's journal, held by this process.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    /// Locked as long as they are open.
    _locks: Vec<File>,
}

impl Journal {
    /// Opens the journal in `folder`, which is made if it is missing, and removes what a killed process left half written.
    pub fn open(folder: &Path, role: Role) -> Result<Self, JournalError> {
        let failed = |source| JournalError::Io { path: folder.to_owned(), source };
        fs::create_dir_all(folder).map_err(failed)?;
        let mut locks = vec![lock(&folder.join(SIGN_LOCK))?];
        match (role, lock(&folder.join(SEND_LOCK))) {
            (Role::Both, send) => {
                locks.push(send?);
                remove_unfinished(folder).map_err(failed)?;
            }
            // Nobody else writes at this moment.
            (Role::Sign, Ok(_send)) => remove_unfinished(folder).map_err(failed)?,
            (Role::Sign, Err(_)) => {}
        }
        Ok(Self { folder: folder.to_owned(), _locks: locks })
    }

    /// What the journal belongs to. `None`: nobody claimed it yet.
    pub fn identity(&self) -> Result<Option<JournalIdentity>, JournalError> {
        let path = self.folder.join(IDENTITY);
        match fs::read_to_string(&path) {
            Ok(text) => JournalIdentity::parse(&text).map(Some).ok_or(JournalError::Identity { path }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(JournalError::Identity { path }),
            Err(source) => Err(JournalError::Io { path, source }),
        }
    }

    /// Makes a new journal that of `expected`.
    ///
    /// Errors: [`JournalError::Foreign`] if it belongs to another oracle, network, or cluster.
    pub fn claim(&self, expected: &JournalIdentity) -> Result<(), JournalError> {
        match self.identity()? {
            None => self.write(&self.folder.join(IDENTITY), expected.to_text().as_bytes()),
            Some(found) if found == *expected => Ok(()),
            Some(found) => Err(JournalError::Foreign {
                path: self.folder.clone(),
                found: Box::new(found),
                expected: Box::new(expected.clone()),
            }),
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

    /// The newest epoch that was signed and is kept.
    pub fn newest_signed(&self) -> Result<Option<u32>, JournalError> {
        Ok(self.epochs(BATCHES)?.last().copied())
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
        let written = write_output_file(path, Privacy::Everybody, Existing::Keep, |output| output.write_all(bytes));
        written.map_err(|error| match error {
            OutputFileError::Exists { path } => JournalError::Exists { path },
            error => JournalError::Write(error),
        })?;
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

/// Removes the files that a killed process did not write to the end.
fn remove_unfinished(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(UNFINISHED.as_bytes()) && entry.file_type()?.is_file() {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
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
        Journal::open(folder, Role::Both)
    }

    fn identity() -> JournalIdentity {
        let clock = EpochClock { genesis: -5, epoch_secs: 60 };
        JournalIdentity { network: NETWORK, oracle: ORACLE, domain: [0, 1, 2, 3, 4, 5, 6, 255], clock }
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
        assert!(matches!(journal.keep(12, &signed(12, 8_000)), Err(JournalError::Exists { .. })));
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
    fn a_journal_belongs_to_one_oracle_network_and_domain_and_remembers_the_epochs() {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = open(folder.path()).expect("opened");
        let unclaimed = journal.identity().expect("read");
        journal.claim(&identity()).expect("claimed");

        let text = fs::read_to_string(folder.path().join("journal")).expect("readable");
        let others = [
            JournalIdentity { network: ORACLE, ..identity() },
            JournalIdentity { oracle: NETWORK, ..identity() },
            JournalIdentity { domain: [0; 8], ..identity() },
            JournalIdentity { clock: EpochClock { genesis: 0, epoch_secs: 60 }, ..identity() },
        ];

        assert_eq!(unclaimed, None);
        assert_eq!(
            text,
            format!("network {NETWORK}\noracle {ORACLE}\ndomain 00010203040506ff\ngenesis -5\nepoch_secs 60\n")
        );
        assert_eq!(journal.identity().expect("read"), Some(identity()));
        assert!(journal.claim(&identity()).is_ok());
        for other in others {
            assert!(matches!(journal.claim(&other), Err(JournalError::Foreign { .. })), "{other}");
        }
    }

    #[test]
    fn what_a_killed_process_left_half_written_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        open(folder.path()).expect("opened").keep(12, &signed(12, 9_000)).expect("kept");
        fs::write(folder.path().join(".tmpA1b2C3"), "half").expect("written");
        fs::write(folder.path().join("notes"), "mine").expect("written");

        let _journal = open(folder.path()).expect("opened again");

        let mut names: Vec<_> =
            fs::read_dir(folder.path()).expect("listed").flatten().map(|entry| entry.file_name()).collect();
        names.sort();
        assert_eq!(names, ["epoch-0000000012.batches", "notes", "send.lock", "sign.lock"]);
    }

    #[test]
    fn a_disk_that_fails_is_waited_out_and_a_journal_of_another_oracle_is_not() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let path = || PathBuf::from("journal");

        assert!(JournalError::Io { path: path(), source: full() }.is_passing());
        assert!(JournalError::Write(OutputFileError::Io { path: path(), source: full() }).is_passing());
        assert!(!JournalError::Locked { path: path() }.is_passing());
        assert!(!JournalError::Exists { path: path() }.is_passing());
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
