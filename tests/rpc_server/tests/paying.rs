//! A network that pays a price for delivered data, with a split, a dispute and a look at other rules: by the command alone.

use crate::command::Stipend;
use serde_json::Value;
use solana_address::Address;
use solana_keypair::{write_keypair_file, Keypair};
use solana_signer::Signer;
use stipend_client::{
    address,
    network_client::NetworkClient,
    program::state::Entry,
    rpc::{RpcLedger, RpcOptions},
};
use stipend_rpc_server::{Cluster, Endpoint, SharedCluster};

const NOW: i64 = 1_900_000_000;
const SOL: u64 = 1_000_000_000;
const EPOCH_SECS: i64 = 600;
const GENESIS: i64 = NOW + 10;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn delivered_data_is_paid_at_a_price_to_a_split_and_a_forged_report_is_voided() {
    let mut cluster = Cluster::new(NOW);
    let (payer, oracle) = (Keypair::new(), Keypair::new());
    cluster.airdrop(&payer.pubkey(), 1_000 * SOL);
    cluster.airdrop(&oracle.pubkey(), SOL);
    let cluster = SharedCluster::new(cluster);
    let endpoint = Endpoint::start(&cluster);
    let stipend = Stipend::new(&endpoint, &payer);
    let run = |words: &str| json(&stipend.run(&words.split(' ').collect::<Vec<_>>()).stdout);
    let [honest, forger] = ["honest.json", "forger.json"].map(|file| {
        let device = Keypair::new();
        write_keypair_file(&device, stipend.folder.path().join(file)).unwrap();
        device.pubkey()
    });
    let me = payer.pubkey();
    let [host, maker] = [Address::new_unique(), Address::new_unique()];

    // 2 atoms a MiB, up to a million.
    let created = run(&format!(
        "network create --create-mint --decimals 0 --template delivered-data --max-reward-atoms 2000000 --emission-atoms 9000000 \
         --epoch-secs {EPOCH_SECS} --genesis +10 --quorum 1 --dispute-secs 100 --arbiter {me} --yes --output json"
    ));
    let network: Address = created["network"].as_str().unwrap().parse().unwrap();
    let shown = run(&format!("network show --network {network} --output json"));
    assert_eq!((&shown["bandwidth_unit"], &shown["rules"]["uptime_mode"]), (&"MiB".into(), &"gate".into()));
    assert_eq!(
        (&shown["rules"]["max_reward_atoms"], &shown["rules"]["dispute_secs"]),
        (&2_000_000.into(), &100.into())
    );
    run(&format!("oracle add {} --network {network} --yes --output json", oracle.pubkey()));
    let split = run(&format!("split create --id 3 --to {host}=7500 {maker}=2500 --yes --output json"));
    let split = split["split"].as_str().unwrap().to_owned();
    run(&format!("node register --device honest.json --owner {split} --network {network} --yes --output json"));
    run(&format!("node register --device forger.json --network {network} --yes --output json"));
    run(&format!("network open-reports --network {network} --yes --output json"));

    cluster.lock().warp_to(GENESIS + EPOCH_SECS);
    let mut ledger = RpcLedger::new(&[endpoint.url()], RpcOptions::default()).unwrap();
    let entries = [Entry::new(Some(9_500), Some(40_000)), Entry::new(Some(9_900), Some(1_500_000))];
    NetworkClient::new(&mut ledger, &payer, network)
        .report(&oracle, &address::shard(&network, 0), 0, &entries)
        .unwrap();
    let cranked = run(&format!("crank run --once --network {network} --output json"));
    assert_eq!((&cranked["scored"], &cranked["closed"], &cranked["settled"]), (&1.into(), &1.into(), &0.into()));
    let why = run(&format!("explain {honest} --network {network} --output json"));
    // 40,000 MiB for 80,000 atoms and a full cap for 2,000,000: of 9,000,000 the rest is kept back.
    assert_eq!(
        (&why["scored"]["reward_atoms"], &why["scored"]["kept_back_atoms"]),
        (&80_000.into(), &6_920_000.into())
    );
    assert_eq!(why["scored"]["dispute_end"], GENESIS + EPOCH_SECS + 100);

    run(&format!("node void {forger} --reason forged --network {network} --yes --output json"));
    cluster.lock().warp_to(GENESIS + EPOCH_SECS + 100);
    let cranked = run(&format!("crank run --once --network {network} --output json"));
    assert_eq!(cranked["settled"], 1);
    let why = run(&format!("explain {forger} --network {network} --output json"));
    assert_eq!((&why["scored"]["reason"], &why["accrued_atoms"]), (&"voided".into(), &0.into()));
    assert_eq!(why["scored"]["void_reason"], "forged");
    let words = "Epoch 0 brought nothing: the network's arbiter voided its score: forged. What it would have earned went back to the budget.";
    assert_eq!(why["why"], words);
    let verified = run(&format!("verify --epoch 0 --network {network} --output json"));
    assert_eq!((&verified["verified"], &verified["paid_atoms"]), (&true.into(), &80_000.into()));

    // Uptime multiplied too would have cost the honest one 5 % of it.
    let simulated = run(&format!("simulate-policy --uptime-mode multiply --network {network} --output json"));
    let node = |device: &Address| {
        let nodes = simulated["nodes"].as_array().unwrap();
        let found = nodes.iter().find(|node| node["node"] == device.to_string()).unwrap();
        (found["before_atoms"].as_u64().unwrap(), found["after_atoms"].as_u64().unwrap())
    };
    assert_eq!((node(&honest), node(&forger)), ((80_000, 76_000), (2_000_000, 1_980_000)));

    let claimed = run(&format!("claim --owner {split} --network {network} --yes --output json"));
    let paid = |wallet: &Address| {
        let owners = claimed["owners"].as_array().unwrap();
        owners.iter().find(|owner| owner["owner"] == wallet.to_string()).map(|owner| owner["paid_atoms"].clone())
    };
    assert_eq!((paid(&host), paid(&maker)), (Some(60_000.into()), Some(20_000.into())));
    assert_eq!((&claimed["cost"]["token_accounts"], &claimed["transactions"]), (&2.into(), &1.into()));

    run(&format!("split update {split} --to {host} --yes --output json"));
    let shown = run(&format!("split show {split} --output json"));
    assert_eq!((&shown["nodes"], &shown["recipients"][0]["share_bps"]), (&1.into(), &10_000.into()));
    run(&format!("node transfer {honest} --to {me} --network {network} --yes --output json"));
    run(&format!("split close {split} --yes --output json"));
}

#[test]
fn other_rules_are_tried_on_measurement_files() {
    let cluster = SharedCluster::new(Cluster::new(NOW));
    let endpoint = Endpoint::start(&cluster);
    let stipend = Stipend::new(&endpoint, &Keypair::new());
    let write = |file: &str, text: &str| std::fs::write(stipend.folder.path().join(file), text).unwrap();
    write("one.csv", "epoch,node,uptime_bps,bandwidth\n0,a,10000,400\n0,b,5000,1000\n1,a,10000,\n");
    write("owners.csv", "node,owner\na,ann\nb,bob\n");
    let words = "simulate-policy --measurements one.csv --owners owners.csv --template uptime --emission-atoms 3000 --uptime-weight-bps 0 \
                 --bandwidth-cap 1000 --output";

    let run = |format: &str| stipend.run(&[&words.split(' ').collect::<Vec<_>>()[..], &[format]].concat()).stdout;

    // Two thirds and a third, and all of epoch 1, each less what the floor of the rate takes; by bandwidth alone 0.4 to 0.5 of epoch 0, and nothing of epoch 1.
    assert_eq!(run("csv"), "node,owner,before_atoms,after_atoms\na,ann,4998,1333\nb,bob,999,1666\n");
    let found = json(&run("json"));
    assert_eq!((&found["epochs"], &found["after"]["paid_atoms"]), (&serde_json::json!([0, 1]), &2_999.into()));
    assert_eq!((&found["before"]["largest_ten_bps"], &found["owners"][1]["owner"]), (&10_000.into(), &"bob".into()));
    assert!(run("table").contains("the largest ten's part"));
    // No request is sent.
    assert_eq!(endpoint.traffic().requests, 0);
}
