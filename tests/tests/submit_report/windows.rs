//! When a report is taken: the last second that is rejected and the first that is accepted.

use super::{early_scene, relay, scene, submit};
use solana_address::Address;
use solana_signer::Signer;
use stipend::error::StipendError;
use stipend_client::instruction;
use stipend_tests::{
    address, key, measured,
    scene::{end, Measured, EPOCH_SECS, GENESIS, REPORT_SECS, SCORE_SECS},
    Scene,
};

const UP: [Measured; 1] = [(Some(10_000), Some(1))];

/// Whether oracle 0's report of the epoch is taken at each second; the seconds ascend.
#[track_caller]
fn expect(scene: &mut Scene, shard: &Address, epoch: u32, cases: &[(i64, Option<StipendError>)]) {
    let batch = scene.batch(epoch, &UP);
    for (now, error) in cases {
        scene.warp_to(*now);
        let signed = submit(scene, shard, &batch);
        let relayed = relay(scene, shard, &batch, 1);
        match error {
            Some(error) => {
                scene.stage.refuses(&[signed], &[&scene.oracles[0]], *error);
                scene.stage.refuses(&relayed, &[], *error);
            }
            None => {
                scene.stage.accepts(&[signed], &[&scene.oracles[0]]);
                scene.stage.accepts(&relayed, &[]);
            }
        }
    }
}

#[test]
fn submit_report_is_taken_from_the_end_of_the_epoch_until_its_window_closes() {
    let (mut scene, shard) = early_scene();
    let cases = [
        (GENESIS - 1, Some(StipendError::EpochNotEnded)),
        (GENESIS, Some(StipendError::EpochNotEnded)),
        (end(0) - 1, Some(StipendError::EpochNotEnded)),
        (end(0), None),
        (end(0) + REPORT_SECS - 1, None),
        (end(0) + REPORT_SECS, Some(StipendError::ReportWindowClosed)),
        (end(0) + SCORE_SECS, Some(StipendError::ReportWindowClosed)),
    ];

    expect(&mut scene, &shard, 0, &cases);
}

#[test]
fn submit_report_of_a_later_epoch_that_is_open_in_time_has_the_same_window() {
    let (mut scene, shard) = scene();
    scene.report_all(&shard, 0, &UP);
    scene.score(&shard, 0);
    scene.close();
    let cases = [
        (end(1) - 1, Some(StipendError::EpochNotEnded)),
        (end(1), None),
        (end(1) + REPORT_SECS - 1, None),
        (end(1) + REPORT_SECS, Some(StipendError::ReportWindowClosed)),
    ];

    expect(&mut scene, &shard, 1, &cases);
}

#[test]
fn submit_report_window_of_an_epoch_that_is_opened_late_begins_when_it_is_opened() {
    let (mut scene, shard) = scene();
    scene.report_all(&shard, 0, &UP);
    scene.score(&shard, 0);
    // Epoch 1 has been over for 25 seconds when epoch 0 is closed.
    let opened = end(1) + 25;
    scene.warp_to(opened);
    expect(&mut scene, &shard, 1, &[(opened, Some(StipendError::EpochNotOpen))]);
    scene.close();
    assert_eq!(scene.network().opened_at, opened);
    let cases = [
        (opened, None),
        // Past what would be the window's end if it had begun with the epoch's.
        (end(1) + REPORT_SECS, None),
        (opened + REPORT_SECS - 1, None),
        (opened + REPORT_SECS, Some(StipendError::ReportWindowClosed)),
    ];

    expect(&mut scene, &shard, 1, &cases);
}

#[test]
fn submit_report_window_of_an_epoch_that_was_over_in_a_pause_begins_when_the_pause_ends() {
    let (mut scene, shard) = scene();
    scene.pause();
    let resumed = end(0) + 1_000;
    expect(&mut scene, &shard, 0, &[(resumed - 1, Some(StipendError::ReportsPaused))]);
    scene.warp_to(resumed);
    scene.resume();
    let cases = [
        (resumed, None),
        (resumed + REPORT_SECS - 1, None),
        (resumed + REPORT_SECS, Some(StipendError::ReportWindowClosed)),
    ];

    expect(&mut scene, &shard, 0, &cases);
}

#[test]
fn submit_report_window_begins_at_the_latest_of_end_opening_and_pause() {
    // When epoch 0 is closed, when a pause ends, and when epoch 1's windows begin.
    for (closed, resumed, begin) in [
        (end(0) + 10, end(0) + 20, end(1)),
        (end(1) + 30, end(1) + 20, end(1) + 30),
        (end(0) + 10, end(1) + 20, end(1) + 20),
        (end(1) + 20, end(1) + 30, end(1) + 30),
    ] {
        let (mut scene, shard) = scene();
        scene.report_all(&shard, 0, &UP);
        scene.score(&shard, 0);
        scene.pause();
        // A scored epoch is closed in a pause too.
        for now in [closed.min(resumed), closed.max(resumed)] {
            scene.warp_to(now);
            if now == closed {
                scene.close();
            } else {
                scene.resume();
            }
        }
        if begin == end(1) {
            expect(&mut scene, &shard, 1, &[(begin - 1, Some(StipendError::EpochNotEnded))]);
        }
        let cases = [
            (begin, None),
            (begin + REPORT_SECS - 1, None),
            (begin + REPORT_SECS, Some(StipendError::ReportWindowClosed)),
        ];

        expect(&mut scene, &shard, 1, &cases);
    }
}

#[test]
fn submit_report_takes_the_open_epoch_and_no_other() {
    let (mut scene, shard) = scene();
    for epoch in [1, 2, u32::MAX - 1, u32::MAX] {
        expect(&mut scene, &shard, epoch, &[(end(0), Some(StipendError::EpochNotOpen))]);
    }
    scene.report_all(&shard, 0, &UP);
    scene.score(&shard, 0);
    scene.close();

    for (epoch, error) in [(0, StipendError::EpochNotOpen), (1, StipendError::EpochNotEnded)] {
        expect(&mut scene, &shard, epoch, &[(end(0), Some(error))]);
    }
}

#[test]
fn submit_report_refuses_an_epoch_that_the_shard_is_scored_for() {
    let (mut scene, shard) = scene();
    scene.report_all(&shard, 0, &UP);
    scene.score(&shard, 0);

    expect(&mut scene, &shard, 0, &[(end(0), Some(StipendError::ReportAlreadyScored))]);
}

#[test]
fn submit_report_refuses_the_next_epoch_while_the_one_before_is_not_closed() {
    let (mut scene, shard) = scene();
    scene.report_all(&shard, 0, &UP);
    let not_open = Some(StipendError::EpochNotOpen);

    expect(&mut scene, &shard, 1, &[(end(1), not_open), (end(1) + REPORT_SECS - 1, not_open)]);
    scene.score(&shard, 0);
    expect(&mut scene, &shard, 1, &[(end(1) + REPORT_SECS - 1, not_open)]);
    scene.close();
    expect(&mut scene, &shard, 1, &[(end(1) + REPORT_SECS - 1, None)]);
}

#[test]
fn submit_report_refuses_an_oracle_outside_of_its_epochs() {
    let mut scene = Scene::with(1, |_| ());
    let shard = scene.open_shard();
    scene.register(&shard, &address("owner"));
    scene.warp_to(GENESIS + 50);
    let newcomer = key("newcomer");
    scene.add_oracle(newcomer);
    let newcomer = scene.oracle_keys()[1];
    scene.open_report(&shard, &newcomer);
    let leave = instruction::remove_oracle(&scene.authority.pubkey(), &scene.network, &scene.oracle_keys()[0], false);
    scene.stage.accepts(&[leave], &[&scene.authority]);
    scene.warp_to(end(0));
    let batch = scene.batch(0, &[measured(10_000, 1)]);
    let too_early = instruction::submit_report(&newcomer, &scene.network, &shard, &batch);

    scene.stage.refuses(&[too_early], &[&scene.oracles[1]], StipendError::OracleNotActive);
    scene.report(0, &shard, 0, &UP);
    let score = instruction::score_shard(&scene.network, &shard, &scene.oracle_keys()[..1], 0);
    scene.stage.accepts(&[score], &[]);
    scene.close();
    expect(&mut scene, &shard, 1, &[(end(1), Some(StipendError::OracleNotActive))]);
    scene.report(1, &shard, 1, &UP);
}

#[test]
fn submit_report_refuses_an_epoch_past_the_end_of_time() {
    let (mut scene, shard) = scene();
    scene.forge_network(|network| network.genesis = i64::MAX - EPOCH_SECS);
    // Epoch 0 ends in the very last second, and its window past it.
    expect(&mut scene, &shard, 0, &[(i64::MAX, Some(StipendError::EpochOutOfRange))]);

    // Epoch 1 ends past it.
    scene.forge_network(|network| network.open_epoch = 1);
    expect(&mut scene, &shard, 1, &[(i64::MAX, Some(StipendError::EpochOutOfRange))]);
}
