//! When a report is taken: the last second that is refused and the first that is accepted.

use super::{relay, scene, submit};
use solana_signer::Signer;
use stipend::error::StipendError;
use stipend_client::{address as place, instruction};
use stipend_tests::{
    address, key, measured,
    scene::{end, EPOCH_SECS, GENESIS, REPORT_SECS, SCORE_SECS},
    Scene,
};

#[test]
fn submit_report_is_taken_from_the_end_of_the_epoch_until_its_window_closes() {
    for (now, error) in [
        (GENESIS - 1, Some(StipendError::EpochNotEnded)),
        (end(0) - 1, Some(StipendError::EpochNotEnded)),
        (end(0), None),
        (end(0) + REPORT_SECS - 1, None),
        (end(0) + REPORT_SECS, Some(StipendError::ReportWindowClosed)),
        (end(0) + SCORE_SECS, Some(StipendError::ReportWindowClosed)),
    ] {
        let (mut scene, shard) = scene();
        scene.warp_to(now);
        let batch = scene.batch(0, &[measured(10_000, 1)]);
        let signed = submit(&scene, &shard, &batch);
        let relayed = relay(&scene, &shard, &batch, 1);

        if let Some(error) = error {
            scene.stage.refuses(&[signed], &[&scene.oracles[0]], error);
            scene.stage.refuses(&relayed, &[], error);
        } else {
            scene.stage.accepts(&[signed], &[&scene.oracles[0]]);
        }
    }
}

#[test]
fn submit_report_of_a_later_epoch_has_the_same_window() {
    let (mut scene, shard) = scene();
    scene.report_all(&shard, 0, &[measured(10_000, 1)]);
    scene.score(&shard, 0);
    let batch = scene.batch(1, &[measured(10_000, 1)]);
    let submit = submit(&scene, &shard, &batch);

    scene.warp_to(end(0) + EPOCH_SECS - 1);
    scene.stage.refuses(std::slice::from_ref(&submit), &[&scene.oracles[0]], StipendError::EpochNotEnded);
    scene.warp_to(end(1) + REPORT_SECS);
    scene.stage.refuses(std::slice::from_ref(&submit), &[&scene.oracles[0]], StipendError::ReportWindowClosed);
    scene.warp_to(end(1) + REPORT_SECS - 1);
    scene.stage.accepts(&[submit], &[&scene.oracles[0]]);
}

#[test]
fn submit_report_refuses_an_epoch_that_the_shard_is_scored_for() {
    let (mut scene, shard) = scene();
    scene.report_all(&shard, 0, &[measured(10_000, 1)]);
    scene.score(&shard, 0);

    let batch = scene.batch(0, &[measured(10_000, 1)]);
    let submit = submit(&scene, &shard, &batch);

    scene.stage.refuses(&[submit], &[&scene.oracles[0]], StipendError::ReportAlreadyScored);
}

#[test]
fn submit_report_refuses_the_next_epoch_while_the_one_before_is_not_scored() {
    let (mut scene, shard) = scene();
    scene.report_all(&shard, 0, &[measured(10_000, 1)]);
    let batch = scene.batch(1, &[measured(9_000, 1)]);
    let submit = submit(&scene, &shard, &batch);
    for now in [end(1), end(1) + REPORT_SECS - 1] {
        scene.warp_to(now);
        scene.stage.refuses(std::slice::from_ref(&submit), &[&scene.oracles[0]], StipendError::PreviousEpochNotScored);
    }

    scene.score(&shard, 0);

    scene.stage.accepts(&[submit], &[&scene.oracles[0]]);
}

#[test]
fn submit_report_refuses_an_epoch_before_the_one_that_the_report_holds() {
    let (mut scene, shard) = scene();
    let report = place::report(&shard, &scene.oracles[0].pubkey());
    // The program gets here only if a rule above fails: the report holds epoch 1, and epoch 0 is not scored.
    scene.stage.forge(&report, |data| data[12..16].copy_from_slice(&1u32.to_le_bytes()));
    let batch = scene.batch(0, &[measured(10_000, 1)]);
    let submit = submit(&scene, &shard, &batch);

    scene.stage.refuses(&[submit], &[&scene.oracles[0]], StipendError::ReportEpochPassed);
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
    scene.report(0, &shard, 0, &[measured(10_000, 1)]);
    let score = instruction::score_shard(&scene.network, &shard, &scene.oracle_keys()[..1], 0);
    scene.stage.accepts(&[score], &[]);
    scene.warp_to(end(1));
    let batch = scene.batch(1, &[measured(10_000, 1)]);
    let too_late = submit(&scene, &shard, &batch);
    scene.stage.refuses(&[too_late], &[&scene.oracles[0]], StipendError::OracleNotActive);
    scene.report(1, &shard, 1, &[measured(10_000, 1)]);
}

#[test]
fn submit_report_refuses_an_epoch_that_no_oracle_ever_measures() {
    let (mut scene, shard) = scene();

    let batch = scene.batch(u32::MAX, &[measured(10_000, 1)]);
    let last = submit(&scene, &shard, &batch);
    scene.stage.refuses(&[last], &[&scene.oracles[0]], StipendError::OracleNotActive);

    let batch = scene.batch(u32::MAX - 1, &[measured(10_000, 1)]);
    let far = submit(&scene, &shard, &batch);
    scene.stage.refuses(&[far], &[&scene.oracles[0]], StipendError::EpochNotEnded);
}

#[test]
fn submit_report_refuses_an_epoch_past_the_end_of_time() {
    let (mut scene, shard) = scene();
    scene.forge_network(|network| network.genesis = i64::MAX - EPOCH_SECS);
    scene.warp_to(i64::MAX);

    // Epoch 0 ends in the very last second, and its window past it.
    for epoch in [0, 1] {
        let batch = scene.batch(epoch, &[measured(10_000, 1)]);
        let submit = submit(&scene, &shard, &batch);
        scene.stage.refuses(&[submit], &[&scene.oracles[0]], StipendError::EpochOutOfRange);
    }
}
