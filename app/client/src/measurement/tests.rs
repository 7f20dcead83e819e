use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Result<Measurements, String> {
    Measurements::read_from(text.as_bytes(), "ookla.csv").map_err(|error| error.to_string())
}

fn refusal(text: &str) -> String {
    read(text).expect_err("the file was to be refused")
}

fn refusal_of_row(row: &str) -> String {
    refusal(&format!("epoch,node,uptime_bps,bandwidth\n{row}\n"))
}

fn written(measurements: &Measurements) -> String {
    let mut bytes = Vec::new();
    measurements.write_to(&mut bytes).expect("a vector takes every byte");
    String::from_utf8(bytes).expect("labels are UTF-8")
}

fn row(epoch: u32, node: &str, uptime_bps: Option<u16>, bandwidth: Option<u32>) -> MeasurementRow {
    MeasurementRow { epoch, node: node.to_owned(), uptime_bps, bandwidth }
}

#[test]
fn the_rows_of_an_epoch_are_found() {
    let all = read("epoch,node,uptime_bps,bandwidth\n2,b,1,\n4,a,2,\n2,a,3,\n").expect("the file is good");

    assert_eq!(all.epoch(2), [row(2, "a", Some(3), None), row(2, "b", Some(1), None)]);
    assert_eq!(all.epoch(3), []);
    assert_eq!(all.epoch(4), [row(4, "a", Some(2), None)]);
    assert_eq!(all.epoch(5), []);
}

#[test]
fn rows_are_ordered_by_epoch_and_then_by_the_bytes_of_the_label() {
    let read = read("epoch,node,uptime_bps,bandwidth\n10,a,1,\n2,a,,7\n2,Zürich,0,0\n2,\"a, b\",10000,4294967294\n");

    // `Z` is 0x5a and comes before `a`; `a` comes before `a, b`; 2 comes before 10 as a number.
    let expected = vec![
        row(2, "Zürich", Some(0), Some(0)),
        row(2, "a", None, Some(7)),
        row(2, "a, b", Some(10_000), Some(4_294_967_294)),
        row(10, "a", Some(1), None),
    ];
    let read = read.expect("the file is good");
    assert_eq!(read.rows(), expected);
    assert_eq!(read.last_epoch(), Some(10));
    assert_eq!(
        written(&read),
        "epoch,node,uptime_bps,bandwidth\n2,Zürich,0,0\n2,a,,7\n2,\"a, b\",10000,4294967294\n10,a,1,\n"
    );
    assert_eq!(Measurements::from_rows(expected), Ok(read));
}

#[test]
fn a_file_without_rows_measures_nothing() {
    let read = read("epoch,node,uptime_bps,bandwidth\n").expect("the file is good");

    assert_eq!(read, Measurements::default());
    assert_eq!(read.last_epoch(), None);
    assert_eq!(written(&read), "epoch,node,uptime_bps,bandwidth\n");
}

#[test]
fn a_file_without_the_header_is_refused() {
    assert_eq!(refusal(""), "`ookla.csv` is empty; a measurement file begins with `epoch,node,uptime_bps,bandwidth`");
    assert_eq!(
        refusal("0,a,1,2\n"),
        "`ookla.csv`, line 1: the header is `0,a,1,2`; a measurement file begins with `epoch,node,uptime_bps,bandwidth`"
    );
    assert_eq!(
        refusal("\nepoch,node,uptime_bps\n"),
        "`ookla.csv`, line 2: the header is `epoch,node,uptime_bps`; a measurement file begins with `epoch,node,uptime_bps,bandwidth`"
    );
}

#[test]
fn every_bad_row_is_refused_by_its_own_reason() {
    for (bad_row, reason) in [
        ("0,a,1", "row has 3 cells; a measurement has 4"),
        ("0,a,1,2,3", "row has 5 cells; a measurement has 4"),
        ("4294967296,a,1,", "epoch `4294967296` is not an integer from 0 to 4294967295"),
        ("+1,a,1,", "epoch `+1` is not an integer from 0 to 4294967295"),
        (",a,1,", "epoch `` is not an integer from 0 to 4294967295"),
        ("0,,1,", "node is empty; every measurement names its node"),
        ("0, a,1,", "node \" a\" has a control character, or white space at an end; a label is plain text"),
        ("0,\"a\nb\",1,", "node \"a\\nb\" has a control character, or white space at an end; a label is plain text"),
        ("0,a,99.5,", "uptime_bps `99.5` is not an integer; leave it empty where nothing was measured"),
        ("0,a,-1,", "uptime_bps `-1` is not an integer; leave it empty where nothing was measured"),
        ("0,a,10001,", "uptime_bps 10001 is above 10000, which is all of the epoch"),
        ("0,a,65536,", "uptime_bps 65536 is above 10000, which is all of the epoch"),
        ("0,a,,NaN", "bandwidth `NaN` is not an integer; leave it empty where nothing was measured"),
        ("0,a,,4294967296", "bandwidth 4294967296 is above 4294967294; choose a larger unit"),
        (
            "0,a,,4294967295",
            "bandwidth 4294967295 is reserved for \"not measured\"; leave it empty where nothing was measured",
        ),
        (
            "0,a,,",
            "neither uptime_bps nor bandwidth is measured; leave the row out, as a node that was not measured has none",
        ),
    ] {
        assert_eq!(refusal_of_row(bad_row), format!("`ookla.csv`, line 2: {reason}"));
    }
}

#[test]
fn a_row_that_is_not_text_is_refused() {
    let bytes = b"epoch,node,uptime_bps,bandwidth\n0,a,1,\n0,\xff,1,\n";

    let refusal = Measurements::read_from(bytes.as_slice(), "ookla.csv").map_err(|e| e.to_string());

    assert_eq!(refusal, Err("`ookla.csv`, line 3: node is not UTF-8 text; save the file as UTF-8".to_owned()));
}

#[test]
fn a_second_row_for_the_same_epoch_and_node_is_refused_with_both_lines() {
    assert_eq!(
        refusal("epoch,node,uptime_bps,bandwidth\n0,a,1,\n1,a,1,\n\n0,a,,2\n"),
        "`ookla.csv`, line 5: epoch 0 of node \"a\" has a row in line 2 already; keep one of the two"
    );
    assert_eq!(
        Measurements::from_rows(vec![row(0, "a", Some(1), None), row(0, "a", None, Some(2))]),
        Err(RowError::RepeatedRow { epoch: 0, node: "a".to_owned() })
    );
}

#[test]
fn a_file_that_is_not_there_is_refused_by_name() {
    let refusal = Measurements::read(std::path::Path::new("no/such.csv")).map_err(|e| e.to_string());

    assert_eq!(refusal, Err("`no/such.csv` can't be opened".to_owned()));
}

prop_compose! {
    fn any_row()(
        epoch in 0_u32..4,
        node in "[a-c,\" é]{1,3}",
        uptime_bps in proptest::option::of(0..=MAX_UPTIME_BPS),
        bandwidth in proptest::option::of(0..=MAX_BANDWIDTH),
    ) -> MeasurementRow {
        MeasurementRow { epoch, node, uptime_bps, bandwidth }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(rows in proptest::collection::vec(any_row(), 0..30)) {
        let mut keys = std::collections::BTreeSet::new();
        let mut good_rows = rows;
        good_rows.retain(|row| row.check().is_ok() && keys.insert((row.epoch, row.node.clone())));
        let measurements = Measurements::from_rows(good_rows).expect("the rows are good");

        let file = written(&measurements);

        prop_assert_eq!(read(&file), Ok(measurements));
    }
}
