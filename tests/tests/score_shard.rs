//! `score_shard`: what it needs, when, and what the network then counts.

mod accounts;
mod dormant;
pub mod full;
mod medians;
mod reasons;
mod records;

use crate::acts::close_unscored;
use anchor_lang::error::ErrorCode;
use solana_address::Address;
use solana_instruction::Instruction;
use stipend::{error::StipendError, event::ShardScored, state::Policy};
use stipend_client::{address as place, instruction};
use stipend_tests::{
    address, measured, read_only,
    scene::{end, part_of, EPOCH_SECS, REPORT_SECS, SCORE_SECS},
    swapped, Scene,
};

/// Three oracles and a shard with three nodes, at the end of epoch 0.
fn scene() -> (Scene, Address) {
    let (mut scene, shard) = early_scene();
    scene.warp_to(end(0));
    (scene, shard)
}

/// The same before the genesis.
fn early_scene() -> (Scene, Address) {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    for _ in 0..3 {
        scene.register(&shard, &address("owner"));
    }
    (scene, shard)
}

fn score(scene: &Scene, shard: &Address, epoch: u32) -> Instruction {
    instruction::score_shard(&scene.network, shard, &scene.oracle_keys(), epoch)
}

#[test]
fn score_shard_writes_every_slots_score_and_counts_the_shard() {
    let (mut scene, shard) = scene();
    // Oracles 0, 1 and 2 disagree about slots 0 and 1; nobody measured slot 2.
    scene.report(0, &shard, 0, &[measured(9_000, 400), measured(10_000, 2_000)]);
    scene.report(1, &shard, 0, &[measured(8_000, 600), measured(9_999, 1_001)]);
    scene.report(2, &shard, 0, &[measured(8_500, 500), measured(0, 0)]);

    let receipt = scene.score(&shard, 0);

    let (header, slots) = scene.shard(&shard);
    // 8,500 · (6,000 + 4,000 · 500 / 1,000), and 9,999 · (6,000 + 4,000), above the cap.
    let expected = [(8_500, 500, 68_000_000, 1), (9_999, 1_001, 99_990_000, 2), (0xffff, 0xffff_ffff, 0, 5)];
    for (slot, expected) in slots.iter().zip(expected) {
        assert_eq!((slot.uptime_bps, slot.bandwidth, slot.score, slot.reason), expected);
        // The node has begun: nothing about it depends on the epoch any more.
        assert_eq!((slot.owner, slot.boost_bps, slot.state), (address("owner"), 10_000, 1));
        assert_eq!((slot.accrued_atoms, slot.until), (0, u32::MAX));
    }
    assert_eq!((header.total_score, header.scored_epoch, header.next_epoch), (167_990_000, 0, 1));
    assert_eq!((header.unsettled, header.dormant), (1, 0));
    let network = scene.network();
    assert_eq!((network.scored_shards, network.unsettled_shards, network.total_score), (1, 1, 167_990_000));
    assert_eq!((network.open_epoch, network.shard_count, network.awake_shards), (0, 1, 1));
    let event: ShardScored = receipt.event();
    assert_eq!((event.shard, event.epoch, event.total_score), (shard, 0, 167_990_000));
}

#[test]
fn score_shard_of_nothing_leaves_nothing_to_settle() {
    let (mut scene, shard) = scene();
    scene.report_all(&shard, 0, &[measured(0, 0)]);

    scene.score(&shard, 0);

    let (header, slots) = scene.shard(&shard);
    assert_eq!((header.total_score, header.scored_epoch, header.next_epoch, header.unsettled), (0, 0, 1, 0));
    assert_eq!((slots[0].uptime_bps, slots[0].bandwidth, slots[0].score, slots[0].reason), (0, 0, 0, 4));
    let network = scene.network();
    assert_eq!((network.scored_shards, network.unsettled_shards, network.total_score), (1, 0, 0));
}

#[test]
fn score_shard_adds_up_the_shards_of_a_network() {
    let mut scene = Scene::with(1, |params| (params.policy.quorum, params.shard_capacity) = (1, 1));
    let shards: Vec<Address> = (0..3)
        .map(|_| {
            let shard = scene.open_shard();
            scene.register(&shard, &address("owner"));
            shard
        })
        .collect();
    scene.warp_to(end(0));
    // Uptime · 6,000; the second shard scores nothing.
    for (shard, uptime_bps) in shards.iter().zip([6_000, 1_000, 7_000]) {
        scene.report(0, shard, 0, &[measured(uptime_bps, 0)]);
        scene.score(shard, 0);
    }

    let network = scene.network();
    assert_eq!((network.scored_shards, network.unsettled_shards, network.total_score), (3, 2, 78_000_000));
}

#[test]
fn score_shard_is_done_from_the_end_of_the_epoch_once_every_report_is_complete() {
    let (mut scene, shard) = early_scene();
    let score = score(&scene, &shard, 0);

    scene.warp_to(end(0) - 1);
    scene.stage.refuses(std::slice::from_ref(&score), &[], StipendError::EpochNotEnded);
    scene.warp_to(end(0));
    scene.report_all(&shard, 0, &[measured(9_000, 1)]);
    scene.stage.accepts(&[score], &[]);
}

#[test]
fn score_shard_waits_for_incomplete_reports_until_their_window_closes() {
    // Oracle 2 sent nothing, a part, or a report of nothing.
    for (received, is_complete) in [(None, false), (Some((2, 1)), false), (Some((1, 1)), true), (Some((0, 0)), true)] {
        let (mut scene, shard) = scene();
        for oracle in [0, 1] {
            scene.report(oracle, &shard, 0, &[measured(9_000, 1)]);
        }
        if let Some((total, count)) = received {
            let domain = scene.network().domain;
            let batch = part_of(domain, 0, total, 0, &[measured(9_000, 1)][..count]);
            scene.submit(2, &shard, &batch).unwrap();
        }
        let score = score(&scene, &shard, 0);

        if is_complete {
            scene.stage.accepts(&[score], &[]);
            continue;
        }
        for now in [end(0), end(0) + REPORT_SECS - 1] {
            scene.warp_to(now);
            scene.stage.refuses(std::slice::from_ref(&score), &[], StipendError::ReportsIncomplete);
        }
        scene.warp_to(end(0) + REPORT_SECS);
        scene.stage.accepts(&[score], &[]);
        // What came in time counts: two of three oracles are the quorum.
        assert_eq!(scene.shard(&shard).1[0].uptime_bps, 9_000);
    }
}

#[test]
fn score_shard_waits_for_each_oracle_alone() {
    for absent in 0..3 {
        let (mut scene, shard) = scene();
        for oracle in (0..3).filter(|oracle| *oracle != absent) {
            scene.report(oracle, &shard, 0, &[measured(9_000, 1)]);
        }
        let score = score(&scene, &shard, 0);

        scene.stage.refuses(&[score], &[], StipendError::ReportsIncomplete);
    }
}

#[test]
fn score_shard_is_done_after_the_scoring_window_until_somebody_closes_the_epoch() {
    for late in [SCORE_SECS - 1, SCORE_SECS, 40 * EPOCH_SECS] {
        let (mut scene, shard) = scene();
        scene.report_all(&shard, 0, &[measured(9_000, 1)]);
        let score = score(&scene, &shard, 0);

        scene.warp_to(end(0) + late);
        scene.stage.accepts(&[score], &[]);

        assert_eq!(scene.slot(&shard, 0).score, 54_036_000);
    }

    let (mut scene, shard) = scene();
    scene.report_all(&shard, 0, &[measured(9_000, 1)]);
    let score = score(&scene, &shard, 0);
    close_unscored(&mut scene, 0);
    scene.stage.refuses(&[score], &[], StipendError::EpochNotOpen);
}

#[test]
fn score_shard_refuses_an_epoch_that_is_not_the_open_one() {
    let (mut scene, shard) = scene();
    scene.report_all(&shard, 0, &[measured(9_000, 1)]);
    let [first, second] = [0, 1].map(|epoch| score(&scene, &shard, epoch));
    scene.warp_to(end(1));

    scene.stage.refuses(std::slice::from_ref(&second), &[], StipendError::EpochNotOpen);
    let last = score(&scene, &shard, u32::MAX);
    scene.stage.refuses(&[last], &[], StipendError::EpochNotOpen);
    scene.score(&shard, 0);
    scene.close();
    scene.stage.refuses(&[first], &[], StipendError::EpochNotOpen);
}

#[test]
fn score_shard_refuses_a_shard_that_is_scored() {
    let (mut scene, shard) = scene();
    scene.report_all(&shard, 0, &[measured(9_000, 1)]);
    scene.score(&shard, 0);

    let again = score(&scene, &shard, 0);
    scene.stage.refuses(&[again], &[], StipendError::ShardAlreadyScored);
}

#[test]
fn score_shard_refuses_a_shard_that_scored_nothing_a_second_time() {
    let (mut scene, shard) = scene();
    scene.report_all(&shard, 0, &[]);
    scene.score(&shard, 0);

    let again = score(&scene, &shard, 0);
    scene.stage.refuses(&[again], &[], StipendError::ShardAlreadyScored);
}

#[test]
fn score_shard_refuses_a_shard_that_is_not_settled() {
    let (mut scene, shard) = scene();
    scene.report_all(&shard, 0, &[measured(9_000, 1)]);
    scene.score(&shard, 0);
    scene.close();
    scene.warp_to(end(1));
    scene.report_all(&shard, 1, &[measured(9_000, 1)]);
    let second = score(&scene, &shard, 1);

    scene.stage.refuses(std::slice::from_ref(&second), &[], StipendError::ShardNotSettled);
    scene.settle(&shard);
    scene.stage.accepts(&[second], &[]);
}

#[test]
fn score_shard_goes_on_with_a_shard_that_was_not_scored_for_an_epoch() {
    let (mut scene, shard) = scene();
    close_unscored(&mut scene, 0);
    let (header, _) = scene.shard(&shard);
    assert_eq!((header.scored_epoch, header.next_epoch), (u32::MAX, 0));

    // Epoch 1 ended long ago, and its report window begins now.
    scene.report_all(&shard, 1, &[measured(9_000, 0)]);
    scene.score(&shard, 1);

    let (header, slots) = scene.shard(&shard);
    assert_eq!((header.scored_epoch, header.next_epoch, slots[0].score), (1, 2, 54_000_000));
}

#[test]
fn score_shard_refuses_an_epoch_past_the_end_of_time() {
    let (mut scene, shard) = scene();
    scene.warp_to(i64::MAX);
    // The epoch's end, and the end of the window of reports that are not there.
    for genesis in [i64::MAX - EPOCH_SECS + 1, i64::MAX - EPOCH_SECS - REPORT_SECS + 1] {
        scene.forge_network(|network| network.genesis = genesis);
        let late = score(&scene, &shard, 0);
        scene.stage.refuses(&[late], &[], StipendError::EpochOutOfRange);
    }
    scene.forge_network(|network| network.genesis = i64::MAX - EPOCH_SECS - REPORT_SECS);
    scene.score(&shard, 0);
}

#[test]
fn score_shard_refuses_to_break_an_invariant() {
    let (mut scene, shard) = scene();
    scene.report_all(&shard, 0, &[measured(9_000, 1)]);
    let score = score(&scene, &shard, 0);

    // A shard more is scored than there are.
    scene.forge_network(|network| network.scored_shards = 1);
    scene.stage.refuses(std::slice::from_ref(&score), &[], StipendError::InvariantBroken);
    // More are unsettled than scored.
    scene.forge_network(|network| (network.scored_shards, network.unsettled_shards) = (0, 1));
    scene.stage.refuses(std::slice::from_ref(&score), &[], StipendError::InvariantBroken);
    // A weight above the whole, a cap of nothing and bounds in the wrong order, which no network can have.
    let policy = scene.network().policy;
    scene.forge_network(|network| {
        (network.unsettled_shards, network.policy.uptime_weight_bps) = (0, 10_001);
    });
    scene.stage.refuses(std::slice::from_ref(&score), &[], StipendError::InvariantBroken);
    for broken in [Policy { bandwidth_cap: 0, ..policy }, Policy { min_boost_bps: 40_001, ..policy }] {
        scene.forge_network(|network| network.policy = broken);
        scene.stage.refuses(std::slice::from_ref(&score), &[], StipendError::InvariantBroken);
    }
    scene.forge_network(|network| network.policy = policy);
    scene.stage.accepts(&[score], &[]);
}

#[test]
fn score_shard_refuses_sums_that_pass_their_type() {
    let (mut scene, shard) = scene();
    scene.report_all(&shard, 0, &[measured(9_000, 1)]);
    let score = score(&scene, &shard, 0);
    let overflow = StipendError::ArithmeticOverflow;

    scene.forge_network(|network| network.total_score = u64::MAX);
    scene.stage.refuses(std::slice::from_ref(&score), &[], overflow);
    scene.forge_network(|network| (network.total_score, network.scored_shards) = (0, u32::MAX));
    scene.stage.refuses(std::slice::from_ref(&score), &[], overflow);
    scene.forge_network(|network| (network.scored_shards, network.unsettled_shards) = (0, u32::MAX));
    scene.stage.refuses(&[score], &[], overflow);
}

#[test]
fn score_shard_refuses_an_impostor_of_network_or_shard() {
    let (mut scene, shard) = early_scene();
    let (twin, twin_shard) = scene.twin(&address("owner"));
    scene.warp_to(end(0));
    scene.report_all(&shard, 0, &[measured(9_000, 1)]);
    let score = score(&scene, &shard, 0);
    let [foreign_network, foreign_shard] = ["foreign network", "foreign shard"].map(address);
    scene.stage.copy(&scene.network.clone(), &foreign_network, &spl_token_interface::ID);
    scene.stage.copy(&shard, &foreign_shard, &spl_token_interface::ID);
    let report = place::report(&shard, &scene.oracle_keys()[0]);

    let cases: [(usize, Address, stipend_tests::Refusal); 8] = [
        (0, twin, StipendError::ShardNetworkMismatch.into()),
        (0, foreign_network, ErrorCode::AccountOwnedByWrongProgram.into()),
        (0, shard, ErrorCode::AccountDiscriminatorMismatch.into()),
        (1, twin_shard, StipendError::ShardNetworkMismatch.into()),
        (1, foreign_shard, ErrorCode::AccountOwnedByWrongProgram.into()),
        (1, scene.network, ErrorCode::AccountDiscriminatorMismatch.into()),
        (1, report, ErrorCode::AccountDiscriminatorMismatch.into()),
        (1, address("missing"), ErrorCode::AccountOwnedByWrongProgram.into()),
    ];
    for (place, impostor, refusal) in cases {
        scene.stage.refuses(&[swapped(&score, place, &impostor)], &[], refusal);
    }
    for place in [0, 1] {
        scene.stage.refuses(&[read_only(&score, place)], &[], ErrorCode::ConstraintMut);
    }
}
