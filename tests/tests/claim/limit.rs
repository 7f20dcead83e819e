//! The limit on what may be minted in one epoch's length of time: none by default; nothing that was earned is lost by it.

use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend::{error::StipendError, event::RewardsClaimed};
use stipend_tests::{
    key,
    scene::{end, Measured},
    Scene,
};

/// What two nodes that are equally good earn in three epochs of 1,000,000 atoms: 499,999 and 500,000 twice; of each half,
/// the floor of the rate costs a fraction, and the two atoms that are left over are shared in the next epoch.
const EARNED: u64 = 1_499_999;

/// Two nodes of A and B, three settled epochs, epoch 3 under way, and at most `limit` atoms an epoch.
fn earned(limit: u64) -> (Scene, Address, [Keypair; 2]) {
    let mut scene = Scene::with(2, |params| params.policy.mint_limit_atoms = limit);
    let shard = scene.open_shard();
    let owners = ["owner a", "owner b"].map(key);
    for owner in &owners {
        scene.register(&shard, &owner.pubkey());
        scene.open_token(&owner.pubkey());
    }
    let up: Measured = (Some(10_000), Some(0));
    for epoch in 0..3 {
        scene.run_epoch(&shard, epoch, &[up, up]);
    }
    assert_eq!([0, 1].map(|slot| scene.slot(&shard, slot).accrued_atoms), [EARNED; 2]);
    (scene, shard, owners)
}

fn balance(scene: &mut Scene, owner: &Keypair) -> u64 {
    let token = stipend_client::address::associated_token(&owner.pubkey(), &scene.mint, &scene.token_program);
    scene.atoms(&token)
}

#[test]
fn claim_has_no_limit_by_default() {
    let (mut scene, shard, [a, b]) = earned(0);

    scene.claim(&shard, &a.pubkey(), &[0]);
    scene.claim(&shard, &b.pubkey(), &[1]);

    assert_eq!([&a, &b].map(|owner| balance(&mut scene, owner)), [EARNED; 2]);
}

#[test]
fn claim_past_the_limit_waits_for_the_next_epoch() {
    // One claim fits, and an atom less than another one.
    let (mut scene, shard, [a, b]) = earned(2 * EARNED - 1);
    let event: RewardsClaimed = scene.claim(&shard, &a.pubkey(), &[0]).event();
    assert_eq!((event.atoms, event.left_atoms, event.policy_from_epoch), (EARNED, 0, 0));
    let late = scene.claim_instruction(&shard, &b.pubkey(), &[1]);

    // Epoch 3 is under way until end(3).
    scene.stage.refuses(std::slice::from_ref(&late), &[], StipendError::MintLimitReached);
    scene.warp_to(end(3) - 1);
    scene.stage.refuses(std::slice::from_ref(&late), &[], StipendError::MintLimitReached);
    scene.warp_to(end(3));
    scene.stage.accepts(&[late], &[]);

    assert_eq!([&a, &b].map(|owner| balance(&mut scene, owner)), [EARNED; 2]);
    let emission = scene.network().emission;
    assert_eq!((emission.minted_atoms, emission.minted_in_epoch_atoms, emission.mint_epoch), (2 * EARNED, EARNED, 4));
}

#[test]
fn claim_to_the_limit_itself_passes() {
    let (mut scene, shard, [a, b]) = earned(2 * EARNED);

    scene.claim(&shard, &a.pubkey(), &[0]);
    scene.claim(&shard, &b.pubkey(), &[1]);

    let emission = scene.network().emission;
    assert_eq!((emission.minted_in_epoch_atoms, emission.mint_epoch), (2 * EARNED, 3));
}

#[test]
fn claim_above_a_whole_limit_is_paid_in_parts_and_the_rest_stays() {
    let (mut scene, shard, [a, b]) = earned(1_000_000);

    // A gets a whole limit, and then neither gets anything.
    let event: RewardsClaimed = scene.claim(&shard, &a.pubkey(), &[0]).event();
    assert_eq!((event.atoms, event.left_atoms), (1_000_000, 499_999));
    assert_eq!(scene.slot(&shard, 0).accrued_atoms, 499_999);
    for (slot, owner) in [(0, &a), (1, &b)] {
        let more = scene.claim_instruction(&shard, &owner.pubkey(), &[slot]);
        scene.stage.refuses(&[more], &[], StipendError::MintLimitReached);
    }

    // In the next epoch A gets the rest, and B the 500,001 for which there is room.
    scene.warp_to(end(3));
    scene.claim(&shard, &a.pubkey(), &[0]);
    let event: RewardsClaimed = scene.claim(&shard, &b.pubkey(), &[1]).event();
    assert_eq!((event.atoms, event.left_atoms), (500_001, 999_998));

    scene.warp_to(end(4));
    scene.claim(&shard, &b.pubkey(), &[1]);
    assert_eq!([&a, &b].map(|owner| balance(&mut scene, owner)), [EARNED; 2]);
    assert_eq!(scene.network().emission.minted_atoms, 2 * EARNED);
}

#[test]
fn claim_in_parts_leaves_the_rest_in_the_owners_last_slot() {
    let (mut scene, shard, [a, _]) = earned(1_000_000);
    // Both slots are A's now.
    let b = key("owner b");
    let device = scene.devices[1].pubkey();
    let transfer =
        stipend_client::instruction::transfer_node(&b.pubkey(), &scene.network, &shard, &device, &a.pubkey());
    scene.stage.accepts(&[transfer], &[&b]);

    let event: RewardsClaimed = scene.claim(&shard, &a.pubkey(), &[0, 1]).event();

    assert_eq!((event.atoms, event.left_atoms), (1_000_000, 2 * EARNED - 1_000_000));
    assert_eq!([0, 1].map(|slot| scene.slot(&shard, slot).accrued_atoms), [0, 2 * EARNED - 1_000_000]);
    let emission = scene.network().emission;
    assert_eq!((emission.minted_atoms, emission.accrued_atoms), (1_000_000, 2 * EARNED));
}

#[test]
fn claim_is_limited_by_the_policy_of_the_epoch_under_way() {
    let (mut scene, shard, [a, b]) = earned(EARNED);
    // Twice as much from epoch 4 on.
    scene.update_policy(4, None, |policy| policy.mint_limit_atoms = 2 * EARNED);
    scene.claim(&shard, &a.pubkey(), &[0]);
    let late = scene.claim_instruction(&shard, &b.pubkey(), &[1]);
    scene.stage.refuses(std::slice::from_ref(&late), &[], StipendError::MintLimitReached);
    scene.warp_to(end(3) - 1);
    scene.stage.refuses(std::slice::from_ref(&late), &[], StipendError::MintLimitReached);

    // Epoch 4 is under way, though epoch 3 is not closed.
    scene.warp_to(end(3));
    assert_eq!(scene.network().open_epoch, 3);
    let event: RewardsClaimed = scene.stage.accepts(&[late], &[]).event();

    assert_eq!((event.atoms, event.policy_from_epoch), (EARNED, 4));
}
