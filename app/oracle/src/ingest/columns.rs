//! Finds the columns that the user named in a file's header.

use stipend_client::csv_rows::CsvRow;

use super::BadRow;

/// A header that does not have the column once.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each message says what its variant is")]
pub enum ColumnError {
    #[error("no column is called `{name}`; there are {header}")]
    Missing { name: String, header: String },
    #[error("no column may be called `{name}`; the columns are {known}")]
    Unknown { name: String, known: String },
    #[error("{count} columns are called `{name}`; rename all but one")]
    Repeated { name: String, count: usize },
}

/// A column of a file: its name and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    name: String,
    index: usize,
}

impl Column {
    /// Finds the column called `name` in the row `header`. White space around a name does not count.
    pub fn find(header: &CsvRow, name: &str) -> Result<Self, ColumnError> {
        let is_named = |cell: &[u8]| cell.trim_ascii() == name.trim().as_bytes();
        let count = header.cells().filter(|cell| is_named(cell)).count();
        match (count, header.cells().position(is_named)) {
            (1, Some(index)) => Ok(Self { name: name.to_owned(), index }),
            (0, _) | (_, None) => {
                let names: Vec<_> =
                    header.cells().map(|cell| format!("`{}`", String::from_utf8_lossy(cell.trim_ascii()))).collect();
                Err(ColumnError::Missing { name: name.to_owned(), header: names.join(", ") })
            }
            (count, _) => Err(ColumnError::Repeated { name: name.to_owned(), count }),
        }
    }

    /// As the user wrote it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The cell of this column in `row`, without white space around it.
    pub fn text<'row>(&self, row: &'row CsvRow) -> Result<&'row str, BadRow> {
        let cell = row.cell(self.index).unwrap_or_default();
        match std::str::from_utf8(cell) {
            Ok(text) => Ok(text.trim()),
            Err(_) => Err(BadRow::NotUtf8 { column: self.name.clone() }),
        }
    }
}
