//! One look at a whole network, as a community network's map has it, to measurements of uptime.
//!
//! The epoch is the time up to the snapshot. A node was up from the later of its boot and the epoch's start, to the
//! snapshot if it is online, else to when it was last seen. If that is no time at all, its uptime is 0 and not "not
//! measured": the map looked for the node and did not find it, however long ago it saw it last.

use std::collections::BTreeMap;
use std::path::Path;

use stipend_client::csv_rows::CsvRow;
use stipend_client::measurement::{check_node_label, MeasurementRow, Measurements, RowError, MAX_UPTIME_BPS};

use super::columns::Column;
use super::unix_time::NANOS_PER_SEC;
use super::{read_csv_file, BadRow, BadRows, ColumnError, EpochGridError, IngestError, Skipped, UnixTime, ZoneRule};

/// Which columns hold what. The other columns of the file are ignored.
#[derive(Clone, Debug)]
pub struct SnapshotColumns {
    pub node: String,
    /// `true` or `false`, in upper or lower case.
    pub online: String,
    pub booted: String,
    pub last_seen: String,
}

/// [`SnapshotColumns`] in the file.
struct FileColumns {
    node: Column,
    online: Column,
    booted: Column,
    last_seen: Column,
}

/// What one look saw.
pub struct Snapshot {
    taken: UnixTime,
    epoch_secs: u32,
    zone_rule: ZoneRule,
    uptimes: BTreeMap<String, u16>,
    contradictions: u64,
}

impl Snapshot {
    /// - `taken`: when; the epoch ends here
    /// - `epoch_secs`: how long before that it begins; not 0
    pub fn new(taken: UnixTime, epoch_secs: u32, zone_rule: ZoneRule) -> Result<Self, EpochGridError> {
        if epoch_secs == 0 {
            return Err(EpochGridError::Zero);
        }
        Ok(Self { taken, epoch_secs, zone_rule, uptimes: BTreeMap::new(), contradictions: 0 })
    }

    /// Adds the nodes of the CSV file at `path`. Returns how many rows were read.
    pub fn add_file(
        &mut self,
        path: &Path,
        columns: &SnapshotColumns,
        bad_rows: BadRows,
        skipped: &mut Skipped,
    ) -> Result<u64, IngestError> {
        read_csv_file(
            path,
            bad_rows,
            skipped,
            |header| FileColumns::find(columns, header),
            |columns, row| self.add_row(columns, row),
        )
    }

    /// Nodes that were seen in the epoch, are offline, and are said to have booted after they were last seen. How long
    /// they were up can't be told; they are credited with nothing.
    pub fn contradictions(&self) -> u64 {
        self.contradictions
    }

    fn add_row(&mut self, columns: &FileColumns, row: &CsvRow) -> Result<(), BadRow> {
        let node = columns.node.text(row)?;
        check_node_label(node).map_err(|reason| BadRow::Node { column: columns.node.name().to_owned(), reason })?;
        let is_online = parse_bool(&columns.online, row)?;
        let booted = self.parse_instant(&columns.booted, row)?;
        let last_seen = self.parse_instant(&columns.last_seen, row)?;
        if self.uptimes.contains_key(node) {
            return Err(BadRow::RepeatedNode { node: node.to_owned() });
        }

        let epoch_start = self.taken.secs_before(self.epoch_secs);
        let up_to = if is_online { self.taken } else { last_seen };
        if up_to >= epoch_start && booted > up_to {
            self.contradictions += 1;
        }
        let up_nanos = up_to.nanos_since(booted.max(epoch_start));
        self.uptimes.insert(node.to_owned(), uptime_bps(up_nanos, self.epoch_secs));
        Ok(())
    }

    fn parse_instant(&self, column: &Column, row: &CsvRow) -> Result<UnixTime, BadRow> {
        let text = column.text(row)?;
        let instant = UnixTime::parse(text, self.zone_rule)
            .map_err(|reason| BadRow::Time { column: column.name().to_owned(), reason })?;
        if instant > self.taken {
            return Err(BadRow::AfterSnapshot { column: column.name().to_owned(), text: text.to_owned() });
        }
        Ok(instant)
    }

    /// The uptime of every node in the epoch `epoch`. Bandwidth is not measured.
    pub fn into_measurements(self, epoch: u32) -> Result<Measurements, RowError> {
        let rows = self
            .uptimes
            .into_iter()
            .map(|(node, uptime_bps)| MeasurementRow { epoch, node, uptime_bps: Some(uptime_bps), bandwidth: None })
            .collect();
        Measurements::from_rows(rows)
    }
}

impl FileColumns {
    fn find(columns: &SnapshotColumns, header: &CsvRow) -> Result<Self, ColumnError> {
        Ok(Self {
            node: Column::find(header, &columns.node)?,
            online: Column::find(header, &columns.online)?,
            booted: Column::find(header, &columns.booted)?,
            last_seen: Column::find(header, &columns.last_seen)?,
        })
    }
}

fn parse_bool(column: &Column, row: &CsvRow) -> Result<bool, BadRow> {
    let text = column.text(row)?;
    if text.eq_ignore_ascii_case("true") {
        return Ok(true);
    }
    if text.eq_ignore_ascii_case("false") {
        return Ok(false);
    }
    Err(BadRow::NotTrueOrFalse { column: column.name().to_owned(), text: text.to_owned() })
}

/// The share of the epoch that `up_nanos` are, in basis points; 0 where they are negative.
///
/// Floor: a part of a basis point is not credited.
fn uptime_bps(up_nanos: i128, epoch_secs: u32) -> u16 {
    let epoch_nanos = i128::from(epoch_secs) * NANOS_PER_SEC;
    let up_nanos = up_nanos.clamp(0, epoch_nanos);
    let bps = up_nanos * i128::from(MAX_UPTIME_BPS) / epoch_nanos;
    u16::try_from(bps).unwrap_or(MAX_UPTIME_BPS)
}

#[cfg(test)]
mod tests;
