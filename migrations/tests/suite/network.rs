//! Step 3: the network is created.

use crate::{
    cluster::NOW,
    scene::{key, Scene},
};
use solana_signer::Signer;
use stipend_client::{
    account, address, instruction,
    ledger::{Accounts, Ledger},
    program::state::Network,
};
use stipend_migrations::{
    error::MigrationError, m0002_mint::CreateMint, m0003_network::CreateNetwork, migration::Migration,
};

fn with_mint() -> Scene {
    let mut scene = Scene::new();
    let plan = scene.plan(&[]);
    scene.take(&CreateMint, &plan).expect("created");
    scene
}

fn network(scene: &mut Scene) -> Network {
    let address = address::network(&key("mint").pubkey(), 0);
    let account = scene.cluster.account(&address).expect("readable").expect("there");
    account::network(&account.data).expect("a network")
}

#[test]
fn a_network_is_created_as_planned_and_the_second_run_sends_nothing() {
    let mut scene = with_mint();
    let plan = scene.plan(&[]);

    assert_eq!(scene.take(&CreateNetwork, &plan).expect("created"), 1);

    let there = network(&mut scene);
    assert_eq!(there.authority, key("authority").pubkey());
    assert_eq!(there.genesis, NOW + 1_000);
    assert_eq!((there.epoch_secs, there.shard_capacity, there.policy.quorum), (100, 4, 2));
    assert_eq!(&there.unit[..6], b"kbit/s");
    assert_eq!((there.emission.cap_atoms, there.policy.per_epoch_atoms), (1_000_000_000, 1_000_000));
    assert_eq!(there.policy.oracle_bond_lamports, 7_000);
    assert_eq!(scene.take(&CreateNetwork, &plan).expect("nothing to do"), 0);
    // The mint's authority is the program by now, which is as it should be.
    assert_eq!(scene.take(&CreateMint, &plan).expect("nothing to do"), 0);
}

#[test]
fn a_network_that_differs_is_refused_with_every_difference() {
    let mut scene = with_mint();
    let plan = scene.plan(&[]);
    scene.take(&CreateNetwork, &plan).expect("created");
    let guardian = format!("id = 0\nguardian = \"{}\"", key("payer").pubkey());
    // Each line of the plan, another one, and how the difference is told.
    let changes: [(&str, &str, &str); 21] = [
        ("authority = \"authority.json\"", "authority = \"payer.json\"", "network.authority is"),
        ("id = 0", &guardian, "network.guardian is"),
        (
            "genesis_in_secs = 1_000",
            "genesis = 2027-01-15T08:16:41Z",
            "network.genesis is 1800001000 there and 1800001001",
        ),
        ("epoch_secs = 100", "epoch_secs = 101", "network.epoch_secs is 100 there and 101 in the plan"),
        ("shard_capacity = 4", "shard_capacity = 5", "network.shard_capacity is 4 there and 5"),
        ("kbit/s", "Mbit/s", "network.unit is kbit/s there and Mbit/s"),
        ("cap_atoms = 1_000_000_000", "cap_atoms = 1_000_000_001", "network.cap_atoms is 1000000000 there"),
        ("report_secs = 40", "report_secs = 41", "network.policy.report_secs is 40 there and 41"),
        ("score_secs = 300", "score_secs = 301", "network.policy.score_secs is 300 there and 301"),
        ("uptime_weight_bps = 6_000", "uptime_weight_bps = 1", "network.policy.uptime_weight_bps is 6000 there and 1"),
        ("min_uptime_bps = 5_000", "min_uptime_bps = 2", "network.policy.min_uptime_bps is 5000 there and 2"),
        ("bandwidth_cap = 1_000", "bandwidth_cap = 3", "network.policy.bandwidth_cap is 1000 there and 3"),
        ("min_boost_bps = 10_000", "min_boost_bps = 4", "network.policy.min_boost_bps is 10000 there and 4"),
        ("max_boost_bps = 20_000", "max_boost_bps = 10_005", "network.policy.max_boost_bps is 20000 there and 10005"),
        ("tolerance_bps = 1_000", "tolerance_bps = 6", "network.policy.tolerance_bps is 1000 there and 6"),
        ("quorum = 2", "quorum = 3", "network.policy.quorum is 2 there and 3"),
        ("bond_lamports = 0", "bond_lamports = 7", "network.policy.bond_lamports is 0 there and 7"),
        ("oracle_bond_lamports = 7_000", "oracle_bond_lamports = 8", "oracle_bond_lamports is 7000 there and 8"),
        ("mint_limit_atoms = 0", "mint_limit_atoms = 9_000_000", "network.policy.mint_limit_atoms is 0 there"),
        (
            "per_epoch_atoms = 1_000_000",
            "per_epoch_atoms = 10",
            "network.emission.per_epoch_atoms is 1000000 there and 10",
        ),
        ("carry_epochs = 10", "carry_epochs = 11", "network.emission.carry_epochs is 10 there and 11"),
    ];
    for (from, to, told) in changes {
        let plan = scene.plan(&[(from, to)]);

        let error = scene.refuses(&CreateNetwork, &plan).to_string();

        assert!(error.contains(told), "{error}");
        // One change is one difference.
        assert_eq!(error.matches(" there and ").count(), 1, "{error}");
    }

    let plan = scene.plan(&[("decay_bps = 0", "decay_bps = 1"), ("decay_every_epochs = 0", "decay_every_epochs = 2")]);
    let error = scene.refuses(&CreateNetwork, &plan).to_string();
    assert!(error.contains("decay_bps is 0 there and 1") && error.contains("decay_every_epochs is 0 there and 2"));
}

#[test]
fn rules_that_are_to_come_are_the_ones_that_count() {
    let mut scene = with_mint();
    let plan = scene.plan(&[]);
    scene.take(&CreateNetwork, &plan).expect("created");
    let mut policy = plan.network.params.policy;
    policy.min_uptime_bps = 9_000;
    let (authority, network) = (key("authority"), plan.network_address());
    let update = instruction::update_policy(&authority.pubkey(), &network, 3, policy, None);
    scene.cluster.send(&key("payer"), &[update], &[&authority]).expect("updated");

    scene.cluster.landed_since();
    let error = scene.refuses(&CreateNetwork, &plan).to_string();
    let followed = scene.plan(&[("min_uptime_bps = 5_000", "min_uptime_bps = 9_000")]);

    assert!(error.contains("min_uptime_bps is 9000 there and 5000 in the plan"), "{error}");
    assert_eq!(scene.take(&CreateNetwork, &followed).expect("nothing to do"), 0);
}

#[test]
fn a_genesis_that_is_past_is_refused() {
    let mut scene = with_mint();
    // One second before the clock.
    let plan = scene.plan(&[("genesis_in_secs = 1_000", "genesis = 2027-01-15T07:59:59Z")]);

    let error = scene.refuses(&CreateNetwork, &plan);

    assert!(
        matches!(error, MigrationError::GenesisPast { genesis, now } if genesis == NOW - 1 && now == NOW),
        "{error}"
    );
}

#[test]
fn another_network_needs_the_first_one() {
    let mut scene = with_mint();
    let plan = scene.plan(&[("id = 0", "id = 1")]);

    let error = scene.refuses(&CreateNetwork, &plan);

    assert!(matches!(error, MigrationError::FirstNetworkMissing { id: 1, .. }), "{error}");
}

#[test]
fn another_network_of_the_mint_takes_its_share() {
    let mut scene = with_mint();
    let first = scene.plan(&[]);
    scene.take(&CreateNetwork, &first).expect("created");
    let plan = scene.plan(&[("id = 0", "id = 1"), ("cap_atoms = 1_000_000_000", "cap_atoms = 400_000_000")]);

    assert_eq!(scene.take(&CreateMint, &plan).expect("adopted"), 0);
    assert_eq!(scene.take(&CreateNetwork, &plan).expect("created"), 1);

    assert_eq!(scene.take(&CreateNetwork, &plan).expect("nothing to do"), 0);
    // The first one's plan holds still, though a part of its cap is gone.
    assert_eq!(scene.take(&CreateNetwork, &first).expect("nothing to do"), 0);
}

#[test]
fn what_the_program_would_refuse_is_refused_before_anything_is_sent() {
    let mut scene = with_mint();
    let mut plan = scene.plan(&[]);
    // 366 days and a second ahead.
    plan.network.genesis = stipend_migrations::plan::Genesis::In(366 * 86_400 + 1);

    let error = CreateNetwork.look(&mut scene.cluster, &plan).expect_err("refused");

    assert!(error.to_string().contains("genesis is more than 366 days ahead"), "{error}");
}

#[test]
fn a_network_needs_its_authoritys_key() {
    let mut scene = with_mint();
    let mut plan = scene.plan(&[]);
    plan.network.authority = key("authority").pubkey().into();

    let error = scene.refuses(&CreateNetwork, &plan);

    assert!(matches!(error, MigrationError::KeyMissing { role: "network.authority", .. }), "{error}");
}
