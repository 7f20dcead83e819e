//! What `score_shard` counts in each oracle's record: reports made and missed.

use solana_account::Account;
use solana_address::Address;
use stipend_client::address as place;
use stipend_tests::{
    address, measured,
    scene::{end, part_of, REPORT_SECS},
    Scene,
};

/// Reports made and missed of the first four entries.
fn records(scene: &mut Scene) -> [(u32, u32); 4] {
    let entries = scene.network().oracles.entries;
    [0, 1, 2, 3].map(|place| (entries[place].reports_made, entries[place].reports_missed))
}

/// Four oracles, a quorum of three, and two shards with a node each, at the end of epoch 0.
fn scene() -> (Scene, [Address; 2]) {
    let mut scene = Scene::with(4, |params| (params.policy.quorum, params.shard_capacity) = (3, 1));
    let shards = [(); 2].map(|()| {
        let shard = scene.open_shard();
        scene.register(&shard, &address("owner"));
        shard
    });
    scene.warp_to(end(0));
    (scene, shards)
}

#[test]
fn score_shard_counts_a_complete_report_as_made_and_any_other_as_missed() {
    let (mut scene, [shard, _]) = scene();
    let domain = scene.network().domain;
    // All that was announced; that nothing was measured; a part; and no report, which was never opened either.
    scene.report(0, &shard, 0, &[measured(9_000, 0)]);
    scene.report(1, &shard, 0, &[]);
    scene.submit(2, &shard, &part_of(domain, 0, 1, 0, &[])).unwrap();
    let never_opened = place::report(&shard, &scene.oracle_keys()[3]);
    scene.stage.put(&never_opened, Account::default());
    scene.warp_to(end(0) + REPORT_SECS);

    scene.score(&shard, 0);

    assert_eq!(records(&mut scene), [(1, 0), (1, 0), (0, 1), (0, 1)]);
}

#[test]
fn score_shard_counts_a_report_of_an_earlier_epoch_as_missed() {
    let (mut scene, [shard, other]) = scene();
    for shard in [&shard, &other] {
        scene.report_all(shard, 0, &[measured(9_000, 0)]);
        scene.score(shard, 0);
    }
    scene.close();
    scene.settle(&shard);
    scene.warp_to(end(1));
    for oracle in 0..3 {
        scene.report(oracle, &shard, 1, &[measured(9_000, 0)]);
    }
    scene.warp_to(end(1) + REPORT_SECS);

    scene.score(&shard, 1);

    // Two shards of epoch 0, and one of epoch 1.
    assert_eq!(records(&mut scene), [(3, 0), (3, 0), (3, 0), (2, 1)]);
}

#[test]
fn score_shard_counts_each_shard() {
    let (mut scene, [first, second]) = scene();
    scene.report_all(&first, 0, &[measured(9_000, 0)]);
    for oracle in [0, 2] {
        scene.report(oracle, &second, 0, &[measured(9_000, 0)]);
    }
    scene.score(&first, 0);
    assert_eq!(records(&mut scene), [(1, 0); 4]);
    scene.warp_to(end(0) + REPORT_SECS);

    scene.score(&second, 0);

    assert_eq!(records(&mut scene), [(2, 0), (1, 1), (2, 0), (1, 1)]);
}

#[test]
fn score_shard_counts_nothing_for_an_epoch_that_nobody_scored() {
    let (mut scene, _) = scene();

    crate::acts::close_unscored(&mut scene, 0);

    assert_eq!(records(&mut scene), [(0, 0); 4]);
}

#[test]
fn score_shard_counts_nothing_of_a_shard_in_which_no_node_can_earn() {
    let mut scene = Scene::with(4, |params| params.policy.quorum = 3);
    let shard = scene.open_shard();
    // In epoch 0: it counts from epoch 1 on.
    scene.warp_to(end(0) - 1);
    scene.register(&shard, &address("owner"));
    scene.warp_to(end(0));
    for oracle in [0, 1] {
        scene.report(oracle, &shard, 0, &[measured(9_000, 0)]);
    }

    scene.score(&shard, 0);

    assert_eq!(records(&mut scene), [(0, 0); 4]);
}

#[test]
fn score_shard_stops_counting_at_the_greatest_number() {
    let (mut scene, [shard, _]) = scene();
    scene.forge_network(|network| {
        let entries = &mut network.oracles.entries;
        (entries[0].reports_made, entries[3].reports_missed) = (u32::MAX, u32::MAX);
    });
    for oracle in 0..3 {
        scene.report(oracle, &shard, 0, &[measured(9_000, 0)]);
    }
    scene.warp_to(end(0) + REPORT_SECS);

    // A record decides nothing, so a full one must not keep anybody from being paid.
    scene.score(&shard, 0);

    assert_eq!(records(&mut scene), [(u32::MAX, 0), (1, 0), (1, 0), (0, u32::MAX)]);
}
