//! Oracles, cranks or the whole cluster stop for a while: what each costs, and what is never lost. `docs/stalls.md` says it in
//! words. The clock never goes back.

use solana_address::Address;
use solana_signer::Signer;
use stipend::{error::StipendError, event::EpochClosed};
use stipend_client::{address as place, instruction};
use stipend_tests::{
    address, key, measured,
    scene::{end, Measured, EPOCH_SECS, GENESIS, REPORT_SECS, SCORE_SECS},
    Scene,
};

const UP: [Measured; 1] = [(Some(10_000), Some(0))];
const ALL: [usize; 3] = [0, 1, 2];
/// What the only node of a network earns in an epoch of 1,000,000 atoms: its 60,000,000 points share them as 1/60, which is
/// no binary fraction, so that the floor leaves one over.
const ALONE: u64 = 999_999;

/// Three oracles with a quorum of two, and a shard with one node, at the end of epoch 0.
fn scene() -> (Scene, Address) {
    let (mut scene, [shard]) = scene_of(["owner"]);
    scene.warp_to(end(0));
    (scene, shard)
}

/// Three oracles with a quorum of two, and a shard with one node for each owner, before the genesis.
fn scene_of<const N: usize>(owners: [&str; N]) -> (Scene, [Address; N]) {
    let mut scene = Scene::with(3, |params| params.shard_capacity = 1);
    let shards = owners.map(|owner| {
        let shard = scene.open_shard();
        scene.register(&shard, &key(owner).pubkey());
        shard
    });
    (scene, shards)
}

/// Second at which the windows of the open epoch begin, worked out from what the network remembers.
fn windows_begin(scene: &mut Scene) -> i64 {
    let network = scene.network();
    end(network.open_epoch).max(network.opened_at).max(network.pause_ends_at)
}

/// Takes the open epoch through every step, as soon as it can be: these oracles report that each shard's node was up. Returns
/// the epoch.
fn run_open_epoch(scene: &mut Scene, shards: &[Address], oracles: &[usize]) -> u32 {
    let epoch = scene.network().open_epoch;
    let begin = windows_begin(scene);
    let now = scene.stage.now();
    scene.warp_to(begin.max(now));
    for shard in shards {
        for oracle in oracles {
            scene.report(*oracle, shard, epoch, &UP);
        }
    }
    if oracles.len() < ALL.len() {
        // Whoever is silent is waited for until the report window is over.
        scene.warp_to(begin + REPORT_SECS);
    }
    for shard in shards {
        scene.score(shard, epoch);
    }
    scene.close();
    for shard in shards {
        scene.settle(shard);
    }
    epoch
}

/// Goes on until no epoch is left that is over and not settled; returns how many were.
fn catch_up(scene: &mut Scene, shards: &[Address], oracles: &[usize]) -> u32 {
    let mut epochs = 0;
    while end(scene.network().open_epoch) <= scene.stage.now() {
        run_open_epoch(scene, shards, oracles);
        epochs += 1;
    }
    epochs
}

/// Asserts that the shards' nodes have the emission of so many epochs, but for the few atoms that the last floor left over.
#[track_caller]
fn assert_paid(scene: &mut Scene, shards: &[Address], epochs: u32) {
    let accrued: u64 = shards.iter().map(|shard| scene.slot(shard, 0).accrued_atoms).sum();
    let emission = scene.network().emission;
    assert_eq!(emission.scheduled_atoms, u64::from(epochs) * 1_000_000);
    assert_eq!(accrued + emission.carried_atoms, emission.scheduled_atoms);
    assert!(emission.carried_atoms <= 2, "{} atoms are with nobody", emission.carried_atoms);
}

/// Reports made and missed of each oracle.
fn records(scene: &mut Scene) -> [(u32, u32); 3] {
    let oracles = scene.network().oracles.entries;
    ALL.map(|place| (oracles[place].reports_made, oracles[place].reports_missed))
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
    assert_eq!(records(&mut scene), [(1, 0), (1, 0), (0, 1)]);
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

    assert_eq!(records(&mut scene), [(1, 0); 3]);
}

#[test]
fn an_oracle_silent_throughout_costs_its_own_record_and_a_report_window_each_epoch() {
    let (mut scene, shards) = scene_of(["owner"]);
    for epoch in 0..10 {
        scene.warp_to(end(epoch));

        assert_eq!(run_open_epoch(&mut scene, &shards, &[0, 2]), epoch);

        assert_eq!(scene.stage.now(), end(epoch) + REPORT_SECS);
    }
    assert_eq!(records(&mut scene), [(10, 0), (0, 10), (10, 0)]);
    assert_paid(&mut scene, &shards, 10);
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
fn oracles_asleep_for_longer_than_the_carry_lose_the_emission_of_the_epochs_behind_it() {
    // Two empty epochs in a row are carried; the third and the fourth lapse.
    let (mut scene, shards) = scene_of(["owner"]);
    for epoch in 0..4 {
        scene.warp_to(end(epoch) + REPORT_SECS);
        scene.score(&shards[0], epoch);
        scene.close();
    }
    scene.warp_to(end(4));

    run_open_epoch(&mut scene, &shards, &ALL);

    assert_eq!(scene.slot(&shards[0], 0).accrued_atoms, 2_999_999);
    assert_eq!(scene.network().emission.scheduled_atoms, 3_000_000);
}

#[test]
fn cranks_asleep_before_scoring_for_1_2_or_40_epochs_cost_nobody_anything() {
    for slept in [1, 2, 40] {
        let (mut scene, shard) = scene();
        scene.report_all(&shard, 0, &UP);

        // Past every window of epoch 0, which nobody closed: it is scored from the reports that came in time.
        scene.warp_to(end(slept));
        scene.score(&shard, 0);
        scene.close();
        scene.settle(&shard);
        assert_eq!(scene.slot(&shard, 0).accrued_atoms, ALONE, "{slept} epochs");

        // The others are reported, scored and paid one after the other.
        assert_eq!(catch_up(&mut scene, &[shard], &ALL), slept);
        assert_eq!((scene.stage.now(), scene.network().open_epoch), (end(slept), slept + 1));
        assert_eq!(records(&mut scene), [(slept + 1, 0); 3]);
        assert_paid(&mut scene, &[shard], slept + 1);
    }
}

#[test]
fn cranks_asleep_after_scoring_for_1_2_or_40_epochs_cost_nobody_anything() {
    for slept in [1, 2, 40] {
        let (mut scene, shard) = scene();
        scene.report_all(&shard, 0, &UP);
        scene.score(&shard, 0);

        scene.warp_to(end(slept));
        let told: Vec<u32> = scene.close().events::<EpochClosed>().iter().map(|event| event.epoch).collect();
        assert_eq!(told, [0]);
        scene.settle(&shard);

        assert_eq!(catch_up(&mut scene, &[shard], &ALL), slept);
        assert_paid(&mut scene, &[shard], slept + 1);
    }
}

#[test]
fn cranks_asleep_after_closing_for_1_2_or_40_epochs_cost_nobody_anything() {
    for slept in [1, 2, 40] {
        let (mut scene, shard) = scene();
        scene.report_all(&shard, 0, &UP);
        scene.score(&shard, 0);
        scene.close();

        // Epoch 1 was open in time, so its report window is over; all came in it, and nobody settled or scored.
        scene.warp_to(end(1));
        scene.report_all(&shard, 1, &UP);
        scene.warp_to(end(1 + slept));
        let score = instruction::score_shard(&scene.network, &shard, &scene.oracle_keys(), 1);
        scene.stage.refuses(std::slice::from_ref(&score), &[], StipendError::ShardNotSettled);
        scene.settle(&shard);
        scene.stage.accepts(&[score], &[]);
        scene.close();
        scene.settle(&shard);

        assert_eq!(catch_up(&mut scene, &[shard], &ALL), slept);
        assert_paid(&mut scene, &[shard], slept + 2);
    }
}

#[test]
fn everybody_asleep_for_1_2_or_40_epochs_loses_only_the_epoch_whose_reports_came_too_late() {
    for slept in [1, 2, 40] {
        let (mut scene, shard) = scene();

        scene.warp_to(end(slept));
        // Epoch 0 was open all the time, and its report window is over.
        let batch = scene.batch(0, &UP);
        let late = instruction::submit_report(&scene.oracle_keys()[0], &scene.network, &shard, &batch);
        scene.stage.refuses(&[late], &[&scene.oracles[0]], StipendError::ReportWindowClosed);
        scene.score(&shard, 0);
        scene.close();
        assert_eq!(records(&mut scene), [(0, 1); 3]);

        // Every epoch behind it has its window before it, though all are over; and the first of them shares what the empty
        // one left.
        assert_eq!(catch_up(&mut scene, &[shard], &ALL), slept);
        assert_eq!(records(&mut scene), [(slept, 1); 3]);
        assert_paid(&mut scene, &[shard], slept + 1);
    }
}

#[test]
fn catching_up_with_a_silent_oracle_takes_a_report_window_an_epoch_and_loses_nothing() {
    let (mut scene, shard) = scene();
    scene.report(0, &shard, 0, &UP);
    scene.report(1, &shard, 0, &UP);
    scene.warp_to(end(40));
    scene.score(&shard, 0);
    scene.close();
    scene.settle(&shard);

    let epochs = catch_up(&mut scene, &[shard], &[0, 1]);

    // 40 seconds an epoch, while a new one is over every 100: 40 epochs wait, and 26 more come meanwhile: 66 · 40 = 2,640.
    assert_eq!((epochs, scene.stage.now()), (66, end(40) + 66 * REPORT_SECS));
    assert_eq!(records(&mut scene), [(67, 0), (67, 0), (0, 67)]);
    assert_paid(&mut scene, &[shard], 67);
}

#[test]
fn a_pause_over_five_epochs_loses_nothing_that_was_reported_or_is_reported_after_it() {
    for oracles in [&ALL[..], &[0, 1]] {
        let (mut scene, shard) = scene();
        // One report of epoch 0 came before the pause.
        scene.report(0, &shard, 0, &UP);
        scene.pause();
        scene.warp_to(end(5));
        let (score, close) = (
            instruction::score_shard(&scene.network, &shard, &scene.oracle_keys(), 0),
            instruction::close_epoch(&scene.network),
        );
        scene.stage.refuses(&[score], &[], StipendError::ScoringPaused);
        scene.stage.refuses(&[close], &[], StipendError::ScoringPaused);
        scene.resume();

        // The epochs of the pause, and those that are over while an oracle is waited for: each has its window.
        let epochs = catch_up(&mut scene, &[shard], oracles);

        // Six at once. Or 40 seconds each: in the 240 of six two more are over, and in their 80 another one.
        let expected = if oracles == ALL { 6 } else { 9 };
        assert_eq!(epochs, expected);
        assert_eq!(scene.network().open_epoch, expected);
        assert_paid(&mut scene, &[shard], expected);
    }
}

#[test]
fn a_guardians_pause_that_nobody_ends_loses_nothing() {
    // An epoch of 28 hours: seven days are six of them.
    let epoch_secs = 28 * 3_600;
    let mut scene = Scene::with(3, |params| {
        (params.epoch_secs, params.guardian) = (epoch_secs, Some(key("guardian").pubkey()));
    });
    let shard = scene.open_shard();
    scene.register(&shard, &address("owner"));
    let end = |epoch: i64| GENESIS + (epoch + 1) * i64::from(epoch_secs);
    scene.warp_to(end(0));
    let pause = instruction::pause(&key("guardian").pubkey(), &scene.network);
    scene.stage.accepts(&[pause], &[&key("guardian")]);

    // The pause ends in the second in which epoch 6 does.
    scene.warp_to(end(6));
    for epoch in 0..=6 {
        scene.report_all(&shard, epoch, &UP);
        scene.score(&shard, epoch);
        scene.close();
        scene.settle(&shard);
    }

    assert_paid(&mut scene, &[shard], 7);
}

#[test]
fn a_stranger_opening_shards_at_every_moment_delays_nothing() {
    let (mut scene, shards) = scene_of(["owner"]);
    let open = |scene: &mut Scene| {
        // As long as the last shard has room, no other can be opened; so the stranger closes it, and begins again.
        let (payer, network) = (scene.stage.payer.pubkey(), scene.network);
        let index = scene.network().shard_count;
        let next = instruction::open_shard(&payer, &network, index);
        if index > 1 {
            scene.stage.refuses(&[next], &[], StipendError::ShardNotFull);
            let close = instruction::close_shard(&network, &place::shard(&network, index - 1), &payer);
            scene.stage.accepts(&[close], &[]);
        } else {
            scene.stage.accepts(&[next], &[]);
        }
    };
    for epoch in 0..5 {
        open(&mut scene);
        scene.warp_to(end(epoch));
        open(&mut scene);
        for oracle in ALL {
            scene.report(oracle, &shards[0], epoch, &UP);
            open(&mut scene);
        }
        scene.score(&shards[0], epoch);
        open(&mut scene);
        open(&mut scene);
        scene.close();
        open(&mut scene);
        scene.settle(&shards[0]);

        // All in the first second.
        assert_eq!((scene.stage.now(), scene.network().open_epoch), (end(epoch), epoch + 1));
    }
    assert_eq!(records(&mut scene), [(5, 0); 3]);
    assert_paid(&mut scene, &shards, 5);
}

#[test]
fn a_stranger_filling_shards_at_every_moment_takes_no_more_than_a_report_window_and_a_nodes_share() {
    let (mut scene, shards) = scene_of(["owner"]);
    let mut strangers: Vec<Address> = Vec::new();
    for epoch in 0..4 {
        register_stranger(&mut scene, &mut strangers);
        scene.warp_to(end(epoch));
        register_stranger(&mut scene, &mut strangers);
        scene.report_all(&shards[0], epoch, &UP);
        // No oracle opens a report of the strangers' shards: what counts in this epoch is scored at the window's end.
        scene.warp_to(end(epoch) + REPORT_SECS);
        register_stranger(&mut scene, &mut strangers);
        scene.score(&shards[0], epoch);
        register_stranger(&mut scene, &mut strangers);
        for stranger in &strangers {
            scene.score(stranger, epoch);
        }
        scene.close();
        scene.settle(&shards[0]);
        assert_eq!((scene.stage.now(), scene.network().open_epoch), (end(epoch) + REPORT_SECS, epoch + 1));
    }

    // What nobody measures earns nothing.
    assert_eq!(scene.network().shard_count, 17);
    for stranger in &strangers {
        assert_eq!(scene.slot(stranger, 0).accrued_atoms, 0);
    }
    assert_paid(&mut scene, &shards, 4);
}

/// A stranger opens the next shard and fills it with a device.
fn register_stranger(scene: &mut Scene, strangers: &mut Vec<Address>) {
    let index = scene.network().shard_count;
    let open = instruction::open_shard(&scene.stage.payer.pubkey(), &scene.network, index);
    scene.stage.accepts(&[open], &[]);
    let shard = place::shard(&scene.network, index);
    scene.register(&shard, &address("stranger"));
    strangers.push(shard);
}

#[test]
fn a_shard_that_nobody_scores_for_twenty_epochs_costs_the_others_nothing() {
    let (mut scene, [healthy, sick]) = scene_of(["owner a", "owner b"]);
    let close = instruction::close_epoch(&scene.network);
    for epoch in 0..20 {
        let begin = windows_begin(&mut scene);
        scene.warp_to(begin);
        // Both are reported, and one is never scored, whatever the reason.
        scene.report_all(&healthy, epoch, &UP);
        scene.report_all(&sick, epoch, &UP);
        scene.score(&healthy, epoch);

        scene.warp_to(begin + SCORE_SECS - 1);
        scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::ShardsNotScored);
        scene.warp_to(begin + SCORE_SECS);
        scene.close();
        scene.settle(&healthy);

        assert_eq!(scene.network().open_epoch, epoch + 1);
    }

    // Every epoch waits for it for its whole scoring window, and the healthy shard is paid for all of them.
    assert_eq!(scene.stage.now(), end(0) + 20 * SCORE_SECS);
    assert_eq!(scene.slot(&sick, 0).accrued_atoms, 0);
    assert_paid(&mut scene, &[healthy], 20);
    // Once somebody scores it again, it is paid like the others.
    run_open_epoch(&mut scene, &[healthy, sick], &ALL);
    assert!((499_999..=500_001).contains(&scene.slot(&sick, 0).accrued_atoms));
}

#[test]
fn a_shard_that_nobody_settled_for_forty_epochs_holds_its_place_and_is_then_paid_to_the_atom() {
    let (mut scene, [asleep, awake]) = scene_of(["owner a", "owner b"]);
    scene.warp_to(end(0));
    for shard in [asleep, awake] {
        scene.report_all(&shard, 0, &UP);
        scene.score(&shard, 0);
    }
    scene.close();
    scene.settle(&awake);
    let close = instruction::close_epoch(&scene.network);

    // The other shard goes on for 31 epochs; each closes when its scoring window is over.
    for epoch in 1..32 {
        let begin = windows_begin(&mut scene);
        scene.warp_to(begin);
        scene.report_all(&awake, epoch, &UP);
        scene.score(&awake, epoch);
        scene.warp_to(begin + REPORT_SECS);
        let too_early = instruction::score_shard(&scene.network, &asleep, &scene.oracle_keys(), epoch);
        scene.stage.refuses(&[too_early], &[], StipendError::ShardNotSettled);
        scene.warp_to(begin + SCORE_SECS);
        scene.close();
        scene.settle(&awake);
    }
    // Then nothing is closed over what is owed, for any time.
    let begin = windows_begin(&mut scene);
    for now in [begin + SCORE_SECS, begin + 40 * EPOCH_SECS] {
        scene.warp_to(now);
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
    scene.stage.accepts(&[close], &[]);
    assert_eq!(scene.network().open_epoch, 33);
}

#[test]
fn a_retired_nodes_rewards_wait_forty_epochs_too() {
    let (mut scene, shard) = scene();
    let (owner, device) = (key("owner"), scene.devices[0].pubkey());
    scene.report_all(&shard, 0, &UP);
    scene.score(&shard, 0);
    // In epoch 1, so that it has earned epoch 0.
    scene.retire(&owner, &shard, &device);
    let token = scene.open_token(&owner.pubkey());

    scene.warp_to(end(40));
    scene.close();
    scene.settle(&shard);
    scene.warp_to(end(80));
    scene.claim(&shard, &owner.pubkey(), &[0]);
    scene.close_node(&shard, &device);

    assert_eq!(scene.atoms(&token), ALONE);
    assert_eq!(scene.slot(&shard, 0).state, 0);
}

#[test]
fn an_epoch_that_nobody_comes_for_is_closed_when_its_scoring_window_is_over() {
    let (mut scene, shard) = scene();
    // One call closes one epoch, since the next one's windows begin with it.
    for epoch in 0..3 {
        let begin = windows_begin(&mut scene);
        scene.warp_to(begin + SCORE_SECS);
        let event: EpochClosed = scene.close().event();
        assert_eq!((event.epoch, event.total_score), (epoch, 0));
    }
    // Nobody scored, so nobody's record says anything; the emission of two empty epochs is carried, and the third one's lapsed.
    assert_eq!(records(&mut scene), [(0, 0); 3]);

    run_open_epoch(&mut scene, &[shard], &ALL);

    assert_eq!(scene.slot(&shard, 0).accrued_atoms, 2_999_999);
}

#[test]
fn forty_epochs_without_a_node_that_can_earn_cost_two_cheap_transactions() {
    let mut scene = Scene::new();
    scene.open_shard();
    // Epochs 0 to 39.
    scene.warp_to(end(39));

    let first = scene.close();
    let second = scene.close();

    assert_eq!(first.events::<EpochClosed>().len(), 32);
    assert_eq!(second.events::<EpochClosed>().len(), 8);
    // What an instruction may cost without asking for more.
    let costs = (first.compute_units, second.compute_units);
    println!("{costs:?} compute units");
    assert!(costs.0 <= 200_000 && costs.1 <= 200_000, "{costs:?}");
    assert_eq!(scene.network().open_epoch, 40);
}
