//! Transactions of both formats, on a validator that takes both.

use serde_json::Value;
use solana_keypair::{write_keypair_file, Keypair};
use solana_signer::Signer;
use std::{
    fs, thread,
    time::{Duration, Instant},
};
use stipend_cluster_tests::{Running, Stipend, Validator};

const SOL: u64 = 1_000_000_000;
const NODES: usize = 300;
/// Longest wait for anything, on a machine that does other things too.
const LIMIT: Duration = Duration::from_secs(600);

/// What a program said of an epoch's batches.
#[track_caller]
fn signed(program: &Running) -> String {
    let start = Instant::now();
    loop {
        let said = program.said();
        if said.contains("epoch 0 is reported") {
            let line = said.lines().find(|line| line.contains("epoch 0: ") && line.contains("signed in "));
            return line.and_then(|line| line.split("epoch 0: ").nth(1)).unwrap_or_default().to_owned();
        }
        assert!(start.elapsed() < LIMIT, "epoch 0 is not reported: {said}");
        thread::sleep(Duration::from_millis(500));
    }
}

#[test]
#[ignore = "needs a validator: cargo xtask cluster-test"]
fn devices_register_and_oracles_report_in_transactions_of_both_formats() {
    let validator = Validator::start();
    let stipend = Stipend::new(&validator.url(), &validator.funded(100 * SOL));
    let json = |arguments: &[&str]| stipend.run(&[arguments, &["--yes", "--output", "json"]].concat()).json();
    let mut rows = "epoch,node,uptime_bps,bandwidth\n".to_owned();
    for folder in ["large", "small"] {
        fs::create_dir(stipend.path(folder)).expect("a folder");
    }
    for node in 0..NODES {
        let device = Keypair::new();
        let folder = if node < NODES - 10 { "large" } else { "small" };
        write_keypair_file(&device, stipend.path(&format!("{folder}/{node}.json"))).expect("a key file");
        rows.push_str(&format!("0,{},9000,1000\n", device.pubkey()));
    }
    fs::write(stipend.path("source.csv"), rows).expect("a file");
    let create = ["network", "create", "--create-mint", "--emission-atoms", "1000000", "--quorum", "2"];
    let times = ["--genesis", "+150", "--epoch-secs", "60", "--report-secs", "60", "--score-secs", "1800"];
    let created = json(&[&create[..], &times].concat());
    let network = created["network"].as_str().expect("an address").to_owned();
    for oracle in ["oracle-0.json", "oracle-1.json"] {
        let key = stipend.run(&["oracle", "keygen", "--out", oracle]).ends_with(0).stdout.trim().to_owned();
        validator.fund(&key.parse().expect("an address"), SOL);
        json(&["oracle", "add", &key]);
    }

    // Asked, the validator says that it takes version 1: eleven devices a transaction, behind at most 178 directories.
    let large = json(&["node", "register", "--devices", "large"]);
    let small = json(&["node", "register", "--devices", "small", "--transactions", "small"]);
    json(&["network", "open-reports"]);
    let epoch = stipend.run(&["status", "--output", "json"]).json()["epoch"].clone();
    assert_eq!(epoch, Value::Null, "the first epoch began before all was there: --genesis is to be more");
    let run = |oracle: &str, journal: &str, format: &str| {
        let run = ["oracle", "run", "--key", oracle, "--journal", journal, "--measurements", "source.csv"];
        let rest = ["--settle-secs", "0", "--poll-secs", "1", "--network", &network, "--transactions", format];
        stipend.start(&[&run[..], &rest].concat(), None)
    };
    let oracles = [run("oracle-0.json", "journal-0", "v1"), run("oracle-1.json", "journal-1", "small")];
    let said = oracles.each_ref().map(signed);
    let cranked = stipend.run(&["crank", "run", "--once", "--network", &network, "--output", "json"]).json();
    let verified = stipend.run(&["verify", "--epoch", "0", "--output", "json"]).json();

    // 290 / 11 is 26.4; about a hundred directories and the shard are opened by some more.
    let transactions = |done: &Value| done["done"]["transactions"].as_u64().expect("a number");
    assert!((28..45).contains(&transactions(&large)), "{large}");
    assert!((3..15).contains(&transactions(&small)), "{small}");
    // 600 nodes fit one of version 1, 140 a small one.
    assert_eq!(said, ["300 nodes measured, signed in 1 batch", "300 nodes measured, signed in 3 batches"]);
    assert_eq!((&cranked["scored"], &cranked["closed"], &cranked["settled"]), (&1.into(), &1.into(), &1.into()));
    assert_eq!(verified["verified"], true);
    for oracle in oracles {
        oracle.stop().ends_with(0);
    }
}
