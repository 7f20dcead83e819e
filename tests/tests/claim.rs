//! `claim`: who is paid, where to, and what remains.

mod accounts;
mod limit;

use anchor_lang::error::ErrorCode;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend::{error::StipendError, event::RewardsClaimed};
use stipend_client::{address as place, instruction::Destination};
use stipend_tests::{
    key, measured,
    mint::{self, token_account, TOKEN_2022_ID},
    scene::end,
    Scene,
};

/// What a settled shard has accrued in its slots, of owners A, B, A and A: of 1,000,000 atoms 4, 3, 2 and 1 tenths,
/// each less the fraction that the floors leave over.
const ACCRUED: [u64; 4] = [399_999, 299_999, 199_999, 99_999];

fn owners() -> [Keypair; 2] {
    ["owner a", "owner b"].map(key)
}

/// Three oracles and a shard of four nodes, settled for epoch 0.
fn settled() -> (Scene, Address) {
    settled_on(spl_token_interface::ID, Vec::new())
}

fn settled_on(token_program: Address, extensions: Vec<(u16, Vec<u8>)>) -> (Scene, Address) {
    let mut scene = Scene::bare(token_program, extensions, |params| params.policy.min_uptime_bps = 0);
    for oracle in 0..3 {
        scene.add_oracle(key(&format!("oracle {oracle}")));
    }
    let shard = scene.open_shard();
    let [a, b] = owners().map(|owner| owner.pubkey());
    for owner in [a, b, a, a] {
        scene.register(&shard, &owner);
    }
    let values = [8_000, 6_000, 4_000, 2_000].map(|uptime_bps| measured(uptime_bps, 0));
    scene.run_epoch(&shard, 0, &values);
    assert_eq!(accrued(&mut scene, &shard), ACCRUED);
    (scene, shard)
}

fn accrued(scene: &mut Scene, shard: &Address) -> Vec<u64> {
    scene.shard(shard).1.iter().map(|slot| slot.accrued_atoms).collect()
}

fn claim(scene: &Scene, shard: &Address, owner: &Keypair, slots: &[u16]) -> Instruction {
    scene.claim_instruction(shard, &owner.pubkey(), slots)
}

#[test]
fn claim_pays_every_slot_of_the_owner_whoever_sends_it() {
    let (mut scene, shard) = settled();
    let [a, _] = owners();
    let token = scene.open_token(&a.pubkey());
    let before = scene.shard(&shard);

    let claim = claim(&scene, &shard, &a, &[0, 2, 3]);
    let receipt = scene.stage.accepts(&[claim], &[]);

    let paid = 399_999 + 199_999 + 99_999;
    assert_eq!(scene.atoms(&token), paid);
    let (header, slots) = scene.shard(&shard);
    assert_eq!(accrued(&mut scene, &shard), [0, 299_999, 0, 0]);
    assert_eq!((header.total_score, header.scored_epoch), (before.0.total_score, before.0.scored_epoch));
    for (slot, mut before) in slots.iter().zip(before.1) {
        before.accrued_atoms = slot.accrued_atoms;
        assert_eq!(*slot, before);
    }
    let emission = scene.network().emission;
    // 999,996 accrued and 4 left over.
    assert_eq!((emission.minted_atoms, emission.accrued_atoms, emission.carried_atoms), (paid, 999_996, 4));
    let mint = scene.mint;
    assert_eq!(mint::supply_atoms(&scene.stage.account(&mint).unwrap()), paid);
    let event: RewardsClaimed = receipt.event();
    assert_eq!((event.shard, event.owner, event.destination, event.atoms), (shard, a.pubkey(), token, paid));
}

#[test]
fn claim_pays_one_slot_and_leaves_the_owners_others() {
    let (mut scene, shard) = settled();
    let [a, b] = owners();
    let (of_a, of_b) = (scene.open_token(&a.pubkey()), scene.open_token(&b.pubkey()));
    let second = claim(&scene, &shard, &a, &[2]);
    let other = claim(&scene, &shard, &b, &[1]);

    scene.stage.accepts(&[second], &[]);
    assert_eq!(accrued(&mut scene, &shard), [399_999, 299_999, 0, 99_999]);
    scene.stage.accepts(&[other], &[]);

    assert_eq!(accrued(&mut scene, &shard), [399_999, 0, 0, 99_999]);
    assert_eq!((scene.atoms(&of_a), scene.atoms(&of_b)), (199_999, 299_999));
    assert_eq!(scene.network().emission.minted_atoms, 499_998);
}

#[test]
fn claim_pays_each_atom_once() {
    let (mut scene, shard) = settled();
    let [a, _] = owners();
    let token = scene.open_token(&a.pubkey());
    let claim = claim(&scene, &shard, &a, &[0, 2]);
    scene.stage.accepts(std::slice::from_ref(&claim), &[]);

    scene.stage.refuses(std::slice::from_ref(&claim), &[], StipendError::NothingToClaim);

    // The next epoch's reward is paid, and only that: of 1,000,004 atoms 4 and 2 tenths.
    let values = [8_000, 6_000, 4_000, 2_000].map(|uptime_bps| measured(uptime_bps, 0));
    scene.run_epoch(&shard, 1, &values);
    scene.stage.accepts(&[claim], &[]);
    assert_eq!(scene.atoms(&token), 399_999 + 199_999 + 400_001 + 200_000);
}

#[test]
fn claim_pays_slots_that_have_nothing_along_with_one_that_has() {
    let (mut scene, shard) = settled();
    let [a, _] = owners();
    let token = scene.open_token(&a.pubkey());
    let first = claim(&scene, &shard, &a, &[0]);
    let both = claim(&scene, &shard, &a, &[0, 3]);
    scene.stage.accepts(&[first], &[]);

    scene.stage.accepts(&[both], &[]);

    assert_eq!(scene.atoms(&token), 399_999 + 99_999);
}

#[test]
fn claim_refuses_when_nothing_has_accrued() {
    let (mut scene, shard) = settled();
    let [a, _] = owners();
    scene.open_token(&a.pubkey());
    let none = claim(&scene, &shard, &a, &[]);
    scene.stage.refuses(&[none], &[], StipendError::NothingToClaim);

    let mut scene = Scene::new();
    let shard = scene.open_shard();
    scene.register(&shard, &a.pubkey());
    scene.open_token(&a.pubkey());
    let early = claim(&scene, &shard, &a, &[0]);
    scene.stage.refuses(std::slice::from_ref(&early), &[], StipendError::NothingToClaim);
    scene.warp_to(end(0));
    scene.report_all(&shard, 0, &[measured(10_000, 0)]);
    scene.score(&shard, 0);
    scene.close();
    // Closed, but not settled.
    scene.stage.refuses(&[early], &[], StipendError::NothingToClaim);
}

#[test]
fn claim_refuses_slots_that_are_repeated_or_out_of_order() {
    let (mut scene, shard) = settled();
    let [a, _] = owners();
    scene.open_token(&a.pubkey());
    for slots in [&[0, 0][..], &[2, 2], &[2, 0], &[0, 3, 2], &[0, 2, 2, 3]] {
        let claim = claim(&scene, &shard, &a, slots);
        scene.stage.refuses(&[claim], &[], StipendError::SlotsNotAscending);
    }
}

#[test]
fn claim_refuses_half_a_slot() {
    let (mut scene, shard) = settled();
    let [a, _] = owners();
    scene.open_token(&a.pubkey());
    let whole = claim(&scene, &shard, &a, &[0, 2]);
    // Discriminator, the number of slots, two slots of two bytes.
    assert_eq!(whole.data[8..], [2, 0, 0, 0, 0, 0, 2, 0]);
    for bytes in 1..=4 {
        let mut cut = whole.clone();
        cut.data.truncate(16 - bytes);
        scene.stage.refuses(&[cut], &[], ErrorCode::InstructionDidNotDeserialize);
    }
    let mut more = whole.clone();
    more.data[8] = 3;
    scene.stage.refuses(&[more], &[], ErrorCode::InstructionDidNotDeserialize);
    scene.stage.accepts(&[whole], &[]);
}

#[test]
fn claim_refuses_a_slot_that_the_shard_has_not() {
    let (mut scene, shard) = settled();
    let [a, _] = owners();
    scene.open_token(&a.pubkey());
    for slots in [&[4][..], &[0, 4], &[u16::MAX], &[u16::MAX, u16::MAX]] {
        let claim = claim(&scene, &shard, &a, slots);
        scene.stage.refuses(&[claim], &[], StipendError::SlotOutOfRange);
    }
}

#[test]
fn claim_refuses_a_slot_of_another_owner() {
    let (mut scene, shard) = settled();
    let [a, b] = owners();
    for owner in [&a, &b] {
        scene.open_token(&owner.pubkey());
    }
    let thief = key("thief");
    scene.open_token(&thief.pubkey());
    let cases = [(&a, &[1][..]), (&a, &[0, 1]), (&a, &[1, 2]), (&b, &[0]), (&b, &[1, 2]), (&thief, &[0])];

    for (owner, slots) in cases {
        let claim = claim(&scene, &shard, owner, slots);
        scene.stage.refuses(&[claim], &[], StipendError::SlotOwnerMismatch);
    }
    // Signing changes nothing.
    let own = scene.claim_to(&shard, &thief.pubkey(), Destination::Associated, &[0]);
    let mut own = own;
    own.accounts[2].is_signer = true;
    scene.stage.refuses(&[own], &[&thief], StipendError::SlotOwnerMismatch);
}

#[test]
fn claim_goes_to_any_account_of_the_mint_if_the_owner_signs() {
    let (mut scene, shard) = settled();
    let [a, b] = owners();
    let token = scene.open_token(&b.pubkey());

    let claim = scene.claim_to(&shard, &a.pubkey(), Destination::Account(token), &[0]);
    let receipt = scene.stage.accepts(&[claim], &[&a]);

    assert_eq!(scene.atoms(&token), 399_999);
    assert_eq!(receipt.event::<RewardsClaimed>().destination, token);
}

#[test]
fn claim_goes_nowhere_else_unless_the_owner_signs() {
    let (mut scene, shard) = settled();
    let [a, b] = owners();
    let of_b = scene.open_token(&b.pubkey());
    // A token account of the owner's own, but not the associated one.
    let spare = stipend_tests::address("spare");
    let (mint, token_program) = (scene.mint, scene.token_program);
    scene.stage.put(&spare, token_account(&mint, &a.pubkey(), &token_program));

    // The last one is the associated account of the other token program.
    let elsewhere = place::associated_token(&a.pubkey(), &mint, &TOKEN_2022_ID);
    scene.stage.put(&elsewhere, token_account(&mint, &a.pubkey(), &token_program));
    for destination in [of_b, spare, elsewhere] {
        let signed = scene.claim_to(&shard, &a.pubkey(), Destination::Account(destination), &[0]);
        let unsigned = stipend_tests::unsigned(&signed, 2);
        scene.stage.refuses(&[unsigned], &[], StipendError::DestinationMismatch);
    }
    let claim = scene.claim_to(&shard, &a.pubkey(), Destination::Account(spare), &[0]);
    scene.stage.accepts(&[claim], &[&a]);
    assert_eq!(scene.atoms(&spare), 399_999);
}

#[test]
fn claim_pays_on_a_mint_of_token_2022() {
    // Alone, and with a metadata pointer.
    for extensions in [vec![], vec![(18, vec![0; 64])]] {
        let (mut scene, shard) = settled_on(TOKEN_2022_ID, extensions);
        let [a, _] = owners();
        let token = scene.open_token(&a.pubkey());

        let claim = claim(&scene, &shard, &a, &[0, 2, 3]);
        scene.stage.accepts(&[claim], &[]);

        assert_eq!(scene.atoms(&token), 399_999 + 199_999 + 99_999);
    }
}

#[test]
fn claim_pays_a_hundred_slots_at_once() {
    let mut scene = Scene::with(1, |params| (params.policy.quorum, params.shard_capacity) = (1, 100));
    let shard = scene.open_shard();
    let [a, _] = owners();
    for _ in 0..100 {
        scene.register(&shard, &a.pubkey());
    }
    scene.run_epoch(&shard, 0, &[measured(10_000, 0); 100]);
    let token = scene.open_token(&a.pubkey());

    let slots: Vec<u16> = (0..100).collect();
    let claim = claim(&scene, &shard, &a, &slots);
    scene.stage.accepts(&[claim], &[]);

    // 6,000,000,000 points share 1,000,000 atoms: 10,000 each, less the fraction that the rate's floor loses.
    assert_eq!(scene.atoms(&token), 999_900);
    assert_eq!(accrued(&mut scene, &shard), [0; 100]);
}

#[test]
fn claim_refuses_to_mint_more_than_was_accrued() {
    let (mut scene, shard) = settled();
    let [a, _] = owners();
    scene.open_token(&a.pubkey());
    scene.forge_shard(&shard, |_, slots| slots[0].accrued_atoms = 999_997);
    let forged = claim(&scene, &shard, &a, &[0]);

    // 999,996 atoms were ever added to slots.
    scene.stage.refuses(std::slice::from_ref(&forged), &[], StipendError::InvariantBroken);
    scene.forge_shard(&shard, |_, slots| slots[0].accrued_atoms = 999_996);
    scene.stage.accepts(&[forged], &[]);
}

#[test]
fn claim_refuses_sums_that_pass_their_type() {
    let (mut scene, shard) = settled();
    let [a, _] = owners();
    scene.open_token(&a.pubkey());
    let both = claim(&scene, &shard, &a, &[0, 2]);

    scene.forge_network(|network| network.emission.minted_atoms = u64::MAX);
    scene.stage.refuses(std::slice::from_ref(&both), &[], StipendError::ArithmeticOverflow);
    // What the slots hold together is more than was ever accrued.
    scene.forge_network(|network| network.emission.minted_atoms = 0);
    scene.forge_shard(&shard, |_, slots| (slots[0].accrued_atoms, slots[2].accrued_atoms) = (u64::MAX, u64::MAX));
    scene.stage.refuses(&[both], &[], StipendError::InvariantBroken);
}
