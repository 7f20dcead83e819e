//! Oracles, cranks or the whole cluster sleep: what each costs, what is never lost. The rules are in `docs/stalls.md`.

use solana_address::Address;
use solana_signer::Signer;
use stipend::{error::StipendError, event::EpochClosed};
use stipend_client::instruction;
use stipend_tests::{
    key, measured,
    scene::{end, Measured, EPOCH_SECS, REPORT_SECS, SCORE_SECS},
    Scene,
};

const UP: [Measured; 1] = [(Some(10_000), Some(0))];
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;
const FORTY_EPOCHS: i64 = 40 * EPOCH_SECS;
/// What the only node of a shard earns in an epoch of 1,000,000 atoms: its 60,000,000 points share them as 1/60, which is
/// no binary fraction, so that the floor leaves one over.
const ALONE: u64 = 999_999;

/// Three oracles and a shard with one node, at the end of epoch 0.
fn scene() -> (Scene, Address) {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    scene.register(&shard, &key("owner").pubkey());
    scene.warp_to(end(0));
    (scene, shard)
}

/// Closes epochs as long as that closes any; returns how many transactions it took and the epochs in the order that was told.
fn close_all(scene: &mut Scene) -> (usize, Vec<u32>) {
    let (mut calls, mut epochs) = (0, Vec::new());
    let close = instruction::close_epoch(&scene.network);
    while let Ok(receipt) = scene.stage.send(std::slice::from_ref(&close), &[]) {
        calls += 1;
        epochs.extend(receipt.events::<EpochClosed>().iter().map(|event| event.epoch));
    }
    (calls, epochs)
}

#[test]
fn an_oracle_late_by_a_second_is_not_waited_for() {
    let (mut scene, shard) = scene();
    scene.report(0, &shard, 0, &[measured(9_000, 0)]);
    scene.report(1, &shard, 0, &[measured(8_000, 0)]);
    let batch = scene.batch(0, &[measured(10_000, 0)]);
    let late = instruction::submit_report(&scene.oracle_keys()[2], &scene.network, &shard, &batch);
    let score = instruction::score_shard(&scene.network, &shard, &scene.oracle_keys(), 0);
    scene.warp_to(end(0) + REPORT_SECS - 1);
    scene.stage.refuses(std::slice::from_ref(&score), &[], StipendError::ReportsIncomplete);

    scene.warp_to(end(0) + REPORT_SECS);
    scene.stage.refuses(&[late], &[&scene.oracles[2]], StipendError::ReportWindowClosed);
    scene.stage.accepts(&[score], &[]);

    // The lower of the two that came in time; the third one's record says what it missed.
    assert_eq!(scene.slot(&shard, 0).uptime_bps, 8_000);
    let oracles = scene.network().oracles.entries;
    let records = [0, 1, 2].map(|place: usize| (oracles[place].reports_made, oracles[place].reports_missed));
    assert_eq!(records, [(1, 0), (1, 0), (0, 1)]);
}

#[test]
fn an_oracle_a_second_in_time_counts() {
    let (mut scene, shard) = scene();
    for oracle in [0, 1] {
        scene.report(oracle, &shard, 0, &UP);
    }
    scene.warp_to(end(0) + REPORT_SECS - 1);
    scene.report(2, &shard, 0, &UP);

    scene.score(&shard, 0);

    assert_eq!(scene.network().oracles.entries[2].reports_made, 1);
}

#[test]
fn oracles_asleep_below_the_quorum_leave_the_emission_for_those_who_score_next() {
    let (mut scene, shard) = scene();
    scene.report(0, &shard, 0, &UP);
    scene.warp_to(end(0) + REPORT_SECS);
    scene.score(&shard, 0);
    scene.close();
    // No uptime quorum, reason 5.
    assert_eq!((scene.slot(&shard, 0).score, scene.slot(&shard, 0).reason), (0, 5));
    assert_eq!(scene.network().emission.carried_atoms, 1_000_000);

    scene.run_epoch(&shard, 1, &UP);

    // Both epochs' emission is this one's, less the atom of the floor.
    assert_eq!(scene.slot(&shard, 0).accrued_atoms, 1_999_999);
}

#[test]
fn cranks_asleep_for_less_than_the_scoring_window_cost_nobody_anything() {
    for slept in [HOUR, DAY, FORTY_EPOCHS] {
        let mut scene = Scene::with(3, |params| params.policy.score_secs = 100_000);
        let shard = scene.open_shard();
        scene.register(&shard, &key("owner").pubkey());
        scene.warp_to(end(0));
        scene.report_all(&shard, 0, &UP);

        scene.warp_to(end(0) + slept);
        scene.score(&shard, 0);
        scene.close();
        scene.settle(&shard);

        assert_eq!(scene.slot(&shard, 0).accrued_atoms, ALONE, "{slept} seconds");
        assert_eq!(scene.network().open_epoch, 1);
    }
}

#[test]
fn a_cluster_that_slept_goes_on_and_has_lost_only_what_nobody_scored() {
    // Epoch e can be closed without a score from 100·(e + 1) + 300 seconds after the genesis on: e ≤ (slept - 300) / 100.
    // Of 32 epochs a transaction.
    for (slept, open_epoch, calls) in [(HOUR, 34, 2), (DAY, 862, 27), (FORTY_EPOCHS, 38, 2)] {
        let (mut scene, shard) = scene();
        scene.report_all(&shard, 0, &UP);
        scene.score(&shard, 0);
        scene.close();
        scene.settle(&shard);
        let owner = key("owner").pubkey();
        let token = scene.open_token(&owner);

        scene.warp_to(end(0) + slept);
        let closed = close_all(&mut scene);
        assert_eq!(closed, (calls, (1..open_epoch).collect()), "{slept} seconds");
        assert_eq!(scene.network().open_epoch, open_epoch);
        // Two empty epochs are carried, the others lapsed; and the atom of epoch 0.
        let emission = scene.network().emission;
        assert_eq!((emission.scheduled_atoms, emission.carried_atoms), (3_000_000, 2_000_001));

        // The two epochs whose reports are too late score nothing; the one that ended just now is measured.
        for epoch in [open_epoch, open_epoch + 1] {
            scene.score(&shard, epoch);
            scene.close();
        }
        let measured = open_epoch + 2;
        scene.report_all(&shard, measured, &UP);
        scene.score(&shard, measured);
        scene.close();
        scene.settle(&shard);

        // 1,000,000 and what was carried, less the atom of the floor; and what the owner had is there still.
        scene.claim(&shard, &owner, &[0]);
        assert_eq!(scene.atoms(&token), ALONE + 3_000_000, "{slept} seconds");
    }
}

#[test]
fn a_scored_epoch_that_nobody_closed_for_forty_is_paid_to_the_atom() {
    let (mut scene, shard) = scene();
    scene.report_all(&shard, 0, &UP);
    scene.score(&shard, 0);

    scene.warp_to(end(0) + FORTY_EPOCHS);
    scene.close();

    // All that the ring has room for; the place of epoch 32 is that of epoch 0, which is owed.
    assert_eq!(scene.network().open_epoch, 32);
    let close = instruction::close_epoch(&scene.network);
    scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::RingEntryUnsettled);
    scene.settle(&shard);
    assert_eq!(scene.slot(&shard, 0).accrued_atoms, ALONE);
    assert_eq!(close_all(&mut scene).1, (32..38).collect::<Vec<_>>());
}

#[test]
fn a_shard_that_nobody_settled_for_forty_epochs_holds_its_place_and_is_then_paid_to_the_atom() {
    let mut scene = Scene::with(3, |params| params.shard_capacity = 1);
    let [asleep, awake] = ["owner a", "owner b"].map(|owner| {
        let shard = scene.open_shard();
        scene.register(&shard, &key(owner).pubkey());
        shard
    });
    scene.warp_to(end(0));
    for shard in [asleep, awake] {
        scene.report_all(&shard, 0, &UP);
        scene.score(&shard, 0);
    }
    scene.close();
    scene.settle(&awake);
    let close = instruction::close_epoch(&scene.network);
    let score_asleep =
        |scene: &Scene, epoch| instruction::score_shard(&scene.network, &asleep, &scene.oracle_keys(), epoch);

    // The other shard goes on for 31 epochs; each closes when the scoring window of the one that is asleep is over.
    for epoch in 1..32 {
        scene.warp_to(end(epoch));
        scene.report_all(&awake, epoch, &UP);
        // The report window of this epoch is over then too, so that nothing else keeps the one that is asleep.
        scene.warp_to(end(epoch - 1) + SCORE_SECS);
        if epoch > 1 {
            scene.close();
            scene.settle(&awake);
        }
        let too_early = score_asleep(&scene, epoch);
        scene.stage.refuses(&[too_early], &[], StipendError::ShardNotSettled);
        scene.score(&awake, epoch);
    }
    scene.warp_to(end(31) + SCORE_SECS);
    scene.close();
    scene.settle(&awake);
    // Until epoch 40: nothing is closed over what is owed.
    for epoch in [32, 40] {
        scene.warp_to(end(epoch) + SCORE_SECS);
        scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::RingEntryUnsettled);
        let entry = scene.network().ring[0];
        assert_eq!((entry.epoch, entry.unsettled_shards, entry.emission_atoms), (0, 1, 1_000_000));
    }

    scene.settle(&asleep);

    // Half of epoch 0's 1,000,000, whose halves are 499,999.9: the floor of the rate.
    assert_eq!(scene.slot(&asleep, 0).accrued_atoms, 499_999);
    assert_eq!(scene.network().ring[0].paid_atoms, 2 * 499_999);
    // 999,999 of each epoch alone, and what was left over comes along: within an atom an epoch of 31,500,000.
    let accrued = scene.slot(&awake, 0).accrued_atoms;
    assert!((499_999 + 31 * ALONE..=31_500_000).contains(&accrued), "{accrued}");
    assert_eq!(close_all(&mut scene).1, (32..41).collect::<Vec<_>>());
}

#[test]
fn a_retired_nodes_rewards_wait_forty_epochs_too() {
    let (mut scene, shard) = scene();
    let (owner, device) = (key("owner"), scene.devices[0].pubkey());
    scene.report_all(&shard, 0, &UP);
    scene.score(&shard, 0);
    scene.retire(&owner, &shard, &device);
    let token = scene.open_token(&owner.pubkey());

    scene.warp_to(end(0) + FORTY_EPOCHS);
    scene.close();
    scene.settle(&shard);
    scene.claim(&shard, &owner.pubkey(), &[0]);
    scene.close_node(&shard, &device);

    assert_eq!(scene.atoms(&token), ALONE);
    assert_eq!(scene.slot(&shard, 0).state, 0);
}

#[test]
fn forty_idle_epochs_cost_two_cheap_transactions() {
    let (mut scene, _) = scene();
    // Epochs 0 to 39.
    scene.warp_to(end(39) + SCORE_SECS);

    let first = scene.close();
    let second = scene.close();

    assert_eq!(first.events::<EpochClosed>().len(), 32);
    assert_eq!(second.events::<EpochClosed>().len(), 8);
    // About 1,150 an epoch.
    let costs = (first.compute_units, second.compute_units);
    assert!(costs.0 <= 40_000 && costs.1 <= 11_000, "{costs:?}");
    assert_eq!(scene.network().open_epoch, 40);
}
