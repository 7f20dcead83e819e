//! `stipend oracle ingest` and `stipend oracle ingest-snapshot`, as a shell runs them.

mod folder;

use folder::TempDir;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Two nodes, two epochs of a day, in the notations of two tools.
const RAW: &str = "\
time,rtt_ms,mbit,site
2021-06-30 00:00:00+00:00,12.5,0.5,Hyde Park
2021-06-30T12:00:00-05:00,,0.4,Hyde Park
2021-06-30T23:59:59.9Z,11,,Hyde Park
1625097600,10,100,\"South, Shore\"
";

/// What a run said.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn said(code: i32, stderr: &str) -> Said {
    Said { code: Some(code), stdout: String::new(), stderr: stderr.to_owned() }
}

/// Runs `stipend oracle` with `line`, split at spaces, in `folder`.
fn oracle(folder: &TempDir, line: &str) -> Said {
    let output = Command::new(env!("CARGO_BIN_EXE_stipend"))
        .arg("oracle")
        .args(line.split_whitespace())
        .current_dir(folder.path())
        .output()
        .expect("the binary runs");
    Said {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("output is UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("output is UTF-8"),
    }
}

fn folder_with(name: &str, content: &str) -> TempDir {
    let folder = TempDir::new();
    fs::write(folder.path().join(name), content).expect("written");
    folder
}

fn read(folder: &TempDir, name: &str) -> Option<String> {
    fs::read_to_string(folder.path().join(name)).ok()
}

const INGEST: &str = "ingest raw.csv --out out.csv --time-column time --node-column site --uptime-column rtt_ms \
    --bandwidth-column mbit --scale 1000 --sample-secs 300 --genesis 2021-06-30T00:00:00Z";

#[test]
fn samples_become_a_measurement_file() {
    let folder = folder_with("raw.csv", RAW);

    let ingested = oracle(&folder, INGEST);

    // Hyde Park: 2 of 288 windows are 69.4 basis points; of 500 and 400 kbit/s the lower is 400. 1625097600 is one day
    // after the genesis, and 1 of 288 windows is 34.7 basis points.
    assert_eq!(ingested, said(0, "rows read: 4; measurements written to `out.csv`: 2 (nodes: 2, epochs: 0 to 1)\n"));
    assert_eq!(
        read(&folder, "out.csv").as_deref(),
        Some("epoch,node,uptime_bps,bandwidth\n0,Hyde Park,69,400\n1,\"South, Shore\",34,100000\n")
    );
}

#[test]
fn the_files_of_one_node_are_joined() {
    let folder = folder_with("a.csv", "t,v\n0,1\n10,3\n");
    fs::write(folder.path().join("b.csv"), "v,t\n2,5\n9,100\n").expect("written");

    let ingested = oracle(
        &folder,
        "ingest a.csv b.csv --out out.csv --time-column t --node gateway --bandwidth-column v --epoch-secs 100 --genesis 0",
    );

    // Of 1, 2, 3 the middle one is 2.
    assert_eq!(ingested, said(0, "rows read: 4; measurements written to `out.csv`: 2 (nodes: 1, epochs: 0 to 1)\n"));
    assert_eq!(
        read(&folder, "out.csv").as_deref(),
        Some("epoch,node,uptime_bps,bandwidth\n0,gateway,,2\n1,gateway,,9\n")
    );
}

#[test]
fn a_bad_row_is_refused_with_file_line_and_reason_and_nothing_is_written() {
    let folder = folder_with("raw.csv", &format!("{RAW}2021-06-30T01:00:00Z,timeout,,Hyde Park\n"));
    fs::write(folder.path().join("out.csv"), "old").expect("written");

    let refused = oracle(&folder, INGEST);

    assert_eq!(
        refused,
        said(
            2,
            "error: failed to ingest samples: `raw.csv`, line 6: column `rtt_ms`: `timeout` is not a decimal number; \
             mend the row, or pass --skip-bad-rows\n"
        )
    );
    assert_eq!(read(&folder, "out.csv").as_deref(), Some("old"));
}

#[test]
fn bad_rows_that_are_skipped_are_counted_on_stderr() {
    let bad_rows = "2021-06-29T23:59:59Z,1,1,Hyde Park\nnoon,1,1,Hyde Park\n2021-06-29T23:59:58Z,1,1,Hyde Park\n";
    let folder = folder_with("raw.csv", &format!("{RAW}{bad_rows}"));

    let ingested = oracle(&folder, &format!("{INGEST} --skip-bad-rows"));

    assert_eq!(
        ingested,
        said(
            0,
            "skipped 2 rows of `raw.csv`: time before the genesis, first in line 6\n\
             skipped 1 row of `raw.csv`: time that is neither RFC 3339 nor Unix seconds, first in line 7\n\
             rows read: 4; measurements written to `out.csv`: 2 (nodes: 2, epochs: 0 to 1)\n"
        )
    );
}

#[test]
fn samples_without_a_value_make_a_file_without_rows_and_say_so() {
    let folder = folder_with("raw.csv", "time,rtt_ms,mbit,site\n2021-06-30T00:00:00Z,,,a\n");

    let ingested = oracle(&folder, INGEST);

    assert_eq!(ingested, said(0, "rows read: 1; measurements written to `out.csv`: 0, as no row holds a sample\n"));
    assert_eq!(read(&folder, "out.csv").as_deref(), Some("epoch,node,uptime_bps,bandwidth\n"));
}

#[test]
fn times_without_an_offset_are_refused_or_taken_for_utc() {
    let folder = folder_with("raw.csv", "time,rtt_ms,mbit,site\n2021-06-30 00:00:00,1,,a\n");

    let refused = oracle(&folder, INGEST);
    let assumed = oracle(&folder, &format!("{INGEST} --assume-utc"));

    assert_eq!(
        refused,
        said(
            2,
            "error: failed to ingest samples: `raw.csv`, line 2: column `time`: time `2021-06-30 00:00:00` has no UTC \
             offset; add one, or pass --assume-utc if all such times are UTC; mend the row, or pass --skip-bad-rows\n"
        )
    );
    assert_eq!(assumed.code, Some(0));
}

#[test]
fn input_that_can_not_be_ingested_is_wrong_usage() {
    for (raw, arguments, reason) in [
        (
            RAW,
            INGEST.replace("--sample-secs 300", "--sample-secs 7000"),
            "ingest samples: an epoch of 86400 s is not a whole number of sampling windows of 7000 s; choose \
             --sample-secs so that it divides --epoch-secs",
        ),
        (
            RAW,
            INGEST.replace("--sample-secs 300", "--sample-secs 0"),
            "ingest samples: an epoch, or a sampling window, of 0 s holds nothing; both last a second at least",
        ),
        (
            RAW,
            INGEST.replace("--time-column time", "--time-column when"),
            "ingest samples: `raw.csv`, line 1: no column is called `when`; there are `time`, `rtt_ms`, `mbit`, `site`",
        ),
        ("", INGEST.to_owned(), "ingest samples: `raw.csv` is empty; its first line is to name the columns"),
        (
            RAW,
            INGEST.replace("ingest raw.csv", "ingest other.csv"),
            "ingest samples: `other.csv` can't be opened: No such file or directory (os error 2)",
        ),
        (
            RAW,
            INGEST.replace("--out out.csv", "--out ./raw.csv"),
            "write the measurement file: `./raw.csv` holds the samples; choose another name",
        ),
        (
            RAW,
            INGEST.replace("--out out.csv", "--out ."),
            "write the measurement file: `.` is not a regular file; name one, or a file that is to be made",
        ),
    ] {
        let folder = folder_with("raw.csv", raw);

        let refused = oracle(&folder, &arguments);

        assert_eq!(refused, said(2, &format!("error: failed to {reason}\n")));
        assert_eq!(read(&folder, "raw.csv").as_deref(), Some(raw));
        assert_eq!(read(&folder, "out.csv"), None);
    }
}

#[test]
fn arguments_that_say_too_little_or_too_much_are_wrong_usage() {
    let folder = folder_with("raw.csv", RAW);
    for (arguments, hint) in [
        (INGEST.replace("--node-column site", ""), "<--node-column <NAME>|--node <LABEL>>"),
        (format!("{INGEST} --node a"), "cannot be used with"),
        (
            INGEST.replace("--uptime-column rtt_ms", "").replace("--bandwidth-column mbit", ""),
            "<--uptime-column <NAME>|--bandwidth-column <NAME>>",
        ),
        (INGEST.replace("--sample-secs 300", ""), "--sample-secs <SECS>"),
        (INGEST.replace("--bandwidth-column mbit", ""), "--bandwidth-column <NAME>"),
        (INGEST.replace("--scale 1000", "--scale 0"), "`0` is zero; a scale is above it"),
        (
            INGEST.replace("2021-06-30T00:00:00Z", "2021-06-30"),
            "time `2021-06-30` is neither RFC 3339 nor Unix seconds",
        ),
        (INGEST.replace("2021-06-30T00:00:00Z", "0.5"), "time `0.5` is not a whole second"),
    ] {
        let refused = oracle(&folder, &arguments);

        assert_eq!(refused.code, Some(2), "{arguments}");
        assert_eq!(refused.stdout, "");
        assert!(refused.stderr.contains(hint), "{}", refused.stderr);
        assert!(!Path::new(&folder.path().join("out.csv")).exists());
    }
}

#[test]
fn a_snapshot_becomes_a_measurement_file_of_uptime() {
    let map = "id,up,boot,seen\n\
               a,true,2020-05-13T06:59:46+0200,2020-05-13T12:59:31+0200\n\
               b,false,2020-05-07T06:54:59+0200,2020-05-13T00:59:46+0200\n\
               c,false,2018-01-01T00:00:00+0100,2019-01-01T00:00:00+0100\n\
               d,false,2020-05-13T12:01:50+0200,2020-05-12T17:28:34+0200\n";
    let folder = folder_with("map.csv", map);

    let ingested = oracle(
        &folder,
        "ingest-snapshot map.csv --out out.csv --snapshot-time 2020-05-13T12:59:46+02:00 --node-column id \
         --online-column up --booted-column boot --last-seen-column seen --epoch 7",
    );

    // a: the last 6 of 24 hours; b: the first 12; c: last seen a year before; d: booted after it was last seen.
    assert_eq!(
        ingested,
        said(
            0,
            "nodes seen in the epoch, but booted after they were last seen, and so credited with 0: 1\n\
             rows read: 4; measurements written to `out.csv`: 4 (nodes: 4, epochs: 7 to 7)\n"
        )
    );
    assert_eq!(
        read(&folder, "out.csv").as_deref(),
        Some("epoch,node,uptime_bps,bandwidth\n7,a,2500,\n7,b,5000,\n7,c,0,\n7,d,0,\n")
    );
}

#[test]
fn a_bad_row_of_a_snapshot_is_refused_or_skipped() {
    let map = "node,online,booted,last_seen\na,true,0,0\nb,maybe,0,0\n";
    let folder = folder_with("map.csv", map);
    let arguments = "ingest-snapshot map.csv --out out.csv --snapshot-time 86400";

    let refused = oracle(&folder, arguments);
    let written_by_refused = read(&folder, "out.csv");
    let skipped = oracle(&folder, &format!("{arguments} --skip-bad-rows"));

    assert_eq!(
        refused,
        said(
            2,
            "error: failed to ingest the snapshot: `map.csv`, line 3: column `online`: `maybe` is neither `true` nor \
             `false`; mend the row, or pass --skip-bad-rows\n"
        )
    );
    assert_eq!(written_by_refused, None);
    assert_eq!(
        skipped,
        said(
            0,
            "skipped 1 row of `map.csv`: neither `true` nor `false`, first in line 3\n\
             rows read: 1; measurements written to `out.csv`: 1 (nodes: 1, epochs: 0 to 0)\n"
        )
    );
}
