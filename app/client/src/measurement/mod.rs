//! What one oracle measured, as a file that people can read and other tools can write.
//!
//! CSV with the header `epoch,node,uptime_bps,bandwidth` and one row an epoch and node:
//!
//! | column | shape | range |
//! |---|---|---|
//! | `epoch` | integer | 0..=4,294,967,295, counted from the network's genesis |
//! | `node` | text, UTF-8 | a label for people; the device's key is assigned elsewhere |
//! | `uptime_bps` | integer, basis points of the epoch | 0..=10,000, empty where not measured |
//! | `bandwidth` | integer, in the unit that the network names | 0..=4,294,967,294, empty where not measured |
//!
//! Not measured is never the same as down or as zero: a field that was not measured is empty, and a node of which
//! neither field was measured has no row. Rows may come in any order; they are written by epoch, then by the bytes
//! of the label, so that the same measurements always make the same file.
//!
//! Source: DESIGN, Words.

mod error;
mod read;
mod row;
mod write;

pub use error::{MeasurementFileError, RowError};
pub use row::{check_node_label, MeasurementRow, MAX_BANDWIDTH, MAX_UPTIME_BPS};

/// The columns of a measurement file, in their order.
pub const COLUMNS: [&str; 4] = ["epoch", "node", "uptime_bps", "bandwidth"];

/// The measurements of one oracle: checked, in order, and at most one for an epoch and node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measurements {
    rows: Vec<MeasurementRow>,
}

impl Measurements {
    /// Checks `rows` and puts them in order.
    ///
    /// Errors: the first row that breaks a rule of [`MeasurementRow::check`], or [`RowError::RepeatedRow`].
    pub fn from_rows(mut rows: Vec<MeasurementRow>) -> Result<Self, RowError> {
        for row in &rows {
            row.check()?;
        }
        rows.sort_by(|a, b| a.key().cmp(&b.key()));
        for (first, second) in rows.iter().zip(rows.iter().skip(1)) {
            if first.key() == second.key() {
                return Err(RowError::RepeatedRow { epoch: second.epoch, node: second.node.clone() });
            }
        }
        Ok(Self { rows })
    }

    /// The rows by epoch, then by the bytes of the node's label.
    pub fn rows(&self) -> &[MeasurementRow] {
        &self.rows
    }

    /// The rows of one epoch, by the bytes of the node's label.
    pub fn epoch(&self, epoch: u32) -> &[MeasurementRow] {
        let start = self.rows.partition_point(|row| row.epoch < epoch);
        let end = self.rows.partition_point(|row| row.epoch <= epoch);
        &self.rows[start..end]
    }

    /// The rows, given away, in the order of [`Measurements::rows`].
    pub fn into_rows(self) -> Vec<MeasurementRow> {
        self.rows
    }

    /// The last epoch that holds a measurement; `None` if there is none at all.
    pub fn last_epoch(&self) -> Option<u32> {
        self.rows.last().map(|row| row.epoch)
    }
}

#[cfg(test)]
mod tests;
