//! What the commands that look at a network tell, of accounts that the lifecycle left.

mod folder;
mod shell;

use folder::TempDir;
use std::{mem::offset_of, path::Path};

use serde_json::Value;
use stipend_client::{
    address,
    ledger::Accounts as _,
    program::state::{Network, Shard},
    snapshot::Snapshot,
};

use shell::{left_accounts, path, printed, stipend, text};

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
    let fields = ["network", "mint", "id", "authority", "bandwidth_unit", "paused", "open_epoch", "shards", "oracles"];
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
            "pause_ends_at",
            "bandwidth_unit",
            "genesis",
            "epoch_secs",
            "shard_capacity",
            "shards",
            "awake_shards",
            "directories",
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
    // Eight devices in eight directories, of which one is gone; the rest have two shards.
    assert_eq!(["shards", "awake_shards", "directories"].map(|field| &shown[field]), [2, 2, 8]);
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
            "pause_ends_at",
            "now",
            "epoch",
            "genesis",
            "open_epoch",
            "last_closed",
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
    // Its windows begin at its end, and the scoring window lasts seven days.
    let window = |field: &str| measured["open_epoch"][field].as_i64().expect("a time") - 1_630_454_400;
    assert_eq!(["windows_begin", "reports_until", "scores_until"].map(window), [0, 43_200, 604_800]);
    // Nobody has reported: the shard may be scored once the report window is closed, and closing waits no more once the other
    // is too.
    let steps = |status: &Value| -> Vec<String> {
        let can_do = status["can_do"].as_array().expect("a list").clone();
        let names = can_do.iter().filter_map(|step| step["instruction"].as_str());
        names.filter(|name| *name != "judge_shard").map(str::to_owned).collect()
    };
    assert!(steps(&measured).is_empty() && steps(&reported).is_empty());
    assert_eq!(steps(&scored), ["score_shard"]);
    assert_eq!(steps(&late), ["score_shard", "close_epoch"]);
}

/// The status at `now` of accounts in which some bytes of the network, or of its only shard, are others.
fn status_with(accounts: &Path, now: &str, changes: &[(Kind, usize, &[u8])]) -> Value {
    let mut snapshot = Snapshot::read(accounts).expect("accounts");
    let network = snapshot.networks()[0];
    for (kind, at, bytes) in changes {
        let address = match kind {
            Kind::Network => network,
            Kind::Shard => address::shard(&network, 0),
        };
        let mut account = snapshot.account(&address).expect("readable").expect("there");
        account.data[8 + at..][..bytes.len()].copy_from_slice(bytes);
        snapshot.insert(address, account);
    }
    let parent = TempDir::new();
    let folder = parent.path().join("accounts");
    snapshot.write(&folder).expect("written");
    json(&["status", "--accounts", path(&folder), "--now", now])
}

enum Kind {
    Network,
    Shard,
}

#[test]
fn the_windows_of_the_open_epoch_begin_when_it_was_opened_or_a_pause_ends() {
    let (_folder, accounts) = left_accounts(&[]);
    // Six hours after the end of epoch 62, whose windows are half a day and seven days.
    let (end, now) = (1_630_454_400_i64, "2021-09-01T06:00:00Z");
    let status = |field: usize, at: i64| status_with(&accounts, now, &[(Kind::Network, field, &at.to_le_bytes())]);
    let windows = |status: &Value| {
        let open = &status["open_epoch"];
        ["windows_begin", "reports_until", "scores_until"].map(|field| open[field].as_i64().map(|at| at - end))
    };

    let opened_late = status(offset_of!(Network, opened_at), end + 3_600);
    let by_guardian = status(offset_of!(Network, pause_ends_at), end + 43_200);
    let by_authority = status(offset_of!(Network, pause_ends_at), i64::MAX);

    assert_eq!(windows(&opened_late), [3_600, 3_600 + 43_200, 3_600 + 604_800].map(Some));
    assert_eq!(opened_late["open_epoch"]["phase"], "reported");
    assert_eq!(windows(&by_guardian), [43_200, 2 * 43_200, 43_200 + 604_800].map(Some));
    assert_eq!((&by_guardian["paused"], by_guardian["pause_ends_at"].as_i64()), (&true.into(), Some(end + 43_200)));
    assert_eq!(by_guardian["open_epoch"]["phase"], "paused");
    let deadline = &by_guardian["deadlines"][0];
    assert_eq!((&deadline["what"], deadline["in_secs"].as_i64()), (&"the guardian's pause ends".into(), Some(21_600)));
    assert_eq!(windows(&by_authority), [None; 3]);
    assert_eq!((&by_authority["paused"], &by_authority["pause_ends_at"]), (&true.into(), &Value::Null));
    assert!([&by_guardian, &by_authority].iter().all(|status| status["can_do"] == judging(status)));
}

/// The demonstration judges nothing, so that this is left to be done at any time.
fn judging(status: &Value) -> Value {
    let can_do = status["can_do"].as_array().expect("a list").iter();
    can_do.filter(|step| step["instruction"] == "judge_shard").cloned().collect()
}

#[test]
fn a_dormant_shard_is_waited_for_by_nobody() {
    let (_folder, accounts) = left_accounts(&[]);
    let late = "2021-09-01T12:00:00Z";
    let none = 0_u32.to_le_bytes();
    let changes: [(Kind, usize, &[u8]); 2] =
        [(Kind::Shard, offset_of!(Shard, dormant), &[1]), (Kind::Network, offset_of!(Network, awake_shards), &none)];

    let status = status_with(&accounts, late, &changes);

    assert_eq!((&status["shards"][0]["dormant"], &status["open_epoch"]["awake_shards"]), (&true.into(), &0.into()));
    assert!(status["open_epoch"]["oracles"][0]["missing"].as_array().is_some_and(Vec::is_empty));
    let names: Vec<_> = status["can_do"].as_array().expect("a list").iter().map(|step| &step["instruction"]).collect();
    assert_eq!(names, ["close_epoch", "judge_shard"]);
}

#[test]
fn a_folder_has_no_clock() {
    let (_folder, accounts) = left_accounts(&[]);

    let output = stipend(&["status", "--accounts", path(&accounts)]);

    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stderr), "error: failed to look at the network: a folder has no clock; pass --now\n");
}
