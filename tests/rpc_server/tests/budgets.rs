//! What one look at a network of 990,000 nodes may cost.

use crate::command::{Finished, Stipend};
use serde_json::Value;
use solana_keypair::{write_keypair_file, Keypair};
use solana_signer::Signer;
use std::{
    fs,
    sync::{Arc, OnceLock},
    time::{SystemTime, UNIX_EPOCH},
};
use stipend_client::{
    crank::{Crank, CrankOptions},
    ledger::Accounts,
    rpc::{RpcLedger, RpcOptions},
};
use stipend_rpc_server::{Cluster, Endpoint, LargeNetwork, SharedCluster, Size, Traffic};

const SOL: u64 = 1_000_000_000;
const MB: usize = 1_000_000;
/// How far into an epoch it is, in seconds.
const ELAPSED: i64 = 60;

/// A network whose clock is a day ahead of this machine's: none that is behind is believed.
fn new_network(closed_epochs: u32, genesis: i64) -> Arc<LargeNetwork> {
    Arc::new(LargeNetwork::new(Size::MILLION, genesis, closed_epochs))
}

fn genesis() -> i64 {
    static GENESIS: OnceLock<i64> = OnceLock::new();
    *GENESIS.get_or_init(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64)
}

/// One epoch is closed. Made once: its addresses take a while to be found.
fn network() -> Arc<LargeNetwork> {
    static NETWORK: OnceLock<Arc<LargeNetwork>> = OnceLock::new();
    NETWORK.get_or_init(|| new_network(1, genesis())).clone()
}

/// A cluster of its own for each test, with one endpoint, while epoch 1 is measured.
struct Scene {
    network: Arc<LargeNetwork>,
    cluster: SharedCluster,
    endpoint: Endpoint,
    payer: Keypair,
}

impl Scene {
    fn new() -> Self {
        let network = network();
        let mut cluster = Cluster::with_large_network(network.begins(1) + ELAPSED, network.clone());
        let payer = Keypair::new();
        cluster.airdrop(&payer.pubkey(), 1_000 * SOL);
        let cluster = SharedCluster::new(cluster);
        let endpoint = Endpoint::start(&cluster);
        Self { network, cluster, endpoint, payer }
    }

    fn run(&self, arguments: &[&str]) -> Finished {
        let network = self.network.address().to_string();
        let stipend = Stipend::new(&self.endpoint, &self.payer);
        stipend.run(&[arguments, &["--network", &network, "--output", "json"]].concat())
    }

    #[track_caller]
    fn assert_within(&self, what: &str, traffic: Traffic, requests: usize, bytes: usize) {
        println!("{what}: {} requests, {} bytes", traffic.requests, traffic.bytes());
        let is_within = traffic.requests <= requests && traffic.bytes() <= bytes;
        assert!(is_within, "{what}: {traffic:?}; in all {:#?}", self.endpoint.traffic_by_method());
    }
}

#[test]
fn an_idle_crank_looks_at_what_may_have_changed_only() {
    let scene = Scene::new();
    let mut ledger = RpcLedger::new(&[scene.endpoint.url()], RpcOptions::default()).unwrap();
    let mut crank = Crank::new(scene.network.address(), CrankOptions::default());
    let first = crank.step(&mut ledger, &scene.payer).unwrap();
    assert_eq!(first.outcomes.len(), 0);

    // Somebody claimed: the network's account has other bytes, and nothing is to be done.
    let address = scene.network.address();
    let mut account = ledger.account(&address).unwrap().unwrap();
    let at = 8
        + std::mem::offset_of!(stipend::state::Network, emission)
        + std::mem::offset_of!(stipend::state::Emission, minted_atoms);
    account.data[at] += 1;
    scene.cluster.lock().set_account(address, account);
    let before = scene.endpoint.traffic();
    let second = crank.step(&mut ledger, &scene.payer).unwrap();

    assert_eq!(second.outcomes.len(), 0);
    scene.assert_within("an idle crank's look", scene.endpoint.traffic() - before, 20, 2 * MB);
}

#[test]
fn a_crank_that_waits_for_reports_looks_at_a_hundred_of_them() {
    let scene = Scene::new();
    let mut ledger = RpcLedger::new(&[scene.endpoint.url()], RpcOptions::default()).unwrap();
    let mut crank = Crank::new(scene.network.address(), CrankOptions::default());
    // Epoch 1 is over, and no report of it is there.
    scene.cluster.lock().warp_to(scene.network.begins(2) + ELAPSED);
    crank.step(&mut ledger, &scene.payer).unwrap();
    let before = scene.endpoint.traffic();

    let waiting = crank.step(&mut ledger, &scene.payer).unwrap();

    assert_eq!(waiting.outcomes.len(), 0);
    scene.assert_within("a waiting crank's look", scene.endpoint.traffic() - before, 3, MB / 10);
}

#[test]
fn a_node_is_shown_by_few_requests() {
    let scene = Scene::new();
    let device = scene.network.device(1_234, 567).to_string();

    let shown = scene.run(&["node", "show", &device]);

    let node: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!((&node["shard"], &node["slot"]), (&1_234.into(), &567.into()));
    scene.assert_within("node show", shown.traffic, 4, MB);
}

#[test]
fn three_nodes_of_an_owner_are_found_once_and_then_claimed_within_a_megabyte() {
    let scene = Scene::new();
    let owner = scene.network.owner(1_234, 300).to_string();
    let stipend = Stipend::new(&scene.endpoint, &scene.payer);
    let network = scene.network.address().to_string();
    let run =
        |consent: &str| stipend.run(&["claim", "--owner", &owner, consent, "--network", &network, "--output", "json"]);

    let looked = run("--dry-run");
    let claimed = run("--yes");

    println!("claim --owner, once: {} requests, {} bytes", looked.traffic.requests, looked.traffic.bytes());
    let claimed_owners: Value = serde_json::from_str(&claimed.stdout).unwrap();
    assert_eq!(claimed_owners["owners"][0]["slots"], 3);
    assert_eq!((&claimed_owners["sent"], &claimed_owners["transactions"]), (&true.into(), &1.into()));
    scene.assert_within("claim --owner", claimed.traffic, 12, MB);
    assert!(looked.peak_bytes < 60_000_000, "{} bytes", looked.peak_bytes);
}

#[test]
fn three_nodes_that_are_named_are_claimed_within_a_megabyte() {
    let scene = Scene::new();
    let devices = [(7, 1), (800, 2), (1_600, 3)].map(|(shard, slot)| scene.network.device(shard, slot).to_string());

    let claimed = scene.run(&["claim", "--node", &devices[0], &devices[1], &devices[2], "--yes"]);

    let claimed_owners: Value = serde_json::from_str(&claimed.stdout).unwrap();
    assert_eq!(claimed_owners["owners"].as_array().map(Vec::len), Some(3));
    scene.assert_within("claim --node", claimed.traffic, 20, MB);
}

#[test]
fn a_device_registers_without_the_whole_network_being_read() {
    let scene = Scene::new();
    let stipend = Stipend::new(&scene.endpoint, &scene.payer);
    write_keypair_file(&Keypair::new(), stipend.folder.path().join("device.json")).unwrap();
    let network = scene.network.address().to_string();
    let register = ["node", "register", "--device", "device.json", "--dry-run", "--network", &network];

    let planned = stipend.run(&[&register[..], &["--output", "json"]].concat());

    // Every shard is full: the headers say so, and a shard is opened.
    let planned_done: Value = serde_json::from_str(&planned.stdout).unwrap();
    assert_eq!(planned_done["done"]["sent"], false);
    scene.assert_within("node register", planned.traffic, 30, 2 * MB);
    assert!(planned.peak_bytes < 60_000_000, "{} bytes", planned.peak_bytes);
}

#[test]
fn an_epoch_is_verified_without_being_held_in_memory() {
    let scene = Scene::new();

    let verified = scene.run(&["verify", "--epoch", "0"]);

    let found: Value = serde_json::from_str(&verified.stdout).unwrap();
    assert_eq!((&found["verified"], found["shards"].as_array().map(Vec::len)), (&true.into(), Some(1_650)));
    // 1,650 shards of 38,536 bytes and 4,950 reports of 3,800 bytes are 82 MB: they do not fit.
    println!(
        "verify: {} requests, {} bytes, {} bytes of memory",
        verified.traffic.requests,
        verified.traffic.bytes(),
        verified.peak_bytes
    );
    assert!(verified.peak_bytes < 60_000_000, "{} bytes", verified.peak_bytes);
}

/// All that an endpoint was asked and answered, but for the transactions.
fn but_for_transactions(endpoint: &Endpoint) -> Traffic {
    let sent = ["sendTransaction", "simulateTransaction"].map(|method| endpoint.traffic_of(method));
    endpoint.traffic() - sent[0] - sent[1]
}

#[test]
fn an_oracle_reads_where_its_nodes_are_once() {
    let scene = Scene::new();
    let stipend = Stipend::new(&scene.endpoint, &scene.payer);
    let oracle = scene.network.oracle(0);
    write_keypair_file(&oracle, stipend.folder.path().join("oracle.json")).unwrap();
    scene.cluster.lock().airdrop(&oracle.pubkey(), 100 * SOL);
    // A third of all nodes is measured: what is read and sent is the same.
    let mut rows = "epoch,node,uptime_bps,bandwidth\n".to_owned();
    for epoch in [1, 2] {
        for (shard, slot) in (0..1_650).flat_map(|shard| (0..600).step_by(3).map(move |slot| (shard, slot))) {
            rows.push_str(&format!("{epoch},{},9500,500000\n", scene.network.device(shard, slot)));
        }
    }
    fs::write(stipend.folder.path().join("measured.csv"), rows).unwrap();
    scene.cluster.lock().warp_to(scene.network.begins(2) + ELAPSED);
    let address = scene.network.address().to_string();
    let run = ["oracle", "run", "--network", &address, "--key", "oracle.json", "--journal", "journal", "--signed"];
    let source = ["--measurements", "measured.csv", "--settle-secs", "0", "--poll-secs", "2"];

    let mut running = stipend.start(&[&run[..], &source].concat());
    running.wait_until_said("epoch 1 is reported");
    let first = but_for_transactions(&scene.endpoint);
    scene.assert_within("an oracle's first epoch", first, usize::MAX, 100 * MB);

    let mut cluster = scene.cluster.lock();
    cluster.replace_large_network(new_network(2, genesis()));
    cluster.warp_to(scene.network.begins(3) + ELAPSED);
    drop(cluster);
    running.wait_until_said("epoch 2 is reported");
    let later = but_for_transactions(&scene.endpoint) - first;
    scene.assert_within("an oracle's later epoch", later, usize::MAX, 10 * MB);
}
