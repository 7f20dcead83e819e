//! Rows that can't be read: why, and how many.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use stipend_client::measurement::{RowError, MAX_BANDWIDTH};

use super::{DecimalError, UnixTimeError};

/// What to do about a row that can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadRows {
    /// Stop: nothing is written.
    Refuse,
    /// Leave the whole row out, and count it.
    Skip,
}

impl BadRows {
    /// - `skip`: whether `--skip-bad-rows` was passed
    pub fn from_skip(skip: bool) -> Self {
        if skip {
            Self::Skip
        } else {
            Self::Refuse
        }
    }
}

/// Why a row can't be read.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each message says what its variant is")]
pub enum BadRow {
    #[error("row has {found} cells, the header has {header}")]
    CellCount { found: usize, header: usize },
    #[error("column `{column}` is not UTF-8 text")]
    NotUtf8 { column: String },
    #[error("column `{column}`: {reason}")]
    Time { column: String, reason: UnixTimeError },
    #[error("column `{column}`: {reason}")]
    Node { column: String, reason: RowError },
    #[error("column `{column}`: {reason}")]
    Value { column: String, reason: DecimalError },
    #[error("column `{column}`: `{text}` times the scale is above {MAX_BANDWIDTH}; choose a larger unit with --scale")]
    TooLarge { column: String, text: String },
    #[error("column `{column}`: `{text}` is neither 1 or true, which is up, nor 0 or false, which is down")]
    NotUpOrDown { column: String, text: String },
    #[error("{0}")]
    Target(String),
    #[error("the line is no JSON object: {reason}")]
    NotAnObject { reason: String },
    #[error("`{column}` is an array or an object, and not one value")]
    NotAValue { column: String },
}

impl BadRow {
    /// The reason without what is particular to one row, to count rows by.
    fn kind(&self) -> &'static str {
        match self {
            Self::CellCount { .. } => "another number of cells than the header",
            Self::NotUtf8 { .. } => "not UTF-8 text",
            Self::Time { reason, .. } => reason.kind(),
            Self::Node { .. } => "node without a plain label",
            Self::Value { reason, .. } => reason.kind(),
            Self::TooLarge { .. } => "value too large after the scale",
            Self::NotUpOrDown { .. } => "neither up nor down",
            Self::Target(_) => "not a target",
            Self::NotAnObject { .. } => "not a JSON object",
            Self::NotAValue { .. } => "array or object in place of a value",
        }
    }
}

/// How many rows of one file were left out for one reason.
#[derive(Debug)]
struct SkippedKind {
    rows: u64,
    first_line: u64,
}

/// The rows that were left out, by file and reason.
#[derive(Debug, Default)]
pub struct Skipped {
    kinds: BTreeMap<(PathBuf, &'static str), SkippedKind>,
}

impl Skipped {
    /// Counts a row that is left out.
    pub fn count(&mut self, file: &Path, line: u64, reason: &BadRow) {
        self.kinds.entry((file.to_owned(), reason.kind())).or_insert(SkippedKind { rows: 0, first_line: line }).rows +=
            1;
    }
}

/// A line for each file and reason; nothing if nothing was left out.
impl fmt::Display for Skipped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((file, kind), SkippedKind { rows, first_line }) in &self.kinds {
            let plural = if *rows == 1 { "row" } else { "rows" };
            writeln!(formatter, "skipped {rows} {plural} of `{}`: {kind}, first in line {first_line}", file.display())?;
        }
        Ok(())
    }
}
