//! Writes a measurement file.

use std::io::{self, Write};

use super::{Measurements, COLUMNS};

impl Measurements {
    /// Writes the file's header and rows to `output`, in the order of [`Measurements::rows`]: the same measurements
    /// are the same bytes.
    ///
    /// Errors: what `output` says.
    pub fn write_to(&self, output: impl Write) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(output);
        writer.write_record(COLUMNS)?;
        for row in &self.rows {
            writer.write_record([
                row.epoch.to_string().as_str(),
                &row.node,
                &text_of(row.uptime_bps),
                &text_of(row.bandwidth),
            ])?;
        }
        writer.flush()
    }
}

fn text_of(field: Option<impl ToString>) -> String {
    field.map_or_else(String::new, |value| value.to_string())
}
