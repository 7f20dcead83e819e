use std::fs;

use super::*;

const TAKEN: &str = "2020-05-13T12:59:46+02:00";
const HEADER: &str = "node,last_seen,booted,online\n";

fn ingest(rows: &str, bad_rows: BadRows) -> Result<(Vec<(String, u16)>, u64), String> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("map.csv");
    fs::write(&path, format!("{HEADER}{rows}")).expect("written");
    let taken = UnixTime::parse(TAKEN, ZoneRule::OffsetRequired).expect("a time");
    let columns = SnapshotColumns {
        node: "node".to_owned(),
        online: "online".to_owned(),
        booted: "booted".to_owned(),
        last_seen: "last_seen".to_owned(),
    };

    let mut snapshot = Snapshot::new(taken, 86_400, ZoneRule::OffsetRequired).expect("an epoch of a day");
    snapshot
        .add_file(&path, &columns, bad_rows, &mut Skipped::default())
        .map_err(|error| error.to_string().replace(&path.display().to_string(), "map.csv"))?;
    let contradictions = snapshot.contradictions();
    let measurements = snapshot.into_measurements(0).expect("rows are good");
    let uptimes = measurements
        .into_rows()
        .into_iter()
        .map(|row| {
            assert_eq!((row.epoch, row.bandwidth), (0, None));
            (row.node, row.uptime_bps.expect("every node is measured"))
        })
        .collect();
    Ok((uptimes, contradictions))
}

fn uptime(last_seen: &str, booted: &str, online: &str) -> (u16, u64) {
    let row = format!("a,{last_seen},{booted},{online}\n");
    let (uptimes, contradictions) = ingest(&row, BadRows::Refuse).expect("the row is good");
    (uptimes[0].1, contradictions)
}

#[test]
fn a_node_that_is_online_was_up_since_it_booted() {
    // 6 h before the snapshot: a quarter of the day. When it was last seen does not matter.
    assert_eq!(uptime("2020-05-13T12:59:31+0200", "2020-05-13T06:59:46+0200", "true"), (2_500, 0));
    // Winter time: 05:59:46+0100 is the same moment.
    assert_eq!(uptime("2020-05-13T12:53:33+0200", "2020-05-13T05:59:46+0100", "TRUE"), (2_500, 0));
    // A second more is 0.1157 basis points more, which is floored; a second less is less than 2,500.
    assert_eq!(uptime("2020-05-13T12:59:31+0200", "2020-05-13T06:59:45+0200", "true"), (2_500, 0));
    assert_eq!(uptime("2020-05-13T12:59:31+0200", "2020-05-13T06:59:47+0200", "true"), (2_499, 0));
}

#[test]
fn time_before_the_epoch_does_not_count() {
    assert_eq!(uptime("2020-05-13T12:59:31+0200", "2020-05-12T12:59:46+0200", "true"), (10_000, 0));
    assert_eq!(uptime("2020-05-13T12:59:31+0200", "2017-02-05T04:55:23+0100", "true"), (10_000, 0));
}

#[test]
fn a_node_that_is_offline_was_up_until_it_was_last_seen() {
    // From the epoch's start, 12:59:46 of the day before, to 00:59:46: half the day.
    assert_eq!(uptime("2020-05-13T00:59:46+0200", "2020-05-07T06:54:59+0200", "false"), (5_000, 0));
    // From 18:59:46 to 00:59:46: a quarter.
    assert_eq!(uptime("2020-05-13T00:59:46+0200", "2020-05-12T18:59:46+0200", "false"), (2_500, 0));
}

#[test]
fn a_node_that_was_not_seen_in_the_epoch_is_measured_as_down() {
    assert_eq!(uptime("2018-05-13T00:00:00+0200", "2018-05-01T00:00:00+0200", "false"), (0, 0));
    assert_eq!(uptime("2020-05-12T12:59:46+0200", "2018-05-01T00:00:00+0200", "false"), (0, 0));
    // Its boot time is wrong, but however long it was up, it was not in the epoch.
    assert_eq!(uptime("2020-05-12T12:59:45+0200", "2020-05-13T00:00:00+0200", "false"), (0, 0));
}

#[test]
fn a_node_that_booted_after_it_was_last_seen_is_credited_with_nothing_and_counted() {
    assert_eq!(uptime("2020-05-12T17:28:34+0200", "2020-05-13T12:01:50+0200", "false"), (0, 1));
}

#[test]
fn every_bad_row_is_refused_by_its_own_reason() {
    const BOOTED: &str = "2020-05-07T06:54:59+0200";
    for (bad_row, reason) in [
        (format!("a,{BOOTED},{BOOTED}"), "row has 3 cells, the header has 4"),
        (format!(",{BOOTED},{BOOTED},true"), "column `node`: node is empty; every measurement names its node"),
        (format!("a,{BOOTED},,true"), "column `booted`: time `` is neither RFC 3339 nor Unix seconds"),
        (format!("a,,{BOOTED},true"), "column `last_seen`: time `` is neither RFC 3339 nor Unix seconds"),
        (format!("a,{BOOTED},{BOOTED},yes"), "column `online`: `yes` is neither `true` nor `false`"),
        (
            format!("a,{BOOTED},2020-05-13T12:59:47+0200,true"),
            "column `booted`: time `2020-05-13T12:59:47+0200` is after the snapshot",
        ),
        (
            format!("a,2020-05-13T12:59:46.5+0200,{BOOTED},true"),
            "column `last_seen`: time `2020-05-13T12:59:46.5+0200` is after the snapshot",
        ),
        (format!("z,{BOOTED},{BOOTED},true"), "node \"z\" has a row in this snapshot already"),
    ] {
        let rows = format!("z,{BOOTED},{BOOTED},true\n{bad_row}\n");
        let expected = format!("`map.csv`, line 3: {reason}; mend the row, or pass --skip-bad-rows");
        assert_eq!(ingest(&rows, BadRows::Refuse), Err(expected));
        let skipped = ingest(&rows, BadRows::Skip).expect("bad rows are skipped");
        assert_eq!(skipped, (vec![("z".to_owned(), 10_000)], 0));
    }
}

#[test]
fn an_epoch_of_no_time_is_refused() {
    let taken = UnixTime::from_unix_secs(0);

    let refusal = Snapshot::new(taken, 0, ZoneRule::OffsetRequired).map(|_| ());

    assert_eq!(refusal, Err(EpochGridError::Zero));
}
