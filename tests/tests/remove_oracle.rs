//! `remove_oracle`.

use anchor_lang::error::ErrorCode;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;
use stipend::{error::StipendError, event::OracleRemoved, state::Oracle};
use stipend_client::instruction;
use stipend_tests::{
    address, key, measured, read_only,
    scene::{end, GENESIS, REPORT_SECS},
    swapped, unsigned, Scene,
};

fn remove(scene: &Scene, oracle: &Address, at_once: bool) -> Instruction {
    instruction::remove_oracle(&scene.authority.pubkey(), &scene.network, oracle, at_once)
}

/// Three oracles, removed one after another: at the second, in this way.
fn removed(now: i64, at_once: bool) -> (Oracle, OracleRemoved) {
    let mut scene = Scene::new();
    scene.warp_to(now);
    let oracle = scene.oracle_keys()[1];
    let remove = remove(&scene, &oracle, at_once);
    let receipt = scene.stage.accepts(&[remove], &[&scene.authority]);
    let network = scene.network();
    let (before, after) = (network.oracles.entries[0], network.oracles.entries[2]);
    assert_eq!((before.active_until, after.active_until), (u32::MAX, u32::MAX));
    let event: OracleRemoved = receipt.event();
    assert_eq!((event.network, event.oracle), (scene.network, oracle));
    assert_eq!(network.oracles.entries[1].key, oracle);
    (network.oracles.entries[1], event)
}

#[test]
fn remove_oracle_ends_with_the_epoch_under_way() {
    // The second of the call and the first epoch that the oracle does not measure.
    let cases = [(GENESIS - 1, 0), (GENESIS, 1), (GENESIS + 99, 1), (GENESIS + 100, 2)];

    for (now, active_until) in cases {
        let (oracle, event) = removed(now, false);

        assert_eq!((oracle.active_from, oracle.active_until), (0, active_until));
        assert_eq!(event.active_until, active_until);
    }
}

#[test]
fn remove_oracle_at_once_ends_with_the_last_closed_epoch() {
    let (oracle, event) = removed(end(5), true);

    assert_eq!((oracle.active_from, oracle.active_until, event.active_until), (0, 0, 0));

    let mut scene = Scene::new();
    scene.warp_to(end(1));
    scene.close();
    assert_eq!(scene.network().open_epoch, 2);
    let oracle = scene.oracle_keys()[0];
    let remove = remove(&scene, &oracle, true);
    scene.stage.accepts(&[remove], &[&scene.authority]);
    assert_eq!(scene.network().oracles.entries[0].active_until, 2);
}

#[test]
fn remove_oracle_lets_the_last_epoch_be_reported() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    scene.register(&shard, &address("owner"));
    scene.warp_to(GENESIS);
    let last = scene.oracle_keys()[2];
    let remove = remove(&scene, &last, false);
    scene.stage.accepts(&[remove], &[&scene.authority]);
    scene.warp_to(end(0));

    scene.report_all(&shard, 0, &[measured(10_000, 1)]);
    scene.score(&shard, 0);

    scene.close();
    scene.settle(&shard);
    scene.warp_to(end(1));
    let batch = scene.batch(1, &[measured(10_000, 1)]);
    let submit = instruction::submit_report(&last, &scene.network, &shard, &batch);
    scene.stage.refuses(&[submit], &[&scene.oracles[2]], StipendError::OracleNotActive);
    for oracle in 0..2 {
        scene.report(oracle, &shard, 1, &[measured(10_000, 1)]);
    }
    let score = instruction::score_shard(&scene.network, &shard, &scene.oracle_keys(), 1);
    scene.stage.refuses(&[score], &[], StipendError::ReportAccountExtra);
    let score = instruction::score_shard(&scene.network, &shard, &scene.oracle_keys()[..2], 1);
    scene.stage.accepts(&[score], &[]);
}

#[test]
fn remove_oracle_at_once_voids_what_it_reported() {
    let mut scene = Scene::with(3, |params| params.policy.quorum = 2);
    let shard = scene.open_shard();
    scene.register(&shard, &address("owner"));
    scene.warp_to(end(0));
    for (oracle, uptime_bps) in [8_000, 9_000, 7_000].into_iter().enumerate() {
        scene.report(oracle, &shard, 0, &[measured(uptime_bps, 0)]);
    }
    let liar = scene.oracle_keys()[0];

    let remove = remove(&scene, &liar, true);
    scene.stage.accepts(&[remove], &[&scene.authority]);

    let batch = scene.batch(0, &[measured(8_000, 0)]);
    let submit = instruction::submit_report(&liar, &scene.network, &shard, &batch);
    scene.stage.refuses(&[submit], &[&scene.oracles[0]], StipendError::OracleNotActive);
    let score = instruction::score_shard(&scene.network, &shard, &scene.oracle_keys()[1..], 0);
    scene.stage.accepts(&[score], &[]);
    // The lower of 9,000 and 7,000; with the voided one it would be 8,000.
    assert_eq!(scene.shard(&shard).1[0].uptime_bps, 7_000);
}

#[test]
fn remove_oracle_may_leave_fewer_than_the_quorum_and_then_nothing_scores() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    scene.register(&shard, &address("owner"));
    scene.warp_to(end(0));
    scene.report_all(&shard, 0, &[measured(10_000, 1)]);
    for oracle in [1, 2] {
        let remove = remove(&scene, &scene.oracle_keys()[oracle], true);
        scene.stage.accepts(&[remove], &[&scene.authority]);
    }

    let score = instruction::score_shard(&scene.network, &shard, &scene.oracle_keys()[..1], 0);
    scene.stage.accepts(&[score], &[]);

    let (shard, slots) = scene.shard(&shard);
    assert_eq!((shard.total_score, slots[0].score, slots[0].reason), (0, 0, 5));
}

#[test]
fn remove_oracle_at_once_cuts_a_removal_from_the_next_epoch_short() {
    let mut scene = Scene::new();
    scene.warp_to(end(0) + REPORT_SECS);
    let oracle = scene.oracle_keys()[0];
    let keys = scene.authority.insecure_clone();
    let from_next = remove(&scene, &oracle, false);
    scene.stage.accepts(std::slice::from_ref(&from_next), &[&keys]);
    assert_eq!(scene.network().oracles.entries[0].active_until, 2);
    // Nothing is left to remove from the next epoch on.
    scene.stage.refuses(&[from_next], &[&keys], StipendError::OracleUnknown);

    let at_once = remove(&scene, &oracle, true);
    scene.stage.accepts(std::slice::from_ref(&at_once), &[&keys]);

    assert_eq!(scene.network().oracles.entries[0].active_until, 0);
    scene.stage.refuses(&[at_once], &[&keys], StipendError::OracleUnknown);
}

#[test]
fn remove_oracle_at_once_ends_both_entries_of_a_key_that_came_back() {
    let mut scene = Scene::with(1, |_| ());
    scene.warp_to(GENESIS);
    let (oracle, authority) = (scene.oracle_keys()[0], scene.authority.pubkey());
    let away = remove(&scene, &oracle, false);
    let back = instruction::add_oracle(&scene.stage.payer.pubkey(), &authority, &scene.network, &oracle);
    scene.stage.accepts(&[away, back], &[&scene.authority]);

    let at_once = remove(&scene, &oracle, true);
    scene.stage.accepts(&[at_once], &[&scene.authority]);

    let entries = scene.network().oracles.entries;
    assert_eq!((entries[0].active_from, entries[0].active_until), (0, 0));
    assert_eq!((entries[1].active_from, entries[1].active_until), (1, 0));
}

#[test]
fn remove_oracle_refuses_a_key_that_is_not_in_the_set() {
    let mut scene = Scene::new();
    for (oracle, at_once) in [(address("nobody"), false), (address("nobody"), true), (Address::default(), true)] {
        let remove = remove(&scene, &oracle, at_once);

        scene.stage.refuses(&[remove], &[&scene.authority], StipendError::OracleUnknown);
    }
}

#[test]
fn remove_oracle_refuses_who_is_not_the_authority() {
    let mut scene = Scene::new();
    let stranger = key("stranger");
    let remove = remove(&scene, &scene.oracle_keys()[0], true);

    let by_stranger = swapped(&remove, 0, &stranger.pubkey());
    scene.stage.refuses(&[by_stranger], &[&stranger], StipendError::AuthorityMismatch);
    scene.stage.refuses(&[unsigned(&remove, 0)], &[], ErrorCode::AccountNotSigner);
}

#[test]
fn remove_oracle_refuses_an_impostor_of_the_network() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    let remove = remove(&scene, &scene.oracle_keys()[0], true);
    let foreign = address("foreign");
    scene.stage.copy(&scene.network.clone(), &foreign, &spl_token_interface::ID);

    let cases = [
        (foreign, ErrorCode::AccountOwnedByWrongProgram),
        (address("missing"), ErrorCode::AccountOwnedByWrongProgram),
        (shard, ErrorCode::AccountDiscriminatorMismatch),
    ];
    for (impostor, error) in cases {
        scene.stage.refuses(&[swapped(&remove, 1, &impostor)], &[&scene.authority], error);
    }
    scene.stage.refuses(&[read_only(&remove, 1)], &[&scene.authority], ErrorCode::ConstraintMut);
}
