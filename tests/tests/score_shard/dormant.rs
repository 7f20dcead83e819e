//! Shards in which no node can earn: they wait for nobody, and nobody waits for them.

use super::{early_scene, score};
use crate::acts::Tenant;
use solana_signer::Signer;
use stipend::{error::StipendError, event::ShardScored};
use stipend_client::instruction;
use stipend_tests::{
    address, key, measured,
    scene::{end, Measured, GENESIS},
    Scene,
};

const UP: [Measured; 1] = [(Some(10_000), Some(0))];

/// Shards that are scored in every epoch, and of these the ones that are.
fn counts(scene: &mut Scene) -> (u32, u32) {
    let network = scene.network();
    (network.awake_shards, network.scored_shards)
}

/// Reports made and missed of the first three oracles.
fn records(scene: &mut Scene) -> [(u32, u32); 3] {
    let entries = scene.network().oracles.entries;
    [0, 1, 2].map(|place| (entries[place].reports_made, entries[place].reports_missed))
}

#[test]
fn score_shard_of_nodes_that_begin_in_the_next_epoch_waits_for_no_report() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    scene.warp_to(GENESIS);
    scene.register(&shard, &address("owner"));
    scene.warp_to(end(0));
    assert_eq!(counts(&mut scene), (1, 0));

    // In the first second, without one report.
    let event: ShardScored = scene.score(&shard, 0).event();

    assert_eq!((event.epoch, event.total_score), (0, 0));
    assert_eq!((scene.slot(&shard, 0).score, scene.slot(&shard, 0).reason), (0, 6));
    assert_eq!(records(&mut scene), [(0, 0); 3]);
    // The node earns later, so the shard stays awake.
    assert_eq!((counts(&mut scene), scene.shard(&shard).0.dormant), ((1, 1), 0));
    scene.close();
    scene.run_epoch(&shard, 1, &UP);
    assert_eq!(scene.slot(&shard, 0).accrued_atoms, 1_999_999);
}

#[test]
fn score_shard_waits_for_reports_as_soon_as_one_node_can_earn() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    scene.register(&shard, &address("owner"));
    scene.warp_to(GENESIS);
    scene.register(&shard, &address("owner"));
    scene.warp_to(end(0));

    let score = score(&scene, &shard, 0);

    scene.stage.refuses(&[score], &[], StipendError::ReportsIncomplete);
}

#[test]
fn score_shard_without_a_node_that_earns_still_needs_every_report_account() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    scene.warp_to(GENESIS);
    scene.register(&shard, &address("owner"));
    scene.warp_to(end(0));

    let some = instruction::score_shard(&scene.network, &shard, &scene.oracle_keys()[..2], 0);

    scene.stage.refuses(&[some], &[], StipendError::ReportAccountMissing);
}

#[test]
fn score_shard_puts_a_shard_to_sleep_in_which_no_node_earns_any_more() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    let tenant = Tenant::registered(&mut scene, "tenant", &shard);
    scene.run_epoch(&shard, 0, &UP);
    // In epoch 1, which it no longer earns.
    tenant.retire(&mut scene);
    scene.warp_to(end(1));

    let receipt = scene.score(&shard, 1);

    assert_eq!(receipt.event::<ShardScored>().total_score, 0);
    let (header, slots) = scene.shard(&shard);
    assert_eq!((header.dormant, header.scored_epoch, header.next_epoch), (1, 1, 2));
    assert_eq!((slots[0].reason, slots[0].accrued_atoms), (7, 999_999));
    assert_eq!((counts(&mut scene), records(&mut scene)), ((0, 0), [(1, 0); 3]));
    // Nobody waits for it, in this epoch or a later one, and what was earned is paid.
    scene.warp_to(end(9));
    scene.close();
    assert_eq!(scene.network().open_epoch, 10);
    for epoch in [1, 10] {
        let score = score(&scene, &shard, epoch);
        let error = if epoch == 1 { StipendError::EpochNotOpen } else { StipendError::EpochNotEnded };
        scene.stage.refuses(&[score], &[], error);
    }
    scene.warp_to(end(10));
    let score = score(&scene, &shard, 10);
    scene.stage.refuses(&[score], &[], StipendError::ShardDormant);
    tenant.claim(&mut scene, 0);
    assert_eq!(tenant.paid_atoms(&mut scene), 999_999);
}

#[test]
fn score_shard_never_puts_a_shard_to_sleep_that_scored() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    let tenant = Tenant::registered(&mut scene, "tenant", &shard);
    // Epoch 0 is over, and the node retires in epoch 1: it earns epoch 0.
    scene.warp_to(end(0));
    tenant.retire(&mut scene);
    scene.report_all(&shard, 0, &UP);

    scene.score(&shard, 0);

    assert_eq!((counts(&mut scene), scene.shard(&shard).0.dormant), ((1, 1), 0));
    scene.close();
    scene.settle(&shard);
    scene.warp_to(end(1));
    scene.score(&shard, 1);
    assert_eq!((counts(&mut scene), scene.shard(&shard).0.dormant), ((0, 0), 1));
}

#[test]
fn score_shard_is_due_again_once_a_node_registers_in_a_dormant_shard() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    let tenant = Tenant::registered(&mut scene, "tenant", &shard);
    scene.warp_to(GENESIS);
    tenant.retire(&mut scene);
    scene.warp_to(end(0));
    scene.score(&shard, 0);
    assert_eq!((counts(&mut scene), scene.shard(&shard).0.dormant), ((0, 0), 1));

    // In epoch 1, which has begun; the shard is scored for epoch 0 already.
    let newcomer = Tenant::registered(&mut scene, "newcomer", &shard);
    assert_eq!((counts(&mut scene), scene.shard(&shard).0.dormant), ((1, 1), 0));
    scene.close();
    scene.warp_to(end(1));
    let close = instruction::close_epoch(&scene.network);
    scene.stage.refuses(&[close], &[], StipendError::ShardsNotScored);
    // The newcomer counts from epoch 2 on.
    scene.score(&shard, 1);
    scene.close();
    scene.run_epoch(&shard, 2, &[(None, None), UP[0]]);

    newcomer.claim(&mut scene, 1);
    // Epochs 0 and 1 were empty and are carried.
    assert_eq!(newcomer.paid_atoms(&mut scene), 2_999_999);
}

#[test]
fn score_shard_of_a_shard_that_slept_through_epochs_goes_on_with_the_open_one() {
    let mut scene = Scene::with(3, |params| params.shard_capacity = 1);
    let awake = scene.open_shard();
    scene.register(&awake, &address("owner"));
    // Opened before the genesis, and without a node until epoch 4.
    let asleep = scene.open_shard();
    for epoch in 0..4 {
        scene.run_epoch(&awake, epoch, &UP);
    }
    assert_eq!(scene.shard(&asleep).0.next_epoch, 0);

    scene.register(&asleep, &address("owner"));

    // Epoch 4 is open and under way, and the node counts from epoch 5 on.
    assert_eq!((counts(&mut scene), scene.shard(&asleep).0.next_epoch), ((2, 0), 4));
    scene.warp_to(end(4));
    for epoch in 0..4 {
        let score = score(&scene, &asleep, epoch);
        scene.stage.refuses(&[score], &[], StipendError::EpochNotOpen);
    }
    scene.score(&asleep, 4);
    scene.report_all(&awake, 4, &UP);
    scene.score(&awake, 4);
    scene.close();
    scene.settle(&awake);
    scene.warp_to(end(5));
    for shard in [awake, asleep] {
        scene.report_all(&shard, 5, &UP);
        scene.score(&shard, 5);
    }
    scene.close();
    scene.settle(&asleep);
    // Half of 1,000,000 and of the few atoms that were left over.
    let accrued = scene.slot(&asleep, 0).accrued_atoms;
    assert!((499_999..=500_001).contains(&accrued), "{accrued}");
}

#[test]
fn score_shard_counts_no_missed_report_that_a_stranger_closed_of_an_empty_shard() {
    let mut scene = Scene::with(3, |params| params.shard_capacity = 1);
    let healthy = scene.open_shard();
    scene.register(&healthy, &address("owner"));
    let empty = scene.open_shard();
    scene.warp_to(GENESIS);
    let payer = scene.stage.payer.pubkey();
    let closes: Vec<_> = (scene.oracle_keys().iter())
        .map(|oracle| instruction::close_report(&scene.network, &empty, oracle, &payer))
        .collect();
    scene.stage.accepts(&closes, &[]);

    // The oracles report what has nodes, and the epoch is closed in its first second.
    scene.run_epoch(&healthy, 0, &UP);

    assert_eq!((records(&mut scene), scene.network().open_epoch), ([(1, 0); 3], 1));
    assert_eq!(scene.slot(&healthy, 0).accrued_atoms, 999_999);
}

#[test]
fn score_shard_of_an_awake_shard_without_a_slot_needs_no_report() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    let tenant = Tenant::registered(&mut scene, "tenant", &shard);
    scene.warp_to(GENESIS);
    tenant.retire(&mut scene);
    tenant.close(&mut scene);
    // What nobody can bring about while the epoch is open: the vacant slot is cut off.
    scene.stage.forge(&shard, |data| data.truncate(data.len() - 64));
    assert_eq!(counts(&mut scene), (1, 0));
    scene.warp_to(end(0));

    scene.score(&shard, 0);

    assert_eq!((counts(&mut scene), records(&mut scene)), ((0, 0), [(0, 0); 3]));
    assert_eq!(scene.shard(&shard).0.dormant, 1);
    scene.close();
}

#[test]
fn score_shard_does_not_wait_for_what_strangers_open_at_any_moment() {
    let mut scene = Scene::with(3, |params| params.shard_capacity = 1);
    let shard = scene.open_shard();
    scene.register(&shard, &address("owner"));
    scene.warp_to(end(0));
    // A shard of a stranger's own device, full at once so that the next may be opened, and an empty one behind it.
    open_as_stranger(&mut scene, 0);
    scene.report_all(&shard, 0, &[measured(10_000, 0)]);
    open_as_stranger(&mut scene, 1);
    scene.score(&shard, 0);
    open_as_stranger(&mut scene, 2);

    // The strangers' nodes count from epoch 2 on: their shards are scored by anybody, without a report of anybody.
    for index in 1..=3 {
        let theirs = stipend_client::address::shard(&scene.network, index);
        scene.score(&theirs, 0);
    }
    scene.close();
    scene.settle(&shard);

    assert_eq!((scene.stage.now(), scene.network().open_epoch), (end(0), 1));
    assert_eq!((scene.network().shard_count, records(&mut scene)), (4, [(1, 0); 3]));
    assert_eq!(scene.slot(&shard, 0).accrued_atoms, 999_999);
}

/// A stranger opens the next shard and fills it with a device of its own.
fn open_as_stranger(scene: &mut Scene, place: u32) {
    let payer = scene.stage.payer.pubkey();
    let index = scene.network().shard_count;
    let shard = stipend_client::address::shard(&scene.network, index);
    let device = key(&format!("device of stranger {place}"));
    let open = instruction::open_shard(&payer, &scene.network, index);
    let directory = instruction::open_directory(&payer, &scene.network, &device.pubkey());
    let owner = address("stranger");
    let register = instruction::register_node(&payer, &device.pubkey(), None, &scene.network, &shard, &owner, None);
    scene.stage.accepts(&[open], &[]);
    if scene.stage.account(&directory.accounts[2].pubkey).is_none() {
        scene.stage.accepts(&[directory], &[]);
    }
    scene.stage.accepts(&[register], &[&device]);
}

#[test]
fn score_shard_refuses_a_shard_that_never_had_a_node() {
    let (mut scene, shard) = early_scene();
    scene.register(&shard, &address("owner"));
    let second = scene.open_shard();
    assert_eq!((counts(&mut scene), scene.network().shard_count), ((1, 0), 2));
    scene.warp_to(end(0));

    let score = score(&scene, &second, 0);

    scene.stage.refuses(&[score], &[], StipendError::ShardDormant);
    scene.report_all(&shard, 0, &[]);
    scene.score(&shard, 0);
    scene.close();
    assert_eq!((scene.network().open_epoch, scene.shard(&second).0.next_epoch), (1, 0));
}
