//! Ready measurements, as files: `--measurements`.

use std::collections::btree_map::{BTreeMap, Entry};
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Deserialize;
use stipend_client::measurement::{MeasurementRow, Measurements};

use super::input_file::{list_files, read_json_lines, Format, InputFile};
use super::{EpochSpan, Measured, Source, SourceError};

/// A measurement file or a folder of them, read anew for every epoch.
///
/// CSV as [`stipend_client::measurement`] says, or the same fields in one JSON object a line; null, or a field left out,
/// is "not measured".
pub struct MeasurementFiles {
    path: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonRow {
    epoch: u32,
    node: String,
    uptime_bps: Option<u16>,
    bandwidth: Option<u32>,
}

impl MeasurementFiles {
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }
}

impl Source for MeasurementFiles {
    fn measure(&mut self, span: &EpochSpan, deadline: Instant) -> Result<Measured, SourceError> {
        let mut by_node: BTreeMap<String, (MeasurementRow, PathBuf)> = BTreeMap::new();
        for path in list_files(&self.path)? {
            if Instant::now() >= deadline {
                return Err(SourceError::Late);
            }
            let measurements = read_file(&path, span)?;
            for row in measurements.epoch(span.epoch) {
                match by_node.entry(row.node.clone()) {
                    Entry::Vacant(vacant) => {
                        vacant.insert((row.clone(), path.clone()));
                    }
                    Entry::Occupied(first) => {
                        return Err(SourceError::RepeatedRow {
                            epoch: span.epoch,
                            node: row.node.clone(),
                            first: first.get().1.clone(),
                            second: path,
                        })
                    }
                }
            }
        }
        let rows = by_node.into_values().map(|(row, _)| row).collect();
        Ok(Measured { rows, remarks: Vec::new() })
    }
}

fn read_file(path: &Path, span: &EpochSpan) -> Result<Measurements, SourceError> {
    let mut file = InputFile::open(path)?;
    let (format, is_unfinished) = (file.format, file.is_unfinished);
    let measurements = match format {
        // Not even a header: whoever is to write it has not begun.
        _ if file.is_empty() => Measurements::default(),
        Format::Csv => Measurements::read_from(file.reader(), &path.display().to_string())?,
        Format::JsonLines => {
            let mut rows = Vec::new();
            read_json_lines(file.reader(), path, |line, text| {
                rows.push(parse_json_row(text).map_err(|reason| SourceError::JsonLine {
                    path: path.to_owned(),
                    line,
                    reason,
                })?);
                Ok::<_, SourceError>(())
            })?;
            Measurements::from_rows(rows).map_err(|reason| SourceError::JsonRows { path: path.to_owned(), reason })?
        }
    };
    if is_unfinished && measurements.last_epoch().is_none_or(|last| last <= span.epoch) {
        return Err(SourceError::Unfinished { path: path.to_owned() });
    }
    Ok(measurements)
}

fn parse_json_row(text: &str) -> Result<MeasurementRow, String> {
    let JsonRow { epoch, node, uptime_bps, bandwidth } =
        serde_json::from_str(text).map_err(|error| format!("the line is no measurement: {error}"))?;
    let row = MeasurementRow { epoch, node, uptime_bps, bandwidth };
    row.check().map_err(|error| error.to_string())?;
    Ok(row)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::source::later;

    const HEADER: &str = "epoch,node,uptime_bps,bandwidth\n";

    fn measure(files: &[(&str, &str)], epoch: u32) -> Result<Vec<MeasurementRow>, String> {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, content) in files {
            fs::write(folder.path().join(name), content).expect("written");
        }
        let place = format!("{}/", folder.path().display());
        let span = EpochSpan { epoch, start: 0, end: 1 };
        let measured = MeasurementFiles::new(folder.path().to_owned()).measure(&span, later());
        measured.map(|measured| measured.rows).map_err(|error| error.to_string().replace(&place, ""))
    }

    fn row(epoch: u32, node: &str, uptime_bps: Option<u16>, bandwidth: Option<u32>) -> MeasurementRow {
        MeasurementRow { epoch, node: node.to_owned(), uptime_bps, bandwidth }
    }

    #[test]
    fn the_rows_of_an_epoch_are_joined_from_files_of_both_formats() {
        let files = [
            ("b.csv", "epoch,node,uptime_bps,bandwidth\n1,c,5,\n2,d,6,\n"),
            (
                "a.jsonl",
                "{\"epoch\":1,\"node\":\"b\",\"uptime_bps\":0,\"bandwidth\":null}\n\n{\"epoch\":1,\"node\":\"a\",\"bandwidth\":7}\n",
            ),
            ("notes.txt", "no measurement"),
        ];

        assert_eq!(
            measure(&files, 1),
            Ok(vec![row(1, "a", None, Some(7)), row(1, "b", Some(0), None), row(1, "c", Some(5), None)])
        );
        assert_eq!(measure(&files, 3), Ok(vec![]));
    }

    #[test]
    fn a_file_that_is_not_finished_is_complete_only_for_epochs_that_it_has_passed() {
        let unfinished =
            "the last line of `a.csv` does not end, so it may still be written to; end it with a newline, and \
                          write whole files under another name first";
        let content = format!("{HEADER}1,a,5,\n2,a,6,\n3,a,7");

        assert_eq!(measure(&[("a.csv", &content)], 1), Ok(vec![row(1, "a", Some(5), None)]));
        assert_eq!(measure(&[("a.csv", &content)], 2), Err(unfinished.to_owned()));
        assert_eq!(measure(&[("a.csv", &content)], 3), Err(unfinished.to_owned()));
        assert_eq!(measure(&[("a.csv", "epoch,no")], 0), Err(unfinished.to_owned()));
        assert_eq!(measure(&[("a.csv", "")], 0), Ok(vec![]));
    }

    #[test]
    fn a_node_in_two_files_is_refused_with_both_names() {
        let files = [("a.csv", format!("{HEADER}1,x,5,\n")), ("b.csv", format!("{HEADER}0,x,1,\n1,x,5,\n"))];
        let files = files.each_ref().map(|(name, content)| (*name, content.as_str()));

        assert_eq!(
            measure(&files, 1),
            Err("epoch 1 of node \"x\" has a row in `a.csv` and one in `b.csv`; keep one of them".to_owned())
        );
        // Only epoch 1 is in doubt.
        assert_eq!(measure(&files, 0), Ok(vec![row(0, "x", Some(1), None)]));
    }

    #[test]
    fn a_bad_line_is_refused_with_file_line_and_reason() {
        for (line, reason) in [
            ("{}", "the line is no measurement: missing field `epoch` at line 1 column 2"),
            (
                "{\"epoch\":1,\"node\":\"a\",\"uptime_bps\":70000}",
                "the line is no measurement: invalid value: integer `70000`, expected u16 at line 1 column 40",
            ),
            (
                "{\"epoch\":1,\"node\":\"a\",\"uptime\":1}",
                "the line is no measurement: unknown field `uptime`, expected one of `epoch`, `node`, `uptime_bps`, \
                 `bandwidth` at line 1 column 30",
            ),
            (
                "{\"epoch\":1,\"node\":\"a\",\"uptime_bps\":10001}",
                "uptime_bps 10001 is above 10000, which is all of the epoch",
            ),
            (
                "{\"epoch\":1,\"node\":\"a\"}",
                "neither uptime_bps nor bandwidth is measured; leave the row out, as a node that was not measured has none",
            ),
        ] {
            let content = format!("{{\"epoch\":0,\"node\":\"a\",\"uptime_bps\":1}}\n{line}\n");

            let refused = measure(&[("a.jsonl", &content)], 0);

            assert_eq!(refused, Err(format!("`a.jsonl`, line 2: {reason}")));
        }
        assert_eq!(
            measure(&[("a.csv", "epoch,node\n")], 0),
            Err("`a.csv`, line 1: the header is `epoch,node`; a measurement file begins with \
                 `epoch,node,uptime_bps,bandwidth`"
                .to_owned())
        );
    }
}
