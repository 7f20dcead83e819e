//! The committed measurements of two homes over 62 days through the program, compared with what an independent model in
//! Python worked out of the same files: emission, uptime, bandwidth, score, reward, reason and balances.

use serde_json::Value;
use solana_signer::Signer;
use std::{collections::HashMap, fs, path::PathBuf};
use stipend_tests::{
    key,
    scene::{end, Measured},
    Scene,
};

const ORACLES: [&str; 3] = ["ookla", "ndt7", "iperf"];
/// The model's words for the numbers of the reasons.
const REASONS: [&str; 7] =
    ["none", "scored", "capped", "no_bandwidth_quorum", "below_minimum_uptime", "no_uptime_quorum", "not_active_yet"];

fn path(inside: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(inside)
}

/// What an oracle's file says of each epoch and node.
fn read(oracle: &str) -> HashMap<(u32, String), Measured> {
    let mut reader = csv::Reader::from_path(path(&format!("app/cli/samples/netrics/{oracle}.csv"))).unwrap();
    assert_eq!(reader.headers().unwrap(), vec!["epoch", "node", "uptime_bps", "bandwidth"]);
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        let uptime_bps = (!row[2].is_empty()).then(|| row[2].parse().unwrap());
        let bandwidth = (!row[3].is_empty()).then(|| row[3].parse().unwrap());
        ((row[0].parse().unwrap(), row[1].to_owned()), (uptime_bps, bandwidth))
    });
    rows.collect()
}

fn expected() -> Value {
    serde_json::from_str(&fs::read_to_string(path("tests/model/netrics.expected.json")).unwrap()).unwrap()
}

fn atoms(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

#[test]
fn two_homes_measured_for_62_days_earn_what_the_model_says() {
    let expected = expected();
    let epochs = expected["epochs"].as_array().unwrap();
    let balances = expected["balances"].as_array().unwrap();
    let nodes: Vec<&str> = balances.iter().map(|balance| balance["node"].as_str().unwrap()).collect();
    assert_eq!((epochs.len(), &nodes[..]), (62, &["Hyde Park", "South Shore"][..]));
    let measured = ORACLES.map(read);
    let mut scene = Scene::with(3, |params| {
        (params.policy.uptime_weight_bps, params.policy.min_uptime_bps, params.policy.bandwidth_cap) =
            (5_000, 5_000, 1_000_000);
        (params.emission.per_epoch_atoms, params.cap_atoms) = (1_000_000_000_000, u64::MAX);
        (params.emission.carry_epochs, params.policy.quorum, params.shard_capacity) = (8, 2, 2);
    });
    let shard = scene.open_shard();
    let owners: Vec<_> = nodes.iter().map(|node| key(node)).collect();
    for owner in &owners {
        scene.register(&shard, &owner.pubkey());
    }

    for (epoch, expected) in (0u32..).zip(epochs) {
        assert_eq!(expected["epoch"], epoch);
        let before = scene.shard(&shard).1;
        scene.warp_to(end(epoch));
        for (oracle, rows) in measured.iter().enumerate() {
            let values: Vec<Measured> = nodes
                .iter()
                .map(|node| rows.get(&(epoch, (*node).to_owned())).copied().unwrap_or((None, None)))
                .collect();
            scene.relay(oracle, &shard, epoch, &values);
        }
        scene.score(&shard, epoch);
        scene.close();
        let (network, total_score) = (scene.network(), atoms(&expected["total_score"]));
        let entry = network.ring[epoch as usize % 32];
        assert_eq!((entry.epoch, entry.total_score), (epoch, total_score));
        if total_score > 0 {
            assert_eq!(entry.emission_atoms, atoms(&expected["emission_atoms"]), "epoch {epoch}");
            scene.settle(&shard);
        } else {
            // What an empty epoch had to give is carried.
            assert_eq!(network.emission.carried_atoms, atoms(&expected["emission_atoms"]), "epoch {epoch}");
            assert_eq!(entry.emission_atoms, 0);
        }

        let after = scene.shard(&shard).1;
        for (place, node) in expected["nodes"].as_array().unwrap().iter().enumerate() {
            let (slot, earned) = (after[place], after[place].accrued_atoms - before[place].accrued_atoms);
            let uptime_bps = node["uptime_bps"].as_u64().unwrap_or(0xffff);
            let bandwidth = node["bandwidth"].as_u64().unwrap_or(0xffff_ffff);
            assert_eq!(node["node"], nodes[place]);
            assert_eq!((u64::from(slot.uptime_bps), u64::from(slot.bandwidth)), (uptime_bps, bandwidth), "{node}");
            assert_eq!(
                (u64::from(slot.score), earned),
                (atoms(&node["score"]), atoms(&node["reward_atoms"])),
                "{node}"
            );
            assert_eq!(node["reason"], REASONS[usize::from(slot.reason)], "{node}");
        }
    }

    for (place, (owner, balance)) in (0u16..).zip(owners.iter().zip(balances)) {
        let token = scene.open_token(&owner.pubkey());
        let claim = scene.claim_instruction(&shard, &owner.pubkey(), &[place]);
        scene.stage.accepts(&[claim], &[]);
        assert_eq!(scene.atoms(&token), atoms(&balance["atoms"]));
    }
}
