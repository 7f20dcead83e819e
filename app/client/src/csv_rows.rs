//! CSV read row by row, with the true line of each row.
//!
//! The lines are counted here because an error is only useful if the line that it names is the line that an editor shows:
//! blank lines and `\r\n` count. A quoted cell may run over several lines; one that is never closed would swallow the
//! rest of the file as a single cell, so it is refused.

use std::io::{self, BufRead, Read as _};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};

/// The longest row that is read, in bytes. A longer one is not a row of measurements.
pub const MAX_ROW_BYTES: usize = 1 << 20;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A file that is not CSV, or that can't be read on.
#[derive(Debug, thiserror::Error)]
pub enum CsvError {
    /// The operating system refused to read on.
    #[error("line {line} can't be read: {reason}")]
    Io {
        /// The line that was to be read, counted from 1.
        line: u64,
        /// What the operating system said.
        reason: io::Error,
    },
    /// A cell opens with a quotation mark that no other one closes.
    #[error(
        "line {line}: a quoted cell begins in this row and is never closed; close it, or double the quotation mark"
    )]
    UnclosedQuote {
        /// The line in which the row begins, counted from 1.
        line: u64,
    },
    /// A row is longer than [`MAX_ROW_BYTES`].
    #[error("line {line}: the row is longer than {MAX_ROW_BYTES} bytes; is a quoted cell left open?")]
    RowTooLong {
        /// The line in which the row begins, counted from 1.
        line: u64,
    },
}

/// One row: its cells, and the line in which it begins. Reused from row to row.
#[derive(Debug, Default)]
pub struct CsvRow {
    line: u64,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    cells: usize,
}

impl CsvRow {
    /// The line in which the row begins, counted from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// How many cells the row has.
    pub fn cell_count(&self) -> usize {
        self.cells
    }

    /// The cell at `index`, counted from 0, as it stands in the file, without its quotation marks.
    pub fn cell(&self, index: usize) -> Option<&[u8]> {
        let ends = self.ends.get(..self.cells)?;
        let end = *ends.get(index)?;
        let start = match index.checked_sub(1) {
            Some(previous) => *ends.get(previous)?,
            None => 0,
        };
        self.bytes.get(start..end)
    }

    /// All cells, from the left.
    pub fn cells(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.cells).filter_map(|index| self.cell(index))
    }
}

/// The rows of a CSV file. Blank lines are passed over; the header is a row like any other.
pub struct CsvRows<R> {
    input: R,
    parser: Reader,
    line: u64,
    buffer: Vec<u8>,
}

impl<R: BufRead> CsvRows<R> {
    /// Reads from the start of `input`. A byte order mark is dropped.
    pub fn new(input: R) -> Self {
        Self {
            input,
            parser: ReaderBuilder::new().terminator(Terminator::Any(b'\n')).build(),
            line: 0,
            buffer: Vec::new(),
        }
    }

    /// Reads the next row into `row`; `false` at the end of the file.
    pub fn read_row(&mut self, row: &mut CsvRow) -> Result<bool, CsvError> {
        loop {
            if !self.read_line()? {
                return Ok(false);
            }
            if self.buffer != b"\n" {
                break;
            }
        }

        row.line = self.line;
        let (mut bytes_len, mut ends_len, mut row_len) = (0, 0, 0_usize);
        loop {
            row_len = row_len.saturating_add(self.buffer.len());
            if row_len > MAX_ROW_BYTES {
                return Err(CsvError::RowTooLong { line: row.line });
            }
            // No cell is longer than its row, and no row has more cells than bytes: the parser can't run out of space.
            row.bytes.resize(row_len, 0);
            row.ends.resize(row_len, 0);
            let (result, _, bytes_added, ends_added) =
                self.parser.read_record(&self.buffer, &mut row.bytes[bytes_len..], &mut row.ends[ends_len..]);
            bytes_len += bytes_added;
            ends_len += ends_added;
            if result == ReadRecordResult::Record {
                row.cells = ends_len;
                return Ok(true);
            }
            if !self.read_line()? {
                return Err(CsvError::UnclosedQuote { line: row.line });
            }
        }
    }

    /// Reads one line into the buffer, ended by exactly one `\n`; `false` at the end of the file.
    fn read_line(&mut self) -> Result<bool, CsvError> {
        self.buffer.clear();
        let line = self.line + 1;
        let limit = MAX_ROW_BYTES as u64 + 1;
        let read = (&mut self.input)
            .take(limit)
            .read_until(b'\n', &mut self.buffer)
            .map_err(|reason| CsvError::Io { line, reason })?;
        if read == 0 {
            return Ok(false);
        }
        self.line = line;
        if line == 1 && self.buffer.starts_with(BYTE_ORDER_MARK) {
            self.buffer.drain(..BYTE_ORDER_MARK.len());
        }
        if self.buffer.last() == Some(&b'\n') {
            self.buffer.pop();
        }
        if self.buffer.last() == Some(&b'\r') {
            self.buffer.pop();
        }
        self.buffer.push(b'\n');
        Ok(true)
    }
}

/// A file that is not the table that it should be.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// It is not CSV.
    #[error(transparent)]
    Csv(#[from] CsvError),
    /// It does not begin with the names of the columns.
    #[error("it does not begin with `{expected}`")]
    Header {
        /// The line that it should begin with.
        expected: String,
    },
    /// One of its rows breaks a rule.
    #[error("line {line}: {reason}")]
    Row {
        /// The line in which the row begins, counted from 1.
        line: u64,
        /// The rule.
        reason: String,
    },
}

/// Reads a CSV file that has exactly `columns`, in their order, and calls `on_row` with the cells of each row.
///
/// Errors: also what `on_row` says of a row, with its line.
pub fn read_table<const N: usize>(
    input: impl BufRead,
    columns: [&str; N],
    mut on_row: impl FnMut([&str; N]) -> Result<(), String>,
) -> Result<(), TableError> {
    let mut rows = CsvRows::new(input);
    let mut row = CsvRow::default();
    if !rows.read_row(&mut row)? || !row.cells().eq(columns.map(str::as_bytes)) {
        return Err(TableError::Header { expected: columns.join(",") });
    }
    while rows.read_row(&mut row)? {
        let line = row.line();
        let bad = |reason| TableError::Row { line, reason };
        if row.cell_count() != N {
            return Err(bad(format!("row has {} cells, the header has {N}", row.cell_count())));
        }
        let mut cells = [""; N];
        for (text, cell) in cells.iter_mut().zip(row.cells()) {
            *text = std::str::from_utf8(cell)
                .map_err(|_| bad("row is not UTF-8 text; save the file as UTF-8".to_owned()))?;
        }
        on_row(cells).map_err(bad)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(text: &str) -> Result<Vec<(u64, Vec<String>)>, String> {
        let mut rows = CsvRows::new(text.as_bytes());
        let mut row = CsvRow::default();
        let mut all = Vec::new();
        while rows.read_row(&mut row).map_err(|error| error.to_string())? {
            let cells = row.cells().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
            all.push((row.line(), cells));
        }
        Ok(all)
    }

    fn rows(expected: &[(u64, &[&str])]) -> Result<Vec<(u64, Vec<String>)>, String> {
        Ok(expected.iter().map(|(line, cells)| (*line, cells.iter().map(|cell| cell.to_string()).collect())).collect())
    }

    #[test]
    fn a_row_knows_its_line_past_blank_lines_and_carriage_returns() {
        let read = read_all("\u{feff}a,b\r\n\r\n1,\r\n\n\n,2");

        assert_eq!(read, rows(&[(1, &["a", "b"]), (3, &["1", ""]), (6, &["", "2"])]));
    }

    #[test]
    fn a_quoted_cell_may_hold_commas_quotes_and_lines() {
        let read = read_all("\"a,b\",\"say \"\"hi\"\"\"\n\"two\nlines\",x\ny,z\n");

        assert_eq!(read, rows(&[(1, &["a,b", "say \"hi\""]), (2, &["two\nlines", "x"]), (4, &["y", "z"]),]));
    }

    #[test]
    fn a_quoted_cell_that_is_never_closed_is_refused_at_the_line_where_its_row_begins() {
        let read = read_all("a,b\n1,2\n\"3,4\n5,6\n");

        assert_eq!(
            read,
            Err("line 3: a quoted cell begins in this row and is never closed; close it, or double the quotation mark"
                .to_owned())
        );
    }

    #[test]
    fn a_row_past_the_limit_is_refused() {
        let longest = "x".repeat(MAX_ROW_BYTES - 1);

        assert_eq!(read_all(&longest), rows(&[(1, &[&longest])]));
        assert_eq!(
            read_all(&format!("a\n{longest}y")),
            Err("line 2: the row is longer than 1048576 bytes; is a quoted cell left open?".to_owned())
        );
    }

    #[test]
    fn an_empty_file_has_no_rows() {
        assert_eq!(read_all(""), rows(&[]));
        assert_eq!(read_all("\n\r\n"), rows(&[]));
    }

    #[test]
    fn a_table_has_its_columns_and_each_row_as_many_cells() {
        let read = |text: &[u8]| {
            let mut found = Vec::new();
            let read = read_table(text, ["a", "b"], |[a, b]| {
                found.push(format!("{a}-{b}"));
                if b == "bad" {
                    Err("b is bad".to_owned())
                } else {
                    Ok(())
                }
            });
            read.map(|()| found).map_err(|error| error.to_string())
        };

        assert_eq!(read(b"a,b\n1,2\n\n3,\n"), Ok(vec!["1-2".to_owned(), "3-".to_owned()]));
        assert_eq!(read(b"b,a\n1,2\n"), Err("it does not begin with `a,b`".to_owned()));
        assert_eq!(read(b""), Err("it does not begin with `a,b`".to_owned()));
        assert_eq!(read(b"a,b\n1\n"), Err("line 2: row has 1 cells, the header has 2".to_owned()));
        assert_eq!(read(b"a,b\n1,\xff\n"), Err("line 2: row is not UTF-8 text; save the file as UTF-8".to_owned()));
        assert_eq!(read(b"a,b\n\n1,bad\n"), Err("line 3: b is bad".to_owned()));
    }
}
