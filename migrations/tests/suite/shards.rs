//! Step 5: shards and reports are opened.

use crate::{
    cluster::Lost,
    scene::{key, Scene},
};
use solana_signer::Signer;
use stipend_client::{account, address, ledger::Accounts, network_client::NetworkClient};
use stipend_migrations::{
    error::MigrationError, m0002_mint::CreateMint, m0003_network::CreateNetwork, m0004_oracles::AddOracles,
    m0005_shards::OpenShards, plan::Plan,
};

fn with_oracles() -> (Scene, Plan) {
    let mut scene = Scene::new();
    let plan = scene.plan(&[]);
    scene.take(&CreateMint, &plan).expect("created");
    scene.take(&CreateNetwork, &plan).expect("created");
    scene.take(&AddOracles, &plan).expect("added");
    (scene, plan)
}

fn register(scene: &mut Scene, plan: &Plan, devices: &[&str]) {
    let payer = key("payer");
    let mut client = NetworkClient::new(&mut scene.cluster, &payer, plan.network_address());
    for device in devices {
        client.register(&key(device), None, &payer.pubkey()).expect("registered");
    }
    scene.cluster.landed_since();
}

#[test]
fn the_first_shard_and_a_report_of_each_oracle_are_opened_and_the_second_run_sends_nothing() {
    let (mut scene, plan) = with_oracles();

    assert_eq!(scene.take(&OpenShards, &plan).expect("opened"), 4);

    let shard = address::shard(&plan.network_address(), 0);
    for oracle in &plan.oracles {
        let address = address::report(&shard, oracle);
        let report = scene.cluster.account(&address).expect("readable").expect("there");
        assert_eq!(account::report(&report.data).expect("a report").0.oracle, *oracle);
    }
    assert_eq!(scene.take(&OpenShards, &plan).expect("nothing to do"), 0);
}

#[test]
fn only_the_missing_ones_are_opened_after_a_stop() {
    for lost in [Lost::Before, Lost::After] {
        for opened in 1..4 {
            let (mut scene, plan) = with_oracles();
            scene.cluster.lose_after(opened, lost);
            scene.take(&OpenShards, &plan).expect_err("lost");
            scene.cluster.mend();

            assert_eq!(scene.take(&OpenShards, &plan).unwrap_or_else(|error| panic!("{error}")), 4 - opened);
        }
    }
}

#[test]
fn a_second_shard_waits_until_the_first_is_full() {
    let (mut scene, _) = with_oracles();
    let plan = scene.plan(&[("count = 1", "count = 2")]);

    let error = scene.refuses(&OpenShards, &plan);
    assert!(matches!(error, MigrationError::ShardsNotFull { planned: 2, possible: 1 }), "{error}");

    let one = scene.plan(&[]);
    scene.take(&OpenShards, &one).expect("opened");
    register(&mut scene, &plan, &["a", "b", "c"]);
    let error = scene.refuses(&OpenShards, &plan);
    assert!(matches!(error, MigrationError::ShardsNotFull { planned: 2, possible: 1 }), "{error}");

    register(&mut scene, &plan, &["d"]);
    // The shard, and three reports of it.
    assert_eq!(scene.take(&OpenShards, &plan).expect("opened"), 4);
}

#[test]
fn shards_that_registrations_opened_get_their_reports_too() {
    let (mut scene, plan) = with_oracles();
    scene.take(&OpenShards, &plan).expect("opened");
    register(&mut scene, &plan, &["a", "b", "c", "d", "e"]);

    assert_eq!(scene.take(&OpenShards, &plan).expect("opened"), 3);
    assert_eq!(scene.take(&OpenShards, &plan).expect("nothing to do"), 0);
}
