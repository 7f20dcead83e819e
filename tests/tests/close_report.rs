//! `close_report`: which reports nobody needs any more.

use crate::acts::{close_unscored, funded, lamports, Tenant};
use anchor_lang::error::ErrorCode;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend::{
    error::StipendError,
    event::ReportClosed,
    state::{Report, Tail},
};
use stipend_client::{address as place, instruction};
use stipend_tests::{
    address, measured, read_only,
    scene::{end, GENESIS},
    swapped, Refusal, Scene,
};

/// What a sponsor has before it pays.
const LAMPORTS: u64 = 100_000_000;

/// Three oracles and a shard with a node; a sponsor opened the report of oracle 0.
fn scene_with_bond(oracle_bond_lamports: u64) -> (Scene, Address, Keypair) {
    let mut scene = Scene::with(3, |params| params.policy.oracle_bond_lamports = oracle_bond_lamports);
    let payer = scene.stage.payer.pubkey();
    let shard = place::shard(&scene.network, 0);
    let sponsor = funded(&mut scene, "sponsor", LAMPORTS);
    let keys = scene.oracle_keys();
    let open_shard = instruction::open_shard(&payer, &scene.network, 0);
    let open = instruction::open_report(&sponsor.pubkey(), &scene.network, &shard, &keys[0]);
    scene.stage.accepts(&[open_shard, open], &[&sponsor]);
    for oracle in &keys[1..] {
        scene.open_report(&shard, oracle);
    }
    scene.shards.push(shard);
    scene.register(&shard, &address("owner"));
    (scene, shard, sponsor)
}

fn scene() -> (Scene, Address, Keypair) {
    scene_with_bond(0)
}

fn close(scene: &Scene, shard: &Address, sponsor: &Keypair) -> Instruction {
    instruction::close_report(&scene.network, shard, &scene.oracle_keys()[0], &sponsor.pubkey())
}

#[test]
fn close_report_pays_the_rent_back_to_who_opened_it() {
    let (mut scene, shard, sponsor) = scene();
    let oracle = scene.oracle_keys()[0];
    let report = place::report(&shard, &oracle);
    let rent = scene.stage.rent_lamports(Report::checked_space(4).unwrap());
    assert_eq!(lamports(&mut scene, &sponsor.pubkey()), LAMPORTS - rent);
    scene.remove_oracle(&oracle, true);

    let close = close(&scene, &shard, &sponsor);
    let receipt = scene.stage.accepts(std::slice::from_ref(&close), &[]);

    assert_eq!(scene.stage.account(&report), None);
    assert_eq!(lamports(&mut scene, &sponsor.pubkey()), LAMPORTS);
    let event: ReportClosed = receipt.event();
    assert_eq!((event.shard, event.oracle, event.report), (shard, oracle, report));
    scene.stage.refuses(&[close], &[], ErrorCode::AccountOwnedByWrongProgram);
    // The others go on without it.
    scene.warp_to(end(0));
    for oracle in [1, 2] {
        scene.report(oracle, &shard, 0, &[measured(9_000, 0)]);
    }
    let score = instruction::score_shard(&scene.network, &shard, &scene.oracle_keys()[1..], 0);
    scene.stage.accepts(&[score], &[]);
    assert_eq!(scene.shard(&shard).1[0].uptime_bps, 9_000);
}

#[test]
fn close_report_keeps_that_of_an_oracle_in_the_set() {
    let (mut scene, shard, sponsor) = scene();
    let close = close(&scene, &shard, &sponsor);

    scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::ReportInUse);
    close_unscored(&mut scene, 0);
    scene.stage.refuses(&[close], &[], StipendError::ReportInUse);
}

#[test]
fn close_report_waits_for_the_last_epoch_that_the_oracle_measures() {
    let (mut scene, shard, sponsor) = scene();
    let oracle = scene.oracle_keys()[0];
    scene.warp_to(GENESIS);
    scene.remove_oracle(&oracle, false);
    let close = close(&scene, &shard, &sponsor);

    scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::ReportInUse);
    scene.warp_to(end(0));
    scene.report_all(&shard, 0, &[measured(9_000, 0)]);
    scene.score(&shard, 0);
    scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::ReportInUse);
    scene.close();
    assert_eq!(scene.network().open_epoch, 1);
    scene.stage.accepts(&[close], &[]);
    assert_eq!(lamports(&mut scene, &sponsor.pubkey()), LAMPORTS);
}

#[test]
fn close_report_keeps_that_of_an_oracle_that_comes_back() {
    let (mut scene, shard, sponsor) = scene();
    let oracle = scene.oracle_keys()[0];
    scene.remove_oracle(&oracle, true);
    let payer = scene.stage.payer.pubkey();
    let add = instruction::add_oracle(&payer, &scene.authority.pubkey(), &scene.network, &oracle);
    scene.govern(add);

    let close = close(&scene, &shard, &sponsor);

    scene.stage.refuses(&[close], &[], StipendError::ReportInUse);
}

#[test]
fn close_report_keeps_what_a_held_bond_answers_for() {
    // Otherwise an oracle that is removed takes away what would convict it, and gets its bond back.
    let (mut scene, shard, sponsor) = scene_with_bond(5_000_000);
    let (oracle, payer) = (scene.oracle_keys()[0], scene.stage.payer.pubkey());
    scene.remove_oracle(&oracle, true);
    let close = close(&scene, &shard, &sponsor);

    scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::ReportInUse);
    close_unscored(&mut scene, 0);
    scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::ReportInUse);
    let withdraw = instruction::withdraw_bond(&scene.network, &payer, &oracle);
    scene.stage.accepts(&[withdraw], &[]);
    scene.stage.accepts(&[close], &[]);
    assert_eq!(lamports(&mut scene, &sponsor.pubkey()), LAMPORTS);
}

#[test]
fn close_report_takes_every_report_of_a_shard_without_a_slot() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    let payer = scene.stage.payer.pubkey();
    let keys = scene.oracle_keys();
    let closes: Vec<_> =
        keys.iter().map(|oracle| instruction::close_report(&scene.network, &shard, oracle, &payer)).collect();
    assert_eq!(scene.shard(&shard).0.open_reports, 3);

    scene.stage.accepts(&closes[..1], &[]);
    assert_eq!(scene.shard(&shard).0.open_reports, 2);
    // Once somebody is measured, an oracle's report stays.
    scene.register(&shard, &address("owner"));
    scene.stage.refuses(&closes[1..2], &[], StipendError::ReportInUse);
    // Who has none is given one again.
    scene.open_report(&shard, &keys[0]);
    assert_eq!(scene.shard(&shard).0.open_reports, 3);
    scene.run_epoch(&shard, 0, &[measured(9_000, 0)]);
    assert_eq!(scene.shard(&shard).1[0].uptime_bps, 9_000);
}

#[test]
fn close_report_of_an_empty_shard_by_a_stranger_delays_nothing_and_counts_nothing() {
    // Nobody has ever registered in the second shard; in the third somebody came and went.
    let mut scene = Scene::with(3, |params| params.shard_capacity = 1);
    let first = scene.open_shard();
    scene.register(&first, &address("owner"));
    let second = scene.open_shard();
    let gone = Tenant::registered(&mut scene, "gone", &second);
    let third = scene.open_shard();
    gone.retire(&mut scene);
    gone.close(&mut scene);
    close_unscored(&mut scene, 0);
    let payer = scene.stage.payer.pubkey();
    let shrink = instruction::shrink_shard(&scene.network, &second, &[payer]);
    scene.stage.accepts(&[shrink], &[]);
    assert_eq!([second, third].map(|shard| scene.shard(&shard).0.dormant), [0, 1]);

    for shard in [second, third] {
        let close = instruction::close_report(&scene.network, &shard, &scene.oracle_keys()[0], &payer);
        scene.stage.accepts(&[close], &[]);
    }

    // Epoch 1 is scored and closed in the second in which its reports are there; the empty shard waits for none.
    scene.report_all(&first, 1, &[measured(9_000, 0)]);
    scene.score(&first, 1);
    scene.score(&second, 1);
    scene.close();
    assert_eq!((scene.network().open_epoch, scene.network().awake_shards), (2, 1));
    for oracle in &scene.network().oracles.entries[..3] {
        assert_eq!((oracle.reports_made, oracle.reports_missed), (1, 0));
    }
    // And no later one waits for it at all.
    let late = instruction::score_shard(&scene.network, &second, &scene.oracle_keys(), 2);
    scene.warp_to(end(3));
    scene.stage.refuses(&[late], &[], StipendError::ShardDormant);
}

#[test]
fn close_report_refuses_to_break_the_count() {
    let (mut scene, shard, sponsor) = scene();
    let oracle = scene.oracle_keys()[0];
    scene.remove_oracle(&oracle, true);
    scene.forge_shard(&shard, |shard, _| shard.open_reports = 0);

    let close = close(&scene, &shard, &sponsor);

    scene.stage.refuses(&[close], &[], StipendError::InvariantBroken);
}

#[test]
fn close_report_refuses_an_impostor_of_each_account() {
    let (mut scene, shard, sponsor) = scene();
    let [oracle, colleague] = [0, 1].map(|oracle| scene.oracle_keys()[oracle]);
    let (twin, twin_shard) = scene.twin(&address("owner"));
    scene.remove_oracle(&oracle, true);
    let close = close(&scene, &shard, &sponsor);
    let [foreign_network, foreign_report] = ["network abroad", "report abroad"].map(address);
    scene.stage.copy(&scene.network.clone(), &foreign_network, &spl_token_interface::ID);
    scene.stage.copy(&place::report(&shard, &oracle), &foreign_report, &spl_token_interface::ID);

    let cases: [(usize, Address, Refusal); 11] = [
        (0, twin, StipendError::ShardNetworkMismatch.into()),
        (0, foreign_network, ErrorCode::AccountOwnedByWrongProgram.into()),
        (0, twin_shard, ErrorCode::AccountDiscriminatorMismatch.into()),
        (1, twin_shard, StipendError::ShardNetworkMismatch.into()),
        (1, address("missing"), ErrorCode::AccountOwnedByWrongProgram.into()),
        (2, place::report(&twin_shard, &oracle), StipendError::ReportShardMismatch.into()),
        (2, place::report(&shard, &colleague), StipendError::PayerMismatch.into()),
        (2, foreign_report, ErrorCode::AccountOwnedByWrongProgram.into()),
        (2, address("missing"), ErrorCode::AccountOwnedByWrongProgram.into()),
        (2, twin_shard, ErrorCode::AccountDiscriminatorMismatch.into()),
        (3, address("pocket"), StipendError::PayerMismatch.into()),
    ];
    for (place, impostor, refusal) in cases {
        scene.stage.refuses(&[swapped(&close, place, &impostor)], &[], refusal);
    }
    for place in [1, 2, 3] {
        scene.stage.refuses(&[read_only(&close, place)], &[], ErrorCode::ConstraintMut);
    }
    // The twin's network and shard for each other's report, whose oracle is in the twin's set.
    let of_twin = instruction::close_report(&twin, &twin_shard, &oracle, &scene.stage.payer.pubkey());
    scene.stage.refuses(&[of_twin], &[], StipendError::ReportInUse);
    scene.stage.accepts(&[close], &[]);
}
