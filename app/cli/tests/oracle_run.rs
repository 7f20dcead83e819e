//! `stipend oracle run` where no cluster answers.

mod folder;

use std::fs;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use folder::TempDir;

/// Ends the program when a test does.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_prober_is_at_work_while_no_cluster_answers() {
    let folder = TempDir::new();
    let stipend = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stipend"));
        command.current_dir(folder.path()).stderr(Stdio::null());
        command
    };
    let made = stipend().args(["oracle", "keygen", "--out", "oracle.json"]).output().expect("the binary runs");
    let oracle = String::from_utf8(made.stdout).expect("text");
    let up = TcpListener::bind("127.0.0.1:0").expect("bound");
    let address = up.local_addr().expect("an address");
    fs::write(folder.path().join("targets.csv"), format!("node,tcp\na,{address}\n")).expect("written");
    // What an earlier run left: the network's epochs of an hour are known.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let identity = format!(
        "network 11111111111111111111111111111111\noracle {}\ndomain 0000000000000000\ngenesis {now}\nepoch_secs 3600\n",
        oracle.trim()
    );
    fs::create_dir(folder.path().join("journal")).expect("made");
    fs::write(folder.path().join("journal/journal"), identity).expect("written");
    let options = "oracle run --key oracle.json --journal journal --url http://127.0.0.1:1 \
        --network 11111111111111111111111111111111 --probe targets.csv --probe-log log --probe-interval-secs 4 \
        --probe-timeout-secs 1";

    let child = stipend().args(options.split_whitespace()).args(["--reference", &address.to_string()]).spawn();
    let mut running = Running(child.expect("the binary runs"));

    // However slow the machine is, a round ends some time; a program that ended never writes one.
    let log = folder.path().join("log/epoch-0000000000.jsonl");
    while !fs::read_to_string(&log).is_ok_and(|text| text.contains("\"up\":true")) {
        assert_eq!(running.0.try_wait().expect("known"), None, "it ended");
        thread::sleep(Duration::from_millis(200));
    }
}
