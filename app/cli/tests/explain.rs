//! `stipend explain`, as a shell runs it, on accounts that the lifecycle demonstration left before its last day.

mod folder;
mod shell;

use folder::TempDir;
use std::path::{Path, PathBuf};

use serde_json::{json, Value};
use sha2::{Digest as _, Sha256};
use solana_keypair::Keypair;
use solana_signer::Signer as _;
use stipend_client::address;

use shell::{left_accounts, path, printed, stipend, text};

/// A key of the demonstration, made as it makes them: anybody can.
fn key(name: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(b"stipend demo\0lifecycle\0");
    hash.update(name);
    Keypair::new_from_array(hash.finalize().into()).pubkey().to_string()
}

fn network(id: u16) -> String {
    address::network(&key("mint").parse().expect("an address"), id).to_string()
}

fn directory(device: &str, id: u16) -> String {
    let network = network(id).parse().expect("an address");
    address::directory(&network, &key(device).parse().expect("an address")).to_string()
}

fn lifecycle() -> (TempDir, PathBuf) {
    left_accounts(&["--scenario", "lifecycle"])
}

fn explained(folder: &Path, device: &str) -> String {
    let network = network(0);
    printed(&["explain", &key(device), "--accounts", path(folder), "--network", &network])
}

/// The sentence on the last scored epoch.
fn why(folder: &Path, device: &str) -> String {
    explained(folder, device).lines().nth(7).expect("a sentence").to_owned()
}

#[test]
fn a_capped_and_boosted_node_is_explained() {
    let (_parent, folder) = lifecycle();

    let shown = explained(&folder, "device 1");

    // Uptime 10,000, bandwidth as the cap: 10,000 · 10,000 · 1.5 = 150,000,000 of 207,000,000 points. What the epoch shares,
    // 3,900.000000001 tokens: 3 that were carried and 0.9 of its own. 3,900,000,000,001 · 150 / 207 = 2,826,086,956,522.46
    // Accrued since ann last claimed it, in epochs 4 to 7, 9, 11 and 52: 144,180,000 of 382,170,400 points, twice 144,180,000 of
    // 216,494,000, then 144,000,000 of 374,640,000, twice as much in epoch 9, which shares that of epoch 8 too; in epoch 11, which
    // shares that of epoch 10, 2,000,000,000,002 · 144,000 / 302,440 = 952,254,992,726.78:
    // 377,266,266,567 + 2 · 665,976,886,196 + 384,368,994,234 + 768,737,988,470 + 952,254,992,726 + 2,826,086,956,522
    let expected = format!(
        "Device   {}\n\
         Owner    {}\n\
         Place    shard 0, slot 0\n\
         Time     counts, boost 150.00 %\n\
         Accrued  6,640,668,970,911 atoms, not yet claimed\n\
         Deposit  0.051002240 SOL from {}, 0.000445440 SOL of it for the slot\n\
         \n\
         Epoch 52 scored 150,000,000: its bandwidth of 5,000 kbit/s is above the cap of 1,000 and counts as that. A boost of \
         150.00 % is in the score. That was 2,826,086,956,522 atoms.\n\
         \n\
         ┌───────────────────────────────────────────────────────────────────────────────┐\n\
         │ oracle                                           uptime   bandwidth in kbit/s │\n\
         ╞═══════════════════════════════════════════════════════════════════════════════╡\n\
         │ {}   100.00 %                 5,000 │\n\
         │ {}   100.00 %                 5,000 │\n\
         │ {}   100.00 %                 5,000 │\n\
         │ median                                         100.00 %                 5,000 │\n\
         └───────────────────────────────────────────────────────────────────────────────┘\n\
         Rules: quorum 2, uptime from 90.00 % on, its weight 60.00 %, bandwidth up to 1,000 kbit/s\n",
        key("device 1"),
        key("ann"),
        key("operator"),
        key("oracle 1"),
        key("oracle 5"),
        key("oracle 6"),
    );
    assert_eq!(sorted_oracles(&shown), sorted_oracles(&expected));
}

/// Oracles stand in the order of the network's entries, which are used again: not what is tested here.
fn sorted_oracles(shown: &str) -> Vec<String> {
    let mut lines: Vec<_> = shown.lines().map(str::to_owned).collect();
    lines[12..15].sort();
    lines
}

#[test]
fn every_zero_has_its_words() {
    let (_parent, folder) = lifecycle();

    assert_eq!(
        why(&folder, "device 4"),
        "Epoch 52 brought nothing: its uptime of 80.00 % is below the minimum of 90.00 %."
    );
    assert_eq!(
        why(&folder, "device 5"),
        "Epoch 52 brought nothing: fewer oracles than the quorum of 2 measured its uptime (1 of 3 did)."
    );
    assert_eq!(why(&folder, "device 7"), "Epoch 52 brought nothing: the node counts from epoch 54 on.");
    assert_eq!(
        why(&folder, "device 8"),
        "Epoch 52 brought nothing: the node retired in epoch 10, which it no longer earns."
    );
    assert_eq!(
        why(&folder, "device 3"),
        "Epoch 52 brought nothing: the node retired in epoch 5, which it no longer earns."
    );
}

#[test]
fn a_node_without_a_bandwidth_earns_for_its_uptime() {
    let (_parent, folder) = lifecycle();

    // 9,500 · 6,000 = 57,000,000 points; 3,900,000,000,001 · 57 / 207 = 1,073,913,043,478.54
    assert_eq!(
        why(&folder, "device 6"),
        "Epoch 52 scored 57,000,000 for uptime alone: fewer oracles than the quorum of 2 measured its bandwidth (1 of 3 did), \
         which counts as 0. That was 1,073,913,043,478 atoms."
    );
    let values = explained(&folder, "device 6");
    assert_eq!(values.matches("95.00 %                     - │").count(), 3, "{values}");
    assert_eq!(values.matches("95.00 %                   700 │").count(), 1, "{values}");
}

#[test]
fn a_retired_node_says_when() {
    let (_parent, folder) = lifecycle();

    let shown = explained(&folder, "device 8");

    let time = "Time     retired in epoch 10, which it no longer earns; boost 100.00 %\n";
    assert!(shown.contains(time), "{shown}");
}

#[test]
fn json_has_everything() {
    let (_parent, folder) = lifecycle();

    let found = printed(&[
        "explain",
        &key("device 1"),
        "--network",
        &network(1),
        "--accounts",
        path(&folder),
        "--output",
        "json",
    ]);

    // 10,000 · (6,000 + 4,000 · 24 / 1,000) = 60,960,000, all of the epoch's points: 100 tokens less what the floor keeps.
    let found: Value = serde_json::from_str(&found).expect("one JSON object");
    let expected = json!({
        "network": network(1), "device": key("device 1"), "owner": key("ann"), "directory": directory("device 1", 1),
        "shard": 0, "slot": 0, "state": "active", "from_epoch": null, "until": null,
        "boost_bps": 10_000, "next_boost": null, "accrued_atoms": 0, "bandwidth_unit": "GPU hours",
        // No bond; 80 bytes in the directory and 64 in the shard: 556,800 and 445,440 lamports of rent.
        "deposit": {"payer": key("operator"), "lamports": 1_002_240, "slot_lamports": 445_440},
        "scored": {
            "epoch": 0, "reason": "scored", "uptime_bps": 10_000, "bandwidth": 24, "score": 60_960_000,
            "boost_bps": 10_000,
            "rules": {"quorum": 1, "min_uptime_bps": 5_000, "uptime_gate": false, "uptime_weight_bps": 6_000, "bandwidth_cap": 1_000},
            "reward_atoms": 99_999_999_999u64, "kept_back_atoms": 0, "dispute_end": null, "void_reason": null, "settled": true,
            "oracles": [{"oracle": key("oracle 1"), "report": "reported", "uptime_bps": 10_000, "bandwidth": 24}],
        },
        "why": "Epoch 0 scored 60,960,000 with all that was measured. That was 99,999,999,999 atoms.",
    });
    assert_eq!(found, expected);
}

#[test]
fn a_node_that_is_not_there_is_wrong_usage() {
    let (_parent, folder) = lifecycle();
    // Its slot has another tenant.
    let (device, network) = (key("device 2"), network(0));

    let output = stipend(&["explain", &device, "--accounts", path(&folder), "--network", &network]);

    assert_eq!(
        text(&output.stderr),
        format!(
            "error: failed to explain device {device}: network {network} has no device {device}; a node that was closed is gone\n"
        )
    );
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""));
}

#[test]
fn of_two_networks_one_is_to_be_named() {
    let (_parent, folder) = lifecycle();

    let output = stipend(&["explain", &key("device 1"), "--accounts", path(&folder)]);

    let mut networks = [network(0), network(1)];
    networks.sort_by_key(|network| network.parse::<solana_address::Address>().expect("an address"));
    assert_eq!(
        text(&output.stderr),
        format!("error: failed to choose the network: there are 2; name one with --network: {}\n", networks.join(", "))
    );
    assert_eq!(output.status.code(), Some(2));
}
