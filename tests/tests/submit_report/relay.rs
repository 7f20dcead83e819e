//! Where the two instructions of a relayed report may stand, and who may call.

use super::{part, relay, scene, submit, wide};
use solana_signer::Signer;
use stipend::error::StipendError;
use stipend::signature::INSTRUCTIONS_SYSVAR_ID;
use stipend_tests::{
    caller::{nothing, wrapped},
    key, measured, swapped, unsigned,
};

#[test]
fn submit_report_relays_what_the_oracle_signed_elsewhere() {
    let (mut scene, shard) = scene();
    let batch = scene.batch(0, &[measured(9_000, 1), (None, Some(2))]);
    let pair = relay(&scene, &shard, &batch, 1);

    scene.stage.accepts(&pair, &[]);

    let (report, entries) = scene.report_state(&shard, 0);
    assert_eq!((report.epoch, report.total, report.received), (0, 2, 2));
    assert_eq!((entries[0].uptime_bps(), entries[0].bandwidth()), (9_000, 1));
    assert_eq!((entries[1].uptime_bps(), entries[1].bandwidth()), (65_535, 2));
}

#[test]
fn submit_report_relays_at_any_place_of_the_transaction() {
    let (mut scene, shard) = scene();
    let batch = scene.batch(0, &[measured(9_000, 1)]);
    let mut instructions = vec![nothing(&[]); 4];
    instructions.extend(relay(&scene, &shard, &batch, 5));
    instructions.push(nothing(&[]));

    scene.stage.accepts(&instructions, &[]);

    assert_eq!(scene.report_state(&shard, 0).0.received, 1);
}

#[test]
fn submit_report_relays_several_in_one_transaction_each_with_its_check() {
    let (mut scene, shard) = scene();
    let batch = scene.batch(0, &[measured(9_000, 1)]);
    let mut instructions = relay(&scene, &shard, &batch, 1).to_vec();
    instructions.extend(scene.relay_instructions(&scene.oracles[1], &shard, &batch, 3));

    scene.stage.accepts(&instructions, &[]);

    assert_eq!((scene.report_state(&shard, 0).0.received, scene.report_state(&shard, 1).0.received), (1, 1));
}

#[test]
fn submit_report_relays_at_most_280_slots_in_a_batch() {
    let (mut scene, shard) = wide(300);
    for (nodes, error) in [(281usize, Some(StipendError::RelayedReportTooLong)), (280, None)] {
        let batch = part(&mut scene, 300, 0, &vec![measured(9_000, 1); nodes]);
        let pair = relay(&scene, &shard, &batch, 1);
        match error {
            Some(error) => scene.stage.refuses(&pair, &[], error),
            None => drop(scene.stage.accepts(&pair, &[])),
        }
    }
    assert_eq!(scene.report_state(&shard, 0).0.received, 280);

    // The next batch holds the rest, and so may all of them at once if the oracle itself signs.
    let rest = part(&mut scene, 300, 280, &[measured(9_000, 1); 20]);
    let pair = relay(&scene, &shard, &rest, 1);
    scene.stage.accepts(&pair, &[]);
    let whole = part(&mut scene, 300, 0, &vec![measured(9_000, 1); 300]);
    scene.submit(0, &shard, &whole).unwrap();
    assert_eq!(scene.report_state(&shard, 0).0.received, 300);
}

#[test]
fn submit_report_refuses_a_check_that_serves_a_second_report() {
    let (mut scene, shard) = scene();
    let first = part(&mut scene, 2, 0, &[measured(9_000, 1)]);
    let second = part(&mut scene, 2, 1, &[measured(9_000, 1)]);
    let [check, report] = relay(&scene, &shard, &first, 1);
    let [_, other] = relay(&scene, &shard, &second, 2);

    let twice = [check.clone(), report.clone(), report.clone()];
    scene.stage.refuses(&twice, &[], StipendError::Ed25519InstructionMissing);
    scene.stage.refuses(&[check, report, other], &[], StipendError::Ed25519InstructionMissing);
}

#[test]
fn submit_report_refuses_a_check_that_is_not_directly_before() {
    let (mut scene, shard) = scene();
    let batch = scene.batch(0, &[measured(9_000, 1)]);
    let [check_at_0, report] = relay(&scene, &shard, &batch, 0);
    let [check_at_1, _] = relay(&scene, &shard, &batch, 1);
    let [check_at_2, _] = relay(&scene, &shard, &batch, 2);
    let error = StipendError::Ed25519InstructionMissing;

    scene.stage.refuses(&[check_at_2.clone(), nothing(&[]), report.clone()], &[], error);
    scene.stage.refuses_at(0, &[report.clone(), check_at_0], &[], error);
    scene.stage.refuses_at(1, &[nothing(&[]), report.clone(), check_at_1], &[], error);
    scene.stage.refuses(std::slice::from_ref(&report), &[], error);
    scene.stage.refuses(&[nothing(&[]), report], &[], error);
}

#[test]
fn submit_report_refuses_a_check_by_another_program() {
    let (mut scene, shard) = scene();
    let batch = scene.batch(0, &[measured(9_000, 1)]);
    let [check, report] = relay(&scene, &shard, &batch, 1);

    scene.stage.refuses(&[nothing(&check.data), report], &[], StipendError::Ed25519InstructionMissing);
}

#[test]
fn submit_report_refuses_to_be_relayed_from_inside_another_program() {
    let (mut scene, shard) = scene();
    let batch = scene.batch(0, &[measured(9_000, 1)]);
    let [check, report] = relay(&scene, &shard, &batch, 1);

    let inside = wrapped(&report);
    assert_eq!(inside.data, report.data);
    scene.stage.refuses(&[check, inside.clone()], &[], StipendError::RelayNotTopLevel);
    scene.stage.refuses(&[inside], &[], StipendError::RelayNotTopLevel);
}

#[test]
fn submit_report_by_the_oracle_itself_may_come_from_inside_another_program() {
    let (mut scene, shard) = scene();
    let batch = scene.batch(0, &[measured(9_000, 1)]);
    let inside = wrapped(&submit(&scene, &shard, &batch));

    scene.stage.accepts(&[inside], &[&scene.oracles[0]]);

    assert_eq!(scene.report_state(&shard, 0).0.received, 1);
}

#[test]
fn submit_report_refuses_who_did_not_sign() {
    let (mut scene, shard) = scene();
    let batch = scene.batch(0, &[measured(9_000, 1)]);
    let submit = submit(&scene, &shard, &batch);
    let stranger = key("stranger");
    let error = StipendError::SignatureMissing;

    scene.stage.refuses(&[unsigned(&submit, 3)], &[], error);
    scene.stage.refuses(&[swapped(&submit, 3, &stranger.pubkey())], &[&stranger], error);
    // Another oracle of the set, and the authority.
    let other = swapped(&submit, 3, &scene.oracles[1].pubkey());
    scene.stage.refuses(&[other], &[&scene.oracles[1]], error);
    let authority = swapped(&submit, 3, &scene.authority.pubkey());
    scene.stage.refuses(&[authority], &[&scene.authority], error);
}

#[test]
fn submit_report_does_not_take_a_relayers_signature_for_the_oracles() {
    let (mut scene, shard) = scene();
    let batch = scene.batch(0, &[measured(9_000, 1)]);
    let [_, report] = relay(&scene, &shard, &batch, 1);
    let bare = swapped(&submit(&scene, &shard, &batch), 3, &INSTRUCTIONS_SYSVAR_ID);

    scene.stage.refuses(&[unsigned(&bare, 3)], &[], StipendError::Ed25519InstructionMissing);
    // The oracle's address in place of the sysvar, behind a check that is right.
    let [check, _] = relay(&scene, &shard, &batch, 1);
    let unsigned = swapped(&report, 3, &scene.oracles[0].pubkey());
    scene.stage.refuses(&[check, unsigned], &[], StipendError::SignatureMissing);
}
