//! Raw samples, row by row, to measurements.
//!
//! Uptime is the share of an epoch's windows that hold a sample. Bandwidth is the lower median of the epoch's values.
//! A node without a sample of one of them in an epoch is not measured in it: that is not the same as down or as zero.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use stipend_client::csv_rows::CsvRow;
use stipend_client::measurement::{
    check_node_label, MeasurementRow, Measurements, RowError, MAX_BANDWIDTH, MAX_UPTIME_BPS,
};

use super::columns::Column;
use super::epoch_grid::{GridPlace, OutsideGrid};
use super::{
    read_csv_file, BadRow, BadRows, ColumnError, Decimal, EpochGrid, IngestError, Skipped, UnixTime, ZoneRule,
};

/// Where the node's label comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeSource {
    /// Each row names it in this column.
    Column(String),
    /// The files are about this one.
    Named(String),
}

/// Which columns hold what. The other columns of a file are ignored.
#[derive(Clone, Debug)]
pub struct SampleColumns {
    pub time: String,
    pub node: NodeSource,
    /// A value in this column, whatever it is, says that the node was up. The time's own column: every row says so.
    pub uptime: Option<String>,
    pub bandwidth: Option<String>,
}

/// [`SampleColumns`] in one file.
struct FileColumns {
    time: Column,
    node: NodeColumn,
    uptime: Option<Column>,
    bandwidth: Option<Column>,
}

enum NodeColumn {
    Column(Column),
    Named(String),
}

/// What has been sampled of one node in one epoch.
#[derive(Debug, Default)]
struct Tally {
    /// The windows that hold a sample: bit `i` of word `w` is window `64·w + i`.
    windows: BTreeMap<u32, u64>,
    /// After the scale.
    bandwidths: Vec<u32>,
}

/// The samples of all files so far.
///
/// What is kept for a node and epoch grows with its windows and its bandwidth values, not with its rows.
pub struct Samples {
    grid: EpochGrid,
    scale: Decimal,
    zone_rule: ZoneRule,
    node_ids: HashMap<String, usize>,
    tallies: HashMap<(u32, usize), Tally>,
}

impl Samples {
    /// - `scale`: what a value in the file is multiplied with to be in the unit that the network names
    pub fn new(grid: EpochGrid, scale: Decimal, zone_rule: ZoneRule) -> Self {
        Self { grid, scale, zone_rule, node_ids: HashMap::new(), tallies: HashMap::new() }
    }

    /// Adds the samples of the CSV file at `path`. Returns how many rows were read.
    pub fn add_file(
        &mut self,
        path: &Path,
        columns: &SampleColumns,
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

    /// Adds one row: all of it, or, if any cell of it is bad, nothing.
    fn add_row(&mut self, columns: &FileColumns, row: &CsvRow) -> Result<(), BadRow> {
        let time = columns.time.text(row)?;
        let place = self.place(&columns.time, time)?;
        let node = columns.node(row)?;
        let is_up = match &columns.uptime {
            Some(column) if *column == columns.time => true,
            Some(column) => parse_value(column, row)?.is_some(),
            None => false,
        };
        let bandwidth = match &columns.bandwidth {
            Some(column) => parse_scaled_bandwidth(column.name(), column.text(row)?, self.scale)?,
            None => None,
        };
        if !is_up && bandwidth.is_none() {
            return Ok(());
        }

        let tally = self.tally(place.epoch, node);
        if is_up {
            *tally.windows.entry(place.window / u64::BITS).or_default() |= 1 << (place.window % u64::BITS);
        }
        tally.bandwidths.extend(bandwidth);
        Ok(())
    }

    fn place(&self, column: &Column, text: &str) -> Result<GridPlace, BadRow> {
        let instant = UnixTime::parse(text, self.zone_rule)
            .map_err(|reason| BadRow::Time { column: column.name().to_owned(), reason })?;
        self.grid.place(instant).map_err(|outside| {
            let (column, text) = (column.name().to_owned(), text.to_owned());
            match outside {
                OutsideGrid::BeforeGenesis => BadRow::BeforeGenesis { column, text },
                OutsideGrid::AfterLastEpoch => BadRow::AfterLastEpoch { column, text },
            }
        })
    }

    fn tally(&mut self, epoch: u32, node: &str) -> &mut Tally {
        let node_id = match self.node_ids.get(node) {
            Some(node_id) => *node_id,
            None => {
                let node_id = self.node_ids.len();
                self.node_ids.insert(node.to_owned(), node_id);
                node_id
            }
        };
        self.tallies.entry((epoch, node_id)).or_default()
    }

    /// One measurement for every node and epoch that has a sample.
    pub fn into_measurements(self) -> Result<Measurements, RowError> {
        let windows_per_epoch = self.grid.windows_per_epoch();
        let mut nodes = vec![String::new(); self.node_ids.len()];
        for (node, node_id) in self.node_ids {
            nodes[node_id] = node;
        }
        let rows = self
            .tallies
            .into_iter()
            .map(|((epoch, node_id), tally)| MeasurementRow {
                epoch,
                node: nodes[node_id].clone(),
                uptime_bps: uptime_bps(&tally.windows, windows_per_epoch),
                bandwidth: lower_median(tally.bandwidths),
            })
            .collect();
        Measurements::from_rows(rows)
    }
}

impl FileColumns {
    fn find(columns: &SampleColumns, header: &CsvRow) -> Result<Self, ColumnError> {
        let find = |name: &String| Column::find(header, name);
        Ok(Self {
            time: find(&columns.time)?,
            node: match &columns.node {
                NodeSource::Column(name) => NodeColumn::Column(find(name)?),
                NodeSource::Named(node) => NodeColumn::Named(node.clone()),
            },
            uptime: columns.uptime.as_ref().map(find).transpose()?,
            bandwidth: columns.bandwidth.as_ref().map(find).transpose()?,
        })
    }

    fn node<'row>(&'row self, row: &'row CsvRow) -> Result<&'row str, BadRow> {
        let column = match &self.node {
            NodeColumn::Named(node) => return Ok(node),
            NodeColumn::Column(column) => column,
        };
        let node = column.text(row)?;
        check_node_label(node).map_err(|reason| BadRow::Node { column: column.name().to_owned(), reason })?;
        Ok(node)
    }
}

/// The bandwidth that `text` in the column called `column` is after the scale, floored; `None` where the text is empty,
/// which means that there is no sample.
pub fn parse_scaled_bandwidth(column: &str, text: &str, scale: Decimal) -> Result<Option<u32>, BadRow> {
    let Some(value) = parse_text(column, text)? else {
        return Ok(None);
    };
    let scaled = value
        .checked_floor_scaled(scale)
        .and_then(|scaled| u32::try_from(scaled).ok())
        .filter(|bandwidth| *bandwidth <= MAX_BANDWIDTH);
    match scaled {
        Some(bandwidth) => Ok(Some(bandwidth)),
        None => Err(BadRow::TooLarge { column: column.to_owned(), text: text.to_owned() }),
    }
}

/// The value in `column`; `None` where the cell is empty, which means that there is no sample.
fn parse_value(column: &Column, row: &CsvRow) -> Result<Option<Decimal>, BadRow> {
    parse_text(column.name(), column.text(row)?)
}

fn parse_text(column: &str, text: &str) -> Result<Option<Decimal>, BadRow> {
    if text.is_empty() {
        return Ok(None);
    }
    match Decimal::parse_value(text) {
        Ok(value) => Ok(Some(value)),
        Err(reason) => Err(BadRow::Value { column: column.to_owned(), reason }),
    }
}

/// The share of an epoch's windows that hold a sample, in basis points; `None` where none does.
///
/// Floor: a part of a basis point is not credited.
fn uptime_bps(windows: &BTreeMap<u32, u64>, windows_per_epoch: u32) -> Option<u16> {
    let with_sample: u64 = windows.values().map(|word| u64::from(word.count_ones())).sum();
    if with_sample == 0 {
        return None;
    }
    let bps = with_sample * u64::from(MAX_UPTIME_BPS) / u64::from(windows_per_epoch);
    u16::try_from(bps).ok()
}

/// The middle value, the lower of the two where their number is even; `None` where there is none.
///
/// The values are scaled and floored already. That changes nothing: both keep the order, so the median of the floors is
/// the floor of the median.
pub fn lower_median(mut values: Vec<u32>) -> Option<u32> {
    let middle = values.len().checked_sub(1)? / 2;
    let (_, median, _) = values.select_nth_unstable(middle);
    Some(*median)
}

#[cfg(test)]
mod tests;
