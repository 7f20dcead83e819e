//! `pause`: who may, what stops, and what goes on.

use crate::govern::refuses_impostors;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;
use stipend::{error::StipendError, event::NetworkPaused};
use stipend_client::{address as place, instruction};
use stipend_tests::{
    address, key,
    scene::{end, Measured, REPORT_SECS, SCORE_SECS},
    stage::START,
    swapped, Scene,
};

const UP: [Measured; 1] = [(Some(10_000), Some(0))];
const DAY: i64 = 86_400;

fn pause(scene: &Scene) -> Instruction {
    instruction::pause(&scene.authority.pubkey(), &scene.network)
}

/// A shard with one node of "owner", who was paid 999,999 atoms for epoch 0 into its slot; now epoch 1 is over.
fn settled() -> (Scene, Address) {
    let mut scene = Scene::with(3, |params| params.guardian = Some(key("guardian").pubkey()));
    let shard = scene.open_shard();
    scene.register(&shard, &key("owner").pubkey());
    scene.run_epoch(&shard, 0, &UP);
    scene.open_token(&key("owner").pubkey());
    scene.warp_to(end(1));
    (scene, shard)
}

/// What the guardian pauses with.
fn pause_by_guardian(scene: &Scene) -> Instruction {
    instruction::pause(&key("guardian").pubkey(), &scene.network)
}

#[test]
fn pause_is_the_guardians_and_the_authoritys() {
    for (name, ends_at, ready_at) in [("guardian", START + 7 * DAY, START + 14 * DAY), ("authority", i64::MAX, 0)] {
        let mut scene = Scene::with(3, |params| params.guardian = Some(key("guardian").pubkey()));
        let mut expected = scene.network();
        let pause = swapped(&pause(&scene), 0, &key(name).pubkey());

        let event: NetworkPaused = scene.stage.accepts(&[pause], &[&key(name)]).event();

        assert_eq!((event.network, event.by, event.ends_at), (scene.network, key(name).pubkey(), ends_at));
        expected.pause_ends_at = ends_at;
        expected.guardian_ready_at = if name == "guardian" { ready_at } else { expected.guardian_ready_at };
        assert_eq!(bytemuck::bytes_of(&scene.network()), bytemuck::bytes_of(&expected));
    }
}

#[test]
fn pause_by_the_guardian_ends_by_itself_after_7_days_to_the_second() {
    let (mut scene, shard) = settled();
    let pause = pause_by_guardian(&scene);
    scene.stage.accepts(&[pause], &[&key("guardian")]);
    let ends_at = end(1) + 7 * DAY;
    let claim = scene.claim_instruction(&shard, &key("owner").pubkey(), &[0]);
    let batch = scene.batch(1, &UP);
    let submit = instruction::submit_report(&scene.oracle_keys()[0], &scene.network, &shard, &batch);
    let score = instruction::score_shard(&scene.network, &shard, &scene.oracle_keys(), 1);

    scene.warp_to(ends_at - 1);
    scene.stage.refuses(std::slice::from_ref(&claim), &[], StipendError::ClaimsPaused);
    scene.stage.refuses(std::slice::from_ref(&submit), &[&scene.oracles[0]], StipendError::ReportsPaused);
    scene.stage.refuses(std::slice::from_ref(&score), &[], StipendError::ScoringPaused);

    // Nobody resumes; the windows of epoch 1 begin when the pause is over.
    scene.warp_to(ends_at);
    scene.stage.accepts(&[claim], &[]);
    scene.warp_to(ends_at + REPORT_SECS - 1);
    scene.stage.accepts(&[submit], &[&scene.oracles[0]]);
    scene.stage.refuses(std::slice::from_ref(&score), &[], StipendError::ReportsIncomplete);
    scene.warp_to(ends_at + REPORT_SECS);
    scene.stage.accepts(&[score], &[]);
}

#[test]
fn pause_by_the_guardian_can_not_come_again_for_7_days() {
    let (mut scene, _) = settled();
    let pause = pause_by_guardian(&scene);
    let guardian = key("guardian");
    scene.stage.accepts(std::slice::from_ref(&pause), &[&guardian]);
    scene.stage.refuses(std::slice::from_ref(&pause), &[&guardian], StipendError::AlreadyPaused);

    let ended = end(1) + 7 * DAY;
    scene.warp_to(ended - 1);
    scene.stage.refuses(std::slice::from_ref(&pause), &[&guardian], StipendError::AlreadyPaused);
    for now in [ended, ended + 7 * DAY - 1] {
        scene.warp_to(now);
        scene.stage.refuses(std::slice::from_ref(&pause), &[&guardian], StipendError::GuardianPausedLately);
    }
    scene.warp_to(ended + 7 * DAY);
    let event: NetworkPaused = scene.stage.accepts(&[pause], &[&guardian]).event();
    assert_eq!(event.ends_at, ended + 14 * DAY);
}

#[test]
fn pause_by_the_guardian_can_not_come_again_for_7_days_after_an_early_resume() {
    let (mut scene, _) = settled();
    let pause = pause_by_guardian(&scene);
    let guardian = key("guardian");
    scene.stage.accepts(std::slice::from_ref(&pause), &[&guardian]);
    let resumed = end(1) + DAY;
    scene.warp_to(resumed);
    scene.resume();

    for now in [resumed, resumed + 7 * DAY - 1] {
        scene.warp_to(now);
        scene.stage.refuses(std::slice::from_ref(&pause), &[&guardian], StipendError::GuardianPausedLately);
    }
    scene.warp_to(resumed + 7 * DAY);
    scene.stage.accepts(&[pause], &[&guardian]);
}

#[test]
fn pause_by_the_guardian_is_not_held_up_by_one_of_the_authority() {
    let (mut scene, _) = settled();
    scene.pause();
    scene.resume();

    let pause = pause_by_guardian(&scene);
    scene.stage.accepts(&[pause], &[&key("guardian")]);
}

#[test]
fn pause_by_the_authority_may_come_at_any_time_and_does_not_end() {
    let (mut scene, _) = settled();
    scene.pause();
    scene.resume();
    scene.pause();

    scene.warp_to(end(1) + 400 * DAY);

    let close = instruction::close_epoch(&scene.network);
    scene.stage.refuses(&[close], &[], StipendError::ScoringPaused);
    scene.resume();
}

#[test]
fn pause_of_the_guardian_may_be_made_the_authoritys_own() {
    let (mut scene, _) = settled();
    let by_guardian = pause_by_guardian(&scene);
    scene.stage.accepts(&[by_guardian], &[&key("guardian")]);

    let event: NetworkPaused = scene.pause().event();

    assert_eq!((event.by, event.ends_at), (scene.authority.pubkey(), i64::MAX));
    scene.warp_to(end(1) + 8 * DAY);
    let again = pause(&scene);
    scene.stage.refuses(&[again], &[&scene.authority], StipendError::AlreadyPaused);
    // The guardian's own time counts as it would have.
    scene.resume();
    let by_guardian = pause_by_guardian(&scene);
    scene.stage.refuses(std::slice::from_ref(&by_guardian), &[&key("guardian")], StipendError::GuardianPausedLately);
    scene.warp_to(end(1) + 14 * DAY);
    scene.stage.accepts(&[by_guardian], &[&key("guardian")]);
}

#[test]
fn pause_refuses_everybody_else() {
    let mut guarded = Scene::with(3, |params| {
        params.guardian = Some(key("guardian").pubkey());
        params.policy.registrar = Some(key("registrar").pubkey());
    });
    for name in ["stranger", "registrar", "oracle 0"] {
        let by_other = swapped(&pause(&guarded), 0, &key(name).pubkey());
        guarded.stage.refuses(&[by_other], &[&key(name)], StipendError::GuardianMismatch);
    }

    // Where there is no guardian, nobody is it.
    let mut scene = Scene::new();
    let by_other = swapped(&pause(&scene), 0, &key("guardian").pubkey());
    scene.stage.refuses(&[by_other], &[&key("guardian")], StipendError::GuardianMismatch);
}

#[test]
fn pause_refuses_a_second_time() {
    let (mut scene, _) = settled();
    scene.pause();

    let again = pause(&scene);
    scene.stage.refuses(std::slice::from_ref(&again), &[&scene.authority], StipendError::AlreadyPaused);
    let by_guardian = swapped(&again, 0, &key("guardian").pubkey());
    scene.stage.refuses(&[by_guardian], &[&key("guardian")], StipendError::AlreadyPaused);
}

#[test]
fn pause_stops_reports_signed_or_relayed_and_evidence() {
    let (mut scene, shard) = settled();
    scene.pause();
    let batch = scene.batch(1, &UP);
    let oracle = scene.oracle_keys()[0];
    let signed = instruction::submit_report(&oracle, &scene.network, &shard, &batch);
    let relayed = scene.relay_instructions(&scene.oracles[1], &shard, &batch, 1);
    let evidence = instruction::commit_evidence(&oracle, &scene.network, &shard, batch.domain, 1, [7; 32]);

    scene.stage.refuses(std::slice::from_ref(&signed), &[&scene.oracles[0]], StipendError::ReportsPaused);
    scene.stage.refuses(&relayed, &[], StipendError::ReportsPaused);
    scene.stage.refuses(std::slice::from_ref(&evidence), &[&scene.oracles[0]], StipendError::ReportsPaused);

    // What was signed before is as good afterwards, to the byte.
    scene.resume();
    scene.stage.accepts(&[signed, evidence], &[&scene.oracles[0]]);
    scene.stage.accepts(&relayed, &[]);
}

#[test]
fn pause_stops_scoring() {
    let (mut scene, shard) = settled();
    scene.report_all(&shard, 1, &UP);
    scene.pause();
    let score = instruction::score_shard(&scene.network, &shard, &scene.oracle_keys(), 1);

    for now in [end(1), end(1) + SCORE_SECS, end(40)] {
        scene.warp_to(now);
        scene.stage.refuses(std::slice::from_ref(&score), &[], StipendError::ScoringPaused);
    }

    scene.resume();
    scene.stage.accepts(&[score], &[]);
}

#[test]
fn pause_stops_claims_of_anybody_and_keeps_what_they_claim() {
    let (mut scene, shard) = settled();
    let owner = key("owner");
    let token = place::associated_token(&owner.pubkey(), &scene.mint, &scene.token_program);
    scene.pause();
    let claim = scene.claim_instruction(&shard, &owner.pubkey(), &[0]);
    let mut by_owner = claim.clone();
    by_owner.accounts[2].is_signer = true;

    scene.stage.refuses(std::slice::from_ref(&claim), &[], StipendError::ClaimsPaused);
    scene.stage.refuses(&[by_owner], &[&owner], StipendError::ClaimsPaused);

    scene.resume();
    scene.stage.accepts(&[claim], &[]);
    assert_eq!(scene.atoms(&token), 999_999);
}

#[test]
fn pause_closes_no_epoch_over_a_shard_that_is_not_scored() {
    let (mut scene, _) = settled();
    scene.pause();
    let close = instruction::close_epoch(&scene.network);

    // At its end, when its scoring window would be over, forty epochs and a day later.
    for now in [end(1), end(1) + SCORE_SECS, end(40), end(40) + DAY] {
        scene.warp_to(now);
        scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::ScoringPaused);
    }
    assert_eq!(scene.network().open_epoch, 1);
}

#[test]
fn pause_lets_a_scored_epoch_be_closed_and_settled() {
    let (mut scene, shard) = settled();
    scene.report_all(&shard, 1, &UP);
    scene.score(&shard, 1);
    scene.pause();

    scene.close();
    scene.settle(&shard);

    // 1,000,000 and the one that epoch 0 left over; the floor of the rate leaves one over again.
    assert_eq!(scene.slot(&shard, 0).accrued_atoms, 999_999 + 1_000_000);
    assert_eq!(scene.network().open_epoch, 2);
    // The next one waits: it can't be scored.
    scene.warp_to(end(2) + SCORE_SECS);
    let close = instruction::close_epoch(&scene.network);
    scene.stage.refuses(&[close], &[], StipendError::ScoringPaused);
}

#[test]
fn pause_lets_nodes_come_change_hands_and_go() {
    let (mut scene, shard) = settled();
    scene.pause();
    let [owner, buyer, newcomer] = ["owner", "buyer", "newcomer"].map(key);
    let device = scene.devices[0].pubkey();
    let authority = scene.authority.pubkey();

    let late = scene.register(&shard, &newcomer.pubkey());
    scene.retire(&newcomer, &shard, &late);
    scene.close_node(&shard, &late);
    let transfer = instruction::transfer_node(&owner.pubkey(), &scene.network, &shard, &device, &buyer.pubkey());
    scene.stage.accepts(&[transfer], &[&owner]);
    scene.govern(instruction::set_boost(&authority, &scene.network, &shard, &device, 12_000));

    let slots = scene.shard(&shard).1;
    assert_eq!((slots[0].owner, slots[0].next_boost_bps, slots[1].state), (buyer.pubkey(), 12_000, 0));
}

#[test]
fn pause_lets_the_authority_go_on_governing() {
    let (mut scene, _) = settled();
    scene.pause();
    let authority = scene.authority.pubkey();
    let oracle = scene.oracle_keys()[0];

    scene.remove_oracle(&oracle, true);
    scene.add_oracle(key("new oracle"));
    scene.update_policy(3, None, |policy| policy.min_uptime_bps = 1);
    scene.govern(instruction::set_guardian(&authority, &scene.network, Some(&address("other"))));

    let network = scene.network();
    assert_eq!((network.pause_ends_at, network.next_policy.min_uptime_bps), (i64::MAX, 1));
    assert_eq!(network.guardian, address("other"));
}

#[test]
fn pause_refuses_an_impostor_of_each_account() {
    let mut scene = Scene::new();
    let pause = pause(&scene);
    let authority = scene.authority.insecure_clone();

    refuses_impostors(&mut scene, &pause, &authority);
}
