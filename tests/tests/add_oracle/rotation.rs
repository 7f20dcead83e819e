//! Oracles that come and go in the middle of an epoch: it is neither blocked nor bent.

use solana_address::Address;
use stipend::error::StipendError;
use stipend_client::instruction;
use stipend_tests::{
    address, key, measured,
    scene::{end, Measured, GENESIS},
    Scene,
};

/// Three oracles and a shard with one node.
fn scene() -> (Scene, Address) {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    scene.register(&shard, &address("owner"));
    (scene, shard)
}

fn up(uptime_bps: u16) -> [Measured; 1] {
    [measured(uptime_bps, 0)]
}

/// Scores an epoch from the reports of these oracles and no others, whose uptimes have this median.
#[track_caller]
fn score(scene: &mut Scene, shard: &Address, epoch: u32, oracles: &[usize], median: u16) {
    let keys: Vec<Address> = oracles.iter().map(|oracle| scene.oracle_keys()[*oracle]).collect();
    let score = instruction::score_shard(&scene.network, shard, &keys, epoch);
    scene.stage.accepts(&[score], &[]);
    assert_eq!(scene.shard(shard).1[0].uptime_bps, median);
    scene.close();
    scene.settle(shard);
}

#[test]
fn add_oracle_in_the_middle_of_an_epoch_neither_blocks_nor_bends_it() {
    let (mut scene, shard) = scene();
    // Of four oracles three must be the quorum; the policy says so from epoch 1 on.
    scene.warp_to(GENESIS + 50);
    scene.update_policy(1, None, |policy| policy.quorum = 3);
    scene.add_oracle(key("new"));
    scene.open_report(&shard, &scene.oracle_keys()[3]);

    // Epoch 0 is the first three's: 7,000, 8,000 and 9,000. Nobody waits for the new one.
    scene.warp_to(end(0));
    for (oracle, uptime_bps) in [7_000, 8_000, 9_000].into_iter().enumerate() {
        scene.report(oracle, &shard, 0, &up(uptime_bps));
    }
    let batch = scene.batch(0, &up(1));
    let early = instruction::submit_report(&scene.oracle_keys()[3], &scene.network, &shard, &batch);
    scene.stage.refuses(&[early], &[&scene.oracles[3]], StipendError::OracleNotActive);
    score(&mut scene, &shard, 0, &[0, 1, 2], 8_000);

    // Epoch 1 is all four's: the lower middle of 6,000, 7,000, 8,000 and 9,000.
    scene.warp_to(end(1));
    for (oracle, uptime_bps) in [7_000, 8_000, 9_000, 6_000].into_iter().enumerate() {
        let of_three = instruction::score_shard(&scene.network, &shard, &scene.oracle_keys()[..3], 1);
        scene.stage.refuses(&[of_three], &[], StipendError::ReportAccountMissing);
        scene.report(oracle, &shard, 1, &up(uptime_bps));
    }
    score(&mut scene, &shard, 1, &[0, 1, 2, 3], 7_000);
}

#[test]
fn remove_oracle_in_the_middle_of_an_epoch_leaves_it_that_epoch() {
    let (mut scene, shard) = scene();
    let leaving = scene.oracle_keys()[0];
    scene.warp_to(GENESIS + 50);
    scene.remove_oracle(&leaving, false);

    scene.warp_to(end(0));
    for (oracle, uptime_bps) in [8_000, 7_000, 9_000].into_iter().enumerate() {
        scene.report(oracle, &shard, 0, &up(uptime_bps));
    }
    score(&mut scene, &shard, 0, &[0, 1, 2], 8_000);
    // The lower of 7,000 and 9,000.
    scene.warp_to(end(1));
    for (oracle, uptime_bps) in [(1, 7_000), (2, 9_000)] {
        scene.report(oracle, &shard, 1, &up(uptime_bps));
    }
    score(&mut scene, &shard, 1, &[1, 2], 7_000);
}

#[test]
fn remove_oracle_and_add_another_in_one_epoch_hands_over_between_two_epochs() {
    let (mut scene, shard) = scene();
    let leaving = scene.oracle_keys()[2];
    scene.warp_to(GENESIS + 50);
    scene.remove_oracle(&leaving, false);
    scene.add_oracle(key("new"));
    scene.open_report(&shard, &scene.oracle_keys()[3]);
    // The epoch, who measures what, and the middle of it.
    let epochs = [
        (0, [(0, 9_000), (1, 8_000), (2, 7_000)], 8_000),
        (1, [(0, 9_000), (1, 8_000), (3, 9_500)], 9_000),
        (2, [(0, 9_000), (1, 8_000), (3, 6_000)], 8_000),
    ];
    for (epoch, values, median) in epochs {
        scene.warp_to(end(epoch));
        for (oracle, uptime_bps) in values {
            scene.report(oracle, &shard, epoch, &up(uptime_bps));
        }
        score(&mut scene, &shard, epoch, &values.map(|(oracle, _)| oracle), median);
    }
    // The epoch's record is the one's who measured it.
    let entries = scene.network().oracles.entries;
    let made = [0, 1, 2, 3].map(|place| (entries[place].reports_made, entries[place].reports_missed));
    assert_eq!(made, [(3, 0), (3, 0), (1, 0), (2, 0)]);
}

#[test]
fn remove_oracle_at_once_voids_its_reports_of_unscored_shards_only() {
    let mut scene = Scene::with(3, |params| params.shard_capacity = 1);
    let shards = [(); 2].map(|()| {
        let shard = scene.open_shard();
        scene.register(&shard, &address("owner"));
        shard
    });
    scene.warp_to(end(0));
    for shard in &shards {
        for (oracle, uptime_bps) in [8_000, 9_000, 7_000].into_iter().enumerate() {
            scene.report(oracle, shard, 0, &up(uptime_bps));
        }
    }
    scene.score(&shards[0], 0);
    let gone = scene.oracle_keys()[0];

    scene.remove_oracle(&gone, true);

    let score = instruction::score_shard(&scene.network, &shards[1], &scene.oracle_keys()[1..], 0);
    scene.stage.accepts(&[score], &[]);
    // The middle of three stands; of the two that are left it is the lower.
    assert_eq!(shards.map(|shard| scene.shard(&shard).1[0].uptime_bps), [8_000, 7_000]);
    let entries = scene.network().oracles.entries;
    assert_eq!([0, 1, 2].map(|place| entries[place].reports_made), [1, 2, 2]);
}
