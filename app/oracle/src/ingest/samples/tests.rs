use std::fs;

use super::*;

const GENESIS: &str = "2021-06-30T00:00:00Z";
const HEADER: &str = "time,node,rtt_ms,mbit\n";

/// Ingests `csv` with epochs of 1,000 s in windows of 10 s and a scale of 1,000.
fn ingest(csv: &str, bad_rows: BadRows) -> Result<(Vec<MeasurementRow>, String), String> {
    let columns = SampleColumns {
        time: "time".to_owned(),
        node: NodeSource::Column("node".to_owned()),
        uptime: Some("rtt_ms".to_owned()),
        bandwidth: Some("mbit".to_owned()),
    };
    ingest_with(csv, bad_rows, &columns)
}

fn ingest_with(csv: &str, bad_rows: BadRows, columns: &SampleColumns) -> Result<(Vec<MeasurementRow>, String), String> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("raw.csv");
    fs::write(&path, csv).expect("written");
    let genesis = UnixTime::parse(GENESIS, ZoneRule::OffsetRequired).expect("a time");
    let grid = EpochGrid::new(genesis, 1_000, 10).expect("a grid");
    let scale = Decimal::parse_scale("1000").expect("a scale");

    let mut samples = Samples::new(grid, scale, ZoneRule::OffsetRequired);
    let mut skipped = Skipped::default();
    let place = path.display().to_string();
    samples
        .add_file(&path, columns, bad_rows, &mut skipped)
        .map_err(|error| error.to_string().replace(&place, "raw.csv"))?;
    let measurements = samples.into_measurements().expect("rows are good");
    let skipped = skipped.to_string().replace(&place, "raw.csv");
    Ok((measurements.into_rows(), skipped))
}

fn measured(rows: &str) -> Vec<(u32, String, Option<u16>, Option<u32>)> {
    let (rows, skipped) = ingest(&format!("{HEADER}{rows}"), BadRows::Refuse).expect("the rows are good");
    assert_eq!(skipped, "");
    rows.into_iter().map(|row| (row.epoch, row.node, row.uptime_bps, row.bandwidth)).collect()
}

fn row(
    epoch: u32,
    node: &str,
    uptime_bps: Option<u16>,
    bandwidth: Option<u32>,
) -> (u32, String, Option<u16>, Option<u32>) {
    (epoch, node.to_owned(), uptime_bps, bandwidth)
}

fn refusal(row: &str) -> String {
    ingest(&format!("{HEADER}\n{row}\n"), BadRows::Refuse).expect_err("the row was to be refused")
}

// The genesis, 2021-06-30T00:00:00Z, is 1,625,011,200 in Unix seconds.

#[test]
fn uptime_counts_windows_that_hold_a_sample_and_not_samples() {
    // Windows 0 (three samples), 1 (one at its first moment), 99 (the last): 3 of 100 are 300 basis points.
    let rows = "1625011200,a,1,\n1625011205,a,1,\n1625011209.999,a,1,\n1625011210,a,1,\n1625012199.999999999,a,0,\n";

    assert_eq!(measured(rows), [row(0, "a", Some(300), None)]);
}

#[test]
fn a_sample_at_the_end_of_an_epoch_belongs_to_the_next() {
    let rows = "1625012199,a,1,\n1625012200,a,1,\n1625013200,a,,1\n";

    assert_eq!(
        measured(rows),
        [row(0, "a", Some(100), None), row(1, "a", Some(100), None), row(2, "a", None, Some(1_000)),]
    );
}

#[test]
fn a_window_with_a_sample_in_every_place_is_full_uptime() {
    let rows: String = (0..100).map(|window| format!("{},a,1,\n", 1_625_011_200 + window * 10)).collect();

    assert_eq!(measured(&rows), [row(0, "a", Some(10_000), None)]);
}

#[test]
fn uptime_is_floored() {
    // 1 of 288 windows is 34.72 basis points, 287 of 288 are 9,965.27.
    assert_eq!(uptime_bps(&BTreeMap::from([(0, 1)]), 288), Some(34));
    let all_but_one = BTreeMap::from([(0, u64::MAX), (1, u64::MAX), (2, u64::MAX), (3, u64::MAX), (4, (1 << 31) - 1)]);
    assert_eq!(uptime_bps(&all_but_one, 288), Some(9_965));
    // One window of 20,000 is half a basis point: measured, and 0.
    assert_eq!(uptime_bps(&BTreeMap::from([(0, 1)]), 20_000), Some(0));
    assert_eq!(uptime_bps(&BTreeMap::new(), 288), None);
}

#[test]
fn bandwidth_is_the_lower_median_of_the_epoch() {
    // Of 1, 2, 3, 10 the two in the middle are 2 and 3. Of 1, 7, 9 it is 7. Each times 1,000.
    let rows = "1625011200,even,,10\n1625011201,even,,3\n1625011202,even,,1\n1625011203,even,,2\n\
                1625011200,odd,,9\n1625011200,odd,,1\n1625012199,odd,,7\n1625012200,odd,,8\n";

    assert_eq!(
        measured(rows),
        [row(0, "even", None, Some(2_000)), row(0, "odd", None, Some(7_000)), row(1, "odd", None, Some(8_000)),]
    );
}

#[test]
fn bandwidth_is_scaled_exactly_and_then_floored() {
    // 0.0009 · 1,000 = 0.9; 16.001 · 1,000 = 16,001, where binary fractions make 16,000.999…
    let rows = "1625011200,a,,0.0009\n1625011200,b,,16.001\n1625011200,c,,4294967.294\n";

    assert_eq!(
        measured(rows),
        [row(0, "a", None, Some(0)), row(0, "b", None, Some(16_001)), row(0, "c", None, Some(4_294_967_294)),]
    );
}

#[test]
fn what_has_no_sample_is_not_measured_and_never_zero() {
    // `a` has bandwidth only, `b` uptime only, `c` neither.
    let rows = "1625011200,a,,5\n1625011200,b,5,\n1625011200,c,,\n1625011200,c, ,\n";

    assert_eq!(measured(rows), [row(0, "a", None, Some(5_000)), row(0, "b", Some(100), None),]);
}

#[test]
fn rows_may_come_in_any_order_and_notation() {
    let rows = "2021-06-30T02:16:40+0200,b,1,\n1625012200,a,1,\n2021-06-29 19:00:00-05:00,a,1,\n";

    assert_eq!(
        measured(rows),
        [row(0, "a", Some(100), None), row(1, "a", Some(100), None), row(1, "b", Some(100), None),]
    );
}

#[test]
fn white_space_around_a_cell_or_a_column_does_not_count() {
    let csv = " time ,node ,rtt_ms, mbit\n 1625011200 , Hyde Park , 1 , 2 \n";

    let (rows, _) = ingest(csv, BadRows::Refuse).expect("the rows are good");

    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].node, "Hyde Park");
    assert_eq!((rows[0].uptime_bps, rows[0].bandwidth), (Some(100), Some(2_000)));
}

#[test]
fn the_time_column_as_uptime_column_counts_every_row() {
    let columns = SampleColumns {
        time: "seen".to_owned(),
        node: NodeSource::Named("gateway".to_owned()),
        uptime: Some("seen".to_owned()),
        bandwidth: None,
    };

    let heartbeats = "seen\n2021-06-30T00:00:00Z\n2021-06-30T00:00:10Z\n";
    let (rows, _) = ingest_with(heartbeats, BadRows::Refuse, &columns).expect("rows are good");

    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].node, "gateway");
    assert_eq!(rows[0].uptime_bps, Some(200));
}

#[test]
fn every_bad_row_is_refused_by_its_own_reason() {
    for (bad_row, reason) in [
        ("1625011200,a,1", "row has 3 cells, the header has 4"),
        ("1625011200,a,1,2,3", "row has 5 cells, the header has 4"),
        ("noon,a,1,2", "column `time`: time `noon` is neither RFC 3339 nor Unix seconds"),
        (",a,1,2", "column `time`: time `` is neither RFC 3339 nor Unix seconds"),
        ("2021-06-30 12:00:00,a,1,2", "column `time`: time `2021-06-30 12:00:00` has no UTC offset; add one, or pass --assume-utc if all such times are UTC"),
        ("1625011200000,a,1,2", "column `time`: time `1625011200000` is past the year 9999; Unix times are in seconds, not in milliseconds"),
        ("1625011199.999,a,1,2", "column `time`: time `1625011199.999` is before the genesis"),
        ("1625011200,,1,2", "column `node`: node is empty; every measurement names its node"),
        ("1625011200,\"a\tb\",1,2", "column `node`: node \"a\\tb\" has a control character, or white space at an end; a label is plain text"),
        ("1625011200,a,timeout,2", "column `rtt_ms`: `timeout` is not a decimal number"),
        ("1625011200,a,-1,2", "column `rtt_ms`: `-1` is negative"),
        ("1625011200,a,NaN,2", "column `rtt_ms`: `NaN` is not a finite number; leave the cell empty where nothing was measured"),
        ("1625011200,a,1,inf", "column `mbit`: `inf` is not a finite number; leave the cell empty where nothing was measured"),
        ("1625011200,a,1,-0.1", "column `mbit`: `-0.1` is negative"),
        ("1625011200,a,1,4294967.295", "column `mbit`: `4294967.295` times the scale is above 4294967294; choose a larger unit with --scale"),
        ("1625011200,a,1,1e300", "column `mbit`: `1e300` times the scale is above 4294967294; choose a larger unit with --scale"),
        ("1625011200,a,1,0.12345678901234567890123456789", "column `mbit`: `0.12345678901234567890123456789` has more than 28 significant digits"),
    ] {
        // The header is in line 1, a blank line is line 2.
        let expected = format!("`raw.csv`, line 3: {reason}; mend the row, or pass --skip-bad-rows");
        assert_eq!(refusal(bad_row), expected);
    }
}

#[test]
fn a_cell_that_is_not_text_is_refused_only_where_it_is_needed() {
    let columns = SampleColumns {
        time: "time".to_owned(),
        node: NodeSource::Column("node".to_owned()),
        uptime: Some("rtt_ms".to_owned()),
        bandwidth: None,
    };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("raw.csv");
    let mut samples = Samples::new(
        EpochGrid::new(UnixTime::from_unix_secs(0), 1_000, 10).expect("a grid"),
        Decimal::parse_scale("1").expect("a scale"),
        ZoneRule::OffsetRequired,
    );

    fs::write(&path, b"time,node,rtt_ms,note\n1,a,1,\xff\n2,\xff,1,\n").expect("written");
    let refusal =
        samples.add_file(&path, &columns, BadRows::Refuse, &mut Skipped::default()).map_err(|error| error.to_string());

    assert_eq!(
        refusal,
        Err(format!(
            "`{}`, line 3: column `node` is not UTF-8 text; mend the row, or pass --skip-bad-rows",
            path.display()
        ))
    );
}

#[test]
fn a_bad_row_that_is_skipped_counts_for_nothing_and_is_counted() {
    // Line 3 has a good uptime beside its bad bandwidth: neither counts.
    let csv = format!(
        "{HEADER}1625011200,a,1,2\n1625011210,a,1,x\n1625011220,a,1,-1\nnoon,a,1,2\n1625011230,a,1,y\n1625011240,a,1,4\n"
    );

    let (rows, skipped) = ingest(&csv, BadRows::Skip).expect("bad rows are skipped");

    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].uptime_bps, rows[0].bandwidth), (Some(200), Some(2_000)));
    assert_eq!(
        skipped,
        "skipped 1 row of `raw.csv`: negative value, first in line 4\n\
         skipped 1 row of `raw.csv`: time that is neither RFC 3339 nor Unix seconds, first in line 5\n\
         skipped 2 rows of `raw.csv`: value that is not a decimal number, first in line 3\n"
    );
}

#[test]
fn a_quotation_mark_that_is_never_closed_is_refused_even_where_bad_rows_are_skipped() {
    let csv = format!("{HEADER}1625011200,a,1,2\n1625011210,\"a,1,2\n1625011220,a,1,2\n");

    assert_eq!(
        ingest(&csv, BadRows::Skip).expect_err("the rest of the file can't be told apart"),
        "`raw.csv`, line 3: a quoted cell begins in this row and is never closed; close it, or double the quotation mark"
    );
}

#[test]
fn a_header_must_have_each_named_column_once() {
    assert_eq!(
        ingest("time,node,rtt\n", BadRows::Skip),
        Err("`raw.csv`, line 1: no column is called `rtt_ms`; there are `time`, `node`, `rtt`".to_owned())
    );
    assert_eq!(
        ingest("time,node,rtt_ms,mbit,mbit\n", BadRows::Skip),
        Err("`raw.csv`, line 1: 2 columns are called `mbit`; rename all but one".to_owned())
    );
    assert_eq!(ingest("", BadRows::Skip), Err("`raw.csv` is empty; its first line is to name the columns".to_owned()));
}
