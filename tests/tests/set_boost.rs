//! `set_boost`: within which bounds, from which epoch on, and what becomes of it.

use crate::acts::{close_unscored, Tenant};
use anchor_lang::error::ErrorCode;
use solana_address::Address;
use solana_signer::Signer;
use stipend::{error::StipendError, event::BoostChanged, state::Slot};
use stipend_client::address as place;
use stipend_tests::{
    address, key, measured, read_only,
    scene::{end, Measured, GENESIS},
    swapped, unsigned, Refusal, Scene,
};

/// Of 10,000 · 6,000 points without a boost.
const UP: Measured = (Some(10_000), Some(0));

/// Three oracles, boosts of 5,000 to 20,000, and two tenants in slots 0 and 1.
fn scene() -> (Scene, [Tenant; 2]) {
    let mut scene = Scene::with(3, |params| {
        (params.policy.min_boost_bps, params.policy.max_boost_bps) = (5_000, 20_000);
    });
    let shard = scene.open_shard();
    let tenants = ["first", "second"].map(|name| Tenant::registered(&mut scene, name, &shard));
    (scene, tenants)
}

fn slot(scene: &mut Scene, tenant: &Tenant) -> Slot {
    scene.shard(&tenant.shard).1[0]
}

/// Scores, closes and settles an epoch that is over, in which both were up; returns the scores in millions of points.
fn run(scene: &mut Scene, tenant: &Tenant, epoch: u32) -> [u32; 2] {
    scene.run_epoch(&tenant.shard, epoch, &[UP, UP]);
    let slots = scene.shard(&tenant.shard).1;
    [0, 1].map(|slot: usize| slots[slot].score / 1_000_000)
}

#[test]
fn set_boost_holds_from_the_next_epoch_on() {
    // The second of the call, and the first epoch with the boost.
    let cases = [(GENESIS - 1, 0), (GENESIS, 1), (end(0) - 1, 1), (end(0), 2), (end(1) - 1, 2)];
    for (now, from_epoch) in cases {
        let (mut scene, [tenant, _]) = scene();
        scene.warp_to(now);
        let before = scene.shard(&tenant.shard).1;

        let receipt = tenant.boost(&mut scene, 15_000);

        let mut expected = before.clone();
        (expected[0].next_boost_bps, expected[0].from_epoch, expected[0].state) = (15_000, from_epoch, 3);
        assert_eq!(scene.shard(&tenant.shard).1, expected);
        let event: BoostChanged = receipt.event();
        assert_eq!((event.network, event.device), (scene.network, tenant.device.pubkey()));
        assert_eq!(event.from_epoch, from_epoch);
        assert_eq!((event.old_boost_bps, event.new_boost_bps, event.policy_from_epoch), (10_000, 15_000, 0));
    }
}

#[test]
fn set_boost_counts_in_exactly_the_epochs_that_it_holds_for() {
    let (mut scene, [tenant, _]) = scene();
    // 1.5 from epoch 1 on, 0.5 from epoch 3 on; the neighbour stays at 60 million points.
    scene.warp_to(GENESIS);
    tenant.boost(&mut scene, 15_000);
    assert_eq!(run(&mut scene, &tenant, 0), [60, 60]);
    // The boost of the next epoch is known, and not yet in force.
    assert_eq!((slot(&mut scene, &tenant).boost_bps, slot(&mut scene, &tenant).state), (10_000, 3));
    assert_eq!(run(&mut scene, &tenant, 1), [90, 60]);
    // Nothing about the slot depends on the epoch any more.
    let state = slot(&mut scene, &tenant);
    assert_eq!((state.boost_bps, state.state), (15_000, 1));
    // 1,000,000 · 60 / 120, and 1,000,001 or so · 90 / 150.
    assert_eq!(scene.shard(&tenant.shard).1[0].accrued_atoms / 10_000, 50 + 60);
    tenant.boost(&mut scene, 5_000);
    assert_eq!(run(&mut scene, &tenant, 2), [90, 60]);
    assert_eq!(run(&mut scene, &tenant, 3), [30, 60]);
    assert_eq!(run(&mut scene, &tenant, 4), [30, 60]);
}

#[test]
fn set_boost_replaces_one_that_has_not_begun() {
    let (mut scene, [tenant, _]) = scene();
    scene.warp_to(GENESIS);
    tenant.boost(&mut scene, 20_000);

    let event: BoostChanged = tenant.boost(&mut scene, 5_000).event();

    assert_eq!((event.old_boost_bps, event.new_boost_bps, event.from_epoch), (10_000, 5_000, 1));
    assert_eq!(run(&mut scene, &tenant, 0), [60, 60]);
    assert_eq!(run(&mut scene, &tenant, 1), [30, 60]);
}

#[test]
fn set_boost_refuses_a_second_while_epochs_before_the_first_are_not_closed() {
    let (mut scene, [tenant, _]) = scene();
    scene.warp_to(GENESIS);
    tenant.boost(&mut scene, 20_000);
    // Epoch 1 has begun, with the boost; epoch 0 is not closed.
    scene.warp_to(end(0));
    let second = tenant.boost_instruction(&scene, 5_000);
    scene.stage.refuses(std::slice::from_ref(&second), &[&scene.authority], StipendError::BoostPending);
    let retire = tenant.retire_instruction(&scene);

    let other = slot(&mut scene, &tenant);
    assert_eq!((other.from_epoch, other.next_boost_bps), (1, 20_000));
    assert_eq!(run(&mut scene, &tenant, 0), [60, 60]);
    scene.stage.accepts(&[second], &[&scene.authority]);
    let other = slot(&mut scene, &tenant);
    assert_eq!((other.boost_bps, other.from_epoch, other.next_boost_bps), (20_000, 2, 5_000));
    scene.stage.accepts(&[retire], &[&tenant.owner]);
}

#[test]
fn retire_node_drops_a_boost_that_the_node_would_not_have_earned_with() {
    // The boost is to begin with the epoch under way, and with the one behind it.
    for boosted_at in [GENESIS, end(0)] {
        let (mut scene, [tenant, _]) = scene();
        scene.warp_to(boosted_at);
        tenant.boost(&mut scene, 20_000);
        scene.warp_to(end(0));
        tenant.retire(&mut scene);
        let state = slot(&mut scene, &tenant);
        assert_eq!((state.state, state.until, state.boost_bps), (3, 1, 10_000));

        assert_eq!(run(&mut scene, &tenant, 0), [60, 60]);
        assert_eq!(run(&mut scene, &tenant, 1), [0, 60]);
        assert_eq!(slot(&mut scene, &tenant).reason, 7);
    }
}

#[test]
fn retire_node_while_closing_lags_behind_a_boost_pays_the_boost_of_each_epoch() {
    let (mut scene, [tenant, _]) = scene();
    scene.warp_to(GENESIS);
    tenant.boost(&mut scene, 20_000);
    // Epoch 3 is under way; 0, without the boost, and 1 and 2, with it, are not closed.
    scene.warp_to(end(0));
    scene.report_all(&tenant.shard, 0, &[UP, UP]);
    scene.warp_to(end(2));
    assert_eq!(scene.network().open_epoch, 0);

    tenant.retire(&mut scene);

    let state = slot(&mut scene, &tenant);
    assert_eq!((state.state, state.until, state.from_epoch), (3, 3, 1));
    assert_eq!((state.boost_bps, state.next_boost_bps), (10_000, 20_000));
    scene.score(&tenant.shard, 0);
    assert_eq!(slot(&mut scene, &tenant).score, 60_000_000);
    scene.close();
    scene.settle(&tenant.shard);
    // Each epoch has its report window from its opening on.
    for (epoch, scores) in [(1, [120, 60]), (2, [120, 60]), (3, [0, 60])] {
        let now = scene.stage.now();
        scene.warp_to(now.max(end(epoch)));
        scene.report_all(&tenant.shard, epoch, &[UP, UP]);
        scene.score(&tenant.shard, epoch);
        scene.close();
        scene.settle(&tenant.shard);
        let slots = scene.shard(&tenant.shard).1;
        assert_eq!([0, 1].map(|slot: usize| slots[slot].score / 1_000_000), scores, "epoch {epoch}");
    }
    // Of 1,000,000 atoms each: a half, and twice two thirds, each floored; 1,000,001 at the most for what was carried.
    assert_eq!(slot(&mut scene, &tenant).accrued_atoms / 10, (500_000 + 666_666 + 666_666) / 10);
}

#[test]
fn a_boost_counts_within_the_bounds_of_the_policy_that_scores() {
    let (mut scene, [tenant, neighbour]) = scene();
    tenant.boost(&mut scene, 20_000);
    neighbour.boost(&mut scene, 5_000);
    scene.warp_to(GENESIS);
    scene.update_policy(1, None, |policy| (policy.min_boost_bps, policy.max_boost_bps) = (8_000, 11_000));

    assert_eq!(run(&mut scene, &tenant, 0), [120, 30]);
    scene.update_policy(2, None, |policy| (policy.min_boost_bps, policy.max_boost_bps) = (5_000, 20_000));
    assert_eq!(run(&mut scene, &tenant, 1), [66, 48]);
    // The boost itself stays what the authority gave.
    assert_eq!(slot(&mut scene, &tenant).boost_bps, 20_000);
    assert_eq!(run(&mut scene, &tenant, 2), [120, 30]);
}

#[test]
fn set_boost_of_a_node_that_does_not_count_yet_waits_with_it() {
    let (mut scene, [first, _]) = scene();
    scene.warp_to(GENESIS);
    let late = Tenant::registered(&mut scene, "late", &first.shard);
    late.boost(&mut scene, 20_000);
    let expected = [(0, 6, 2, 20_000), (120, 1, 1, 20_000), (120, 1, 1, 20_000)];

    for (epoch, expected) in (0..).zip(expected) {
        scene.run_epoch(&first.shard, epoch, &[UP; 3]);
        let slot = scene.shard(&first.shard).1[2];
        assert_eq!((slot.score / 1_000_000, slot.reason, slot.state, slot.boost_bps), expected, "epoch {epoch}");
    }
}

#[test]
fn a_slot_is_active_once_nothing_about_it_depends_on_the_epoch() {
    let (mut scene, [tenant, _]) = scene();
    assert_eq!((slot(&mut scene, &tenant).state, slot(&mut scene, &tenant).reason), (2, 0));
    run(&mut scene, &tenant, 0);
    assert_eq!((slot(&mut scene, &tenant).state, slot(&mut scene, &tenant).reason), (1, 1));
    tenant.boost(&mut scene, 20_000);
    assert_eq!(slot(&mut scene, &tenant).state, 3);
    run(&mut scene, &tenant, 1);
    assert_eq!(slot(&mut scene, &tenant).state, 3);
    run(&mut scene, &tenant, 2);
    assert_eq!(slot(&mut scene, &tenant).state, 1);
    tenant.retire(&mut scene);
    assert_eq!(slot(&mut scene, &tenant).state, 4);
    run(&mut scene, &tenant, 3);
    assert_eq!((slot(&mut scene, &tenant).state, slot(&mut scene, &tenant).reason), (4, 7));
    tenant.claim(&mut scene, 0);
    tenant.close(&mut scene);
    run(&mut scene, &tenant, 4);
    assert_eq!((slot(&mut scene, &tenant).state, slot(&mut scene, &tenant).reason), (0, 0));
}

#[test]
fn set_boost_takes_effect_when_epochs_were_passed_over() {
    let (mut scene, [tenant, _]) = scene();
    scene.warp_to(GENESIS);
    tenant.boost(&mut scene, 20_000);
    // Nobody scores epochs 0 and 1, each of which waits for 300 seconds: the boost begins unseen.
    close_unscored(&mut scene, 0);
    close_unscored(&mut scene, 1);
    assert_eq!((scene.network().open_epoch, scene.stage.now()), (2, end(6)));
    // A boost since then replaces the one that holds.
    let event: BoostChanged = tenant.boost(&mut scene, 5_000).event();
    assert_eq!((event.old_boost_bps, event.from_epoch), (20_000, 8));

    let mut scores = Vec::new();
    for epoch in 2..10 {
        let now = scene.stage.now();
        scene.warp_to(now.max(end(epoch)));
        scene.report_all(&tenant.shard, epoch, &[UP, UP]);
        scene.score(&tenant.shard, epoch);
        scene.close();
        scene.settle(&tenant.shard);
        scores.push(slot(&mut scene, &tenant).score / 1_000_000);
    }
    assert_eq!(scores, [120, 120, 120, 120, 120, 120, 30, 30]);
}

#[test]
fn set_boost_keeps_within_the_bounds_of_that_epochs_policy() {
    let (mut scene, [tenant, _]) = scene();
    scene.warp_to(GENESIS);
    scene.update_policy(2, None, |policy| (policy.min_boost_bps, policy.max_boost_bps) = (0, 65_535));
    let boosts = [0, 4_999, 5_000, 20_000, 20_001, 65_535].map(|bps| tenant.boost_instruction(&scene, bps));
    for outside in [0, 1, 4, 5] {
        let boost = std::slice::from_ref(&boosts[outside]);
        scene.stage.refuses(boost, &[&scene.authority], StipendError::BoostOutOfRange);
    }
    scene.stage.accepts(&boosts[2..4], &[&scene.authority]);
    // From epoch 1 on, when the policy of epoch 2 is the next one's.
    assert_eq!(run(&mut scene, &tenant, 0), [60, 60]);
    let event: BoostChanged = tenant.boost(&mut scene, 65_535).event();
    assert_eq!((event.from_epoch, event.policy_from_epoch), (2, 2));
}

#[test]
fn set_boost_at_both_ends_of_what_any_policy_allows() {
    let mut scene = Scene::with(3, |params| {
        (params.policy.min_boost_bps, params.policy.max_boost_bps) = (0, 65_535);
    });
    let shard = scene.open_shard();
    let [least, greatest] = ["least", "greatest"].map(|name| Tenant::registered(&mut scene, name, &shard));
    least.boost(&mut scene, 0);
    greatest.boost(&mut scene, 65_535);

    scene.run_epoch(&shard, 0, &[measured(10_000, 1_000); 2]);

    // 10,000 · 10,000 · 6.5535.
    let slots = scene.shard(&shard).1;
    assert_eq!((slots[0].score, slots[0].reason, slots[0].state), (0, 1, 1));
    assert_eq!((slots[1].score, slots[1].reason, slots[1].state), (655_350_000, 1, 1));
    assert_eq!((slots[0].accrued_atoms, slots[1].accrued_atoms), (0, 999_999));
}

#[test]
fn set_boost_refuses_a_node_that_has_retired() {
    let (mut scene, [tenant, _]) = scene();
    tenant.retire(&mut scene);

    let boost = tenant.boost_instruction(&scene, 15_000);

    scene.stage.refuses(&[boost], &[&scene.authority], StipendError::NodeRetired);
}

#[test]
fn set_boost_refuses_who_is_not_the_authority() {
    let (mut scene, [tenant, _]) = scene();
    let boost = tenant.boost_instruction(&scene, 15_000);

    for other in [key("stranger"), tenant.owner.insecure_clone(), scene.registrar.insecure_clone()] {
        let by_other = swapped(&boost, 0, &other.pubkey());
        scene.stage.refuses(&[by_other], &[&other], StipendError::AuthorityMismatch);
    }
    scene.stage.refuses(&[unsigned(&boost, 0)], &[], ErrorCode::AccountNotSigner);
}

#[test]
fn set_boost_refuses_an_impostor_of_each_account() {
    let (mut scene, [tenant, neighbour]) = scene();
    let authority = scene.authority.insecure_clone();
    let (twin, twin_shard) = scene.twin(&tenant.owner.pubkey());
    scene.open_directory_of(&twin, &tenant.device.pubkey());
    let twin_directory = place::directory(&twin, &tenant.device.pubkey());
    let (directory, other_directory) = (tenant.directory(&scene), neighbour.directory(&scene));
    assert_ne!(other_directory, directory);
    let abroad = ["network abroad", "directory abroad", "shard abroad"].map(address);
    for (stored, abroad) in [scene.network, directory, tenant.shard].iter().zip(&abroad) {
        scene.stage.copy(stored, abroad, &spl_token_interface::ID);
    }
    let boost = tenant.boost_instruction(&scene, 15_000);

    let cases: [(usize, Address, Refusal); 12] = [
        (1, twin, StipendError::DirectoryNetworkMismatch.into()),
        (1, abroad[0], ErrorCode::AccountOwnedByWrongProgram.into()),
        (1, twin_shard, ErrorCode::AccountDiscriminatorMismatch.into()),
        (1, address("missing"), ErrorCode::AccountOwnedByWrongProgram.into()),
        (2, twin_directory, StipendError::DirectoryNetworkMismatch.into()),
        (2, other_directory, StipendError::DeviceUnknown.into()),
        (2, abroad[1], ErrorCode::AccountOwnedByWrongProgram.into()),
        (2, twin_shard, ErrorCode::AccountDiscriminatorMismatch.into()),
        (2, address("missing"), ErrorCode::AccountOwnedByWrongProgram.into()),
        (3, twin_shard, StipendError::ShardNetworkMismatch.into()),
        (3, abroad[2], ErrorCode::AccountOwnedByWrongProgram.into()),
        (3, scene.network, ErrorCode::AccountDiscriminatorMismatch.into()),
    ];
    for (place, impostor, refusal) in cases {
        println!("{place}");
        scene.stage.refuses(&[swapped(&boost, place, &impostor)], &[&authority], refusal);
    }
    scene.stage.refuses(&[read_only(&boost, 3)], &[&authority], ErrorCode::ConstraintMut);
    scene.stage.accepts(&[boost], &[&authority]);
}
