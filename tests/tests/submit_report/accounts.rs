//! Every account and every signed field that could stand in another's place.

use super::{early_scene, relay, scene, submit};
use anchor_lang::error::ErrorCode;
use solana_account::Account;
use solana_address::Address;
use solana_signer::Signer;
use stipend::{
    error::StipendError,
    state::{Network, Report, Shard, Tail},
};
use stipend_client::{address as place, instruction};
use stipend_tests::{address, key, measured, read_only, scene::end, swapped, Refusal, Scene};

#[test]
fn submit_report_refuses_another_domain() {
    let (mut scene, shard) = scene();
    for byte in 0..8 {
        let mut batch = scene.batch(0, &[measured(9_000, 1)]);
        batch.domain[byte] ^= 1;
        let submit = submit(&scene, &shard, &batch);
        let pair = relay(&scene, &shard, &batch, 1);

        scene.stage.refuses(&[submit], &[&scene.oracles[0]], StipendError::DomainMismatch);
        scene.stage.refuses(&pair, &[], StipendError::DomainMismatch);
    }
}

#[test]
fn submit_report_refuses_data_that_names_another_report() {
    let (mut scene, shard) = scene();
    let batch = scene.batch(0, &[measured(9_000, 1)]);
    let mut submit = submit(&scene, &shard, &batch);

    // Signed by oracle 0 for the report of oracle 1.
    submit.data = batch.to_data(&place::report(&shard, &scene.oracles[1].pubkey()));

    scene.stage.refuses(&[submit], &[&scene.oracles[0]], StipendError::ReportMismatch);
}

#[test]
fn submit_report_refuses_to_write_into_another_oracles_report() {
    let (mut scene, shard) = scene();
    let batch = scene.batch(0, &[measured(9_000, 1)]);
    let other = place::report(&shard, &scene.oracles[1].pubkey());
    let submit = swapped(&submit(&scene, &shard, &batch), 2, &other);
    let mut named = submit.clone();
    named.data = batch.to_data(&other);

    scene.stage.refuses(&[submit], &[&scene.oracles[0]], StipendError::ReportMismatch);
    scene.stage.refuses(&[named], &[&scene.oracles[0]], StipendError::SignatureMissing);
}

#[test]
fn submit_report_refuses_an_oracle_of_another_network() {
    let (mut scene, shard) = scene();
    let report = place::report(&shard, &scene.oracles[0].pubkey());
    let stranger = key("oracle elsewhere");
    // A report that the program would never have made: of a key that is not in this network's set.
    let forged = place::report(&shard, &stranger.pubkey());
    scene.stage.copy(&report, &forged, &stipend::ID);
    scene.stage.forge(&forged, |data| data[88..120].copy_from_slice(stranger.pubkey().as_ref()));
    let batch = scene.batch(0, &[measured(9_000, 1)]);

    let submit = instruction::submit_report(&stranger.pubkey(), &scene.network, &shard, &batch);

    scene.stage.refuses(&[submit], &[&stranger], StipendError::OracleNotActive);
}

#[test]
fn submit_report_refuses_an_impostor_of_each_account() {
    let (mut scene, shard) = early_scene();
    let (twin, twin_shard) = scene.twin(&address("owner"));
    scene.warp_to(end(0));
    let oracle = scene.oracles[0].pubkey();
    let report = place::report(&shard, &oracle);
    let twin_report = place::report(&twin_shard, &oracle);
    let [foreign_network, foreign_shard, foreign_report] =
        ["foreign network", "foreign shard", "foreign report"].map(address);
    let token_program = spl_token_interface::ID;
    scene.stage.copy(&scene.network.clone(), &foreign_network, &token_program);
    scene.stage.copy(&shard, &foreign_shard, &token_program);
    scene.stage.copy(&report, &foreign_report, &token_program);
    let batch = scene.batch(0, &[measured(9_000, 1)]);
    let submit = submit(&scene, &shard, &batch);
    let directory = place::directory(&scene.network, &key("device 0").pubkey());

    let cases: [(usize, Address, Refusal); 12] = [
        (0, twin, StipendError::ShardNetworkMismatch.into()),
        (0, foreign_network, ErrorCode::AccountOwnedByWrongProgram.into()),
        (0, twin_shard, ErrorCode::AccountDiscriminatorMismatch.into()),
        (0, address("missing"), ErrorCode::AccountOwnedByWrongProgram.into()),
        (1, twin_shard, StipendError::ShardNetworkMismatch.into()),
        (1, foreign_shard, ErrorCode::AccountOwnedByWrongProgram.into()),
        (1, twin, ErrorCode::AccountDiscriminatorMismatch.into()),
        (2, twin_report, StipendError::ReportShardMismatch.into()),
        (2, foreign_report, ErrorCode::AccountOwnedByWrongProgram.into()),
        (2, twin_shard, ErrorCode::AccountDiscriminatorMismatch.into()),
        (2, directory, ErrorCode::AccountDiscriminatorMismatch.into()),
        (2, address("missing"), ErrorCode::AccountOwnedByWrongProgram.into()),
    ];
    for (place, impostor, refusal) in cases {
        scene.stage.refuses(&[swapped(&submit, place, &impostor)], &[&scene.oracles[0]], refusal);
    }
    scene.stage.refuses(&[read_only(&submit, 2)], &[&scene.oracles[0]], ErrorCode::ConstraintMut);
}

#[test]
fn submit_report_refuses_the_report_of_another_shard_of_the_network() {
    let mut scene = Scene::with(3, |params| params.shard_capacity = 1);
    let first = scene.open_shard();
    scene.register(&first, &address("owner"));
    let second = scene.open_shard();
    scene.register(&second, &address("owner"));
    scene.warp_to(end(0));
    let batch = scene.batch(0, &[measured(9_000, 1)]);
    let submit = submit(&scene, &first, &batch);

    let other_shard = swapped(&submit, 1, &second);
    scene.stage.refuses(&[other_shard], &[&scene.oracles[0]], StipendError::ReportShardMismatch);
    let other_report = swapped(&submit, 2, &place::report(&second, &scene.oracles[0].pubkey()));
    scene.stage.refuses(&[other_report], &[&scene.oracles[0]], StipendError::ReportShardMismatch);
}

#[test]
fn submit_report_refuses_accounts_of_a_wrong_size() {
    let (report, shard_header) = (Report::HEADER_SPACE, Shard::HEADER_SPACE);
    // Tails that are no whole number of entries or slots, headers cut short, and nothing but a part of the discriminator.
    let cases: [(usize, usize, Refusal); 9] = [
        (2, report + 1, StipendError::AccountSizeWrong.into()),
        (2, report - 1, ErrorCode::AccountDidNotDeserialize.into()),
        (2, 8, ErrorCode::AccountDidNotDeserialize.into()),
        (2, 7, ErrorCode::AccountDiscriminatorNotFound.into()),
        (1, shard_header + 1, StipendError::AccountSizeWrong.into()),
        (1, shard_header - 1, ErrorCode::AccountDidNotDeserialize.into()),
        (1, 8, ErrorCode::AccountDidNotDeserialize.into()),
        (0, Network::SPACE - 1, ErrorCode::AccountDidNotDeserialize.into()),
        (0, 8, ErrorCode::AccountDidNotDeserialize.into()),
    ];
    for (place, bytes, refusal) in cases {
        let (mut scene, shard) = scene();
        let batch = scene.batch(0, &[measured(9_000, 1)]);
        let submit = submit(&scene, &shard, &batch);
        let account = submit.accounts[place].pubkey;
        let stored = scene.stage.account(&account).unwrap();
        let data = stored.data[..bytes].to_vec();
        scene.stage.put(&account, Account { data, ..stored });

        scene.stage.refuses(&[submit], &[&scene.oracles[0]], refusal);
    }
}

#[test]
fn submit_report_leaves_network_and_shard_as_they_are() {
    let (mut scene, shard) = scene();
    let network = scene.network;
    let before = (scene.stage.account(&network), scene.stage.account(&shard));
    let batch = scene.batch(0, &[measured(9_000, 1)]);
    let submit = submit(&scene, &shard, &batch);

    scene.stage.accepts(&[submit], &[&scene.oracles[0]]);

    assert_eq!((scene.stage.account(&network), scene.stage.account(&shard)), before);
}
