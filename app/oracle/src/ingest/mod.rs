//! Cells of samples as text: times, decimals, columns by their names, and what is wrong with them.
//!
//! Everything is exact: times are integers of nanoseconds, values are decimals, and a binary fraction is nowhere. Every
//! rounding is a floor, so a node is never credited with time or bandwidth that was not measured.

mod bad_row;
mod columns;
mod decimal;
mod unix_time;

use std::io::BufRead;
use std::path::{Path, PathBuf};

use stipend_client::csv_rows::{CsvError, CsvRow, CsvRows};

pub use bad_row::{BadRow, BadRows, Skipped};
pub use columns::{Column, ColumnError};
pub use decimal::{Decimal, DecimalError};
pub use unix_time::{UnixTime, UnixTimeError, ZoneRule, NANOS_PER_SEC};

/// A file of samples that can't be read.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each message says what its variant is")]
pub enum IngestError {
    #[error("`{}`, {reason}", file.display())]
    Csv { file: PathBuf, reason: CsvError },
    #[error("`{}` is empty; its first line is to name the columns", file.display())]
    Empty { file: PathBuf },
    #[error("`{}`, line {line}: {reason}", file.display())]
    Column { file: PathBuf, line: u64, reason: ColumnError },
    #[error("`{}`, line {line}: {reason}; mend the row, or pass --skip-bad-rows", file.display())]
    BadRow { file: PathBuf, line: u64, reason: BadRow },
}

/// Reads CSV from `input`, which is the file `path`: first `on_header`, which finds the columns, then `on_row` for each
/// row.
///
/// A row that `on_row` refuses is an error, or is counted in `skipped`, as `bad_rows` says. Returns how many rows were
/// read, those that were skipped not counted.
pub fn read_csv<Columns>(
    input: impl BufRead,
    path: &Path,
    bad_rows: BadRows,
    skipped: &mut Skipped,
    on_header: impl FnOnce(&CsvRow) -> Result<Columns, ColumnError>,
    mut on_row: impl FnMut(&Columns, &CsvRow) -> Result<(), BadRow>,
) -> Result<u64, IngestError> {
    let file = || path.to_owned();
    let csv_error = |reason| IngestError::Csv { file: file(), reason };
    let mut csv_rows = CsvRows::new(input);
    let mut row = CsvRow::default();
    if !csv_rows.read_row(&mut row).map_err(csv_error)? {
        return Err(IngestError::Empty { file: file() });
    }
    let header_cells = row.cell_count();
    let columns = on_header(&row).map_err(|reason| IngestError::Column { file: file(), line: row.line(), reason })?;

    let mut rows_read = 0;
    while csv_rows.read_row(&mut row).map_err(csv_error)? {
        let result = if row.cell_count() == header_cells {
            on_row(&columns, &row)
        } else {
            Err(BadRow::CellCount { found: row.cell_count(), header: header_cells })
        };
        match (result, bad_rows) {
            (Ok(()), _) => rows_read += 1,
            (Err(reason), BadRows::Skip) => skipped.count(path, row.line(), &reason),
            (Err(reason), BadRows::Refuse) => {
                return Err(IngestError::BadRow { file: file(), line: row.line(), reason })
            }
        }
    }
    Ok(rows_read)
}
