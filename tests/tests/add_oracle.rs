//! `add_oracle`.

mod bond;
mod rotation;

use anchor_lang::error::ErrorCode;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;
use stipend::{error::StipendError, event::OracleAdded, state::Oracle};
use stipend_client::instruction;
use stipend_tests::{
    address, key, measured, read_only,
    scene::{end, GENESIS},
    swapped, unsigned, Scene,
};

fn add(scene: &Scene, oracle: &Address) -> Instruction {
    instruction::add_oracle(&scene.stage.payer.pubkey(), &scene.authority.pubkey(), &scene.network, oracle)
}

#[track_caller]
fn accepts(scene: &mut Scene, name: &str) {
    let add = add(scene, &address(name));
    scene.stage.accepts(&[add], &[&scene.authority]);
}

#[track_caller]
fn refuses(scene: &mut Scene, name: &str, error: StipendError) {
    let add = add(scene, &address(name));
    scene.stage.refuses(&[add], &[&scene.authority], error);
}

fn remove(scene: &mut Scene, name: &str, at_once: bool) {
    let remove = instruction::remove_oracle(&scene.authority.pubkey(), &scene.network, &address(name), at_once);
    scene.stage.accepts(&[remove], &[&scene.authority]);
}

fn oracle(scene: &Scene, name: &str, active_from: u32, active_until: u32) -> Oracle {
    let payer = scene.stage.payer.pubkey();
    Oracle { key: address(name), active_from, active_until, payer, ..Oracle::default() }
}

#[test]
fn add_oracle_counts_from_the_next_epoch_or_from_epoch_0_before_the_genesis() {
    // The second of the call and the first epoch that counts, around each edge.
    let cases = [
        (GENESIS - 1_000, 0),
        (GENESIS - 1, 0),
        (GENESIS, 1),
        (GENESIS + 99, 1),
        (GENESIS + 100, 2),
        (GENESIS + 199, 2),
        (GENESIS + 200, 3),
    ];
    let mut scene = Scene::with(0, |params| params.policy.quorum = 16);

    for (place, (now, active_from)) in cases.into_iter().enumerate() {
        scene.warp_to(now);
        let name = format!("oracle {place}");
        let add = add(&scene, &address(&name));
        let receipt = scene.stage.accepts(&[add], &[&scene.authority]);

        assert_eq!(scene.network().oracles.entries[place], oracle(&scene, &name, active_from, u32::MAX));
        let event: OracleAdded = receipt.event();
        assert_eq!((event.network, event.oracle, event.active_from), (scene.network, address(&name), active_from));
    }
    assert_eq!(scene.network().oracles.entries[cases.len()], Oracle::default());
}

#[test]
fn add_oracle_refuses_a_key_that_is_in_the_set() {
    let mut scene = Scene::with(0, |params| params.policy.quorum = 3);
    accepts(&mut scene, "a");
    accepts(&mut scene, "b");

    refuses(&mut scene, "a", StipendError::OracleAlreadyAdded);
    refuses(&mut scene, "b", StipendError::OracleAlreadyAdded);
    scene.warp_to(end(3));
    refuses(&mut scene, "a", StipendError::OracleAlreadyAdded);
}

#[test]
fn add_oracle_refuses_the_key_of_zeros() {
    let mut scene = Scene::with(0, |_| ());
    let add = add(&scene, &Address::default());

    scene.stage.refuses(&[add], &[&scene.authority], StipendError::OracleKeyZero);
}

#[test]
fn add_oracle_keeps_the_quorum_above_half_of_the_set() {
    // 2q > n: quorum 1 bears 1 oracle, 2 bear 3, 3 bear 5.
    for (quorum, most) in [(1, 1), (2, 3), (3, 5)] {
        let mut scene = Scene::with(0, |params| params.policy.quorum = quorum);
        for place in 0..most {
            accepts(&mut scene, &format!("oracle {place}"));
        }

        refuses(&mut scene, "one more", StipendError::QuorumNotAboveHalf);
    }
}

#[test]
fn add_oracle_does_not_count_one_that_leaves_before_the_new_one_comes() {
    let mut scene = Scene::with(0, |_| ());
    for name in ["a", "b", "c"] {
        accepts(&mut scene, name);
    }
    scene.warp_to(GENESIS);
    remove(&mut scene, "b", false);

    accepts(&mut scene, "d");

    refuses(&mut scene, "e", StipendError::QuorumNotAboveHalf);
    let entries = scene.network().oracles.entries;
    let expected = [
        oracle(&scene, "a", 0, u32::MAX),
        oracle(&scene, "b", 0, 1),
        oracle(&scene, "c", 0, u32::MAX),
        oracle(&scene, "d", 1, u32::MAX),
    ];
    assert_eq!(entries[..4], expected);
}

#[test]
fn add_oracle_takes_a_key_back_that_was_removed_from_the_next_epoch_on() {
    let mut scene = Scene::with(0, |_| ());
    accepts(&mut scene, "a");
    scene.warp_to(end(0));
    remove(&mut scene, "a", false);

    accepts(&mut scene, "a");

    assert_eq!(scene.network().oracles.entries[..2], [oracle(&scene, "a", 0, 2), oracle(&scene, "a", 2, u32::MAX)]);
    refuses(&mut scene, "a", StipendError::OracleAlreadyAdded);
}

#[test]
fn add_oracle_refuses_a_seventeenth_until_the_last_epoch_of_another_is_closed() {
    let mut scene = Scene::with(0, |params| params.policy.quorum = 16);
    for place in 0..16 {
        accepts(&mut scene, &format!("oracle {place}"));
    }
    refuses(&mut scene, "new", StipendError::OracleSetFull);
    scene.warp_to(end(0));
    remove(&mut scene, "oracle 5", false);
    // It still measures epochs 0 and 1.
    refuses(&mut scene, "new", StipendError::OracleSetFull);
    scene.close();
    refuses(&mut scene, "new", StipendError::OracleSetFull);
    scene.warp_to(end(1));
    scene.close();

    accepts(&mut scene, "new");

    assert_eq!(scene.network().oracles.entries[5], oracle(&scene, "new", 3, u32::MAX));
}

#[test]
fn add_oracle_uses_the_place_of_one_that_was_removed_at_once() {
    let mut scene = Scene::with(0, |_| ());
    for name in ["a", "b", "c"] {
        accepts(&mut scene, name);
    }
    scene.warp_to(GENESIS);
    remove(&mut scene, "b", true);

    accepts(&mut scene, "d");

    let expected =
        [oracle(&scene, "a", 0, u32::MAX), oracle(&scene, "d", 1, u32::MAX), oracle(&scene, "c", 0, u32::MAX)];
    assert_eq!(scene.network().oracles.entries[..3], expected);
}

#[test]
fn add_oracle_uses_the_place_of_one_that_left_before_it_came() {
    let mut scene = Scene::with(0, |_| ());
    scene.warp_to(end(3));
    accepts(&mut scene, "a");
    remove(&mut scene, "a", false);

    accepts(&mut scene, "b");

    let entries = scene.network().oracles.entries;
    assert_eq!(entries[..2], [oracle(&scene, "b", 5, u32::MAX), Oracle::default()]);
}

#[test]
fn add_oracle_puts_a_new_one_in_the_order_of_its_place() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    scene.register(&shard, &address("owner"));
    scene.warp_to(GENESIS);
    let gone = scene.oracle_keys()[1];
    let gone = instruction::remove_oracle(&scene.authority.pubkey(), &scene.network, &gone, true);
    scene.stage.accepts(&[gone], &[&scene.authority]);
    scene.add_oracle(key("new"));
    let [first, _, third, new] = [0, 1, 2, 3].map(|place| scene.oracle_keys()[place]);
    scene.open_report(&shard, &new);
    // Epoch 0 is the first and third oracle's, epoch 1 also the new one's.
    for (epoch, order) in [(0, vec![first, third]), (1, vec![first, new, third])] {
        scene.warp_to(end(epoch));
        for oracle in [0, 2, 3].into_iter().filter(|oracle| *oracle != 3 || epoch == 1) {
            scene.report(oracle, &shard, epoch, &[measured(0, 0)]);
        }
        let by_age = instruction::score_shard(&scene.network, &shard, &[first, third, new], epoch);
        let error = if epoch == 0 { StipendError::ReportAccountExtra } else { StipendError::ReportOracleMismatch };
        scene.stage.refuses(&[by_age], &[], error);

        let score = instruction::score_shard(&scene.network, &shard, &order, epoch);
        scene.stage.accepts(&[score], &[]);
        scene.close();
    }
}

#[test]
fn add_oracle_refuses_who_is_not_the_authority() {
    let mut scene = Scene::new();
    let stranger = key("stranger");
    let add = add(&scene, &address("new"));

    let by_stranger = swapped(&add, 1, &stranger.pubkey());
    scene.stage.refuses(&[by_stranger], &[&stranger], StipendError::AuthorityMismatch);
    scene.stage.refuses(&[unsigned(&add, 1)], &[], ErrorCode::AccountNotSigner);
}

#[test]
fn add_oracle_refuses_an_impostor_of_the_network() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    let add = add(&scene, &address("new"));
    let foreign = address("foreign");
    scene.stage.copy(&scene.network.clone(), &foreign, &spl_token_interface::ID);

    let cases = [
        (foreign, ErrorCode::AccountOwnedByWrongProgram),
        (address("missing"), ErrorCode::AccountOwnedByWrongProgram),
        (shard, ErrorCode::AccountDiscriminatorMismatch),
    ];
    for (impostor, error) in cases {
        scene.stage.refuses(&[swapped(&add, 2, &impostor)], &[&scene.authority], error);
    }
    scene.stage.refuses(&[read_only(&add, 2)], &[&scene.authority], ErrorCode::ConstraintMut);
}

#[test]
fn add_oracle_changes_nothing_for_the_epoch_under_way() {
    let mut scene = Scene::with(1, |_| ());
    let shard = scene.open_shard();
    scene.register(&shard, &address("owner"));
    scene.warp_to(GENESIS);
    scene.add_oracle(key("late"));
    scene.open_report(&shard, &key("late").pubkey());
    scene.warp_to(end(0));
    scene.report(0, &shard, 0, &[measured(10_000, 1)]);
    let batch = scene.batch(0, &[measured(10_000, 1)]);
    let submit = instruction::submit_report(&key("late").pubkey(), &scene.network, &shard, &batch);

    scene.stage.refuses(&[submit], &[&key("late")], StipendError::OracleNotActive);
    let first = scene.oracle_keys()[..1].to_vec();
    let score = instruction::score_shard(&scene.network, &shard, &first, 0);
    scene.stage.accepts(&[score], &[]);
}
