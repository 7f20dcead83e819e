//! `close_epoch`: when an epoch closes, and the rate that it then has.

mod budget;
mod ceiling;
mod ring;

use crate::acts::Tenant;
use anchor_lang::error::ErrorCode;
use solana_address::Address;
use stipend::{
    error::StipendError,
    event::EpochClosed,
    state::{ClosedEpoch, Emission},
};
use stipend_client::instruction;
use stipend_tests::{
    address, measured, read_only,
    scene::{end, EPOCH_SECS, SCORE_SECS},
    swapped, Scene,
};

/// One oracle and two shards of one node each, at the end of epoch 0.
fn two_shards() -> (Scene, [Address; 2]) {
    let (mut scene, shards) = early_shards();
    scene.warp_to(end(0));
    (scene, shards)
}

/// The same before the genesis.
fn early_shards() -> (Scene, [Address; 2]) {
    let mut scene = Scene::with(1, |params| (params.policy.quorum, params.shard_capacity) = (1, 1));
    let shards = [0, 1].map(|_| {
        let shard = scene.open_shard();
        scene.register(&shard, &address("owner"));
        shard
    });
    (scene, shards)
}

/// Has a shard report and scored for an epoch, with uptime · 6,000 points.
fn score(scene: &mut Scene, shard: &Address, epoch: u32, uptime_bps: u16) {
    scene.report(0, shard, epoch, &[measured(uptime_bps, 0)]);
    scene.score(shard, epoch);
}

#[test]
fn close_epoch_turns_emission_and_total_score_into_a_rate() {
    let (mut scene, shards) = two_shards();
    score(&mut scene, &shards[0], 0, 10_000);
    score(&mut scene, &shards[1], 0, 5_000);

    let receipt = scene.close();

    let network = scene.network();
    // 1,000,000 atoms / 90,000,000 points = 1/90 of an atom; 2^64 / 90 = 204963823041217240.1…
    let closed = ClosedEpoch {
        epoch: 0,
        unsettled_shards: 2,
        emission_atoms: 1_000_000,
        total_score: 90_000_000,
        paid_atoms: 0,
        rate_atoms: 0,
        rate_fraction: 204_963_823_041_217_240,
        policy_from_epoch: 0,
        bandwidth_cap: 1_000,
        uptime_weight_bps: 6_000,
        min_uptime_bps: 5_000,
        min_boost_bps: 1_000,
        max_boost_bps: 40_000,
        quorum: 1,
        ..ClosedEpoch::default()
    };
    assert_eq!(network.ring[0], closed);
    assert_eq!(network.ring[1..], [ClosedEpoch { epoch: u32::MAX, ..ClosedEpoch::default() }; 31]);
    assert_eq!((network.open_epoch, network.scored_shards, network.unsettled_shards), (1, 0, 0));
    assert_eq!((network.total_score, network.shard_count, network.awake_shards), (0, 2, 2));
    assert_eq!(network.opened_at, end(0));
    let emission = Emission {
        per_epoch_atoms: 1_000_000,
        cap_atoms: 1_000_000_000,
        scheduled_atoms: 1_000_000,
        ..Emission::default()
    };
    assert_eq!(network.emission, emission);
    let event: EpochClosed = receipt.event();
    assert_eq!((event.network, event.epoch), (scene.network, 0));
    assert_eq!((event.emission_atoms, event.total_score), (1_000_000, 90_000_000));
    assert_eq!(event.policy_from_epoch, 0);
}

#[test]
fn close_epoch_gives_whole_atoms_a_point_where_there_are_enough() {
    let mut scene = Scene::with(1, |params| {
        (params.policy.quorum, params.emission.per_epoch_atoms, params.cap_atoms) = (1, u64::MAX, u64::MAX);
    });
    let shard = scene.open_shard();
    scene.register(&shard, &address("owner"));
    scene.warp_to(end(0));
    score(&mut scene, &shard, 0, 7_001);

    scene.close();

    // 42,006,000 points; 18446744073709551615 = 439145457165 · 42,006,000 + 36,561,615.
    let entry = scene.network().ring[0];
    assert_eq!((entry.total_score, entry.rate_atoms), (42_006_000, 439_145_457_165));
    // 36,561,615 · 2^64 / 42,006,000, floored.
    assert_eq!(entry.rate_fraction, 16_055_867_133_897_544_350);
}

#[test]
fn close_epoch_is_done_from_the_end_of_the_epoch_once_every_shard_is_scored() {
    let (mut scene, shards) = early_shards();
    let close = instruction::close_epoch(&scene.network);
    scene.warp_to(end(0) - 1);
    scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::EpochNotEnded);
    scene.warp_to(end(0));
    scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::ShardsNotScored);
    score(&mut scene, &shards[1], 0, 10_000);
    scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::ShardsNotScored);
    score(&mut scene, &shards[0], 0, 10_000);

    scene.stage.accepts(std::slice::from_ref(&close), &[]);
    scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::EpochNotEnded);
    scene.warp_to(end(1) - 1);
    scene.stage.refuses(&[close], &[], StipendError::EpochNotEnded);
}

#[test]
fn close_epoch_goes_on_without_a_shard_that_nobody_scored_in_time() {
    let (mut scene, shards) = two_shards();
    score(&mut scene, &shards[0], 0, 10_000);
    let close = instruction::close_epoch(&scene.network);

    scene.warp_to(end(0) + SCORE_SECS - 1);
    scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::ShardsNotScored);
    scene.warp_to(end(0) + SCORE_SECS);
    scene.stage.accepts(&[close], &[]);

    let network = scene.network();
    // Epoch 1, of which no shard is scored, has all its windows before it.
    assert_eq!(network.opened_at, end(0) + SCORE_SECS);
    assert_eq!((network.open_epoch, network.ring[0].unsettled_shards), (1, 1));
    assert_eq!((network.ring[0].emission_atoms, network.ring[0].total_score), (1_000_000, 60_000_000));
}

#[test]
fn close_epoch_late_gives_the_next_epoch_its_whole_windows() {
    let (mut scene, shards) = two_shards();
    for shard in &shards {
        score(&mut scene, shard, 0, 10_000);
    }
    // Epochs 1 to 4 are over as well, and nobody had a chance to report them: only epoch 0 is closed.
    let opened = end(4) + SCORE_SECS;
    scene.warp_to(opened);
    let events = scene.close().events::<EpochClosed>();
    let told: Vec<_> = events.iter().map(|event| (event.epoch, event.emission_atoms, event.total_score)).collect();
    assert_eq!(told, [(0, 1_000_000, 120_000_000)]);
    let close = instruction::close_epoch(&scene.network);
    scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::ShardsNotScored);
    let network = scene.network();
    assert_eq!((network.open_epoch, network.opened_at), (1, opened));

    // If nobody comes, it is closed when its scoring window is over, to the second, and the next one has its own.
    for (epoch, opened) in [(1, opened), (2, opened + SCORE_SECS), (3, opened + 2 * SCORE_SECS)] {
        scene.warp_to(opened + SCORE_SECS - 1);
        scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::ShardsNotScored);
        scene.warp_to(opened + SCORE_SECS);
        let event: EpochClosed = scene.close().event();
        assert_eq!((event.epoch, event.total_score), (epoch, 0));
    }
}

#[test]
fn close_epoch_closes_all_that_wait_for_no_shard() {
    // One node, which retired in epoch 1: from then on nobody can earn.
    let mut scene = Scene::with(1, |params| params.policy.quorum = 1);
    let shard = scene.open_shard();
    let tenant = Tenant::registered(&mut scene, "tenant", &shard);
    scene.warp_to(end(0));
    tenant.retire(&mut scene);
    score(&mut scene, &shard, 0, 10_000);
    scene.warp_to(end(4) - 1);
    let events = scene.close().events::<EpochClosed>();
    assert_eq!(events.iter().map(|event| event.epoch).collect::<Vec<_>>(), [0]);
    scene.settle(&shard);

    // Epochs 2 and 3 are over, and epoch 4 is not.
    scene.score(&shard, 1);
    let events = scene.close().events::<EpochClosed>();

    assert_eq!(events.iter().map(|event| event.epoch).collect::<Vec<_>>(), [1, 2, 3]);
    let network = scene.network();
    assert_eq!((network.open_epoch, network.awake_shards), (4, 0));
    assert_eq!(network.ring.map(|entry| entry.epoch)[..5], [0, 1, 2, 3, u32::MAX]);
}

#[test]
fn close_epoch_of_a_network_without_shards_waits_for_no_window() {
    let mut scene = Scene::new();
    let close = instruction::close_epoch(&scene.network);
    scene.warp_to(end(0) - 1);
    scene.stage.refuses(&[close], &[], StipendError::EpochNotEnded);
    scene.warp_to(end(2) + EPOCH_SECS - 1);

    scene.close();

    assert_eq!(scene.network().open_epoch, 3);
}

#[test]
fn close_epoch_refuses_an_epoch_past_the_end_of_time_or_of_numbers() {
    let mut scene = Scene::new();
    let close = instruction::close_epoch(&scene.network);
    scene.forge_network(|network| network.genesis = i64::MAX - EPOCH_SECS + 1);
    scene.warp_to(i64::MAX);
    scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::EpochOutOfRange);

    scene.forge_network(|network| (network.genesis, network.open_epoch) = (0, u32::MAX));
    scene.stage.refuses(&[close], &[], StipendError::EpochOutOfRange);
}

#[test]
fn close_epoch_refuses_an_impostor_of_the_network() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    scene.warp_to(end(0));
    let close = instruction::close_epoch(&scene.network);
    let foreign = address("foreign");
    scene.stage.copy(&scene.network.clone(), &foreign, &spl_token_interface::ID);

    let cases = [
        (foreign, ErrorCode::AccountOwnedByWrongProgram),
        (address("missing"), ErrorCode::AccountOwnedByWrongProgram),
        (shard, ErrorCode::AccountDiscriminatorMismatch),
    ];
    for (impostor, error) in cases {
        scene.stage.refuses(&[swapped(&close, 0, &impostor)], &[], error);
    }
    scene.stage.refuses(&[read_only(&close, 0)], &[], ErrorCode::ConstraintMut);
}
