//! The ring of the last 32 closed epochs: an entry with unsettled shards is never overwritten.

use super::score;
use crate::acts::{close_unscored, Tenant};
use solana_address::Address;
use stipend::error::StipendError;
use stipend_client::instruction;
use stipend_tests::{
    address,
    scene::{end, SCORE_SECS},
    Scene,
};

/// One oracle and a shard of one node, scored for epoch 0.
fn scored() -> (Scene, Address) {
    let mut scene = Scene::with(1, |params| params.policy.quorum = 1);
    let shard = scene.open_shard();
    scene.register(&shard, &address("owner"));
    scene.warp_to(end(0));
    score(&mut scene, &shard, 0, 10_000);
    (scene, shard)
}

#[test]
fn close_epoch_keeps_each_epoch_at_its_number_modulo_32() {
    let mut scene = Scene::new();
    scene.warp_to(end(39));

    scene.close();
    scene.close();

    let expected: [u32; 32] = std::array::from_fn(|place| if place < 8 { 32 + place as u32 } else { place as u32 });
    assert_eq!(scene.network().ring.map(|entry| entry.epoch), expected);
}

#[test]
fn close_epoch_closes_at_most_32_epochs_at_once() {
    let mut scene = Scene::new();
    scene.warp_to(end(39));

    scene.close();
    assert_eq!(scene.network().open_epoch, 32);

    scene.close();
    assert_eq!(scene.network().open_epoch, 40);
}

#[test]
fn close_epoch_wakes_a_network_that_slept_for_any_time() {
    for slept in [30, 31, 32, 100, 150, 257, 100_000] {
        let mut scene = Scene::new();
        scene.warp_to(end(slept));
        let close = instruction::close_epoch(&scene.network);

        let result = scene.stage.send(&[close], &[]);

        assert!(result.is_ok(), "{slept} epochs: {result:?}");
        assert_eq!(scene.network().open_epoch, (slept + 1).min(32), "{slept} epochs");
    }
}

#[test]
fn close_epoch_never_overwrites_an_entry_that_is_not_settled() {
    let (mut scene, shard) = scored();
    scene.close();
    // Up to epoch 31, whose place is the last; then comes epoch 32, whose place is that of epoch 0.
    for epoch in 1..32 {
        close_unscored(&mut scene, epoch);
    }
    let now = scene.stage.now();
    scene.warp_to(now + 2 * SCORE_SECS);
    let close = instruction::close_epoch(&scene.network);

    scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::RingEntryUnsettled);

    scene.settle(&shard);
    assert_eq!(scene.network().ring[0].epoch, 0);
    scene.stage.accepts(&[close], &[]);
    let network = scene.network();
    assert_eq!((network.open_epoch, network.ring[0].epoch), (33, 32));
    // 60,000,000 points share 1,000,000 atoms; the floor of the rate leaves one over.
    assert_eq!(scene.shard(&shard).1[0].accrued_atoms, 999_999);
}

#[test]
fn close_epoch_stops_before_an_entry_that_is_not_settled_and_keeps_what_it_closed() {
    // The only node retires in epoch 1, so that no later epoch waits for the shard, which is owed epoch 0.
    let mut scene = Scene::with(1, |params| params.policy.quorum = 1);
    let shard = scene.open_shard();
    let tenant = Tenant::registered(&mut scene, "tenant", &shard);
    scene.warp_to(end(0));
    score(&mut scene, &shard, 0, 10_000);
    tenant.retire(&mut scene);
    // The shard is not settled, so it can't be scored again, and epoch 1 is closed without it.
    scene.close();
    for epoch in 1..31 {
        close_unscored(&mut scene, epoch);
    }
    scene.forge_network(|network| network.awake_shards = 0);
    let now = scene.stage.now().max(end(33));
    scene.warp_to(now);

    // Epoch 31 can be closed, and epoch 32 only once epoch 0 is settled.
    scene.close();

    assert_eq!(scene.network().open_epoch, 32);
    scene.settle(&shard);
    scene.close();
    assert!(scene.network().open_epoch > 33);
}

#[test]
fn close_epoch_lets_a_network_go_on_that_slept_before_it_closed_a_scored_epoch() {
    let (mut scene, shard) = scored();
    // Nobody closes epoch 0 for 40 epochs, and it can't be settled before.
    scene.warp_to(end(40));

    scene.close();
    scene.settle(&shard);

    assert_eq!(scene.network().open_epoch, 1);
    // 60,000,000 points share 1,000,000 atoms; the floor of the rate leaves one over.
    assert_eq!(scene.shard(&shard).1[0].accrued_atoms, 999_999);
    score(&mut scene, &shard, 1, 10_000);
    scene.close();
    assert_eq!(scene.network().open_epoch, 2);
}
