//! Raw samples with their times, as files: `--samples`.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::{Map, Value};
use stipend_client::csv_rows::CsvRow;
use stipend_client::measurement::{check_node_label, MAX_BANDWIDTH};

use super::input_file::{list_files, read_json_lines, Format, InputFile};
use super::span_tally::{MinCoverage, SpanTally, UptimeRule};
use super::{EpochSpan, Measured, Remark, Source, SourceError};
use crate::ingest::{
    read_csv, BadRow, BadRows, Column, ColumnError, Decimal, IngestError, Skipped, UnixTime, ZoneRule, NANOS_PER_SEC,
};

/// Where the node's label comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeSource {
    /// Each row names it in this column.
    Column(String),
    /// The files are about this one.
    Named(String),
}

/// Which column says whether a node was up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UptimeColumn {
    /// A value, whatever it is, says "up". The time's own column: every row says so.
    Presence(String),
    /// `1` or `true` says "up", `0` or `false` says "down".
    UpOrDown(String),
}

/// What raw samples look like, and how they are reckoned.
#[derive(Clone, Debug)]
pub struct SampleRules {
    pub time: String,
    pub node: NodeSource,
    pub uptime: Option<UptimeColumn>,
    pub bandwidth: Option<String>,
    /// The length of a window; it divides the epoch. `None`: nothing asks for windows.
    pub sample_secs: Option<u32>,
    /// What a bandwidth is multiplied with.
    pub scale: Decimal,
    pub zone_rule: ZoneRule,
    pub bad_rows: BadRows,
    pub min_coverage: MinCoverage,
}

/// A file of raw samples or a folder of them, read anew for every epoch.
///
/// CSV with a header, or one JSON object a line. What is not of the epoch is checked and passed over.
pub struct SampleFiles {
    path: PathBuf,
    rules: SampleRules,
}

impl SampleFiles {
    pub fn new(path: PathBuf, rules: SampleRules) -> Self {
        Self { path, rules }
    }
}

impl Source for SampleFiles {
    fn measure(&mut self, span: &EpochSpan, deadline: Instant) -> Result<Measured, SourceError> {
        let mut reading = Reading::new(&self.rules, span)?;
        for path in list_files(&self.path)? {
            if Instant::now() >= deadline {
                return Err(SourceError::Late);
            }
            reading.add_file(&path)?;
        }
        reading.into_measured(&self.path)
    }
}

/// The cells of a row that count; empty where the row has no value.
struct Cells<'row> {
    time: Cow<'row, str>,
    node: Cow<'row, str>,
    uptime: Cow<'row, str>,
    bandwidth: Cow<'row, str>,
}

/// Samples of one epoch, as far as they have been read.
struct Reading<'rules> {
    rules: &'rules SampleRules,
    span: EpochSpan,
    sample_secs: u32,
    tally: SpanTally,
    skipped: Skipped,
    json_rows: u64,
    keys_seen: BTreeSet<String>,
}

impl<'rules> Reading<'rules> {
    fn new(rules: &'rules SampleRules, span: &EpochSpan) -> Result<Self, SourceError> {
        // Without an uptime column nothing asks for windows: the epoch is one.
        let epoch_secs = u32::try_from(span.end.saturating_sub(span.start)).unwrap_or(0);
        let sample_secs = rules.sample_secs.unwrap_or(epoch_secs);
        let windows = span.windows(sample_secs, "--sample-secs")?;
        let uptime_rule = match rules.uptime {
            Some(UptimeColumn::UpOrDown(_)) => UptimeRule::UpOrDown,
            Some(UptimeColumn::Presence(_)) | None => UptimeRule::Presence,
        };
        let tally = SpanTally::new(*span, windows, uptime_rule);
        let skipped = Skipped::default();
        Ok(Self { rules, span: *span, sample_secs, tally, skipped, json_rows: 0, keys_seen: BTreeSet::new() })
    }

    fn add_file(&mut self, path: &Path) -> Result<(), SourceError> {
        let mut file = InputFile::open(path)?;
        let mut is_past_epoch = false;
        if !file.is_empty() {
            match file.format {
                Format::Csv => self.add_csv(&mut file, &mut is_past_epoch)?,
                Format::JsonLines => self.add_json(&mut file, &mut is_past_epoch)?,
            }
        }
        if file.is_unfinished && !is_past_epoch {
            return Err(SourceError::Unfinished { path: path.to_owned() });
        }
        Ok(())
    }

    fn add_csv(&mut self, file: &mut InputFile, is_past_epoch: &mut bool) -> Result<(), SourceError> {
        let path = file.path.clone();
        let mut skipped = std::mem::take(&mut self.skipped);
        let rules = self.rules;
        let read = read_csv(
            file.reader(),
            &path,
            rules.bad_rows,
            &mut skipped,
            |header| CsvColumns::find(rules, header),
            |columns, row| {
                let cells = columns.cells(row)?;
                *is_past_epoch |= self.add_row(&cells)?;
                Ok(())
            },
        );
        self.skipped = skipped;
        let columns = [rules.uptime.as_ref().map(UptimeColumn::name), rules.bandwidth.as_deref()];
        self.keys_seen.extend(columns.into_iter().flatten().map(str::to_owned));
        read.map(|_rows| ()).map_err(SourceError::from)
    }

    fn add_json(&mut self, file: &mut InputFile, is_past_epoch: &mut bool) -> Result<(), SourceError> {
        let path = file.path.clone();
        let bad_rows = self.rules.bad_rows;
        read_json_lines(file.reader(), &path, |line, text| {
            let added = parse_object(text).and_then(|object| {
                let cells = self.json_cells(&object)?;
                self.add_row(&cells)
            });
            match (added, bad_rows) {
                (Ok(is_past), _) => *is_past_epoch |= is_past,
                (Err(reason), BadRows::Skip) => self.skipped.count(&path, line, &reason),
                (Err(reason), BadRows::Refuse) => {
                    return Err(SourceError::from(IngestError::BadRow { file: path.clone(), line, reason }))
                }
            }
            Ok(())
        })
    }

    fn json_cells<'row>(&mut self, object: &'row Map<String, Value>) -> Result<Cells<'row>, BadRow> {
        self.json_rows += 1;
        let rules = self.rules;
        let mut text = |key: &str| -> Result<Cow<'row, str>, BadRow> {
            let value = object.get(key);
            if value.is_some() && !self.keys_seen.contains(key) {
                self.keys_seen.insert(key.to_owned());
            }
            json_text(key, value)
        };
        Ok(Cells {
            time: text(&rules.time)?,
            node: match &rules.node {
                NodeSource::Column(key) => text(key)?,
                NodeSource::Named(_) => Cow::Borrowed(""),
            },
            uptime: rules.uptime.as_ref().map_or(Ok(Cow::Borrowed("")), |column| text(column.name()))?,
            bandwidth: rules.bandwidth.as_ref().map_or(Ok(Cow::Borrowed("")), |key| text(key))?,
        })
    }

    /// Adds one row if it is of the epoch: all of it, or, if any cell of it is bad, nothing. Returns whether it is of a
    /// later epoch.
    fn add_row(&mut self, cells: &Cells<'_>) -> Result<bool, BadRow> {
        let rules = self.rules;
        let time = UnixTime::parse(&cells.time, rules.zone_rule)
            .map_err(|reason| BadRow::Time { column: rules.time.clone(), reason })?;
        let node = match &rules.node {
            NodeSource::Named(node) => node.as_str(),
            NodeSource::Column(column) => {
                check_node_label(&cells.node).map_err(|reason| BadRow::Node { column: column.clone(), reason })?;
                &cells.node
            }
        };
        let is_up = match &rules.uptime {
            Some(column) => column.parse(&cells.uptime, &rules.time)?,
            None => None,
        };
        let bandwidth = match &rules.bandwidth {
            Some(column) => parse_bandwidth(column, &cells.bandwidth, rules.scale)?,
            None => None,
        };

        let since_start = time.nanos_since(UnixTime::from_unix_secs(self.span.start));
        let window = since_start.div_euclid(i128::from(self.sample_secs) * NANOS_PER_SEC);
        let is_past_epoch = time >= UnixTime::from_unix_secs(self.span.end);
        if let (false, Ok(window)) = (is_past_epoch, u32::try_from(window)) {
            self.tally.add(window, node, is_up, bandwidth);
        }
        Ok(is_past_epoch)
    }

    fn into_measured(self, path: &Path) -> Result<Measured, SourceError> {
        // A CSV header is checked by itself. A JSON object may leave a key out, but not all of them can.
        let keys = [self.rules.uptime.as_ref().map(UptimeColumn::name), self.rules.bandwidth.as_deref()];
        for key in keys.into_iter().flatten() {
            if self.json_rows > 0 && !self.keys_seen.contains(key) {
                return Err(SourceError::MissingKey { path: path.to_owned(), column: key.to_owned() });
            }
        }
        let mut measured = self.tally.into_measured(self.rules.min_coverage);
        let skipped = self.skipped.to_string();
        measured.remarks.extend(skipped.lines().map(|line| Remark::SkippedRows { text: line.to_owned() }));
        Ok(measured)
    }
}

impl UptimeColumn {
    fn name(&self) -> &str {
        match self {
            Self::Presence(name) | Self::UpOrDown(name) => name,
        }
    }

    /// - `time`: the name of the time's column
    fn parse(&self, text: &str, time: &str) -> Result<Option<bool>, BadRow> {
        match self {
            Self::Presence(name) if name == time => Ok(Some(true)),
            _ if text.is_empty() => Ok(None),
            Self::Presence(name) => match Decimal::parse_value(text) {
                Ok(_) => Ok(Some(true)),
                Err(reason) => Err(BadRow::Value { column: name.clone(), reason }),
            },
            Self::UpOrDown(name) => match text.to_ascii_lowercase().as_str() {
                "1" | "true" => Ok(Some(true)),
                "0" | "false" => Ok(Some(false)),
                _ => Err(BadRow::NotUpOrDown { column: name.clone(), text: text.to_owned() }),
            },
        }
    }
}

/// [`SampleRules`] in one CSV file.
struct CsvColumns {
    time: Column,
    node: Option<Column>,
    uptime: Option<Column>,
    bandwidth: Option<Column>,
}

impl CsvColumns {
    fn find(rules: &SampleRules, header: &CsvRow) -> Result<Self, ColumnError> {
        let find = |name: &str| Column::find(header, name);
        Ok(Self {
            time: find(&rules.time)?,
            node: match &rules.node {
                NodeSource::Column(name) => Some(find(name)?),
                NodeSource::Named(_) => None,
            },
            uptime: rules.uptime.as_ref().map(|column| find(column.name())).transpose()?,
            bandwidth: rules.bandwidth.as_deref().map(find).transpose()?,
        })
    }

    fn cells<'row>(&self, row: &'row CsvRow) -> Result<Cells<'row>, BadRow> {
        let text = |column: &Option<Column>| -> Result<Cow<'row, str>, BadRow> {
            Ok(Cow::Borrowed(column.as_ref().map_or(Ok(""), |column| column.text(row))?))
        };
        Ok(Cells {
            time: Cow::Borrowed(self.time.text(row)?),
            node: text(&self.node)?,
            uptime: text(&self.uptime)?,
            bandwidth: text(&self.bandwidth)?,
        })
    }
}

/// The bandwidth that `text` in the column called `column` is after the scale; `None` where the text is empty, which means that
/// there is no sample.
///
/// Floor: what is less than a unit is not credited.
fn parse_bandwidth(column: &str, text: &str, scale: Decimal) -> Result<Option<u32>, BadRow> {
    if text.is_empty() {
        return Ok(None);
    }
    let value = Decimal::parse_value(text).map_err(|reason| BadRow::Value { column: column.to_owned(), reason })?;
    let scaled = value.checked_floor_scaled(scale).and_then(|scaled| u32::try_from(scaled).ok());
    match scaled.filter(|bandwidth| *bandwidth <= MAX_BANDWIDTH) {
        Some(bandwidth) => Ok(Some(bandwidth)),
        None => Err(BadRow::TooLarge { column: column.to_owned(), text: text.to_owned() }),
    }
}

fn parse_object(text: &str) -> Result<Map<String, Value>, BadRow> {
    serde_json::from_str(text).map_err(|error| BadRow::NotAnObject { reason: error.to_string() })
}

/// What would stand in a cell.
fn json_text<'row>(key: &str, value: Option<&'row Value>) -> Result<Cow<'row, str>, BadRow> {
    match value {
        None | Some(Value::Null) => Ok(Cow::Borrowed("")),
        Some(Value::String(text)) => Ok(Cow::Borrowed(text.trim())),
        Some(Value::Number(number)) => Ok(Cow::Owned(number.to_string())),
        Some(Value::Bool(is_true)) => Ok(Cow::Borrowed(if *is_true { "true" } else { "false" })),
        Some(Value::Array(_) | Value::Object(_)) => Err(BadRow::NotAValue { column: key.to_owned() }),
    }
}

#[cfg(test)]
mod tests;
