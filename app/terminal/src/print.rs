//! Results on stdout.

use std::io::{self, BufWriter, Write};

use serde::Serialize;

use crate::failure::Failure;

/// What reads well after "failed to".
const DOING: &str = "print the result";

/// How a result is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people
    #[value(alias = "tables")]
    Table,
    /// One JSON object
    Json,
    /// Of what is a list: a header, and a row an item
    Csv,
}

/// What is asked for has no rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no list to be written as CSV; take `--output table` or `--output json`")]
struct NoList;

impl Format {
    /// Refuses CSV where there is no list. Called before anything is sent, so that what was done is always told.
    pub fn check_no_list(self) -> Result<(), Failure> {
        match self {
            Self::Csv => Err(Failure::usage(DOING, NoList)),
            Self::Table | Self::Json => Ok(()),
        }
    }
}

/// Prints `result`, which has no list, as one JSON object, or as `write_table` writes it.
pub fn print(
    stdout: &mut dyn Write,
    format: Format,
    result: &impl Serialize,
    write_table: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    format.check_no_list()?;
    print_list::<(), _>(stdout, format, result, &[], write_table)
}

/// Prints `result` as one JSON object, or as `write_table` writes it, or its `rows` as CSV.
///
/// - `rows`: their fields are plain values; the names are the header. Without a row nothing is printed.
pub fn print_list<R: Serialize, T: Serialize>(
    stdout: &mut dyn Write,
    format: Format,
    result: &T,
    rows: &[R],
    write_table: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let mut stdout = BufWriter::new(stdout);
    let printed = match format {
        Format::Json => {
            serde_json::to_writer(&mut stdout, result).map_err(io::Error::from).and_then(|()| writeln!(stdout))
        }
        Format::Csv => write_csv(&mut stdout, rows),
        Format::Table => write_table(&mut stdout),
    };
    match printed.and_then(|()| stdout.flush()) {
        // Who reads has seen enough, as `head` has.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed.map_err(|error| Failure::usage(DOING, error)),
    }
}

fn write_csv<R: Serialize>(out: &mut dyn Write, rows: &[R]) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    for row in rows {
        writer.serialize(row).map_err(|error| match error.into_kind() {
            csv::ErrorKind::Io(error) => error,
            other => io::Error::other(format!("{other:?}")),
        })?;
    }
    writer.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Row {
        name: &'static str,
        atoms: Option<u64>,
    }

    fn printed(format: Format, rows: &[Row]) -> String {
        let mut out = Vec::new();
        print_list(&mut out, format, &rows, rows, |out| writeln!(out, "a table")).expect("printed");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn a_list_is_a_table_json_or_csv() {
        let rows = [Row { name: "a,b", atoms: Some(7) }, Row { name: "c", atoms: None }];

        assert_eq!(printed(Format::Table, &rows), "a table\n");
        assert_eq!(printed(Format::Json, &rows), "[{\"name\":\"a,b\",\"atoms\":7},{\"name\":\"c\",\"atoms\":null}]\n");
        assert_eq!(printed(Format::Csv, &rows), "name,atoms\n\"a,b\",7\nc,\n");
    }

    #[test]
    fn what_is_no_list_is_refused_as_csv() {
        let mut out = Vec::new();

        let refused = print(&mut out, Format::Csv, &7, |out| writeln!(out, "7"));

        assert_eq!(
            refused.map_err(|failure| failure.to_string()),
            Err("failed to print the result: there is no list to be written as CSV; take `--output table` or `--output json`"
                .to_owned())
        );
        assert!(out.is_empty());
    }
}
