//! Why a measurement file is refused.

use std::io;

use super::{COLUMNS, MAX_BANDWIDTH, MAX_UPTIME_BPS};
use crate::csv_rows::CsvError;

/// A measurement file that can't be read or written, with its name.
#[derive(Debug, thiserror::Error)]
pub enum MeasurementFileError {
    /// The operating system refused to open it.
    #[error("`{file}` can't be opened")]
    Open {
        /// As the caller named it.
        file: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// It is not CSV.
    #[error("`{file}`, {reason}")]
    Csv {
        /// As the caller named it.
        file: String,
        /// What is wrong, with its line.
        reason: CsvError,
    },
    /// It does not begin with the columns of a measurement file.
    #[error("`{file}`, line {line}: the header is `{found}`; a measurement file begins with `{}`", COLUMNS.join(","))]
    Header {
        /// As the caller named it.
        file: String,
        /// Counted from 1.
        line: u64,
        /// What stands there instead.
        found: String,
    },
    /// It has no line at all.
    #[error("`{file}` is empty; a measurement file begins with `{}`", COLUMNS.join(","))]
    Empty {
        /// As the caller named it.
        file: String,
    },
    /// One of its rows breaks a rule.
    #[error("`{file}`, line {line}: {reason}")]
    Row {
        /// As the caller named it.
        file: String,
        /// Counted from 1.
        line: u64,
        /// The rule.
        reason: RowError,
    },
}

/// The rule that a row of measurements breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// Too few cells, or too many.
    #[error("row has {found} cells; a measurement has {}", COLUMNS.len())]
    CellCount {
        /// How many cells the row has.
        found: usize,
    },
    /// Bytes that are no text.
    #[error("{column} is not UTF-8 text; save the file as UTF-8")]
    NotUtf8 {
        /// The column's name.
        column: &'static str,
    },
    /// The epoch is no integer of 32 bits.
    #[error("epoch `{found}` is not an integer from 0 to {}", u32::MAX)]
    Epoch {
        /// What stands there instead.
        found: String,
    },
    /// The label is empty.
    #[error("node is empty; every measurement names its node")]
    EmptyNode,
    /// The label would look like another one.
    #[error("node {found:?} has a control character, or white space at an end; a label is plain text")]
    UncleanNode {
        /// The label.
        found: String,
    },
    /// The uptime is no integer.
    #[error("uptime_bps `{found}` is not an integer; leave it empty where nothing was measured")]
    Uptime {
        /// What stands there instead.
        found: String,
    },
    /// More uptime than there is time.
    #[error("uptime_bps {found} is above {MAX_UPTIME_BPS}, which is all of the epoch")]
    UptimeTooLarge {
        /// The uptime.
        found: String,
    },
    /// The bandwidth is no integer.
    #[error("bandwidth `{found}` is not an integer; leave it empty where nothing was measured")]
    Bandwidth {
        /// What stands there instead.
        found: String,
    },
    /// The bandwidth does not fit.
    #[error("bandwidth {found} is above {MAX_BANDWIDTH}; choose a larger unit")]
    BandwidthTooLarge {
        /// The bandwidth.
        found: String,
    },
    /// The bandwidth is the number that means "not measured".
    #[error("bandwidth {} is reserved for \"not measured\"; leave it empty where nothing was measured", u32::MAX)]
    BandwidthReserved,
    /// A row that measures nothing.
    #[error(
        "neither uptime_bps nor bandwidth is measured; leave the row out, as a node that was not measured has none"
    )]
    NothingMeasured,
    /// Two rows for the same epoch and node.
    #[error("epoch {epoch} of node {node:?} has two rows; keep one of them")]
    RepeatedRow {
        /// The epoch of both.
        epoch: u32,
        /// The node of both.
        node: String,
    },
    /// Two rows for the same epoch and node, the first of which was read from a known line.
    #[error("epoch {epoch} of node {node:?} has a row in line {first_line} already; keep one of the two")]
    RepeatedLine {
        /// The epoch of both.
        epoch: u32,
        /// The node of both.
        node: String,
        /// Where the first one stands, counted from 1.
        first_line: u64,
    },
}
