//! `void_score`: by the arbiter, in the dispute window, and never after.

use anchor_lang::error::ErrorCode;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend::{
    error::StipendError,
    event::{EpochClosed, ScoreVoided},
};
use stipend_client::instruction;
use stipend_tests::{address, key, measured, scene::end, swapped, unsigned, Scene};

const DISPUTE_SECS: i64 = 30;
/// A second within which epoch 0 is closed: right after its end.
const CLOSED: i64 = 0;

fn arbiter() -> Keypair {
    key("arbiter")
}

/// Three nodes, scored for epoch 0 with 60,000,000, 30,000,000 and 0 points, which is closed at its end.
fn closed() -> (Scene, Address) {
    let mut scene = Scene::with(3, |params| {
        (params.policy.dispute_secs, params.policy.arbiter) = (DISPUTE_SECS as u32, Some(arbiter().pubkey()));
    });
    let shard = scene.open_shard();
    for _ in 0..3 {
        scene.register(&shard, &key("owner").pubkey());
    }
    scene.warp_to(end(0) + CLOSED);
    scene.report_all(&shard, 0, &[measured(10_000, 0), measured(5_000, 0), measured(0, 0)]);
    scene.score(&shard, 0);
    scene.close();
    (scene, shard)
}

fn void(scene: &Scene, shard: &Address, slot: u16) -> Instruction {
    instruction::void_score(&arbiter().pubkey(), &scene.network, shard, slot, *b"forged bandwidth, see report 4..")
}

fn settle(scene: &Scene, shard: &Address) -> Instruction {
    instruction::settle_shard(&scene.network, shard)
}

#[test]
fn void_score_takes_a_slots_reward_and_gives_it_to_nobody() {
    let (mut scene, shard) = closed();
    let (before, rate) = (scene.shard(&shard).1[0], scene.network().ring[0].rate());

    let receipt = scene.stage.accepts(&[void(&scene, &shard, 0)], &[&arbiter()]);

    let event: ScoreVoided = receipt.event();
    assert_eq!((event.shard, event.epoch, event.slot, event.score), (shard, 0, 0, 60_000_000));
    assert_eq!((event.arbiter, &event.reason), (arbiter().pubkey(), b"forged bandwidth, see report 4.."));
    let (header, slots) = scene.shard(&shard);
    assert_eq!((slots[0].score, slots[0].reason, slots[0].uptime_bps), (0, 8, before.uptime_bps));
    assert_eq!((header.total_score, header.unsettled), (30_000_000, 1));
    scene.warp_to(end(0) + DISPUTE_SECS);
    scene.settle(&shard);
    // The other's third stays a third: floor(1,000,000 / 3); two thirds and the fraction go back to the budget.
    assert_eq!(scene.shard(&shard).1.map_accrued(), [0, 333_333, 0]);
    let network = scene.network();
    assert_eq!((network.ring[0].rate(), network.ring[0].total_score), (rate, 90_000_000));
    assert_eq!((network.emission.accrued_atoms, network.emission.carried_atoms), (333_333, 666_667));
    assert_eq!(network.emission.scheduled_atoms, 1_000_000);
    // The next epoch shares it.
    scene.run_epoch_after(&shard, 1, &[measured(0, 0), measured(10_000, 0), measured(0, 0)]);
    assert_eq!(scene.network().ring[1].emission_atoms, 1_666_667);
}

#[test]
fn void_score_may_take_all_scores_of_a_shard_and_leaves_it_settleable() {
    let (mut scene, shard) = closed();
    for slot in [0, 1] {
        scene.stage.accepts(&[void(&scene, &shard, slot)], &[&arbiter()]);
    }
    assert_eq!(scene.shard(&shard).0.total_score, 0);
    scene.warp_to(end(0) + DISPUTE_SECS);

    scene.settle(&shard);

    let emission = scene.network().emission;
    assert_eq!((emission.accrued_atoms, emission.carried_atoms), (0, 1_000_000));
}

#[test]
fn void_score_is_once_of_what_scored_with_a_reason() {
    let (mut scene, shard) = closed();
    let by = arbiter().pubkey();
    let without = instruction::void_score(&by, &scene.network, &shard, 0, [0; 32]);
    scene.stage.refuses(&[without], &[&arbiter()], StipendError::ReasonMissing);
    scene.stage.refuses(&[void(&scene, &shard, 2)], &[&arbiter()], StipendError::SlotNotScored);
    scene.stage.refuses(&[void(&scene, &shard, 3)], &[&arbiter()], StipendError::SlotOutOfRange);
    scene.stage.accepts(&[void(&scene, &shard, 0)], &[&arbiter()]);

    scene.stage.refuses(&[void(&scene, &shard, 0)], &[&arbiter()], StipendError::ScoreAlreadyVoided);
}

#[test]
fn void_score_is_by_the_arbiter_of_the_epochs_policy_alone() {
    let (mut scene, shard) = closed();
    // Epoch 1 is scored by a policy with another arbiter, from its first moment on.
    let other = key("other arbiter");
    scene.update_policy(2, None, |policy| policy.arbiter = Some(other.pubkey()));
    for stranger in [scene.authority.insecure_clone(), other, key("owner")] {
        let void = instruction::void_score(&stranger.pubkey(), &scene.network, &shard, 0, [1; 32]);
        scene.stage.refuses(&[void], &[&stranger], StipendError::ArbiterMismatch);
    }
    let good = void(&scene, &shard, 0);
    scene.stage.refuses(&[unsigned(&good, 0)], &[], ErrorCode::AccountNotSigner);
    let (twin, twin_shard) = scene.twin(&address("owner"));
    scene.stage.refuses(&[swapped(&good, 1, &twin)], &[&arbiter()], StipendError::ShardNetworkMismatch);
    scene.stage.refuses(&[swapped(&good, 2, &twin_shard)], &[&arbiter()], StipendError::ShardNetworkMismatch);
    scene.stage.accepts(&[good], &[&arbiter()]);
}

#[test]
fn void_score_and_settling_meet_at_the_second_at_which_the_window_ends() {
    let (mut scene, shard) = closed();
    assert_eq!(scene.network().ring[0].dispute_end, end(0) + DISPUTE_SECS);
    scene.warp_to(end(0) + DISPUTE_SECS - 1);
    scene.stage.refuses(&[settle(&scene, &shard)], &[], StipendError::DisputeWindowOpen);
    scene.stage.accepts(&[void(&scene, &shard, 1)], &[&arbiter()]);

    scene.warp_to(end(0) + DISPUTE_SECS);

    scene.stage.refuses(&[void(&scene, &shard, 0)], &[&arbiter()], StipendError::DisputeWindowClosed);
    scene.stage.accepts(&[settle(&scene, &shard)], &[]);
    scene.stage.refuses(&[void(&scene, &shard, 0)], &[&arbiter()], StipendError::ShardAlreadySettled);
}

#[test]
fn void_score_waits_for_the_epoch_to_be_closed() {
    let (mut scene, shard) = closed();
    scene.warp_to(end(0) + DISPUTE_SECS);
    scene.settle(&shard);
    scene.warp_to(end(1));
    scene.report_all(&shard, 1, &[measured(10_000, 0); 3]);
    scene.score(&shard, 1);

    scene.stage.refuses(&[void(&scene, &shard, 0)], &[&arbiter()], StipendError::EpochNotClosed);

    scene.close();
    scene.stage.accepts(&[void(&scene, &shard, 0)], &[&arbiter()]);
}

#[test]
fn void_score_goes_on_in_a_pause_which_moves_the_window_nowhere() {
    let (mut scene, shard) = closed();
    scene.pause();
    scene.warp_to(end(0) + DISPUTE_SECS - 1);
    scene.stage.accepts(&[void(&scene, &shard, 0)], &[&arbiter()]);
    scene.warp_to(end(0) + DISPUTE_SECS);
    scene.stage.refuses(&[void(&scene, &shard, 1)], &[&arbiter()], StipendError::DisputeWindowClosed);

    // What is settled can't be claimed before the pause ends.
    scene.settle(&shard);
    let token = scene.open_token(&key("owner").pubkey());
    let claim = scene.claim_instruction(&shard, &key("owner").pubkey(), &[1]);
    scene.stage.refuses(std::slice::from_ref(&claim), &[], StipendError::ClaimsPaused);
    scene.resume();
    scene.stage.accepts(&[claim], &[]);
    assert_eq!(scene.atoms(&token), 333_333);
}

#[test]
fn void_score_is_by_the_rules_of_the_epoch_whatever_the_policy_is_by_now() {
    let (mut scene, shard) = closed();
    // From epoch 2 on nobody may void; epoch 1 is closed while that holds.
    scene.update_policy(2, None, |policy| (policy.dispute_secs, policy.arbiter) = (0, None));
    scene.warp_to(end(0) + DISPUTE_SECS);
    scene.settle(&shard);
    scene.warp_to(end(1));
    scene.report_all(&shard, 1, &[measured(10_000, 0); 3]);
    scene.score(&shard, 1);
    scene.warp_to(end(2));
    scene.close();
    assert_eq!(scene.network().policy.arbiter, Address::default());

    scene.stage.accepts(&[void(&scene, &shard, 0)], &[&arbiter()]);
    scene.warp_to(end(2) + DISPUTE_SECS);
    scene.settle(&shard);
    scene.report_all(&shard, 2, &[measured(10_000, 0); 3]);
    scene.score(&shard, 2);
    scene.close();

    assert_eq!(scene.network().ring[2].dispute_end, 0);
    scene.stage.refuses(&[void(&scene, &shard, 0)], &[&arbiter()], StipendError::DisputeWindowClosed);
    scene.settle(&shard);
}

#[test]
fn void_score_of_a_node_that_retires_leaves_nothing_owed() {
    let (mut scene, shard) = closed();
    let (owner, device) = (key("owner"), scene.devices[0].pubkey());
    scene.retire(&owner, &shard, &device);
    scene.stage.accepts(&[void(&scene, &shard, 0)], &[&arbiter()]);

    // It has no score to wait for any more, and nothing has accrued.
    scene.warp_to(end(1));
    scene.stage.accepts(&[instruction::settle_shard(&scene.network, &shard)], &[]);
    scene.report_all(&shard, 1, &[measured(10_000, 0); 3]);
    scene.score(&shard, 1);
    scene.close();
    scene.close_node(&shard, &device);
    assert!(scene.slot(&shard, 0).is_vacant());
}

#[test]
fn void_score_and_its_window_hold_the_next_epoch_up_no_longer_than_they_last() {
    let (mut scene, shard) = closed();
    // Epoch 0 was closed late: epoch 1 is over already, and its windows begin when that of the dispute ends.
    let mut late = Scene::with(3, |params| {
        (params.policy.dispute_secs, params.policy.arbiter) = (DISPUTE_SECS as u32, Some(arbiter().pubkey()));
    });
    let late_shard = late.open_shard();
    late.register(&late_shard, &key("owner").pubkey());
    late.warp_to(end(0));
    late.report_all(&late_shard, 0, &[measured(10_000, 0)]);
    late.score(&late_shard, 0);
    late.warp_to(end(1));
    late.close();
    assert_eq!(late.network().opened_at, end(1) + DISPUTE_SECS);
    late.report_all(&late_shard, 1, &[measured(10_000, 0)]);
    let score = instruction::score_shard(&late.network, &late_shard, &late.oracle_keys(), 1);
    late.stage.refuses(std::slice::from_ref(&score), &[], StipendError::ShardNotSettled);
    late.warp_to(end(1) + DISPUTE_SECS);
    late.settle(&late_shard);
    late.stage.accepts(&[score], &[]);

    // Without a score there is nothing to void, and nothing to wait for.
    scene.warp_to(end(0) + DISPUTE_SECS);
    scene.settle(&shard);
    scene.warp_to(end(1));
    scene.report_all(&shard, 1, &[measured(0, 0); 3]);
    scene.score(&shard, 1);
    let event: EpochClosed = scene.close().event();
    assert_eq!((event.epoch, event.total_score), (1, 0));
    assert_eq!(scene.network().ring[1].dispute_end, 0);
}

/// What each slot has accrued.
trait Accrued {
    fn map_accrued(&self) -> Vec<u64>;
}

impl Accrued for Vec<stipend::state::Slot> {
    fn map_accrued(&self) -> Vec<u64> {
        self.iter().map(|slot| slot.accrued_atoms).collect()
    }
}
