//! `withdraw_bond`: when an oracle's bond goes back, and to whom.

use crate::acts::{close_unscored, funded, lamports};
use anchor_lang::error::ErrorCode;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend::{
    error::StipendError,
    event::{BondWithdrawn, OracleAdded},
};
use stipend_client::instruction;
use stipend_tests::{
    address, key, read_only,
    scene::{end, GENESIS},
    swapped, Refusal, Scene,
};

/// Lamports of a bond, enough for an account of its own.
const ORACLE_BOND: u64 = 5_000_001;
/// What the sponsor has before it pays.
const LAMPORTS: u64 = 50_000_000;

/// Two oracles whose bonds the stage's payer left, and one whose bond a sponsor left; its place is 2.
fn scene() -> (Scene, Keypair, Address) {
    let mut scene = Scene::with(2, |params| params.policy.oracle_bond_lamports = ORACLE_BOND);
    let sponsor = funded(&mut scene, "sponsor", LAMPORTS);
    let oracle = key("sponsored").pubkey();
    add(&mut scene, &sponsor, &oracle);
    (scene, sponsor, oracle)
}

fn add(scene: &mut Scene, payer: &Keypair, oracle: &Address) {
    let add = instruction::add_oracle(&payer.pubkey(), &scene.authority.pubkey(), &scene.network, oracle);
    scene.stage.accepts(&[add], &[payer, &scene.authority]);
}

fn withdraw(scene: &Scene, payer: &Keypair, oracle: &Address) -> Instruction {
    instruction::withdraw_bond(&scene.network, &payer.pubkey(), oracle)
}

#[test]
fn withdraw_bond_pays_back_what_the_payer_left_and_the_network_held() {
    let mut scene = Scene::with(2, |params| params.policy.oracle_bond_lamports = ORACLE_BOND);
    let (sponsor, network) = (funded(&mut scene, "sponsor", LAMPORTS), scene.network);
    let oracle = key("sponsored").pubkey();
    let before = lamports(&mut scene, &network);

    let add = instruction::add_oracle(&sponsor.pubkey(), &scene.authority.pubkey(), &network, &oracle);
    let receipt = scene.stage.accepts(&[add], &[&sponsor, &scene.authority]);

    let event: OracleAdded = receipt.event();
    assert_eq!((event.network, event.oracle, event.active_from), (network, oracle, 0));
    assert_eq!((event.bond_lamports, event.payer, event.policy_from_epoch), (ORACLE_BOND, sponsor.pubkey(), 0));
    assert_eq!(lamports(&mut scene, &network), before + ORACLE_BOND);
    assert_eq!(lamports(&mut scene, &sponsor.pubkey()), LAMPORTS - ORACLE_BOND);
    let entry = scene.network().oracles.entries[2];
    assert_eq!((entry.bond_lamports, entry.payer), (ORACLE_BOND, sponsor.pubkey()));

    scene.remove_oracle(&oracle, true);
    close_unscored(&mut scene, 0);
    let withdraw = withdraw(&scene, &sponsor, &oracle);
    let receipt = scene.stage.accepts(std::slice::from_ref(&withdraw), &[]);

    let event: BondWithdrawn = receipt.event();
    assert_eq!((event.network, event.oracle), (network, oracle));
    assert_eq!((event.payer, event.bond_lamports), (sponsor.pubkey(), ORACLE_BOND));
    assert_eq!(lamports(&mut scene, &network), before);
    assert_eq!(lamports(&mut scene, &sponsor.pubkey()), LAMPORTS);
    let mut expected = entry;
    (expected.active_until, expected.bond_lamports) = (0, 0);
    assert_eq!(scene.network().oracles.entries[2], expected);
    // Once.
    scene.stage.refuses(&[withdraw], &[], StipendError::OracleUnknown);
}

#[test]
fn withdraw_bond_holds_it_while_the_oracle_is_in_the_set() {
    let (mut scene, sponsor, oracle) = scene();
    let withdraw = withdraw(&scene, &sponsor, &oracle);

    scene.stage.refuses(std::slice::from_ref(&withdraw), &[], StipendError::BondHeld);
    scene.warp_to(end(40));
    scene.close();
    scene.stage.refuses(&[withdraw], &[], StipendError::BondHeld);
}

#[test]
fn withdraw_bond_holds_it_until_an_epoch_is_closed_that_the_oracle_did_not_measure() {
    // When it is removed, whether at once, and the first epoch that it does not measure.
    for (now, at_once, active_until) in
        [(GENESIS - 1, false, 0), (GENESIS, false, 1), (end(1), false, 3), (GENESIS, true, 0), (end(2) - 1, true, 0)]
    {
        let (mut scene, sponsor, oracle) = scene();
        scene.warp_to(now);
        scene.remove_oracle(&oracle, at_once);
        assert_eq!(scene.network().oracles.entries[2].active_until, active_until);
        let withdraw = withdraw(&scene, &sponsor, &oracle);

        // Until the epoch that it did not measure is closed, which the open epoch then is behind.
        while scene.network().open_epoch <= active_until {
            scene.stage.refuses(std::slice::from_ref(&withdraw), &[], StipendError::BondHeld);
            let over = end(scene.network().open_epoch).max(scene.stage.now());
            scene.warp_to(over);
            scene.stage.refuses(std::slice::from_ref(&withdraw), &[], StipendError::BondHeld);
            scene.close();
        }
        scene.stage.accepts(&[withdraw], &[]);
        assert_eq!(lamports(&mut scene, &sponsor.pubkey()), LAMPORTS);
    }
}

#[test]
fn withdraw_bond_counts_from_the_removal_that_came_at_once_in_a_later_epoch() {
    let (mut scene, sponsor, oracle) = scene();
    scene.warp_to(end(0));
    scene.close();
    scene.warp_to(end(1));
    scene.close();
    scene.remove_oracle(&oracle, true);
    assert_eq!(scene.network().oracles.entries[2].active_until, 2);
    let withdraw = withdraw(&scene, &sponsor, &oracle);

    // Epochs 0 and 1 were closed, but those it measured.
    scene.stage.refuses(std::slice::from_ref(&withdraw), &[], StipendError::BondHeld);
    scene.warp_to(end(2));
    scene.close();
    scene.stage.accepts(&[withdraw], &[]);
}

#[test]
fn withdraw_bond_of_an_oracle_that_left_before_it_came_waits_all_the_same() {
    let mut scene = Scene::with(2, |params| params.policy.oracle_bond_lamports = ORACLE_BOND);
    let sponsor = funded(&mut scene, "sponsor", LAMPORTS);
    let oracle = key("sponsored").pubkey();
    scene.warp_to(GENESIS);
    add(&mut scene, &sponsor, &oracle);
    scene.remove_oracle(&oracle, true);
    let entry = scene.network().oracles.entries[2];
    assert_eq!((entry.active_from, entry.active_until), (1, 0));
    let withdraw = withdraw(&scene, &sponsor, &oracle);

    scene.stage.refuses(std::slice::from_ref(&withdraw), &[], StipendError::BondHeld);
    scene.warp_to(end(0));
    scene.close();
    scene.stage.accepts(&[withdraw], &[]);
    assert_eq!(lamports(&mut scene, &sponsor.pubkey()), LAMPORTS);
}

#[test]
fn withdraw_bond_pays_the_bond_that_was_left_whatever_the_policy_asks_since() {
    let (mut scene, sponsor, oracle) = scene();
    scene.update_policy(0, None, |policy| policy.oracle_bond_lamports = 1);
    scene.remove_oracle(&oracle, true);
    close_unscored(&mut scene, 0);
    let withdraw = withdraw(&scene, &sponsor, &oracle);

    scene.stage.accepts(&[withdraw], &[]);

    assert_eq!(lamports(&mut scene, &sponsor.pubkey()), LAMPORTS);
}

#[test]
fn withdraw_bond_pays_each_entry_of_a_key_that_came_back_in_its_time() {
    let (mut scene, sponsor, oracle) = scene();
    scene.warp_to(GENESIS);
    scene.remove_oracle(&oracle, false);
    let other = funded(&mut scene, "other sponsor", LAMPORTS);
    add(&mut scene, &other, &oracle);
    let (first, second) = (withdraw(&scene, &sponsor, &oracle), withdraw(&scene, &other, &oracle));
    scene.warp_to(end(0));
    scene.close();
    scene.stage.refuses(std::slice::from_ref(&first), &[], StipendError::BondHeld);
    scene.warp_to(end(1));
    scene.close();

    scene.stage.refuses(std::slice::from_ref(&second), &[], StipendError::BondHeld);
    scene.stage.accepts(&[first], &[]);

    assert_eq!(lamports(&mut scene, &sponsor.pubkey()), LAMPORTS);
    scene.remove_oracle(&oracle, true);
    scene.warp_to(end(2));
    scene.close();
    scene.stage.accepts(&[second], &[]);
    assert_eq!(lamports(&mut scene, &other.pubkey()), LAMPORTS);
}

#[test]
fn withdraw_bond_finds_the_entry_that_is_due_wherever_it_stands() {
    // Oracle 0 leaves for good. The sponsored one, in place 2, leaves and comes back into place 0, all by one sponsor.
    let (mut scene, sponsor, oracle) = scene();
    let gone = scene.oracle_keys()[0];
    scene.remove_oracle(&gone, true);
    close_unscored(&mut scene, 0);
    let payer = scene.stage.payer.insecure_clone();
    let freed = withdraw(&scene, &payer, &gone);
    scene.stage.accepts(&[freed], &[]);
    scene.remove_oracle(&oracle, false);
    add(&mut scene, &sponsor, &oracle);
    let entries = scene.network().oracles.entries;
    assert_eq!((entries[0].key, entries[2].key), (oracle, oracle));
    scene.warp_to(end(20));
    scene.close();
    assert!(scene.network().open_epoch > entries[2].active_until);

    let withdraw = withdraw(&scene, &sponsor, &oracle);
    scene.stage.accepts(&[withdraw], &[]);

    let entries = scene.network().oracles.entries;
    assert_eq!((entries[0].bond_lamports, entries[2].bond_lamports), (ORACLE_BOND, 0));
    assert_eq!(lamports(&mut scene, &sponsor.pubkey()), LAMPORTS - ORACLE_BOND);
}

#[test]
fn withdraw_bond_refuses_who_has_none() {
    let (mut scene, sponsor, oracle) = scene();
    let stranger = key("stranger");
    scene.remove_oracle(&oracle, true);
    close_unscored(&mut scene, 0);
    let payer = scene.stage.payer.insecure_clone();

    // Another payer, another oracle, an empty entry.
    for (payer, oracle) in
        [(&stranger, oracle), (&payer, oracle), (&sponsor, address("nobody")), (&sponsor, Address::default())]
    {
        let withdraw = withdraw(&scene, payer, &oracle);
        scene.stage.refuses(&[withdraw], &[], StipendError::OracleUnknown);
    }
}

#[test]
fn withdraw_bond_waits_for_a_payer_that_could_not_exist_with_that_little() {
    let mut scene = Scene::with(2, |params| params.policy.oracle_bond_lamports = 1);
    let sponsor = funded(&mut scene, "sponsor", LAMPORTS);
    let oracle = key("sponsored").pubkey();
    add(&mut scene, &sponsor, &oracle);
    scene.remove_oracle(&oracle, true);
    close_unscored(&mut scene, 0);
    let withdraw = withdraw(&scene, &sponsor, &oracle);

    // Nobody can make it forfeit the bond by being quick: it is still there once the payer has lamports again.
    funded(&mut scene, "sponsor", 0);
    scene.stage.refuses(std::slice::from_ref(&withdraw), &[], StipendError::PayerEmpty);
    funded(&mut scene, "sponsor", LAMPORTS);
    scene.stage.accepts(&[withdraw], &[]);
    assert_eq!(lamports(&mut scene, &sponsor.pubkey()), LAMPORTS + 1);
}

#[test]
fn withdraw_bond_of_nothing_is_refused() {
    let mut scene = Scene::new();
    let oracle = scene.oracle_keys()[0];
    scene.remove_oracle(&oracle, true);
    close_unscored(&mut scene, 0);
    let payer = scene.stage.payer.insecure_clone();

    let withdraw = withdraw(&scene, &payer, &oracle);

    scene.stage.refuses(&[withdraw], &[], StipendError::OracleUnknown);
}

#[test]
fn withdraw_bond_refuses_an_impostor_of_each_account() {
    let (mut scene, sponsor, oracle) = scene();
    scene.remove_oracle(&oracle, true);
    let (twin, twin_shard) = scene.twin(&address("owner"));
    close_unscored(&mut scene, 0);
    let withdraw = withdraw(&scene, &sponsor, &oracle);
    let foreign = address("foreign");
    scene.stage.copy(&scene.network.clone(), &foreign, &spl_token_interface::ID);

    let cases: [(usize, Address, Refusal); 5] = [
        (0, twin, StipendError::OracleUnknown.into()),
        (0, twin_shard, ErrorCode::AccountDiscriminatorMismatch.into()),
        (0, foreign, ErrorCode::AccountOwnedByWrongProgram.into()),
        (0, address("missing"), ErrorCode::AccountOwnedByWrongProgram.into()),
        (1, address("pocket"), StipendError::OracleUnknown.into()),
    ];
    for (place, impostor, refusal) in cases {
        scene.stage.refuses(&[swapped(&withdraw, place, &impostor)], &[], refusal);
    }
    for place in [0, 1] {
        scene.stage.refuses(&[read_only(&withdraw, place)], &[], ErrorCode::ConstraintMut);
    }
    scene.stage.accepts(&[withdraw], &[]);
}
