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

use serde::Deserialize;
use solana_address::Address;
use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

const DAY_SECS: i64 = 86_400;
const HEADER: &[u8] = b"owner,opened_at,lamports\n";

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
    /// It holds something else. Nothing of it is changed.
    #[error("`{}` is not a file of opened token accounts; name another, or one that does not exist yet", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// One of its rows is damaged.
    #[error("`{}` has a row that is not an opened token account; restore the file, since it says who was paid a rent", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: csv::Error,
    },
}

#[derive(Deserialize)]
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
        let rows = whole_rows(bytes).ok_or_else(|| OpeningsError::Foreign { path: self.path.clone() })?;
        for row in csv::Reader::from_reader(rows).deserialize() {
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
        self.append(owners, rent_lamports, now)?;
        for owner in owners {
            self.note(Row { owner: owner.to_string(), opened_at: now, lamports: rent_lamports });
        }
        Ok(())
    }

    fn append(&self, owners: &BTreeSet<Address>, rent_lamports: u64, now: i64) -> Result<(), OpeningsError> {
        let failed = |source| OpeningsError::Io { path: self.path.clone(), source };
        let mut file = File::options().create(true).read(true).append(true).open(&self.path).map_err(failed)?;
        let mut before = Vec::new();
        file.read_to_end(&mut before).map_err(failed)?;
        let kept = whole_rows(&before).ok_or_else(|| OpeningsError::Foreign { path: self.path.clone() })?.len();
        let mut text = if kept == 0 { HEADER.to_vec() } else { Vec::new() };
        for owner in owners {
            text.extend_from_slice(format!("{owner},{now},{rent_lamports}\n").as_bytes());
        }
        let cut = file.set_len(u64::try_from(kept).unwrap_or(u64::MAX));
        cut.and_then(|()| file.write_all(&text)).and_then(|()| file.sync_all()).map_err(failed)
    }
}

/// The rows whose ends are on the disk, with the header. A line that was cut off was never acted on, since nothing is sent before it
/// is written. `None` if the file is another one.
fn whole_rows(bytes: &[u8]) -> Option<&[u8]> {
    if HEADER.starts_with(bytes) && bytes != HEADER {
        return Some(&[]);
    }
    let end = bytes.iter().rposition(|byte| *byte == b'\n')?.checked_add(1)?;
    bytes.get(..end).filter(|rows| rows.starts_with(HEADER))
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
        // A key file has no line end: nothing of it may be cut off.
        for content in ["epoch,node\n1,a\n", "[1,2,3]"] {
            fs::write(&path, content).unwrap();

            let read = Openings::read(&path, 1);
            let mut openings = Openings::read(&folder.path().join("none.csv"), 1_000).unwrap();
            openings.path = path.clone();
            let remembered = openings.remember(&BTreeSet::from([ANN]), 10, 5);

            assert!(matches!(read, Err(OpeningsError::Foreign { .. })), "{read:?}");
            assert!(matches!(remembered, Err(OpeningsError::Foreign { .. })), "{remembered:?}");
            assert_eq!(fs::read(&path).unwrap(), content.as_bytes());
        }
    }
}
