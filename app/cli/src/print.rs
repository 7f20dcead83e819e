//! Results on stdout.

use std::io::{self, BufWriter, Write};

use serde::Serialize;

use crate::failure::Failure;

/// How a result is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people
    #[value(alias = "tables")]
    Table,
    /// One JSON object
    Json,
}

/// Prints `result` as one JSON object, or as `write_table` writes it.
pub fn print(
    stdout: &mut dyn Write,
    format: Format,
    result: &impl Serialize,
    write_table: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let mut stdout = BufWriter::new(stdout);
    let printed = match format {
        Format::Json => {
            serde_json::to_writer(&mut stdout, result).map_err(io::Error::from).and_then(|()| writeln!(stdout))
        }
        Format::Table => write_table(&mut stdout),
    };
    match printed.and_then(|()| stdout.flush()) {
        // Who reads has seen enough, as `head` has.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed.map_err(|error| Failure::usage("print the result", error)),
    }
}
