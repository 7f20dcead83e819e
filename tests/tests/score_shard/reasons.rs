//! From what was measured to a score, and the reason that the slot keeps: numbers worked out by hand.
//!
//! score = uptime · (6,000 + floor(4,000 · min(bandwidth, 1,000) / 1,000)) · boost / 10,000.

use super::{scene, score};
use solana_address::Address;
use solana_signer::Signer;
use stipend_client::instruction;
use stipend_tests::{
    address, measured,
    scene::{end, Measured, REPORT_SECS},
    Scene,
};

const NONE: u16 = 0xffff;
const NOTHING: u32 = 0xffff_ffff;
const BLANK: Measured = (None, None);

/// What a slot keeps: uptime, bandwidth, score, reason.
type Kept = (u16, u32, u32, u8);

fn kept(scene: &mut Scene, shard: &Address, slot: usize) -> Kept {
    let slot = scene.shard(shard).1[slot];
    (slot.uptime_bps, slot.bandwidth, slot.score, slot.reason)
}

/// What slot 0 keeps of these three measurements.
fn scored(values: [Measured; 3]) -> Kept {
    let (mut scene, shard) = scene();
    for (oracle, value) in values.into_iter().enumerate() {
        scene.report(oracle, &shard, 0, &[value]);
    }
    scene.score(&shard, 0);
    kept(&mut scene, &shard, 0)
}

/// What slot 0 keeps if all three measure this, with altered rules.
fn alike(value: Measured, alter: impl FnOnce(&mut stipend::instructions::NetworkParams)) -> Kept {
    let mut scene = Scene::with(3, alter);
    let shard = scene.open_shard();
    scene.register(&shard, &address("owner"));
    scene.warp_to(end(0));
    scene.report_all(&shard, 0, &[value]);
    scene.score(&shard, 0);
    kept(&mut scene, &shard, 0)
}

#[test]
fn score_shard_takes_the_middle_of_three_in_each_field() {
    // Uptime from the first oracle, bandwidth from the second: 8,000 · (6,000 + 4,000 · 700 / 1,000).
    let values = [measured(8_000, 900), measured(9_000, 700), measured(7_000, 100)];

    assert_eq!(scored(values), (8_000, 700, 70_400_000, 1));
}

#[test]
fn score_shard_takes_the_lower_of_two() {
    let expected = (8_000, 100, 51_200_000, 1);
    assert_eq!(scored([measured(9_000, 900), BLANK, measured(8_000, 100)]), expected);
    assert_eq!(scored([BLANK, measured(8_000, 100), measured(9_000, 900)]), expected);
    assert_eq!(scored([measured(8_000, 900), measured(9_000, 100), BLANK]), expected);
}

#[test]
fn score_shard_needs_the_quorum_in_each_field() {
    // Two uptimes are enough, one bandwidth is not: it counts as 0.
    let values = [measured(8_000, 900), (Some(9_000), None), BLANK];
    assert_eq!(scored(values), (8_000, NOTHING, 48_000_000, 3));
    // One uptime is not enough, whatever the bandwidth.
    let values = [measured(8_000, 900), (None, Some(700)), (None, Some(800))];
    assert_eq!(scored(values), (NONE, 800, 0, 5));
    assert_eq!(scored([measured(8_000, 900), BLANK, BLANK]), (NONE, NOTHING, 0, 5));
    assert_eq!(scored([BLANK; 3]), (NONE, NOTHING, 0, 5));
    // Two of each, from three oracles.
    let values = [measured(8_000, 900), (Some(9_000), None), (None, Some(1_000))];
    assert_eq!(scored(values), (8_000, 900, 76_800_000, 1));
}

#[test]
fn score_shard_of_a_quorum_of_three_needs_all_three() {
    let quorum = |params: &mut stipend::instructions::NetworkParams| params.policy.quorum = 3;
    assert_eq!(alike(measured(9_000, 0), quorum), (9_000, 0, 54_000_000, 1));

    let mut scene = Scene::with(3, quorum);
    let shard = scene.open_shard();
    scene.register(&shard, &address("owner"));
    scene.warp_to(end(0) + REPORT_SECS - 1);
    for oracle in [0, 2] {
        scene.report(oracle, &shard, 0, &[measured(9_000, 0)]);
    }
    scene.warp_to(end(0) + REPORT_SECS);
    scene.score(&shard, 0);
    assert_eq!(kept(&mut scene, &shard, 0), (NONE, NOTHING, 0, 5));
}

#[test]
fn score_shard_keeps_a_median_below_the_minimum_and_says_so() {
    let at = |uptime_bps| alike(measured(uptime_bps, 1_000), |_| ());

    assert_eq!(at(4_999), (4_999, 1_000, 0, 4));
    assert_eq!(at(5_000), (5_000, 1_000, 50_000_000, 1));
    assert_eq!(at(0), (0, 1_000, 0, 4));
    // Without a minimum, being down scores nothing all the same.
    let kept = alike(measured(0, 1_000), |params| params.policy.min_uptime_bps = 0);
    assert_eq!(kept, (0, 1_000, 0, 1));
}

#[test]
fn score_shard_counts_bandwidth_up_to_the_cap() {
    let of = |bandwidth| alike(measured(10_000, bandwidth), |_| ());

    assert_eq!(of(0), (10_000, 0, 60_000_000, 1));
    assert_eq!(of(999), (10_000, 999, 99_960_000, 1));
    assert_eq!(of(1_000), (10_000, 1_000, 100_000_000, 1));
    assert_eq!(of(1_001), (10_000, 1_001, 100_000_000, 2));
    assert_eq!(of(4_294_967_294), (10_000, 4_294_967_294, 100_000_000, 2));
}

#[test]
fn score_shard_floors_the_quality() {
    // 4,000 · 333 / 1,001 = 1,330.66…; 9,999 · 7,330.
    let kept = alike(measured(9_999, 333), |params| params.policy.bandwidth_cap = 1_001);

    assert_eq!(kept, (9_999, 333, 73_292_670, 1));
}

#[test]
fn score_shard_counts_a_great_cap_without_losing_a_bit() {
    // 4,000 · 2,147,483,647 / 4,294,967,294 = 2,000 exactly; 10,000 · 8,000.
    let half = alike(measured(10_000, 2_147_483_647), |params| params.policy.bandwidth_cap = 4_294_967_294);

    assert_eq!(half, (10_000, 2_147_483_647, 80_000_000, 1));
}

#[test]
fn score_shard_weighs_uptime_alone_or_bandwidth_alone() {
    let weight = |bps| move |params: &mut stipend::instructions::NetworkParams| params.policy.uptime_weight_bps = bps;

    // Uptime alone does not ask for bandwidth, nor for its cap.
    assert_eq!(alike((Some(9_000), None), weight(10_000)), (9_000, NOTHING, 90_000_000, 1));
    assert_eq!(alike(measured(9_000, 2_000), weight(10_000)), (9_000, 2_000, 90_000_000, 1));
    // Bandwidth alone still counts the time that it was there: 9,000 · 10,000 · 500 / 1,000.
    assert_eq!(alike(measured(9_000, 500), weight(0)), (9_000, 500, 45_000_000, 1));
    assert_eq!(alike((Some(9_000), None), weight(0)), (9_000, NOTHING, 0, 3));
}

#[test]
fn score_shard_multiplies_by_the_boost_and_floors() {
    // 5,001 · 6,000 = 30,006,000; · 1.5; · 0.3333 = 10,000,999.8; · 6.5535 = 196,644,321.
    for (boost_bps, expected) in [(15_000, 45_009_000), (3_333, 10_000_999), (65_535, 196_644_321), (0, 0)] {
        let (mut scene, shard) = scene();
        scene.forge_network(|network| (network.policy.min_boost_bps, network.policy.max_boost_bps) = (0, u16::MAX));
        scene.forge_shard(&shard, |_, slots| slots[0].boost_bps = boost_bps);
        scene.report_all(&shard, 0, &[measured(5_001, 0)]);

        scene.score(&shard, 0);

        assert_eq!(kept(&mut scene, &shard, 0), (5_001, 0, expected, 1));
        assert_eq!(scene.network().total_score, u64::from(expected));
    }
}

#[test]
fn score_shard_counts_a_boost_within_the_bounds_of_the_epochs_policy() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    for _ in 0..2 {
        scene.register(&shard, &address("owner"));
    }
    // 3.0 and 0.3, where 0.1 to 4.0 are allowed; from epoch 1 on only 0.5 to 2.0 are.
    for (device, boost_bps) in [(0, 30_000), (1, 3_000)] {
        let device = scene.devices[device].pubkey();
        scene.govern(instruction::set_boost(&scene.authority.pubkey(), &scene.network, &shard, &device, boost_bps));
    }
    scene.update_policy(1, None, |policy| (policy.min_boost_bps, policy.max_boost_bps) = (5_000, 20_000));
    let values = [measured(9_000, 0); 2];

    // 54,000,000 · 3 and · 0.3; then · 2 and · 0.5.
    for (epoch, expected) in [(0, [162_000_000, 16_200_000]), (1, [108_000_000, 27_000_000])] {
        scene.run_epoch(&shard, epoch, &values);
        assert_eq!([0, 1].map(|slot| scene.slot(&shard, slot).score), expected);
        // The boost itself stays, for policies to come.
        assert_eq!([0, 1].map(|slot| scene.slot(&shard, slot).boost_bps), [30_000, 3_000]);
    }
}

#[test]
fn score_shard_counts_a_node_from_its_first_epoch_on() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    scene.warp_to(end(0) - 1);
    scene.register(&shard, &address("owner"));
    scene.warp_to(end(0));
    scene.register(&shard, &address("owner"));
    let values = [measured(9_000, 0), measured(8_000, 0)];
    // Nodes that count from epochs 1 and 2, in epochs 0, 1 and 2.
    let expected = [
        [(9_000, 0, 0, 6), (8_000, 0, 0, 6)],
        [(9_000, 0, 54_000_000, 1), (8_000, 0, 0, 6)],
        [(9_000, 0, 54_000_000, 1), (8_000, 0, 48_000_000, 1)],
    ];

    for (epoch, expected) in expected.into_iter().enumerate() {
        let epoch = epoch as u32;
        scene.warp_to(end(epoch));
        scene.report_all(&shard, epoch, &values);
        scene.score(&shard, epoch);
        for (slot, expected) in expected.into_iter().enumerate() {
            assert_eq!(kept(&mut scene, &shard, slot), expected, "slot {slot} in epoch {epoch}");
        }
        scene.close();
        if expected.iter().any(|kept| kept.2 > 0) {
            scene.settle(&shard);
        }
    }
}

#[test]
fn score_shard_passes_over_a_vacant_slot() {
    let (mut scene, shard) = scene();
    scene.forge_shard(&shard, |_, slots| slots[1].state = 0);
    scene.report_all(&shard, 0, &[measured(9_000, 0); 3]);

    scene.score(&shard, 0);

    let (header, slots) = scene.shard(&shard);
    assert_eq!((slots[0].score, slots[2].score, header.total_score), (54_000_000, 54_000_000, 108_000_000));
    assert_eq!((slots[1].score, slots[1].reason), (0, 0));
}

#[test]
fn score_shard_replaces_what_the_epoch_before_left() {
    let (mut scene, shard) = scene();
    scene.report_all(&shard, 0, &[measured(9_000, 2_000), measured(9_000, 0)]);
    scene.score(&shard, 0);
    scene.close();
    scene.settle(&shard);
    scene.warp_to(end(1));
    scene.report_all(&shard, 1, &[BLANK, measured(1_000, 5)]);

    let score = score(&scene, &shard, 1);
    scene.stage.accepts(&[score], &[]);

    assert_eq!(kept(&mut scene, &shard, 0), (NONE, NOTHING, 0, 5));
    assert_eq!(kept(&mut scene, &shard, 1), (1_000, 5, 0, 4));
    let (header, _) = scene.shard(&shard);
    assert_eq!((header.total_score, header.scored_epoch, header.unsettled), (0, 1, 0));
}

#[test]
fn score_shard_takes_uptime_for_a_gate_where_the_policy_says_so() {
    let mut scene = Scene::with(3, |params| params.policy.uptime_mode = stipend::state::UptimeMode::Gate);
    let shard = scene.open_shard();
    for _ in 0..3 {
        scene.register(&shard, &address("owner"));
    }
    scene.warp_to(end(0));
    scene.report_all(&shard, 0, &[measured(5_000, 500), measured(10_000, 500), measured(4_999, 500)]);

    scene.score(&shard, 0);

    // 10,000 · (6,000 + 4,000 · 500 / 1,000), whatever the uptime from 5,000 on; the median stands in the slot.
    assert_eq!(kept(&mut scene, &shard, 0), (5_000, 500, 80_000_000, 1));
    assert_eq!(kept(&mut scene, &shard, 1), (10_000, 500, 80_000_000, 1));
    assert_eq!(kept(&mut scene, &shard, 2), (4_999, 500, 0, 4));
    scene.close();
    assert_eq!(scene.network().ring[0].uptime_mode, 1);
}
