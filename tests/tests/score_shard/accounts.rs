//! The reports that are passed: all of them, each once, in the set's order.

use super::{scene, score};
use anchor_lang::error::ErrorCode;
use solana_account::Account;
use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction};
use solana_signer::Signer;
use stipend::{
    error::StipendError,
    state::{Report, Tail},
};
use stipend_client::{address as place, instruction};
use stipend_tests::{
    address, key, measured,
    scene::{end, REPORT_SECS},
    swapped, Refusal, Scene,
};

/// All three reports are in; the third oracle alone saw the node down.
fn reported() -> (Scene, Address, Instruction) {
    let (mut scene, shard) = scene();
    for (oracle, uptime_bps) in [9_000, 8_000, 0].into_iter().enumerate() {
        scene.report(oracle, &shard, 0, &[measured(uptime_bps, 1)]);
    }
    let score = score(&scene, &shard, 0);
    (scene, shard, score)
}

#[test]
fn score_shard_refuses_a_report_that_is_left_out() {
    let (mut scene, shard, _) = reported();
    let keys = scene.oracle_keys();
    let cases: [(&[Address], StipendError); 5] = [
        (&[], StipendError::ReportAccountMissing),
        (&keys[..1], StipendError::ReportAccountMissing),
        (&keys[..2], StipendError::ReportAccountMissing),
        (&[keys[0], keys[2]], StipendError::ReportOracleMismatch),
        (&keys[1..], StipendError::ReportOracleMismatch),
    ];

    for now in [end(0), end(0) + REPORT_SECS] {
        scene.warp_to(now);
        for (oracles, error) in cases {
            let score = instruction::score_shard(&scene.network, &shard, oracles, 0);
            scene.stage.refuses(&[score], &[], error);
        }
    }
}

#[test]
fn score_shard_refuses_a_report_that_is_repeated_or_out_of_order() {
    let (mut scene, shard, _) = reported();
    let [a, b, c] = [0, 1, 2].map(|oracle| scene.oracle_keys()[oracle]);

    for oracles in [[a, a, c], [a, b, b], [b, a, c], [a, c, b], [c, b, a], [b, c, a]] {
        let score = instruction::score_shard(&scene.network, &shard, &oracles, 0);
        scene.stage.refuses(&[score], &[], StipendError::ReportOracleMismatch);
    }
}

#[test]
fn score_shard_refuses_a_report_too_many() {
    let (mut scene, shard, _) = reported();
    let mut keys = scene.oracle_keys();
    for more in [keys[2], keys[0], address("nobody")] {
        keys.truncate(3);
        keys.push(more);
        let score = instruction::score_shard(&scene.network, &shard, &keys, 0);
        scene.stage.refuses(&[score], &[], StipendError::ReportAccountExtra);
    }
}

#[test]
fn score_shard_refuses_a_report_more_than_sixteen() {
    let mut scene = Scene::with(16, |params| params.policy.quorum = 16);
    let shard = scene.open_shard();
    scene.register(&shard, &address("owner"));
    scene.warp_to(end(0));
    scene.report_all(&shard, 0, &[]);
    let mut keys = scene.oracle_keys();
    keys.push(keys[15]);

    let score = instruction::score_shard(&scene.network, &shard, &keys, 0);
    scene.stage.refuses(&[score], &[], StipendError::ReportAccountExtra);
    scene.score(&shard, 0);
}

#[test]
fn score_shard_refuses_a_report_that_is_not_the_oracles_of_this_shard() {
    let (mut scene, shard, score) = reported();
    let (_, twin_shard) = scene.twin(&address("owner"));
    let oracle = scene.oracle_keys()[2];
    let report = place::report(&shard, &oracle);
    let foreign = address("foreign");
    scene.stage.copy(&report, &foreign, &spl_token_interface::ID);
    let directory = place::directory(&scene.network, &key("device 0").pubkey());
    let network = scene.network;

    let cases: [(Address, Refusal); 6] = [
        (place::report(&twin_shard, &oracle), StipendError::ReportShardMismatch.into()),
        (foreign, ErrorCode::AccountOwnedByWrongProgram.into()),
        (spl_token_interface::ID, ErrorCode::AccountOwnedByWrongProgram.into()),
        (directory, ErrorCode::AccountDiscriminatorMismatch.into()),
        (twin_shard, ErrorCode::AccountDiscriminatorMismatch.into()),
        (network_copy(&mut scene, &network), ErrorCode::AccountDiscriminatorMismatch.into()),
    ];
    for (impostor, refusal) in cases {
        scene.stage.refuses(&[swapped(&score, 4, &impostor)], &[], refusal);
    }
}

fn network_copy(scene: &mut Scene, network: &Address) -> Address {
    let copy = address("network copy");
    scene.stage.copy(network, &copy, &stipend::ID);
    copy
}

#[test]
fn score_shard_refuses_an_account_of_nobody_in_place_of_a_report() {
    let (mut scene, shard, score) = reported();
    let oracle = scene.oracle_keys()[2];
    let report = place::report(&shard, &oracle);
    let [lamports, copy] = ["lamports", "copy"].map(address);
    scene.stage.put(&lamports, Account { lamports: 5_000_000, ..Account::default() });
    scene.stage.copy(&report, &copy, &Address::default());
    let elsewhere = [
        address("missing"),
        lamports,
        // The right bytes, but the system program's.
        copy,
        // An address that the program could use, but for another oracle, shard or kind.
        place::report(&shard, &address("nobody")),
        place::report(&address("no shard"), &oracle),
        place::shard(&scene.network, 1),
    ];

    for now in [end(0), end(0) + REPORT_SECS] {
        scene.warp_to(now);
        for impostor in elsewhere {
            scene.stage.refuses(&[swapped(&score, 4, &impostor)], &[], StipendError::ReportOracleMismatch);
        }
    }
}

#[test]
fn score_shard_takes_the_address_of_a_report_that_was_never_opened() {
    for lamports in [0, 5_000_000] {
        let (mut scene, shard, score) = reported();
        let report = place::report(&shard, &scene.oracle_keys()[1]);
        scene.stage.put(&report, Account { lamports, ..Account::default() });

        scene.stage.refuses(std::slice::from_ref(&score), &[], StipendError::ReportsIncomplete);
        scene.warp_to(end(0) + REPORT_SECS);
        scene.stage.accepts(&[score], &[]);

        // The lower of 9,000 and 0.
        assert_eq!(scene.shard(&shard).1[0].uptime_bps, 0);
    }
}

#[test]
fn score_shard_refuses_a_report_of_a_wrong_size() {
    let (mut scene, shard, score) = reported();
    let report = place::report(&shard, &scene.oracle_keys()[2]);
    let stored = scene.stage.account(&report).unwrap();
    // Cut short, with a part of an entry, and with fewer entries than the shard has slots.
    let header = Report::HEADER_SPACE;
    let cases: [(usize, Refusal); 7] = [
        (7, ErrorCode::AccountDiscriminatorNotFound.into()),
        (8, ErrorCode::AccountDidNotDeserialize.into()),
        (header - 1, ErrorCode::AccountDidNotDeserialize.into()),
        (header + 1, StipendError::AccountSizeWrong.into()),
        (header + 4 * 6 - 1, StipendError::AccountSizeWrong.into()),
        (header, StipendError::AccountSizeWrong.into()),
        (header + 2 * 6, StipendError::AccountSizeWrong.into()),
    ];
    for (bytes, refusal) in cases {
        let data = stored.data[..bytes].to_vec();
        scene.stage.put(&report, Account { data, ..stored.clone() });

        scene.stage.refuses(std::slice::from_ref(&score), &[], refusal);
    }
}

#[test]
fn score_shard_reads_a_report_wherever_it_is_passed_from() {
    let (mut scene, shard, mut score) = reported();
    // Writable and in place of read-only: what the accounts are allowed changes nothing.
    for meta in &mut score.accounts[2..] {
        *meta = AccountMeta::new(meta.pubkey, false);
    }

    scene.stage.accepts(&[score], &[]);

    assert_eq!(scene.shard(&shard).1[0].uptime_bps, 8_000);
}

#[test]
fn score_shard_forgets_what_a_report_says_of_the_epoch_before() {
    let (mut scene, shard, score) = reported();
    scene.stage.accepts(&[score], &[]);
    scene.close();
    scene.settle(&shard);
    scene.warp_to(end(1));
    scene.report(0, &shard, 1, &[measured(7_000, 1)]);
    let second = super::score(&scene, &shard, 1);
    scene.stage.refuses(std::slice::from_ref(&second), &[], StipendError::ReportsIncomplete);
    scene.warp_to(end(1) + REPORT_SECS);

    scene.stage.accepts(&[second], &[]);

    // One of three, below the quorum of two; the two old reports would have made it 8,000 or 7,000.
    let slot = scene.shard(&shard).1[0];
    assert_eq!((slot.uptime_bps, slot.score, slot.reason), (0xffff, 0, 5));
}

#[test]
fn score_shard_needs_no_report_where_no_oracle_is_active() {
    let mut scene = Scene::with(0, |_| ());
    let shard = scene.open_shard();
    scene.register(&shard, &address("owner"));
    scene.warp_to(end(0));

    scene.score(&shard, 0);

    let (header, slots) = scene.shard(&shard);
    assert_eq!((header.total_score, slots[0].reason), (0, 5));
}
