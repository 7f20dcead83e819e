//! `stipend oracle measure`, as a shell runs it. Its Prometheus is in `prometheus.rs`.

mod folder;

use folder::TempDir;
use std::fs;
use std::net::TcpListener;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

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

/// Runs `stipend oracle measure` with `line`, split at spaces, in `folder`.
fn measure(folder: &TempDir, line: &str) -> Said {
    let output = Command::new(env!("CARGO_BIN_EXE_stipend"))
        .args(["oracle", "measure"])
        .args(line.split_whitespace())
        .current_dir(folder.path())
        .env_remove("STIPEND_PROMETHEUS")
        .output()
        .expect("the binary runs");
    Said {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("output is UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("output is UTF-8"),
    }
}

fn folder_with(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new();
    fs::create_dir(folder.path().join("in")).expect("made");
    for (name, content) in files {
        fs::write(folder.path().join("in").join(name), content).expect("written");
    }
    folder
}

fn read(folder: &TempDir, name: &str) -> Option<String> {
    fs::read_to_string(folder.path().join(name)).ok()
}

/// Epoch 1 is 1,000 to 2,000 in Unix seconds.
const EPOCH: &str = "--genesis 0 --epoch-secs 1000 --epoch 1 --out out.csv";
const SAMPLES: &str =
    "--samples in --time-column t --node-column node --up-column up --bandwidth-column kbit --sample-secs 250";

#[test]
fn ready_measurements_of_a_folder_become_those_of_one_epoch() {
    let folder = folder_with(&[
        ("a.csv", "epoch,node,uptime_bps,bandwidth\n0,x,1,1\n1,x,5000,\n"),
        ("b.jsonl", "{\"epoch\":1,\"node\":\"a\",\"uptime_bps\":null,\"bandwidth\":7}\n"),
    ]);

    let measured = measure(&folder, &format!("{EPOCH} --measurements in"));

    assert_eq!(measured, said(0, "epoch 1: nodes measured: 2, written to `out.csv`\n"));
    assert_eq!(read(&folder, "out.csv").as_deref(), Some("epoch,node,uptime_bps,bandwidth\n1,a,,7\n1,x,5000,\n"));
}

#[test]
fn samples_become_measurements_and_what_is_left_out_is_said() {
    let folder = folder_with(&[(
        "log.jsonl",
        "{\"t\":1000,\"node\":\"a\",\"up\":true,\"kbit\":8}\n{\"t\":1250,\"node\":\"a\",\"up\":false}\n\
         {\"t\":1500,\"node\":\"a\",\"up\":true}\n{\"t\":1000,\"node\":\"b\",\"up\":true}\n{\"t\":2000,\"node\":\"b\",\"up\":true}\n",
    )]);

    let measured = measure(&folder, &format!("{EPOCH} {SAMPLES}"));

    // a: 2 of the 3 windows with a sample. b: 1 of 4 windows is below half.
    assert_eq!(
        measured,
        said(
            0,
            "uptime of node \"b\" is not measured: samples in 1 of 4 windows are too few\n\
             epoch 1: nodes measured: 1, written to `out.csv`\n"
        )
    );
    assert_eq!(read(&folder, "out.csv").as_deref(), Some("epoch,node,uptime_bps,bandwidth\n1,a,6666,8\n"));
}

#[test]
fn a_source_that_can_not_be_relied_on_is_wrong_input_and_nothing_is_written() {
    let unfinished = ("log.jsonl", "{\"t\":1000,\"node\":\"a\",\"up\":true,\"kbit\":8}\n{\"t\":1250,\"no");
    for (files, options, reason) in [
        (
            [unfinished],
            SAMPLES.to_owned(),
            "measure the epoch: the last line of `in/log.jsonl` does not end, so it may still be written to; end it with a \
             newline, and write whole files under another name first",
        ),
        (
            [unfinished],
            "--measurements in/log.jsonl".to_owned(),
            "measure the epoch: `in/log.jsonl`, line 1: the line is no measurement: unknown field `t`, expected one of \
             `epoch`, `node`, `uptime_bps`, `bandwidth` at line 1 column 4",
        ),
        (
            [unfinished],
            SAMPLES.replace("--sample-secs 250", "--sample-secs 300"),
            "measure the epoch: an epoch of 1000 s is not a whole number of windows of 300 s; choose --sample-secs so that \
             it divides the epoch",
        ),
        (
            [unfinished],
            SAMPLES.replace("--samples in", "--samples nowhere"),
            "measure the epoch: `nowhere` can't be read: No such file or directory (os error 2)",
        ),
        (
            [unfinished],
            "--prometheus http://127.0.0.1:1 --node-label node --uptime-query up --step-secs 10".to_owned(),
            "measure the epoch: `up` asks for one moment, where Prometheus fills a gap with what was before it; ask for a \
             window, as in `avg_over_time(up[$window])`",
        ),
        (
            [("targets.csv", "node,tcp\na,127.0.0.1:1\n")],
            "--probe in/targets.csv --probe-log log --probe-interval-secs 50".to_owned(),
            "measure the epoch: a single target that is down can't be told from a prober that is; name a --reference",
        ),
    ] {
        let folder = folder_with(&files);

        let refused = measure(&folder, &format!("{EPOCH} {options}"));

        assert_eq!(refused, said(2, &format!("error: failed to {reason}\n")));
        assert_eq!(read(&folder, "out.csv"), None);
    }
}

#[test]
fn the_source_is_never_written_to() {
    let content = "epoch,node,uptime_bps,bandwidth\n0,x,1,1\n1,x,5000,\n";
    let folder = folder_with(&[("a.csv", content)]);
    for (options, out) in [("--measurements in/a.csv", "in/a.csv"), ("--measurements in", "in/b.csv")] {
        let refused = measure(&folder, &format!("{EPOCH} {options}").replace("out.csv", out));

        let reason = format!("the source reads `{out}`, or the folder it is in; choose another name");
        assert_eq!(refused, said(2, &format!("error: failed to write the measurement file: {reason}\n")));
        assert_eq!(read(&folder, "in/a.csv").as_deref(), Some(content));
        assert_eq!(read(&folder, "in/b.csv"), None);
    }
}

#[test]
fn options_that_say_too_little_or_too_much_are_wrong_usage() {
    let folder = folder_with(&[]);
    for (options, hint) in [
        (String::new(), "<--measurements <FILE|FOLDER>|--samples <FILE|FOLDER>|--prometheus <URL>|--probe <FILE>>"),
        ("--measurements in --probe x --probe-log y".to_owned(), "cannot be used with"),
        ("--samples in".to_owned(), "--time-column <NAME>"),
        (format!("{SAMPLES} --node a"), "cannot be used with"),
        (format!("{SAMPLES} --uptime-column up"), "cannot be used with"),
        (SAMPLES.replace("--sample-secs 250", ""), "--sample-secs <SECS>"),
        ("--measurements in --time-column t".to_owned(), "--samples <FILE|FOLDER>"),
        ("--prometheus http://127.0.0.1:1 --uptime-query up".to_owned(), "--node-label <LABEL>"),
        ("--prometheus http://127.0.0.1:1 --node-label node".to_owned(), "--uptime-query <PROMQL>"),
        ("--probe in/x.csv".to_owned(), "--probe-log <FOLDER>"),
        ("--probe in/x.csv --probe-log y --reference x".to_owned(), "`x` is not a host and a port"),
        ("--measurements in --min-coverage 101".to_owned(), "101 is not in 0..=100"),
    ] {
        let refused = measure(&folder, &format!("{EPOCH} {options}"));

        assert_eq!((refused.code, refused.stdout.as_str()), (Some(2), ""), "{options}");
        assert!(refused.stderr.contains(hint), "{options}: {}", refused.stderr);
    }
}

#[test]
fn an_epoch_that_is_to_come_is_waited_for_and_probed() {
    let up = TcpListener::bind("127.0.0.1:0").expect("bound");
    let up = up.local_addr().map(|address| (address, up)).expect("an address");
    let down = TcpListener::bind("127.0.0.1:0").expect("bound").local_addr().expect("an address");
    let targets = format!("node,tcp\na,{}\nb,{down}\n", up.0);
    let folder = folder_with(&[("targets.csv", &targets)]);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();

    let measured = measure(
        &folder,
        &format!(
            "--genesis {} --epoch-secs 10 --epoch 0 --out out.csv --settle-secs 0 --probe in/targets.csv --probe-log log \
             --probe-interval-secs 5 --probe-timeout-secs 1",
            now + 3
        ),
    );

    assert_eq!(measured.code, Some(0), "{}", measured.stderr);
    assert!(measured.stderr.starts_with("epoch 0 can be measured in 1"), "{}", measured.stderr);
    assert!(measured.stderr.ends_with("epoch 0: nodes measured: 2, written to `out.csv`\n"), "{}", measured.stderr);
    assert_eq!(read(&folder, "out.csv").as_deref(), Some("epoch,node,uptime_bps,bandwidth\n0,a,10000,\n0,b,0,\n"));
    let log = read(&folder, "log/epoch-0000000000.jsonl").expect("readable");
    assert_eq!(log.lines().count(), 4);
}

#[test]
fn several_epochs_become_one_file_and_one_without_a_row_is_said_and_left_out() {
    let folder = folder_with(&[("a.csv", "epoch,node,uptime_bps,bandwidth\n0,x,1,1\n2,x,5000,\n")]);
    let range = EPOCH.replace("--epoch 1", "--epoch 0 --last-epoch 2");

    let measured = measure(&folder, &format!("{range} --measurements in"));

    assert_eq!(
        measured,
        said(
            0,
            "epoch 0: nodes measured: 1\nthe source has nothing of epoch 1\nepoch 2: nodes measured: 1\n\
             epochs 0 to 2: measurements: 2, written to `out.csv`\n"
        )
    );
    assert_eq!(read(&folder, "out.csv").as_deref(), Some("epoch,node,uptime_bps,bandwidth\n0,x,1,1\n2,x,5000,\n"));
}

#[test]
fn a_source_without_a_row_measures_nothing_and_says_so() {
    let folder = folder_with(&[("a.csv", "epoch,node,uptime_bps,bandwidth\n0,x,1,1\n2,x,5000,\n")]);

    let nothing = measure(&folder, &format!("{EPOCH} --measurements in"));

    assert_eq!(nothing, said(2, "error: failed to measure the epoch: the source has nothing of epoch 1\n"));
    assert_eq!(read(&folder, "out.csv"), None);
}
