//! Whose token accounts a crank has opened, so that nobody is paid a rent twice.
//!
//! An owner can close a token account, keep its rent, and wait for the next crank to open it again. So a crank opens none unless it
//! is told to, one for an owner ever, and for no more lamports a day than it was given. What it opens is written down before it is
//! sent, as CSV:
//!
//! | column | content |
//! |---|---|
//! | `owner` | whose account it is, base58 |
//! | `opened_at` | Unix seconds of the cluster's clock |
//! | `lamports` | rent that was paid |

use serde::{Deserialize, Serialize};
use solana_address::Address;
use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

const DAY_SECS: i64 = 86_400;

/// Why a file of opened token accounts can't be used.
#[derive(Debug, thiserror::Error)]
pub enum OpeningsError {
    /// The operating system can't read or write it.
    #[error("`{}` can't be read or written", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// It holds something else.
    #[error("`{}` is no file of opened token accounts; name another, or one that is to be made", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: csv::Error,
    },
}

#[derive(Deserialize, Serialize)]
struct Row {
    owner: String,
    opened_at: i64,
    lamports: u64,
}

/// Token accounts that were opened, and how many more may be.
#[derive(Debug)]
pub struct Openings {
    path: PathBuf,
    lamports_a_day: u64,
    owners: BTreeSet<String>,
    /// A day since 1970 in UTC, and what was spent on it.
    spent: (i64, u64),
}

impl Openings {
    /// Reads what was opened before; without the file, nothing was.
    ///
    /// - `lamports_a_day`: rent that may be paid on a day, in UTC.
    pub fn read(path: &Path, lamports_a_day: u64) -> Result<Self, OpeningsError> {
        let mut openings =
            Self { path: path.to_owned(), lamports_a_day, owners: BTreeSet::new(), spent: (i64::MIN, 0) };
        match fs::read(path) {
            Ok(bytes) => openings.read_rows(&bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(OpeningsError::Io { path: path.to_owned(), source }),
        }
        Ok(openings)
    }

    fn read_rows(&mut self, bytes: &[u8]) -> Result<(), OpeningsError> {
        // A line that was cut off was never acted on: nothing is sent before its end is on the disk.
        let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        for row in csv::Reader::from_reader(bytes.get(..end).unwrap_or_default()).deserialize() {
            let row: Row = row.map_err(|source| OpeningsError::Row { path: self.path.clone(), source })?;
            self.note(row);
        }
        Ok(())
    }

    fn note(&mut self, row: Row) {
        let day = row.opened_at.div_euclid(DAY_SECS);
        if day > self.spent.0 {
            self.spent = (day, 0);
        }
        self.spent.1 = self.spent.1.saturating_add(row.lamports);
        self.owners.insert(row.owner);
    }

    /// Whether another account may be opened.
    ///
    /// - `planned`: how many are to be opened at the same time; `rent_lamports`: of one; `now`: Unix seconds.
    pub fn may_open(&self, owner: &Address, planned: usize, rent_lamports: u64, now: i64) -> bool {
        let (day, spent) = self.spent;
        // A clock that went back is of no use to an owner either.
        let spent = if now.div_euclid(DAY_SECS) > day { 0 } else { spent };
        let planned = u64::try_from(planned).unwrap_or(u64::MAX).saturating_add(1);
        let wanted = spent.saturating_add(rent_lamports.saturating_mul(planned));
        wanted <= self.lamports_a_day && !self.owners.contains(&owner.to_string())
    }

    /// Writes down what is about to be opened. When it returns, that is on the disk.
    pub fn remember(&mut self, owners: &BTreeSet<Address>, rent_lamports: u64, now: i64) -> Result<(), OpeningsError> {
        self.append(owners, rent_lamports, now)
            .map_err(|source| OpeningsError::Io { path: self.path.clone(), source })?;
        for owner in owners {
            self.note(Row { owner: owner.to_string(), opened_at: now, lamports: rent_lamports });
        }
        Ok(())
    }

    fn append(&self, owners: &BTreeSet<Address>, rent_lamports: u64, now: i64) -> io::Result<()> {
        let mut file = File::options().create(true).read(true).append(true).open(&self.path)?;
        let mut before = Vec::new();
        file.read_to_end(&mut before)?;
        let end = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        file.set_len(u64::try_from(end).unwrap_or(u64::MAX))?;
        let is_new = end == 0;
        let mut rows = csv::WriterBuilder::new().has_headers(is_new).from_writer(Vec::new());
        for owner in owners {
            let row = Row { owner: owner.to_string(), opened_at: now, lamports: rent_lamports };
            rows.serialize(row).map_err(io::Error::other)?;
        }
        file.write_all(&rows.into_inner().map_err(|error| io::Error::other(error.to_string()))?)?;
        file.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: Address = Address::new_from_array([1; 32]);
    const BOB: Address = Address::new_from_array([2; 32]);
    const CARL: Address = Address::new_from_array([3; 32]);

    #[test]
    fn an_owner_has_one_account_opened_ever_after_a_restart_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("opened.csv");
        let mut openings = Openings::read(&path, 1_000).unwrap();
        openings.remember(&BTreeSet::from([ANN]), 10, 5).unwrap();

        let again = Openings::read(&path, 1_000).unwrap();

        let may = |owner| again.may_open(owner, 0, 10, 900 * DAY_SECS);
        assert_eq!([&ANN, &BOB].map(may), [false, true]);
    }

    #[test]
    fn a_day_has_its_budget_and_the_next_one_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("opened.csv");
        let mut openings = Openings::read(&path, 25).unwrap();
        openings.remember(&BTreeSet::from([ANN]), 10, DAY_SECS).unwrap();

        // 10 are spent and 15 are left: for one more of 10, not for two.
        let may = |planned, now| openings.may_open(&CARL, planned, 10, now);
        assert_eq!([may(0, 2 * DAY_SECS - 1), may(1, 2 * DAY_SECS - 1)], [true, false]);
        assert_eq!([may(1, 2 * DAY_SECS), may(2, 2 * DAY_SECS)], [true, false]);
        let restarted = Openings::read(&path, 25).unwrap();
        assert!(!restarted.may_open(&CARL, 1, 10, 2 * DAY_SECS - 1));
    }

    #[test]
    fn a_line_that_was_cut_off_is_left_out_and_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("opened.csv");
        Openings::read(&path, 1_000).unwrap().remember(&BTreeSet::from([ANN]), 10, 5).unwrap();
        let whole = fs::read(&path).unwrap();
        fs::write(&path, [&whole[..], b"1111"].concat()).unwrap();

        let mut again = Openings::read(&path, 1_000).unwrap();
        again.remember(&BTreeSet::from([BOB]), 10, 6).unwrap();

        let owners = Openings::read(&path, 1_000).unwrap().owners;
        assert_eq!(owners, BTreeSet::from([ANN, BOB].map(|owner| owner.to_string())));
    }

    #[test]
    fn another_file_is_rejected_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.txt");
        fs::write(&path, "epoch,node\n1,a\n").unwrap();

        assert!(matches!(Openings::read(&path, 1), Err(OpeningsError::Row { .. })));
        assert_eq!(fs::read(&path).unwrap(), b"epoch,node\n1,a\n");
    }
}
