//! Reads a measurement file.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use super::{MeasurementFileError, MeasurementRow, Measurements, RowError, COLUMNS};
use crate::csv_rows::{CsvRow, CsvRows};

impl Measurements {
    /// Reads and checks the measurement file at `path`.
    ///
    /// Errors: [`MeasurementFileError`], which names the file, the line and the reason.
    pub fn read(path: &Path) -> Result<Self, MeasurementFileError> {
        let file = path.display().to_string();
        match File::open(path) {
            Ok(open) => Self::read_from(BufReader::new(open), &file),
            Err(source) => Err(MeasurementFileError::Open { file, source }),
        }
    }

    /// Reads and checks a measurement file from `input`, which errors call `file`.
    pub fn read_from(input: impl BufRead, file: &str) -> Result<Self, MeasurementFileError> {
        let csv_error = |reason| MeasurementFileError::Csv { file: file.to_owned(), reason };
        let row_error = |line, reason| MeasurementFileError::Row { file: file.to_owned(), line, reason };

        let mut csv_rows = CsvRows::new(input);
        let mut csv_row = CsvRow::default();
        if !csv_rows.read_row(&mut csv_row).map_err(csv_error)? {
            return Err(MeasurementFileError::Empty { file: file.to_owned() });
        }
        if !csv_row.cells().eq(COLUMNS.map(str::as_bytes)) {
            return Err(MeasurementFileError::Header {
                file: file.to_owned(),
                line: csv_row.line(),
                found: joined(&csv_row),
            });
        }

        let mut rows = Vec::new();
        while csv_rows.read_row(&mut csv_row).map_err(csv_error)? {
            let line = csv_row.line();
            let row = parse_row(&csv_row).map_err(|reason| row_error(line, reason))?;
            rows.push((row, line));
        }

        // A stable sort: of two rows with the same key the one that stands first in the file stays first.
        rows.sort_by(|(a, _), (b, _)| a.key().cmp(&b.key()));
        for ((first, first_line), (second, line)) in rows.iter().zip(rows.iter().skip(1)) {
            if first.key() == second.key() {
                let reason =
                    RowError::RepeatedLine { epoch: second.epoch, node: second.node.clone(), first_line: *first_line };
                return Err(row_error(*line, reason));
            }
        }
        Ok(Self { rows: rows.into_iter().map(|(row, _)| row).collect() })
    }
}

fn joined(csv_row: &CsvRow) -> String {
    let cells: Vec<_> = csv_row.cells().map(String::from_utf8_lossy).collect();
    cells.join(",")
}

fn parse_row(csv_row: &CsvRow) -> Result<MeasurementRow, RowError> {
    if csv_row.cell_count() != COLUMNS.len() {
        return Err(RowError::CellCount { found: csv_row.cell_count() });
    }
    let cell = |index: usize| {
        std::str::from_utf8(csv_row.cell(index).unwrap_or_default())
            .map_err(|_| RowError::NotUtf8 { column: COLUMNS[index] })
    };
    let (epoch, node, uptime, bandwidth) = (cell(0)?, cell(1)?, cell(2)?, cell(3)?);

    let row = MeasurementRow {
        epoch: parse_epoch(epoch)?,
        node: node.to_owned(),
        uptime_bps: parse_uptime(uptime)?,
        bandwidth: parse_bandwidth(bandwidth)?,
    };
    row.check()?;
    Ok(row)
}

/// True for digits only: neither a sign nor white space nor a decimal point.
fn is_integer(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn parse_epoch(text: &str) -> Result<u32, RowError> {
    let refused = || RowError::Epoch { found: text.to_owned() };
    if !is_integer(text) {
        return Err(refused());
    }
    text.parse().map_err(|_| refused())
}

fn parse_uptime(text: &str) -> Result<Option<u16>, RowError> {
    if text.is_empty() {
        return Ok(None);
    }
    if !is_integer(text) {
        return Err(RowError::Uptime { found: text.to_owned() });
    }
    match text.parse() {
        Ok(uptime_bps) => Ok(Some(uptime_bps)),
        Err(_) => Err(RowError::UptimeTooLarge { found: text.to_owned() }),
    }
}

fn parse_bandwidth(text: &str) -> Result<Option<u32>, RowError> {
    if text.is_empty() {
        return Ok(None);
    }
    if !is_integer(text) {
        return Err(RowError::Bandwidth { found: text.to_owned() });
    }
    match text.parse() {
        Ok(bandwidth) => Ok(Some(bandwidth)),
        Err(_) => Err(RowError::BandwidthTooLarge { found: text.to_owned() }),
    }
}
