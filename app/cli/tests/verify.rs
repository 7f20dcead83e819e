//! `stipend verify`, as a shell runs it, on accounts that a demonstration left.

mod folder;
mod shell;

use folder::TempDir;
use std::fs;
use std::mem::{offset_of, size_of};
use std::path::{Path, PathBuf};

use serde_json::{json, Value};
use solana_address::Address;
use stipend_client::address;
use stipend_client::ledger::Accounts as _;
use stipend_client::program::state::{ClosedEpoch, Emission, Entry, Network, Report, Shard, Slot};
use stipend_client::snapshot::Snapshot;
use stipend_client::verify::verify;

use shell::{left_accounts, path, printed, stipend, text};

/// Three oracles measured three nodes in epoch 0; the network has 1,000 atoms for it.
///
/// Weights 20 % and 80 %, cap 100, minimum 40 %. Medians of a: 8,000 and 50; of b: 4,000 and 200; of c: 3,999 and 200.
/// a: 8,000 · (2,000 + 8,000 · 50 / 100) = 48,000,000; b, past the cap: 4,000 · 10,000 = 40,000,000; c: nothing.
/// 1,000 · 48 / 88 = 545.45; 1,000 · 40 / 88 = 454.54; together 999.
struct Small {
    parent: TempDir,
    folder: PathBuf,
    accounts: Snapshot,
    network: Address,
}

/// floor(2^64 · 1,000 / 88,000,000), worked out apart.
const RATE: &str = "209622091746699";

impl Small {
    fn new() -> Self {
        let files = TempDir::new();
        let mut args = vec!["--measurements".to_owned()];
        for (name, bandwidth) in [("one", 40), ("two", 50), ("three", 60)] {
            let file = files.path().join(name);
            let rows = format!("epoch,node,uptime_bps,bandwidth\n0,a,8000,{bandwidth}\n0,b,4000,200\n0,c,3999,200\n");
            fs::write(&file, rows).expect("written");
            args.push(path(&file).to_owned());
        }
        let rules = ["--emission-atoms", "1000", "--uptime-weight-bps", "2000", "--bandwidth-cap", "100"];
        args.extend(rules.map(str::to_owned));
        args.extend(["--min-uptime-bps", "4000"].map(str::to_owned));
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        let (parent, folder) = left_accounts(&args);
        let accounts = Snapshot::read(&folder).expect("accounts");
        let network = accounts.networks()[0];
        Self { parent, folder, accounts, network }
    }

    fn shard(&self) -> Address {
        address::shard(&self.network, 0)
    }

    /// The report of an oracle, in the order of the files.
    fn report(&mut self, oracle: usize) -> Address {
        let account = self.accounts.account(&self.network).expect("readable").expect("there");
        let network = stipend_client::account::network(&account.data).expect("a network");
        address::report(&self.shard(), &network.oracles.entries[oracle].key)
    }

    /// The accounts with the lowest bit of one byte turned over.
    fn tampered(&self, address: &Address, at: usize) -> Snapshot {
        let mut accounts = self.accounts.clone();
        let mut account = accounts.account(address).expect("readable").expect("there");
        account.data[at] ^= 1;
        accounts.insert(*address, account);
        accounts
    }

    /// Verifies accounts with one byte changed, and expects these mismatches.
    #[track_caller]
    fn assert_found(&self, address: &Address, at: usize, mismatches: &[String]) {
        let folder = self.parent.path().join(format!("tampered-{at}"));
        self.tampered(address, at).write(&folder).expect("written");

        let output = stipend(&["verify", "--epoch", "0", "--accounts", path(&folder)]);

        let (_, found) = text(&output.stdout).split_once("\nMismatches\n").expect("a mismatch is listed");
        assert_eq!(found.lines().collect::<Vec<_>>(), mismatches);
        let numbers = match mismatches.len() {
            1 => "1 number is not what it is when rebuilt".to_owned(),
            count => format!("{count} numbers are not what they are when rebuilt"),
        };
        assert_eq!(text(&output.stderr), format!("error: failed to verify epoch 0: {numbers}\n"));
        assert_eq!(output.status.code(), Some(4));
    }
}

/// Where a slot's field is in a shard's account: the low byte, for numbers are little-endian.
fn in_slot(slot: usize, field: usize) -> usize {
    8 + size_of::<Shard>() + slot * size_of::<Slot>() + field
}

/// Where a field of epoch 0 is in a network's account.
fn in_ring(field: usize) -> usize {
    8 + offset_of!(Network, ring) + field
}

fn list<const N: usize>(lines: [&str; N]) -> Vec<String> {
    lines.map(str::to_owned).to_vec()
}

#[test]
fn an_epoch_is_rebuilt_from_accounts_alone() {
    let small = Small::new();

    let shown = printed(&["verify", "--epoch", "0", "--accounts", path(&small.folder)]);
    let found: Value = serde_json::from_str(&printed(&[
        "verify",
        "--epoch",
        "0",
        "--accounts",
        path(&small.folder),
        "--output",
        "json",
    ]))
    .expect("one JSON object");

    assert_eq!(
        shown,
        format!(
            "Network  {}\n\
             Epoch    0, by the policy of epoch 0: quorum 2, uptime from 40.00 % on, its weight 20.00 %, bandwidth up to 100 kbit/s\n\
             Ring     emission 1,000 atoms, total score 88,000,000, paid 999 atoms, 0 shards unsettled\n\
             \n\
             ┌────────────────────────────────────────────────────────┐\n\
             │ shard   slots   medians   scores rebuilt   total score │\n\
             ╞════════════════════════════════════════════════════════╡\n\
             │     0       3   rebuilt                3    88,000,000 │\n\
             └────────────────────────────────────────────────────────┘\n\
             \n\
             Every number that the accounts still tell is what it is when rebuilt\n",
            small.network
        )
    );
    let expected = json!({
        "network": small.network.to_string(), "epoch": 0, "verified": true, "policy_from_epoch": 0,
        "uptime_weight_bps": 2_000, "min_uptime_bps": 4_000, "bandwidth_cap": 100, "bandwidth_unit": "kbit/s", "quorum": 2,
        "emission_atoms": 1_000, "total_score": 88_000_000, "paid_atoms": 999, "unsettled_shards": 0,
        "shards": [
            {"shard": 0, "slots": 3, "medians_rebuilt": true, "scores_rebuilt": 3, "total_score": 88_000_000}
        ],
        "mismatches": [], "gaps": [],
    });
    assert_eq!(found, expected);
}

#[test]
fn every_epoch_of_two_homes_verifies_once_it_is_settled() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/netrics");
    let model = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/model/netrics.expected.json"));
    let model: Value = serde_json::from_slice(&model.expect("the model's file")).expect("JSON");
    for last in 0..62 {
        // The samples up to this epoch, as oracles had them when it was over.
        let files = TempDir::new();
        let mut args = vec!["--measurements".to_owned()];
        for name in ["ookla.csv", "ndt7.csv", "iperf.csv"] {
            let rows = fs::read_to_string(samples.join(name)).expect("a sample");
            let until =
                |row: &&str| row.split(',').next().and_then(|epoch| epoch.parse().ok()).is_none_or(|e: u32| e <= last);
            let rows: Vec<_> = rows.lines().filter(until).collect();
            fs::write(files.path().join(name), rows.join("\n") + "\n").expect("written");
            args.push(path(&files.path().join(name)).to_owned());
        }
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        let (_parent, folder) = left_accounts(&args);
        let mut accounts = Snapshot::read(&folder).expect("accounts");
        let network = accounts.networks()[0];

        let found = verify(&mut accounts, &network, last).expect("the epoch is in the ring");

        assert_eq!((found.mismatches, found.gaps), (vec![], vec![]), "{last}");
        assert!(found.shards.iter().all(|shard| shard.has_medians && !shard.has_lost_slots), "{last}");
        let expected = &model["epochs"][last as usize];
        assert_eq!(Some(found.closed.total_score), expected["total_score"].as_u64(), "{last}");
    }
}

#[test]
fn more_nodes_than_a_shard_holds_verify() {
    let rows: String = (0..613).map(|node| format!("0,node {node},{},\n", node * 16)).collect();
    let parent = TempDir::new();
    let file = parent.path().join("measured.csv");
    fs::write(&file, format!("epoch,node,uptime_bps,bandwidth\n{rows}")).expect("written");
    let (_parent, folder) = left_accounts(&["--measurements", path(&file)]);

    let found = printed(&["verify", "--epoch", "0", "--accounts", path(&folder), "--output", "json"]);

    let found: Value = serde_json::from_str(&found).expect("one JSON object");
    let rebuilt: Vec<_> = found["shards"].as_array().expect("shards").iter().map(|s| &s["scores_rebuilt"]).collect();
    // A shard of the demo holds 600.
    assert_eq!(rebuilt, [&json!(600), &json!(13)]);
    assert_eq!((&found["mismatches"], &found["gaps"]), (&json!([]), &json!([])));
}

#[test]
fn a_changed_slot_is_named_with_both_numbers() {
    let small = Small::new();
    let shard = small.shard();
    let assert_slot = |at: usize, mismatch: &str| small.assert_found(&shard, at, &list([mismatch]));

    assert_slot(in_slot(0, offset_of!(Slot, score)), "shard 0, slot 0: score is 48000001, rebuilt 48000000");
    assert_slot(in_slot(0, offset_of!(Slot, uptime_bps)), "shard 0, slot 0: uptime is 8001, rebuilt 8000");
    assert_slot(in_slot(0, offset_of!(Slot, bandwidth)), "shard 0, slot 0: bandwidth is 51, rebuilt 50");
    // Capped is 2, no bandwidth quorum 3.
    assert_slot(in_slot(1, offset_of!(Slot, reason)), "shard 0, slot 1: reason is no bandwidth quorum, rebuilt capped");
    assert_slot(in_slot(2, offset_of!(Slot, score)), "shard 0, slot 2: score is 1, rebuilt 0");
    assert_slot(8 + offset_of!(Shard, total_score), "shard 0: total score is 88000001, rebuilt 88000000");
}

#[test]
fn a_changed_ring_is_named_with_both_numbers() {
    let small = Small::new();
    let network = small.network;
    let assert_ring = |field: usize, mismatch: &str| small.assert_found(&network, in_ring(field), &list([mismatch]));

    assert_ring(offset_of!(ClosedEpoch, total_score), "epoch: total score is 88000001, rebuilt 88000000");
    let changed = format!("epoch: rate is 209622091746698, rebuilt {RATE}");
    assert_ring(offset_of!(ClosedEpoch, rate_fraction), &changed);
    assert_ring(offset_of!(ClosedEpoch, paid_atoms), "epoch: sum of rewards is 998, rebuilt 999");
    assert_ring(offset_of!(ClosedEpoch, policy_from_epoch), "epoch: first epoch of its policy is 1, rebuilt 0");
    assert_ring(offset_of!(ClosedEpoch, quorum), "epoch: quorum is 3, rebuilt 2");
    assert_ring(offset_of!(ClosedEpoch, bandwidth_cap), "epoch: bandwidth cap is 101, rebuilt 100");
    assert_ring(offset_of!(ClosedEpoch, uptime_weight_bps), "epoch: uptime weight is 2001, rebuilt 2000");
    assert_ring(offset_of!(ClosedEpoch, min_uptime_bps), "epoch: minimum uptime is 4001, rebuilt 4000");
}

#[test]
fn a_changed_emission_is_found_by_rate_and_schedule() {
    let small = Small::new();

    // floor(2^64 · 1,001 / 88,000,000); rewards are floors of 546 and 455 less a trifle, 999 as before.
    small.assert_found(
        &small.network,
        in_ring(offset_of!(ClosedEpoch, emission_atoms)),
        &[
            format!("epoch: rate is {RATE}, rebuilt 209831713838446"),
            "epoch: emission is 1001, rebuilt 1000 to 1000".to_owned(),
        ],
    );
    small.assert_found(
        &small.network,
        8 + offset_of!(Network, emission) + offset_of!(Emission, scheduled_atoms),
        &list(["epoch: emission scheduled so far is 1001, rebuilt 1000"]),
    );
    // A shard that is said to be unsettled would still be owed 1,000 - 999 atoms.
    small.assert_found(
        &small.network,
        in_ring(offset_of!(ClosedEpoch, unsettled_shards)),
        &list([
            "epoch: number of unsettled shards is 1, rebuilt 0",
            "epoch: emission scheduled so far is 1000, rebuilt 1001",
        ]),
    );
}

#[test]
fn a_changed_report_is_found_by_all_that_follows_from_it() {
    let mut small = Small::new();
    let decisive = small.report(1);
    let at = 8 + size_of::<Report>() + offset_of!(Entry, bandwidth);

    // The median of a's bandwidth is 51: 8,000 · (2,000 + 4,080) = 48,640,000; floor(2^64 · 1,000 / 88,640,000).
    small.assert_found(
        &decisive,
        at,
        &[
            "shard 0, slot 0: bandwidth is 50, rebuilt 51".to_owned(),
            "shard 0, slot 0: score is 48000000, rebuilt 48640000".to_owned(),
            "shard 0: total score is 88000000, rebuilt 88640000".to_owned(),
            "epoch: total score is 88000000, rebuilt 88640000".to_owned(),
            format!("epoch: rate is {RATE}, rebuilt 208108574838781"),
        ],
    );
}

#[test]
fn a_report_that_moves_no_median_changes_nothing() {
    let mut small = Small::new();
    let outer = small.report(2);

    let mut accounts = small.tampered(&outer, 8 + size_of::<Report>() + offset_of!(Entry, bandwidth));
    let found = verify(&mut accounts, &small.network, 0).expect("the epoch is in the ring");

    assert_eq!(found.mismatches, []);
}

/// The bytes of an account that can be turned over, each by itself, without a word of it.
fn silent_bytes(small: &mut Small, address: &Address) -> Vec<usize> {
    let account = small.accounts.account(address).expect("readable").expect("there");
    let is_silent = |at: &usize| {
        let (mut changed, mut data) = (small.accounts.clone(), account.clone());
        data.data[*at] ^= 0xff;
        changed.insert(*address, data);
        verify(&mut changed, &small.network, 0).is_ok_and(|found| found.mismatches.is_empty() && found.gaps.is_empty())
    };
    (0..account.data.len()).filter(is_silent).collect()
}

#[test]
fn no_byte_that_decides_a_reward_is_changed_unnoticed_and_none_is_a_panic() {
    let mut small = Small::new();
    let (network, shard, report) = (small.network, small.shard(), small.report(1));

    let (in_network, in_shard, in_report) =
        (silent_bytes(&mut small, &network), silent_bytes(&mut small, &shard), silent_bytes(&mut small, &report));

    let closed = in_ring(0)..in_ring(offset_of!(ClosedEpoch, reserved));
    assert_eq!(in_network.iter().filter(|at| closed.contains(at)).count(), 0);
    for slot in 0..3 {
        let fields = [
            offset_of!(Slot, score)..offset_of!(Slot, score) + 4,
            offset_of!(Slot, bandwidth)..offset_of!(Slot, bandwidth) + 4,
            offset_of!(Slot, uptime_bps)..offset_of!(Slot, uptime_bps) + 2,
            offset_of!(Slot, reason)..offset_of!(Slot, reason) + 1,
        ];
        for field in fields {
            let found = in_shard.iter().any(|at| (in_slot(slot, field.start)..in_slot(slot, field.end)).contains(at));
            assert!(!found, "slot {slot}, {field:?}");
        }
    }
    // The second oracle's bandwidth of a is the median itself.
    let entry = 8 + size_of::<Report>() + offset_of!(Entry, bandwidth);
    assert_eq!(in_report.iter().filter(|at| (entry..entry + 4).contains(at)).count(), 0);
}

#[test]
fn what_an_older_epoch_can_not_be_rebuilt_from_is_said() {
    let (_parent, folder) = left_accounts(&[]);

    let shown = printed(&["verify", "--epoch", "60", "--accounts", path(&folder)]);

    assert!(
        shown.ends_with(
            "\nNot rebuilt\n\
             shard 0: slots hold epoch 61 by now, so neither scores nor rewards can be rebuilt\n\
             \n\
             Every number that the accounts still tell is what it is when rebuilt\n"
        ),
        "{shown}"
    );
}

#[track_caller]
fn assert_refused(args: &[&str], stderr: &str) {
    let output = stipend(args);

    assert_eq!(text(&output.stderr), stderr);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""));
}

#[test]
fn an_epoch_that_is_not_in_the_ring_is_wrong_usage() {
    let (_parent, folder) = left_accounts(&[]);

    assert_refused(
        &["verify", "--epoch", "62", "--accounts", path(&folder)],
        "error: failed to verify epoch 62: epoch 62 is not closed; the first that is not is 62\n",
    );
    assert_refused(
        &["verify", "--epoch", "29", "--accounts", path(&folder)],
        "error: failed to verify epoch 29: epoch 29 has left the ring, which keeps the last 32; the oldest is 30\n",
    );
}

#[test]
fn accounts_that_are_missing_or_damaged_are_wrong_usage() {
    let small = Small::new();
    let (folder, shard) = (small.parent.path().join("other"), small.shard());
    small.accounts.write(&folder).expect("written");
    fs::remove_file(folder.join(format!("{shard}.json"))).expect("removed");

    assert_refused(
        &["verify", "--epoch", "0", "--accounts", path(&folder)],
        &format!("error: failed to verify epoch 0: there is no shard at {shard}; name one of this cluster\n"),
    );
    let nobody = Address::default();
    assert_refused(
        &["verify", "--epoch", "0", "--accounts", path(&folder), "--network", &nobody.to_string()],
        &format!("error: failed to verify epoch 0: there is no network at {nobody}; name one of this cluster\n"),
    );
    let file = folder.join("bad.json");
    fs::write(&file, "{}").expect("written");
    assert_refused(
        &["verify", "--epoch", "0", "--accounts", path(&folder)],
        &format!(
            "error: failed to read the accounts: `{}` is no account file: missing field `pubkey` at line 1 column 2\n",
            file.display()
        ),
    );
}
