use std::fs;

use stipend_client::measurement::MeasurementRow;

use super::*;
use crate::source::later;

/// Epoch 3 of 100 s, from 1,000 s on, in windows of 10 s.
const SPAN: EpochSpan = EpochSpan { epoch: 3, start: 1_000, end: 1_100 };

fn rules(uptime: Option<UptimeColumn>) -> SampleRules {
    SampleRules {
        time: "t".to_owned(),
        node: NodeSource::Column("node".to_owned()),
        uptime,
        bandwidth: Some("mbit".to_owned()),
        sample_secs: Some(10),
        scale: Decimal::parse_scale("1000").expect("a scale"),
        zone_rule: ZoneRule::OffsetRequired,
        bad_rows: BadRows::Refuse,
        min_coverage: MinCoverage { percent: 50 },
    }
}

fn up_or_down() -> SampleRules {
    rules(Some(UptimeColumn::UpOrDown("up".to_owned())))
}

fn presence() -> SampleRules {
    rules(Some(UptimeColumn::Presence("rtt".to_owned())))
}

fn measure(files: &[(&str, &str)], rules: SampleRules) -> Result<Measured, String> {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, content) in files {
        fs::write(folder.path().join(name), content).expect("written");
    }
    let place = format!("{}/", folder.path().display());
    let measured = SampleFiles::new(folder.path().to_owned(), rules).measure(&SPAN, later());
    measured.map_err(|error| error.to_string().replace(&place, ""))
}

fn row(node: &str, uptime_bps: Option<u16>, bandwidth: Option<u32>) -> MeasurementRow {
    MeasurementRow { epoch: 3, node: node.to_owned(), uptime_bps, bandwidth }
}

/// A line a window of the epoch, for those in `windows`.
fn up_lines(node: &str, windows: std::ops::Range<i64>) -> String {
    windows.map(|window| format!("{},{node},1,\n", 1_000 + window * 10)).collect()
}

#[test]
fn a_gap_in_the_samples_is_not_measured_and_a_sample_that_says_down_is_down() {
    // Windows 0 to 5 up, 6 down, 7 to 9 without a sample.
    let csv = format!("t,node,up,mbit\n{}1060,a,0,\n", up_lines("a", 0..6));

    let measured = measure(&[("a.csv", &csv)], up_or_down()).expect("measured");

    // 6 of 7: 8,571.4 basis points.
    assert_eq!(measured, Measured { rows: vec![row("a", Some(8_571), None)], remarks: vec![] });
}

#[test]
fn samples_of_other_epochs_do_not_count() {
    let csv = format!(
        "t,node,up,mbit\n999.999999999,a,0,9\n{}1099.999999999,b,0,2\n1100,a,0,7\n1e9,c,1,7\n",
        up_lines("a", 0..10)
    );

    let measured =
        measure(&[("a.csv", &csv)], SampleRules { min_coverage: MinCoverage { percent: 0 }, ..up_or_down() });

    let rows = measured.expect("measured").rows;
    assert_eq!(rows, [row("a", Some(10_000), None), row("b", Some(0), Some(2_000))]);
}

#[test]
fn json_lines_and_csv_are_read_alike() {
    let json = "{\"t\":1000,\"node\":\"a\",\"up\":true,\"mbit\":0.29,\"else\":[1]}\n\
                {\"t\":\"1970-01-01T00:16:50Z\",\"node\":\"a\",\"up\":\"0\",\"mbit\":null}\n\
                {\"t\":1020.5,\"node\":\"a\",\"up\":1}\n\
                {\"t\":1030,\"node\":\"a\",\"up\":false}\n";
    let csv = "up,node,mbit,t\n1,a,,1040\n,a,0.1,1050\n";

    let measured = measure(&[("a.jsonl", json), ("b.csv", csv)], up_or_down()).expect("measured");

    // Up in windows 0, 2 and 4, down in 1 and 3; of 290 and 100 kbit/s the lower one.
    assert_eq!(measured.rows, [row("a", Some(6_000), Some(100))]);
}

#[test]
fn where_only_presence_is_sampled_a_window_without_any_row_is_a_gap() {
    let json = "{\"t\":1000,\"node\":\"a\",\"rtt\":0}\n{\"t\":1010,\"node\":\"b\",\"rtt\":3.5,\"mbit\":1}\n\
                {\"t\":1020,\"node\":\"b\",\"rtt\":2}\n{\"t\":1030,\"node\":\"a\",\"rtt\":\"12\"}\n\
                {\"t\":1040,\"node\":\"b\",\"rtt\":null}\n";

    let measured = measure(&[("a.jsonl", json)], presence()).expect("measured");

    // Windows 0 to 4 have rows; a and b are each in two of them.
    assert_eq!(measured.rows, [row("a", Some(4_000), None), row("b", Some(4_000), Some(1_000))]);
}

#[test]
fn the_time_s_own_column_says_up_in_every_row() {
    let rules = rules(Some(UptimeColumn::Presence("t".to_owned())));
    let csv = format!("t,node,up,mbit\n{}", up_lines("a", 2..7));

    assert_eq!(measure(&[("a.csv", &csv)], rules).expect("measured").rows, [row("a", Some(10_000), None)]);
}

#[test]
fn a_file_that_is_not_finished_is_complete_once_it_has_passed_the_epoch() {
    let head = format!("t,node,up,mbit\n{}", up_lines("a", 0..10));
    let unfinished =
        "the last line of `a.csv` does not end, so it may still be written to; end it with a newline, and \
                      write whole files under another name first";

    let in_the_epoch = measure(&[("a.csv", &format!("{head}1099,a,0"))], up_or_down());
    let past_it = measure(&[("a.csv", &format!("{head}1100,a,0,\n1110,a,"))], up_or_down());
    let no_line_yet = measure(&[("a.csv", "t,no")], up_or_down());

    assert_eq!(in_the_epoch, Err(unfinished.to_owned()));
    assert_eq!(past_it.expect("measured").rows, [row("a", Some(10_000), None)]);
    assert_eq!(no_line_yet, Err(unfinished.to_owned()));
    assert_eq!(measure(&[("a.csv", "")], up_or_down()), Ok(Measured::default()));
}

#[test]
fn a_bad_row_is_refused_or_is_left_out_and_said() {
    for (line, reason, kind) in [
        (
            "{\"t\":1000",
            "the line is no JSON object: EOF while parsing an object at line 1 column 9",
            "not a JSON object",
        ),
        (
            "[1]",
            "the line is no JSON object: invalid type: sequence, expected a map at line 1 column 0",
            "not a JSON object",
        ),
        (
            "{\"t\":1000,\"node\":\"a\",\"up\":2}",
            "column `up`: `2` is neither 1 or true, which is up, nor 0 or false, which is down",
            "neither up nor down",
        ),
        (
            "{\"t\":[1],\"node\":\"a\",\"up\":1}",
            "`t` is an array or an object, and not one value",
            "array or object in place of a value",
        ),
        (
            "{\"node\":\"a\",\"up\":1}",
            "column `t`: time `` is neither RFC 3339 nor Unix seconds",
            "time that is neither RFC 3339 nor Unix seconds",
        ),
        (
            "{\"t\":1000,\"up\":1}",
            "column `node`: node is empty; every measurement names its node",
            "node without a plain label",
        ),
        ("{\"t\":1000,\"node\":\"a\",\"mbit\":-1}", "column `mbit`: `-1` is negative", "negative value"),
        (
            "{\"t\":1000,\"node\":\"a\",\"mbit\":4294967.295}",
            "column `mbit`: `4294967.295` times the scale is above 4294967294; choose a larger unit with --scale",
            "value too large after the scale",
        ),
    ] {
        let json = format!("{{\"t\":1000,\"node\":\"b\",\"up\":1,\"mbit\":1}}\n{line}\n");
        let skipping =
            SampleRules { bad_rows: BadRows::Skip, min_coverage: MinCoverage { percent: 0 }, ..up_or_down() };

        let refused = measure(&[("a.jsonl", &json)], up_or_down());
        let skipped = measure(&[("a.jsonl", &json)], skipping).expect("measured");

        assert_eq!(refused, Err(format!("`a.jsonl`, line 2: {reason}; mend the row, or pass --skip-bad-rows")));
        assert_eq!(skipped.rows, [row("b", Some(10_000), Some(1_000))]);
        let [Remark::SkippedRows { text }] = skipped.remarks.as_slice() else { panic!("{:?}", skipped.remarks) };
        assert!(text.starts_with("skipped 1 row of `"), "{text}");
        assert!(text.ends_with(&format!("a.jsonl`: {kind}, first in line 2")), "{text}");
    }
}

#[test]
fn a_column_that_is_nowhere_is_refused_in_both_formats() {
    let json = measure(&[("a.jsonl", "{\"t\":1000,\"node\":\"a\",\"is_up\":true,\"mbit\":1}\n")], up_or_down());
    let csv = measure(&[("a.csv", "t,node,is_up,mbit\n1000,a,1,1\n")], up_or_down());

    let json = json.expect_err("refused");
    assert!(json.starts_with("none of the rows in `") && json.ends_with("has a value called `up`"), "{json}");
    assert_eq!(
        csv,
        Err("`a.csv`, line 1: no column is called `up`; there are `t`, `node`, `is_up`, `mbit`".to_owned())
    );
}

#[test]
fn a_row_of_the_named_node_needs_no_label() {
    let rules = SampleRules { node: NodeSource::Named("gate".to_owned()), ..up_or_down() };

    let measured = measure(&[("a.csv", &format!("t,x,up,mbit\n{}", up_lines("", 0..5)))], rules).expect("measured");

    assert_eq!(measured.rows, [row("gate", Some(10_000), None)]);
}

#[test]
fn windows_that_do_not_fill_the_epoch_are_refused() {
    let rules = SampleRules { sample_secs: Some(30), ..up_or_down() };

    assert_eq!(
        measure(&[], rules),
        Err("an epoch of 100 s is not a whole number of windows of 30 s; choose --sample-secs so that it divides the epoch"
            .to_owned())
    );
}

#[test]
fn every_bad_row_is_refused_by_its_own_reason() {
    for (bad_row, reason) in [
        ("1000,a,1", "row has 3 cells, the header has 4"),
        ("1000,a,1,2,3", "row has 5 cells, the header has 4"),
        ("noon,a,1,2", "column `t`: time `noon` is neither RFC 3339 nor Unix seconds"),
        (
            "2021-06-30 12:00:00,a,1,2",
            "column `t`: time `2021-06-30 12:00:00` has no UTC offset; add one, or pass --assume-utc if all such times are UTC",
        ),
        (
            "1625011200000,a,1,2",
            "column `t`: time `1625011200000` is past the year 9999; Unix times are in seconds, not in milliseconds",
        ),
        ("1000,,1,2", "column `node`: node is empty; every measurement names its node"),
        (
            "1000,\"a\tb\",1,2",
            "column `node`: node \"a\\tb\" has a control character, or white space at an end; a label is plain text",
        ),
        ("1000,a,timeout,2", "column `rtt`: `timeout` is not a decimal number"),
        ("1000,a,-1,2", "column `rtt`: `-1` is negative"),
        (
            "1000,a,1,inf",
            "column `mbit`: `inf` is not a finite number; leave the cell empty where nothing was measured",
        ),
        (
            "1000,a,1,4294967.295",
            "column `mbit`: `4294967.295` times the scale is above 4294967294; choose a larger unit with --scale",
        ),
        (
            "1000,a,1,0.12345678901234567890123456789",
            "column `mbit`: `0.12345678901234567890123456789` has more than 28 significant digits",
        ),
    ] {
        // The header is in line 1, a blank line is line 2.
        let refused = measure(&[("a.csv", &format!("t,node,rtt,mbit\n\n{bad_row}\n"))], presence());

        assert_eq!(refused, Err(format!("`a.csv`, line 3: {reason}; mend the row, or pass --skip-bad-rows")));
    }
}

#[test]
fn bandwidth_is_scaled_exactly_and_then_floored_and_the_lower_median_counts() {
    // 0.0009 · 1,000 = 0.9; 16.001 · 1,000 = 16,001, where binary fractions make 16,000.999…; of 1, 2, 3, 10 the two in the
    // middle are 2 and 3.
    let csv = "t,node,mbit\n1000,a,0.0009\n1000,b,16.001\n1000,c,10\n1001,c,3\n1002,c,1\n1003,c,2\n";

    let measured = measure(&[("a.csv", csv)], SampleRules { sample_secs: None, ..rules(None) }).expect("measured");

    let expected = [row("a", None, Some(0)), row("b", None, Some(16_001)), row("c", None, Some(2_000))];
    assert_eq!(measured.rows, expected);
}

#[test]
fn an_epoch_holds_its_first_moment_and_not_its_last() {
    let csv = "t,node,mbit\n999.999,a,1\n1000,a,2\n1099.999999999,a,2\n1100,a,9\n";

    let measured = measure(&[("a.csv", csv)], SampleRules { sample_secs: None, ..rules(None) }).expect("measured");

    assert_eq!(measured.rows, [row("a", None, Some(2_000))]);
}

#[test]
fn a_cell_that_is_not_text_is_refused_only_where_it_is_needed() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.csv"), b"t,node,up,mbit,note\n1000,a,1,,\xff\n1001,\xff,1,,\n").expect("written");

    let refused = SampleFiles::new(folder.path().join("a.csv"), up_or_down()).measure(&SPAN, later());

    let refused = refused.map_err(|error| error.to_string()).expect_err("refused");
    assert!(
        refused.ends_with("line 3: column `node` is not UTF-8 text; mend the row, or pass --skip-bad-rows"),
        "{refused}"
    );
}

#[test]
fn a_quotation_mark_that_is_never_closed_is_refused_even_where_bad_rows_are_skipped() {
    let csv = "t,node,up,mbit\n1000,a,1,2\n1010,\"a,1,2\n1020,a,1,2\n";

    let refused = measure(&[("a.csv", csv)], SampleRules { bad_rows: BadRows::Skip, ..up_or_down() });

    assert_eq!(
        refused,
        Err("`a.csv`, line 3: a quoted cell begins in this row and is never closed; close it, or double the quotation mark"
            .to_owned())
    );
}
