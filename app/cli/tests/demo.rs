//! `stipend demo`, as a shell runs it, against the independent model in `tests/model`.

mod folder;

use folder::TempDir;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn sample(name: &str) -> String {
    repository().join("app/cli/samples").join(name).display().to_string()
}

fn demo(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_stipend")).arg("demo").args(args).output().expect("the binary runs")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("output is UTF-8")
}

/// The JSON object that a run prints, which is the only thing that it prints.
fn demo_json(args: &[&str]) -> Value {
    let output = demo(&[&["--output", "json"], args].concat());
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

fn model(name: &str) -> Value {
    let file = fs::read(repository().join("tests/model").join(name)).expect("the model's file");
    serde_json::from_slice(&file).expect("JSON")
}

/// Every epoch, node by node, and every balance.
#[track_caller]
fn assert_equals_model(found: &Value, expected: &Value) {
    let epochs = |value: &Value| value["epochs"].as_array().expect("an array").clone();
    assert_eq!(epochs(found).len(), epochs(expected).len());
    for (found, expected) in epochs(found).iter().zip(&epochs(expected)) {
        assert_eq!(found, expected);
    }
    assert_eq!(found["balances"], expected["balances"]);
}

/// Sum of a field over an array.
fn sum(value: &Value, field: &str) -> u64 {
    value.as_array().expect("an array").iter().map(|item| item[field].as_u64().expect("a number")).sum()
}

#[test]
fn two_homes_earn_what_the_model_says() {
    assert_equals_model(&demo_json(&[]), &model("netrics.expected.json"));
}

#[test]
fn relayed_reports_earn_the_same() {
    assert_equals_model(&demo_json(&["--relay"]), &model("netrics.expected.json"));
}

#[test]
fn files_named_on_the_command_line_are_the_oracles() {
    let files = ["ookla.csv", "ndt7.csv", "iperf.csv"].map(|name| sample(&format!("netrics/{name}")));

    let found = demo_json(&["--measurements", &files[0], &files[1], "--measurements", &files[2], "--quorum", "2"]);

    assert_equals_model(&found, &model("netrics.expected.json"));
    assert_eq!(found["network"]["oracles"][1]["file"], files[1].as_str());
}

#[test]
fn the_size_of_shards_changes_no_reward() {
    let found = demo_json(&["--shard-capacity", "1"]);

    assert_equals_model(&found, &model("netrics.expected.json"));
    assert_eq!(found["network"]["shards"], 2);
}

#[test]
fn two_runs_print_the_same_bytes() {
    assert_eq!(demo(&["--output", "json"]).stdout, demo(&["--output", "json"]).stdout);
}

#[test]
fn every_lamport_that_left_a_wallet_is_a_fee_or_a_rent() {
    let costs = &demo_json(&["--relay"])["costs"];

    let accounted = sum(&costs["instructions"], "fee_lamports") + sum(&costs["rents"], "lamports");
    assert_eq!(costs["paid_lamports"].as_u64(), Some(accounted));
    // Three oracles in 62 epochs, 2 signatures of 5,000 lamports each.
    let report =
        costs["instructions"].as_array().expect("an array").iter().find(|cost| cost["instruction"] == "submit_report");
    let report = report.expect("reports were sent");
    assert_eq!((report["count"].as_u64(), report["fee_lamports"].as_u64()), (Some(186), Some(1_860_000)));
    assert_eq!(costs["node_epochs"], 124);
}

#[test]
fn the_rules_of_the_command_line_are_those_of_the_network() {
    let folder = TempDir::new();
    let file = folder.path().join("one.csv");
    fs::write(&file, "epoch,node,uptime_bps,bandwidth\n0,a,8000,50\n0,b,4000,200\n0,c,3999,200\n").expect("written");
    let file = file.display().to_string();

    let found = demo_json(&[
        "--measurements",
        &file,
        "--emission-atoms",
        "1000",
        "--uptime-weight-bps",
        "2000",
        "--bandwidth-cap",
        "100",
        "--min-uptime-bps",
        "4000",
    ]);

    // a: 8,000 · (2,000 + 8,000 · 50 / 100) = 48,000,000; b: 4,000 · (2,000 + 8,000) = 40,000,000, past the cap.
    // 1,000 · 48 / 88 = 545.45; 1,000 · 40 / 88 = 454.54
    let expected = serde_json::json!([
        {"node": "a", "uptime_bps": 8000, "bandwidth": 50, "score": 48_000_000, "reward_atoms": 545, "reason": "scored"},
        {"node": "b", "uptime_bps": 4000, "bandwidth": 200, "score": 40_000_000, "reward_atoms": 454, "reason": "capped"},
        {"node": "c", "uptime_bps": 3999, "bandwidth": 200, "score": 0, "reward_atoms": 0, "reason": "below_minimum_uptime"},
    ]);
    assert_eq!(found["epochs"][0]["nodes"], expected);
    assert_eq!(found["epochs"][0]["emission_atoms"], 1_000);
    assert_eq!(found["balances"][2], serde_json::json!({"node": "c", "atoms": 0}));
}

#[test]
fn tables_show_the_first_rows_and_say_how_many_there_are_more() {
    let short = demo(&[]);
    let all = demo(&["--all"]);

    let short = text(&short.stdout);
    assert!(
        short.contains(
            "│     1   Hyde Park      99.65 %               900,737   94,697,395    1,031.520489683   scored"
        ),
        "{short}"
    );
    assert!(short.contains("\n112 rows more; --all shows every one\n"), "{short}");
    assert!(!short.contains("│    61   "), "{short}");
    let all = text(&all.stdout);
    assert!(all.contains("│    61   South Shore"), "{all}");
    assert!(!all.contains("more; --all"), "{all}");
    assert!(all.contains("All together: 61,999.999999999 tokens\n"), "{all}");
}

/// Runs in an empty folder that holds `bad.csv`.
#[track_caller]
fn assert_refused(args: &[&str], code: i32, stderr: &str) {
    let folder = TempDir::new();
    fs::write(folder.path().join("bad.csv"), "epoch,node,uptime_bps,bandwidth\n0,a,10001,\n").expect("written");
    fs::write(folder.path().join("empty.csv"), "epoch,node,uptime_bps,bandwidth\n").expect("written");
    fs::write(folder.path().join("day.csv"), "epoch,node,uptime_bps,bandwidth\n18808,a,1,\n").expect("written");

    let output = Command::new(env!("CARGO_BIN_EXE_stipend"))
        .arg("demo")
        .args(args)
        .current_dir(folder.path())
        .output()
        .expect("the binary runs");

    assert_eq!(text(&output.stderr), stderr);
    assert_eq!(output.status.code(), Some(code));
    assert_eq!(text(&output.stdout), "");
}

#[test]
fn bad_files_are_wrong_usage() {
    let doing = "error: failed to read the measurements:";
    assert_refused(
        &["--measurements", "none.csv"],
        2,
        &format!("{doing} `none.csv` can't be opened: No such file or directory (os error 2)\n"),
    );
    assert_refused(
        &["--measurements", "bad.csv"],
        2,
        &format!("{doing} `bad.csv`, line 2: uptime_bps 10001 is above 10000, which is all of the epoch\n"),
    );
    assert_refused(
        &["--measurements", "empty.csv"],
        2,
        &format!("{doing} no file holds a measurement; there is nothing to settle\n"),
    );
    assert_refused(
        &["--measurements", "day.csv"],
        2,
        &format!(
            "{doing} `day.csv` measures epoch 18808, and a demo settles every epoch from 0 on, the last of which is 9999; \
             number epochs from the genesis on\n"
        ),
    );
}

#[test]
fn what_the_program_refuses_is_told_in_its_words() {
    let doing = "error: failed to create the network: instruction 0 was refused:";
    assert_refused(
        &["--quorum", "17"],
        4,
        &format!("{doing} quorum is not within 1 and 16 oracles; choose one that is\n"),
    );
    assert_refused(
        &["--bandwidth-cap", "0"],
        4,
        &format!("{doing} bandwidth cap is 0 or 4,294,967,295, which means not measured; choose a number between\n"),
    );
    assert_refused(
        &["--min-uptime-bps", "10001"],
        4,
        &format!(
            "{doing} minimum uptime is above 10,000 basis points; choose 0 to 10,000, left: 10000, right: 10001\n"
        ),
    );
    assert_refused(
        &["--shard-capacity", "1025"],
        4,
        &format!("{doing} shard capacity is not within 1 and 600 slots; choose one that is\n"),
    );
    assert_refused(
        &["--quorum", "1"],
        4,
        "error: failed to add the oracle of `netrics/ndt7.csv`: instruction 0 was refused: quorum would not stay above half \
         of the oracle set; add no more oracles than twice the quorum less one\n",
    );
}

#[test]
fn a_number_that_is_none_is_wrong_usage() {
    let output = demo(&["--quorum", "many"]);

    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stdout), "");
}

#[test]
fn the_unit_of_bandwidth_is_shown_wherever_bandwidth_is() {
    let found = demo_json(&["--unit", "GPU hours"]);
    let tables = demo(&["--unit", "GPU hours"]);

    assert_eq!(found["network"]["bandwidth_unit"], "GPU hours");
    assert!(text(&tables.stdout).contains("   bandwidth in GPU hours   "), "{}", text(&tables.stdout));
    assert_eq!(demo_json(&[])["network"]["bandwidth_unit"], "kbit/s");
}

#[test]
fn a_unit_that_is_no_label_is_wrong_usage() {
    for unit in ["", "seventeen letters", "tab\t", "µs"] {
        let output = demo(&["--unit", unit]);

        let refused = format!(
            "error: invalid value '{unit}' for '--unit <LABEL>': a unit is 1 to 16 printable ASCII characters, for example \
             \"kbit/s\"\n\nFor more information, try '--help'.\n"
        );
        assert_eq!(text(&output.stderr), refused);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""));
    }
}

#[test]
fn a_quorum_that_nobody_can_reach_is_warned_of() {
    let output = demo(&["--quorum", "4", "--output", "json"]);

    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        text(&output.stderr),
        "warning: a quorum of 4 is more than the 3 oracles that measure; nothing will score\n"
    );
    let found: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!(sum(&found["balances"], "atoms"), 0);
    assert_eq!(found["epochs"][7]["nodes"][0]["reason"], "no_uptime_quorum");
}

#[test]
fn a_program_that_is_none_is_wrong_usage() {
    let output = Command::new(env!("CARGO_BIN_EXE_stipend"))
        .arg("demo")
        .env("STIPEND_PROGRAM", sample("netrics/ookla.csv"))
        .output()
        .expect("the binary runs");

    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stdout), "");
    assert!(text(&output.stderr).starts_with("error: failed to load the program `"));
}
