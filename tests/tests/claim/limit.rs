//! The limit on what may be minted in one epoch's length of time: none by default; it slows claims and holds nothing back.

use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend::{error::StipendError, event::RewardsClaimed, state::EmissionParams};
use stipend_client::instruction;
use stipend_tests::{
    key, params,
    scene::{end, Measured},
    Scene,
};

/// What two nodes that are equally good earn in three epochs of 1,000,000 atoms: 499,999 and 500,000 twice; of each half,
/// the floor of the rate costs a fraction, and the two atoms that are left over are shared in the next epoch.
const EARNED: u64 = 1_499_999;

const UP: Measured = (Some(10_000), Some(0));

/// Two nodes of A and B, and at most `limit` atoms an epoch.
fn limited(limit: u64) -> (Scene, Address, [Keypair; 2]) {
    let mut scene = Scene::with(2, |params| params.policy.mint_limit_atoms = limit);
    let shard = scene.open_shard();
    let owners = ["owner a", "owner b"].map(key);
    for owner in &owners {
        scene.register(&shard, &owner.pubkey());
        scene.open_token(&owner.pubkey());
    }
    (scene, shard, owners)
}

/// The same after three settled epochs; epoch 3 is under way.
fn earned(limit: u64) -> (Scene, Address, [Keypair; 2]) {
    let (mut scene, shard, owners) = limited(limit);
    for epoch in 0..3 {
        scene.run_epoch(&shard, epoch, &[UP, UP]);
    }
    assert_eq!(accrued(&mut scene, &shard), [EARNED; 2]);
    (scene, shard, owners)
}

fn accrued(scene: &mut Scene, shard: &Address) -> [u64; 2] {
    [0, 1].map(|slot| scene.slot(shard, slot).accrued_atoms)
}

fn balance(scene: &mut Scene, owner: &Keypair) -> u64 {
    let token = stipend_client::address::associated_token(&owner.pubkey(), &scene.mint, &scene.token_program);
    scene.atoms(&token)
}

/// Atoms that a claim of these slots mints, and those that it leaves in them.
#[track_caller]
fn claim(scene: &mut Scene, shard: &Address, owner: &Keypair, slots: &[u16]) -> (u64, u64) {
    let event: RewardsClaimed = scene.claim(shard, &owner.pubkey(), slots).event();
    (event.atoms, event.left_atoms)
}

#[track_caller]
fn refuses(scene: &mut Scene, shard: &Address, owner: &Keypair, slots: &[u16]) {
    let claim = scene.claim_instruction(shard, &owner.pubkey(), slots);
    scene.stage.refuses(&[claim], &[], StipendError::MintLimitReached);
}

#[test]
fn claim_has_no_limit_by_default() {
    let (mut scene, shard, [a, b]) = earned(0);

    scene.claim(&shard, &a.pubkey(), &[0]);
    scene.claim(&shard, &b.pubkey(), &[1]);

    assert_eq!([&a, &b].map(|owner| balance(&mut scene, owner)), [EARNED; 2]);
}

#[test]
fn claim_past_the_limit_gets_what_room_there_is_and_the_rest_in_the_next_epoch() {
    // Room for one claim, and for all but an atom of another one.
    let (mut scene, shard, [a, b]) = earned(2 * EARNED - 1);
    assert_eq!(claim(&mut scene, &shard, &a, &[0]), (EARNED, 0));
    assert_eq!(claim(&mut scene, &shard, &b, &[1]), (EARNED - 1, 1));

    // Epoch 3 is under way until end(3).
    refuses(&mut scene, &shard, &b, &[1]);
    scene.warp_to(end(3) - 1);
    refuses(&mut scene, &shard, &b, &[1]);
    scene.warp_to(end(3));
    assert_eq!(claim(&mut scene, &shard, &b, &[1]), (1, 0));

    assert_eq!([&a, &b].map(|owner| balance(&mut scene, owner)), [EARNED; 2]);
    let emission = scene.network().emission;
    assert_eq!((emission.minted_atoms, emission.minted_in_epoch_atoms, emission.mint_epoch), (2 * EARNED, 1, 4));
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
    assert_eq!(claim(&mut scene, &shard, &a, &[0]), (1_000_000, 499_999));
    assert_eq!(accrued(&mut scene, &shard), [499_999, EARNED]);
    refuses(&mut scene, &shard, &a, &[0]);
    refuses(&mut scene, &shard, &b, &[1]);

    // In the next epoch A gets the rest, and B the 500,001 for which there is room.
    scene.warp_to(end(3));
    assert_eq!(claim(&mut scene, &shard, &a, &[0]), (499_999, 0));
    assert_eq!(claim(&mut scene, &shard, &b, &[1]), (500_001, 999_998));

    scene.warp_to(end(4));
    assert_eq!(claim(&mut scene, &shard, &b, &[1]), (999_998, 0));
    assert_eq!([&a, &b].map(|owner| balance(&mut scene, owner)), [EARNED; 2]);
    assert_eq!(scene.network().emission.minted_atoms, 2 * EARNED);
}

#[test]
fn claim_in_parts_empties_slots_in_order_and_leaves_the_rest_in_its_own_slot() {
    let (mut scene, shard, [a, b]) = earned(1_000_000);
    // Both slots are A's now.
    let device = scene.devices[1].pubkey();
    let transfer = instruction::transfer_node(&b.pubkey(), &scene.network, &shard, &device, &a.pubkey());
    scene.stage.accepts(&[transfer], &[&b]);

    // A stranger sends each of these; no atom moves from one slot into another.
    assert_eq!(claim(&mut scene, &shard, &a, &[0, 1]), (1_000_000, 2 * EARNED - 1_000_000));
    assert_eq!(accrued(&mut scene, &shard), [EARNED - 1_000_000, EARNED]);
    scene.warp_to(end(3));
    assert_eq!(claim(&mut scene, &shard, &a, &[0, 1]), (1_000_000, 2 * EARNED - 2_000_000));
    assert_eq!(accrued(&mut scene, &shard), [0, 2 * EARNED - 2_000_000]);

    let emission = scene.network().emission;
    assert_eq!((emission.minted_atoms, emission.accrued_atoms), (2_000_000, 2 * EARNED));
}

#[test]
fn claim_takes_room_only_for_the_slots_that_it_names() {
    let (mut scene, shard, [a, b]) = earned(1_000_000);
    let device = scene.devices[1].pubkey();
    let transfer = instruction::transfer_node(&b.pubkey(), &scene.network, &shard, &device, &a.pubkey());
    scene.stage.accepts(&[transfer], &[&b]);

    assert_eq!(claim(&mut scene, &shard, &a, &[1]), (1_000_000, 499_999));

    assert_eq!(accrued(&mut scene, &shard), [EARNED, 499_999]);
}

#[test]
fn claim_without_anything_accrued_is_no_matter_of_the_limit() {
    let (mut scene, shard, [a, b]) = earned(EARNED);
    assert_eq!(claim(&mut scene, &shard, &a, &[0]), (EARNED, 0));

    // There is no room any more; A has nothing to claim, and B has.
    let empty = scene.claim_instruction(&shard, &a.pubkey(), &[0]);
    scene.stage.refuses(&[empty], &[], StipendError::NothingToClaim);
    refuses(&mut scene, &shard, &b, &[1]);
}

#[test]
fn claim_is_limited_by_the_policy_of_the_epoch_under_way() {
    let (mut scene, shard, [a, b]) = earned(EARNED);
    // Twice as much from epoch 4 on.
    scene.update_policy(4, None, |policy| policy.mint_limit_atoms = 2 * EARNED);
    scene.claim(&shard, &a.pubkey(), &[0]);
    refuses(&mut scene, &shard, &b, &[1]);
    scene.warp_to(end(3) - 1);
    refuses(&mut scene, &shard, &b, &[1]);

    // Epoch 4 is under way, though epoch 3 is not closed.
    scene.warp_to(end(3));
    assert_eq!(scene.network().open_epoch, 3);
    let event: RewardsClaimed = scene.claim(&shard, &b.pubkey(), &[1]).event();

    assert_eq!((event.atoms, event.left_atoms, event.policy_from_epoch), (EARNED, 0, 4));
}

#[test]
fn claim_of_who_missed_epochs_is_paid_though_all_others_claim_first() {
    // The limit is what an epoch emits, and A always claims before B.
    let (mut scene, shard, [a, b]) = limited(1_000_000);
    for epoch in 0..3 {
        scene.run_epoch(&shard, epoch, &[UP, UP]);
        claim(&mut scene, &shard, &a, &[0]);
    }
    assert_eq!(accrued(&mut scene, &shard), [0, EARNED]);

    // B is owed three epochs, one and a half limits; each epoch leaves B room for half of one.
    for epoch in 3..8 {
        scene.run_epoch(&shard, epoch, &[UP, UP]);
        let (of_a, left) = claim(&mut scene, &shard, &a, &[0]);
        assert!((499_999..=500_001).contains(&of_a) && left == 0, "{of_a} {left}");
        let (of_b, _) = claim(&mut scene, &shard, &b, &[1]);
        assert_eq!(of_a + of_b, 1_000_000);
        refuses(&mut scene, &shard, &b, &[1]);
    }

    // As soon as the others don't use it all, B catches up.
    scene.warp_to(end(8));
    assert_eq!(claim(&mut scene, &shard, &b, &[1]).0, 1_000_000);
    scene.warp_to(end(9));
    assert_eq!(claim(&mut scene, &shard, &b, &[1]).1, 0);
    let emission = scene.network().emission;
    assert_eq!((emission.minted_atoms, accrued(&mut scene, &shard)), (emission.accrued_atoms, [0, 0]));
}

#[test]
fn claim_gets_a_thirty_second_of_what_is_owed_whatever_limit_a_policy_sets() {
    let (mut scene, shard, [a, b]) = earned(0);
    // The least that a policy may allow: an atom an epoch, which emits an atom.
    let least = EmissionParams { per_epoch_atoms: 1, ..params().emission };
    scene.update_policy(4, Some(least), |policy| policy.mint_limit_atoms = 1);
    let mut owed = 2 * EARNED;

    // 2,999,998 / 32 = 93,749.9: the ceiling is in force for both claims of the epoch together.
    scene.warp_to(end(3));
    assert_eq!(claim(&mut scene, &shard, &a, &[0]), (93_750, EARNED - 93_750));
    refuses(&mut scene, &shard, &a, &[0]);
    refuses(&mut scene, &shard, &b, &[1]);
    owed -= 93_750;

    // Whatever the authority does not do, everybody is paid to the atom; half of it within 22 epochs: (31/32)^22 < 1/2.
    let (mut epoch, mut paid_half) = (4, None);
    while owed > 0 {
        scene.warp_to(end(epoch));
        let limit = owed.div_ceil(32);
        let mut minted = 0;
        for (slot, owner) in [(0, &a), (1, &b)] {
            if minted < limit && scene.slot(&shard, slot).accrued_atoms > 0 {
                minted += claim(&mut scene, &shard, owner, &[slot]).0;
            }
        }
        assert_eq!(minted, limit, "epoch {epoch}");
        owed -= minted;
        if owed < EARNED {
            paid_half.get_or_insert(epoch);
        }
        epoch += 1;
    }
    assert_eq!([&a, &b].map(|owner| balance(&mut scene, owner)), [EARNED; 2]);
    assert!(paid_half.unwrap() <= 4 + 22, "{paid_half:?}");
    assert!(epoch < 500, "{epoch}");
}

#[test]
fn claim_counts_what_was_minted_in_an_epoch_into_the_floor_of_that_epoch() {
    let (mut scene, shard, [a, b]) = earned(0);
    let least = EmissionParams { per_epoch_atoms: 1, ..params().emission };
    scene.update_policy(4, Some(least), |policy| policy.mint_limit_atoms = 1);
    // All but 10 atoms of A's are minted in epoch 3, so B's 1,499,999 and these are owed: a 32nd is 46,875.3.
    scene.forge_shard(&shard, |_, slots| slots[0].accrued_atoms = 10);
    scene.forge_network(|network| network.emission.minted_atoms = EARNED - 10);
    scene.warp_to(end(3));

    assert_eq!(claim(&mut scene, &shard, &a, &[0]), (10, 0));
    // 10 were minted and 1,499,999 are owed: the same 46,876, of which 46,866 are left.
    assert_eq!(claim(&mut scene, &shard, &b, &[1]), (46_866, EARNED - 46_866));
    refuses(&mut scene, &shard, &b, &[1]);
}
