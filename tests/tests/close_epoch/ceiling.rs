//! The ceiling of a reward: what it keeps back was never scheduled.

use solana_address::Address;
use stipend::{event::EpochClosed, math::reward::Rate};
use stipend_tests::{address, measured, scene::end, Scene};

/// A network that shares 1,000,000 atoms an epoch among `nodes` nodes, each of which may earn `max_reward_atoms`.
fn capped(nodes: usize, max_reward_atoms: u64) -> (Scene, Address) {
    let mut scene = Scene::with(1, |params| {
        (params.policy.quorum, params.policy.uptime_weight_bps, params.policy.min_uptime_bps) = (1, 10_000, 0);
        params.policy.max_reward_atoms = max_reward_atoms;
    });
    let shard = scene.open_shard();
    for _ in 0..nodes {
        scene.register(&shard, &address("owner"));
    }
    (scene, shard)
}

fn accrued(scene: &mut Scene, shard: &Address) -> Vec<u64> {
    scene.shard(shard).1.iter().map(|slot| slot.accrued_atoms).collect()
}

#[test]
fn close_epoch_gives_a_full_node_exactly_the_ceiling_and_schedules_no_more() {
    let (mut scene, shard) = capped(3, 100_003);

    scene.run_epoch(&shard, 0, &[measured(10_000, 0), measured(5_000, 0), measured(0, 0)]);

    // Half of 100,003 is 50,001.5; the two have one and a half full scores, and so 150,004 atoms at the ceiling.
    assert_eq!(accrued(&mut scene, &shard), [100_003, 50_001, 0]);
    let network = scene.network();
    let closed = network.ring[0];
    assert_eq!((closed.emission_atoms, closed.kept_back_atoms, closed.max_reward_atoms), (150_004, 849_996, 100_003));
    assert_eq!(Some(closed.rate()), Rate::checked_ceiling(100_003));
    let emission = network.emission;
    assert_eq!((emission.scheduled_atoms, emission.accrued_atoms, emission.carried_atoms), (150_004, 150_004, 0));
    assert_eq!(emission.cap_atoms - emission.scheduled_atoms, 1_000_000_000 - 150_004);
}

#[test]
fn close_epoch_does_not_feel_a_ceiling_that_is_as_high_as_the_share() {
    // Without a ceiling the floor of the rate costs each an atom.
    for max_reward_atoms in [0, 500_000, 500_001, u64::MAX] {
        let (mut scene, shard) = capped(2, max_reward_atoms);

        scene.run_epoch(&shard, 0, &[measured(10_000, 0); 2]);

        assert_eq!(accrued(&mut scene, &shard), [499_999; 2]);
        assert_eq!((scene.network().ring[0].kept_back_atoms, scene.network().emission.carried_atoms), (0, 2));
    }
    let (mut scene, shard) = capped(2, 499_999);
    scene.run_epoch(&shard, 0, &[measured(10_000, 0); 2]);
    assert_eq!(accrued(&mut scene, &shard), [499_999; 2]);
    assert_eq!(scene.network().ring[0].kept_back_atoms, 2);
}

#[test]
fn close_epoch_lets_go_of_what_was_carried_where_the_ceiling_keeps_it_back() {
    let (mut scene, shard) = capped(1, 10);
    // Two empty epochs carry 2,000,000.
    for epoch in [0, 1] {
        scene.warp_to(end(epoch));
        scene.report(0, &shard, epoch, &[measured(0, 0)]);
        scene.score(&shard, epoch);
        scene.close();
    }
    let before = scene.network().emission;
    assert_eq!((before.scheduled_atoms, before.carried_atoms), (2_000_000, 2_000_000));
    scene.warp_to(end(2));
    scene.report(0, &shard, 2, &[measured(10_000, 0)]);
    scene.score(&shard, 2);

    let event: EpochClosed = scene.close().event();

    assert_eq!((event.emission_atoms, event.kept_back_atoms), (10, 2_999_990));
    let after = scene.network().emission;
    assert_eq!((after.scheduled_atoms, after.carried_atoms), (10, 0));
    scene.settle(&shard);
    assert_eq!(accrued(&mut scene, &shard), [10]);
}

#[test]
fn close_epoch_pays_boosts_above_the_ceiling_and_nothing_above_the_emission() {
    let (mut scene, shard) = capped(2, 300_000);
    let boost = stipend_client::instruction::set_boost(
        &solana_signer::Signer::pubkey(&scene.authority),
        &scene.network,
        &shard,
        &solana_signer::Signer::pubkey(&scene.devices[0]),
        20_000,
    );
    scene.govern(boost);

    scene.run_epoch(&shard, 0, &[measured(10_000, 0); 2]);

    assert_eq!(accrued(&mut scene, &shard), [600_000, 300_000]);
    assert_eq!(scene.network().ring[0].kept_back_atoms, 100_000);
}
