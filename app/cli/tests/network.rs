//! What the commands that look at a network tell, of accounts that the lifecycle left.

use serde_json::Value;
use shell::{left_accounts, path, printed, stipend, text};

mod shell;

fn json(args: &[&str]) -> Value {
    serde_json::from_str(&printed(&[args, &["--output", "json"]].concat())).expect("JSON")
}

fn names(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// Asserts that an object has these fields and no others.
#[track_caller]
fn assert_fields(value: &Value, expected: &[&str]) {
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    let mut found = names(value);
    found.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn the_networks_of_a_folder_are_listed() {
    let (_folder, accounts) = left_accounts(&["--scenario", "lifecycle"]);
    let args = ["network", "list", "--accounts", path(&accounts)];

    let listed = json(&args);
    let csv = printed(&[&args[..], &["--output", "csv"]].concat());
    let table = printed(&args);

    let networks = listed["networks"].as_array().expect("a list");
    let mut units: Vec<_> = networks.iter().filter_map(|one| one["bandwidth_unit"].as_str()).collect();
    units.sort_unstable();
    assert_eq!(units, ["GPU hours", "kbit/s"]);
    let fields =
        ["network", "mint", "id", "authority", "bandwidth_unit", "paused", "open_epoch", "nodes", "shards", "oracles"];
    assert_fields(&networks[0], &fields);
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some(fields.join(",").as_str()));
    assert_eq!(lines.count(), 2);
    assert!(table.contains("GPU hours") && table.contains(networks[0]["network"].as_str().expect("text")));
}

#[test]
fn a_network_is_shown_with_its_rules_and_budget() {
    let (_folder, accounts) = left_accounts(&["--scenario", "lifecycle"]);
    let folder = path(&accounts);
    let listed = json(&["network", "list", "--accounts", folder]);
    let networks = listed["networks"].as_array().expect("a list");
    let first = networks.iter().find(|one| one["id"] == 0).expect("network 0")["network"].as_str().expect("text");

    let shown = json(&["network", "show", "--network", first, "--accounts", folder]);
    let table = printed(&["network", "show", "--network", first, "--accounts", folder]);

    assert_fields(
        &shown,
        &[
            "network",
            "mint",
            "id",
            "domain",
            "token_program",
            "authority",
            "pending_authority",
            "guardian",
            "payer",
            "paused",
            "bandwidth_unit",
            "genesis",
            "epoch_secs",
            "shard_capacity",
            "shards",
            "nodes",
            "open_epoch",
            "oracles",
            "rules",
            "next_rules",
            "budget",
        ],
    );
    // What the lifecycle's heir set, and what it created the network with.
    assert_eq!(shown["rules"]["min_uptime_bps"], 9_000);
    assert_eq!(shown["rules"]["per_epoch_atoms"], 1_000_000_000_000_u64);
    assert_eq!(shown["shard_capacity"], 4);
    assert!(table.contains("minimum uptime") && table.contains("90.00 %"), "{table}");
}

#[test]
fn of_several_networks_one_is_to_be_named() {
    let (_folder, accounts) = left_accounts(&["--scenario", "lifecycle"]);

    let output = stipend(&["network", "show", "--accounts", path(&accounts)]);

    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).starts_with("error: failed to choose the network: there are 2; name one with --network: ")
    );
}

#[test]
fn the_oracles_are_listed_with_their_records() {
    let (_folder, accounts) = left_accounts(&[]);
    let args = ["oracle", "list", "--accounts", path(&accounts)];

    let listed = json(&args);
    let csv = printed(&[&args[..], &["--output", "csv"]].concat());

    let oracles = listed["oracles"].as_array().expect("a list");
    assert_eq!(oracles.len(), 3);
    for oracle in oracles {
        assert_eq!(oracle["state"], "active");
        assert_eq!(oracle["active_until"], Value::Null);
        // 62 days of one shard.
        assert_eq!(oracle["reports_made"], 62);
    }
    let header = "oracle,state,active_from,active_until,reports_made,reports_missed,values_judged,values_outside,\
                  bond_lamports,bond_payer";
    assert_eq!(csv.lines().next(), Some(header));
    assert_eq!(csv.lines().count(), 4);
}

#[test]
fn the_status_tells_what_is_to_be_done_by_when() {
    let (_folder, accounts) = left_accounts(&[]);
    let folder = path(&accounts);
    // The demonstration's genesis is 2021-06-30; its 62 epochs of a day are closed, so that epoch 62 is open: it begins on
    // 2021-08-31, and half a day behind its end takes no more reports.
    let status = |now: &str| json(&["status", "--accounts", folder, "--now", now]);

    let measured = status("2021-08-31T12:00:00Z");
    let reported = status("2021-09-01T06:00:00Z");
    let scored = status("2021-09-01T12:00:00Z");
    let late = status("2021-09-08T00:00:00Z");

    assert_fields(
        &measured,
        &[
            "network",
            "mint",
            "paused",
            "now",
            "epoch",
            "genesis",
            "open_epoch",
            "shards",
            "deadlines",
            "can_do",
            "budget",
            "unclaimed_atoms",
            "supply_atoms",
            "decimals",
            "balances",
        ],
    );
    assert_eq!(measured["epoch"], 62);
    let phase = |status: &Value| status["open_epoch"]["phase"].as_str().expect("text").to_owned();
    assert_eq!([&measured, &reported, &scored, &late].map(phase), ["measured", "reported", "scored", "late"]);
    assert_eq!(measured["deadlines"][0]["what"], "epoch 62 ends");
    assert_eq!(measured["deadlines"][0]["in_secs"], 43_200);
    let oracles = measured["open_epoch"]["oracles"].as_array().expect("a list");
    assert!(oracles.iter().all(|oracle| oracle["missing"] == serde_json::json!([0])));
    // Nobody has reported: the shard may be scored once the report window is closed, and closed once the other is too.
    let steps = |status: &Value| -> Vec<String> {
        let can_do = status["can_do"].as_array().expect("a list").clone();
        let names = can_do.iter().filter_map(|step| step["instruction"].as_str());
        names.filter(|name| *name != "judge_shard").map(str::to_owned).collect()
    };
    assert!(steps(&measured).is_empty() && steps(&reported).is_empty());
    assert_eq!(steps(&scored), ["score_shard"]);
    assert_eq!(steps(&late), ["close_epoch"]);
}

#[test]
fn a_folder_has_no_clock() {
    let (_folder, accounts) = left_accounts(&[]);

    let output = stipend(&["status", "--accounts", path(&accounts)]);

    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stderr), "error: failed to look at the network: a folder has no clock; pass --now\n");
}
