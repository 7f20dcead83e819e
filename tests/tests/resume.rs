//! `resume`: who may, and windows that begin anew, so that a pause of any length takes nothing away.

use crate::govern::refuses_impostors;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;
use stipend::{error::StipendError, event::NetworkResumed};
use stipend_client::instruction;
use stipend_tests::{
    address, key,
    scene::{end, Measured, GENESIS, REPORT_SECS, SCORE_SECS},
    swapped, Scene,
};

const UP: [Measured; 1] = [(Some(10_000), Some(0))];
const DAY: i64 = 86_400;
/// When the pauses here end: past every window of epoch 0, in the middle of epoch 10.
const RESUMED: i64 = GENESIS + 1_050;

/// A shard with one node; epoch 0 is over and the network paused.
fn paused() -> (Scene, Address) {
    let mut scene = Scene::with(3, |params| params.guardian = Some(key("guardian").pubkey()));
    let shard = scene.open_shard();
    scene.register(&shard, &address("owner"));
    scene.warp_to(end(0));
    scene.pause();
    (scene, shard)
}

fn score(scene: &Scene, shard: &Address, epoch: u32) -> Instruction {
    instruction::score_shard(&scene.network, shard, &scene.oracle_keys(), epoch)
}

#[test]
fn resume_is_the_authoritys_alone() {
    let (mut scene, _) = paused();
    scene.warp_to(RESUMED);
    let resume = instruction::resume(&scene.authority.pubkey(), &scene.network);
    for name in ["guardian", "stranger"] {
        let by_other = swapped(&resume, 0, &key(name).pubkey());
        scene.stage.refuses(&[by_other], &[&key(name)], StipendError::AuthorityMismatch);
    }
    let mut expected = scene.network();

    let event: NetworkResumed = scene.govern(resume).event();

    assert_eq!((event.network, event.resumed_at), (scene.network, RESUMED));
    expected.pause_ends_at = RESUMED;
    expected.guardian_ready_at = expected.guardian_ready_at.min(RESUMED + 7 * DAY);
    assert_eq!(bytemuck::bytes_of(&scene.network()), bytemuck::bytes_of(&expected));
}

#[test]
fn resume_refuses_a_network_that_is_not_paused() {
    let mut scene = Scene::new();
    let resume = instruction::resume(&scene.authority.pubkey(), &scene.network);
    scene.stage.refuses(std::slice::from_ref(&resume), &[&scene.authority], StipendError::NotPaused);
    scene.pause();
    scene.resume();

    scene.stage.refuses(&[resume], &[&scene.authority], StipendError::NotPaused);
}

#[test]
fn resume_begins_the_report_window_anew() {
    let (mut scene, shard) = paused();
    scene.warp_to(RESUMED);
    scene.resume();
    let batch = scene.batch(0, &UP);
    let submit = instruction::submit_report(&scene.oracle_keys()[0], &scene.network, &shard, &batch);

    for now in [RESUMED, RESUMED + REPORT_SECS - 1] {
        scene.warp_to(now);
        scene.stage.accepts(std::slice::from_ref(&submit), &[&scene.oracles[0]]);
    }
    scene.warp_to(RESUMED + REPORT_SECS);
    scene.stage.refuses(&[submit], &[&scene.oracles[0]], StipendError::ReportWindowClosed);
}

#[test]
fn resume_begins_the_scoring_window_anew() {
    let (mut scene, shard) = paused();
    scene.warp_to(RESUMED);
    scene.resume();
    let (score, close) = (score(&scene, &shard, 0), instruction::close_epoch(&scene.network));

    // Without reports, nothing can be scored before the report window is over.
    scene.warp_to(RESUMED + REPORT_SECS - 1);
    scene.stage.refuses(std::slice::from_ref(&score), &[], StipendError::ReportsIncomplete);
    // And nobody gives the shard up before the scoring window is.
    scene.warp_to(RESUMED + SCORE_SECS - 1);
    scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::ShardsNotScored);
    scene.stage.accepts(&[score], &[]);
    assert_eq!(scene.slot(&shard, 0).reason, 5);
}

#[test]
fn resume_gives_up_a_shard_only_when_the_new_scoring_window_is_over() {
    let (mut scene, _) = paused();
    scene.warp_to(RESUMED);
    scene.resume();
    let close = instruction::close_epoch(&scene.network);
    scene.warp_to(RESUMED + SCORE_SECS - 1);
    scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::ShardsNotScored);

    scene.warp_to(RESUMED + SCORE_SECS);
    scene.stage.accepts(&[close], &[]);

    // Epochs 1 to 9 were over when the pause was; each has its windows from when it is opened.
    let network = scene.network();
    assert_eq!((network.open_epoch, network.opened_at), (1, RESUMED + SCORE_SECS));
}

#[test]
fn resume_loses_no_report_that_was_made_before_the_pause() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    scene.register(&shard, &address("owner"));
    scene.warp_to(end(0));
    for oracle in [0, 1] {
        scene.report(oracle, &shard, 0, &UP);
    }
    scene.pause();
    scene.warp_to(RESUMED);
    scene.resume();

    // The third one still can report, until the new window is over; then the two are enough.
    let score = score(&scene, &shard, 0);
    scene.stage.refuses(std::slice::from_ref(&score), &[], StipendError::ReportsIncomplete);
    scene.warp_to(RESUMED + REPORT_SECS);
    scene.stage.accepts(&[score], &[]);
    scene.close();
    scene.settle(&shard);

    // 1,000,000 atoms over 60,000,000 points, less what the floor of the rate leaves over.
    assert_eq!(scene.slot(&shard, 0).accrued_atoms, 999_999);
}

#[test]
fn resume_lets_every_epoch_of_the_pause_be_reported_and_paid_in_order() {
    let (mut scene, shard) = paused();
    scene.warp_to(RESUMED);
    scene.resume();
    for epoch in 0..10 {
        scene.report_all(&shard, epoch, &UP);
        scene.score(&shard, epoch);
        scene.close();
        scene.settle(&shard);
    }

    let network = scene.network();
    // Ten whole emissions, but for the one atom that the floor leaves over at the end.
    assert_eq!((network.open_epoch, network.emission.scheduled_atoms), (10, 10_000_000));
    assert_eq!(scene.slot(&shard, 0).accrued_atoms + network.emission.carried_atoms, 10_000_000);
    assert!(network.emission.carried_atoms <= 2);
}

#[test]
fn resume_gives_each_epoch_of_the_pause_its_whole_report_window() {
    let (mut scene, shard) = paused();
    scene.warp_to(RESUMED);
    scene.resume();
    // Oracle 2 stays silent, so that nothing is scored before the end of each window, and the others use its last second.
    let mut begin = RESUMED;
    for epoch in 0..5 {
        scene.warp_to(begin + REPORT_SECS - 1);
        for oracle in [0, 1] {
            scene.report(oracle, &shard, epoch, &UP);
        }
        begin += REPORT_SECS;
        scene.warp_to(begin);
        scene.score(&shard, epoch);
        scene.close();
        scene.settle(&shard);
    }

    let network = scene.network();
    assert_eq!((network.open_epoch, network.emission.scheduled_atoms), (5, 5_000_000));
    assert_eq!(scene.slot(&shard, 0).accrued_atoms + network.emission.carried_atoms, 5_000_000);
    assert!(network.emission.carried_atoms <= 2);
}

#[test]
fn resume_before_the_end_of_an_epoch_leaves_that_epochs_windows_as_they_are() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    scene.register(&shard, &address("owner"));
    scene.warp_to(GENESIS + 10);
    scene.pause();
    scene.warp_to(end(0) - 1);
    scene.resume();
    let batch = scene.batch(0, &UP);
    let submit = instruction::submit_report(&scene.oracle_keys()[0], &scene.network, &shard, &batch);

    scene.stage.refuses(std::slice::from_ref(&submit), &[&scene.oracles[0]], StipendError::EpochNotEnded);
    for now in [end(0), end(0) + REPORT_SECS - 1] {
        scene.warp_to(now);
        scene.stage.accepts(std::slice::from_ref(&submit), &[&scene.oracles[0]]);
    }
    scene.warp_to(end(0) + REPORT_SECS);
    scene.stage.refuses(&[submit], &[&scene.oracles[0]], StipendError::ReportWindowClosed);
    let close = instruction::close_epoch(&scene.network);
    scene.warp_to(end(0) + SCORE_SECS - 1);
    scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::ShardsNotScored);
    scene.warp_to(end(0) + SCORE_SECS);
    scene.stage.accepts(&[close], &[]);
}

#[test]
fn resume_lets_the_guardian_wait_7_days_from_then_at_the_most() {
    // The guardian pauses, and the authority resumes at once, or makes the pause its own and resumes much later.
    for (resumed, ready_at) in [(end(0) + 5, end(0) + 5 + 7 * DAY), (end(0) + 30 * DAY, end(0) + 14 * DAY)] {
        let mut scene = Scene::with(3, |params| params.guardian = Some(key("guardian").pubkey()));
        scene.warp_to(end(0));
        let pause = instruction::pause(&key("guardian").pubkey(), &scene.network);
        scene.stage.accepts(&[pause], &[&key("guardian")]);
        scene.pause();
        scene.warp_to(resumed);

        scene.resume();

        assert_eq!(scene.network().guardian_ready_at, ready_at);
    }
}

#[test]
fn resume_refuses_a_guardians_pause_that_is_over() {
    let mut scene = Scene::with(3, |params| params.guardian = Some(key("guardian").pubkey()));
    let pause = instruction::pause(&key("guardian").pubkey(), &scene.network);
    scene.stage.accepts(&[pause], &[&key("guardian")]);
    let ends_at = scene.network().pause_ends_at;
    let resume = instruction::resume(&scene.authority.pubkey(), &scene.network);

    scene.warp_to(ends_at);
    scene.stage.refuses(&[resume], &[&scene.authority], StipendError::NotPaused);
}

#[test]
fn resume_refuses_an_impostor_of_each_account() {
    let mut scene = Scene::new();
    scene.pause();
    let resume = instruction::resume(&scene.authority.pubkey(), &scene.network);
    let authority = scene.authority.insecure_clone();

    refuses_impostors(&mut scene, &resume, &authority);
}
