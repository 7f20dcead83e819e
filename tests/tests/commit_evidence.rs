//! `commit_evidence`: who binds itself, when, and what stands.

use anchor_lang::error::ErrorCode;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;
use stipend::{error::StipendError, event::EvidenceCommitted, signature::INSTRUCTIONS_SYSVAR_ID};
use stipend_client::{
    address as place,
    instruction::{self, relay_report},
};
use stipend_tests::{
    address,
    caller::{nothing, wrapped},
    key, measured, read_only,
    scene::{end, GENESIS, REPORT_SECS},
    swapped, unsigned, Refusal, Scene,
};

const EVIDENCE: [u8; 32] = [7; 32];

/// Three oracles and a shard with a node, at the end of epoch 0.
fn scene() -> (Scene, Address) {
    let (mut scene, shard) = early_scene();
    scene.warp_to(end(0));
    (scene, shard)
}

/// The same before the genesis.
fn early_scene() -> (Scene, Address) {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    scene.register(&shard, &address("owner"));
    (scene, shard)
}

/// Oracle 0 binds itself in a transaction of its own.
fn commit(scene: &mut Scene, shard: &Address, epoch: u32, evidence: [u8; 32]) -> Instruction {
    let (oracle, domain) = (scene.oracles[0].pubkey(), scene.network().domain);
    instruction::commit_evidence(&oracle, &scene.network, shard, domain, epoch, evidence)
}

/// What oracle 0 signed elsewhere, relayed; the second instruction at `index`.
fn relay(scene: &mut Scene, shard: &Address, epoch: u32, index: u16) -> [Instruction; 2] {
    let domain = scene.network().domain;
    let oracle = &scene.oracles[0];
    let data = instruction::evidence_data(domain, &place::report(shard, &oracle.pubkey()), epoch, EVIDENCE);
    let signature = oracle.sign_message(&data).into();
    // The same check and the same accounts as for a report, but for the shard.
    let mut pair = relay_report(&oracle.pubkey(), &scene.network, shard, data, &signature, index);
    pair[1].accounts.remove(1);
    pair
}

#[track_caller]
fn accepts(scene: &mut Scene, shard: &Address, epoch: u32, evidence: [u8; 32]) {
    let commit = commit(scene, shard, epoch, evidence);
    scene.stage.accepts(&[commit], &[&scene.oracles[0]]);
}

#[track_caller]
fn refuses(scene: &mut Scene, shard: &Address, epoch: u32, evidence: [u8; 32], error: StipendError) {
    let commit = commit(scene, shard, epoch, evidence);
    scene.stage.refuses(&[commit], &[&scene.oracles[0]], error);
}

#[test]
fn commit_evidence_keeps_the_hash_in_the_oracles_report() {
    let (mut scene, shard) = scene();
    scene.report(0, &shard, 0, &[measured(9_000, 1)]);
    let (mut expected, entries) = scene.report_state(&shard, 0);

    let commit = commit(&mut scene, &shard, 0, EVIDENCE);
    let receipt = scene.stage.accepts(&[commit], &[&scene.oracles[0]]);

    (expected.evidence_epoch, expected.evidence) = (0, EVIDENCE);
    let (report, after) = scene.report_state(&shard, 0);
    assert_eq!((bytemuck::bytes_of(&report), after), (bytemuck::bytes_of(&expected), entries));
    let event: EvidenceCommitted = receipt.event();
    let address = place::report(&shard, &scene.oracles[0].pubkey());
    assert_eq!((event.report, event.epoch, event.evidence), (address, 0, EVIDENCE));
    assert_eq!(event.policy_from_epoch, 0);
}

#[test]
fn commit_evidence_may_come_before_the_report_and_after_the_score() {
    let (mut scene, shard) = scene();
    accepts(&mut scene, &shard, 0, EVIDENCE);
    scene.report_all(&shard, 0, &[measured(9_000, 1)]);
    let (report, _) = scene.report_state(&shard, 0);
    assert_eq!((report.evidence_epoch, report.evidence, report.received), (0, EVIDENCE, 1));
    scene.score(&shard, 0);
    accepts(&mut scene, &shard, 0, EVIDENCE);
}

#[test]
fn commit_evidence_keeps_the_first_and_replaces_it_in_a_later_epoch() {
    let (mut scene, shard) = scene();
    accepts(&mut scene, &shard, 0, EVIDENCE);
    // The same again changes nothing; another is refused.
    let before = scene.stage.data(&place::report(&shard, &scene.oracles[0].pubkey()));
    accepts(&mut scene, &shard, 0, EVIDENCE);
    assert_eq!(scene.stage.data(&place::report(&shard, &scene.oracles[0].pubkey())), before);
    refuses(&mut scene, &shard, 0, [8; 32], StipendError::EvidenceContradicts);
    scene.report_all(&shard, 0, &[measured(9_000, 1)]);
    scene.score(&shard, 0);
    scene.close();
    scene.warp_to(end(1));
    accepts(&mut scene, &shard, 1, [8; 32]);

    let (report, _) = scene.report_state(&shard, 0);
    assert_eq!((report.evidence_epoch, report.evidence), (1, [8; 32]));
}

#[test]
fn commit_evidence_is_taken_from_the_end_of_the_epoch_to_the_end_of_its_report_window() {
    let (mut scene, shard) = early_scene();
    scene.warp_to(end(0) - 1);
    refuses(&mut scene, &shard, 0, EVIDENCE, StipendError::EpochNotEnded);
    scene.warp_to(end(0));
    accepts(&mut scene, &shard, 0, EVIDENCE);
    scene.warp_to(end(0) + REPORT_SECS - 1);
    accepts(&mut scene, &shard, 0, EVIDENCE);
    scene.warp_to(end(0) + REPORT_SECS);
    refuses(&mut scene, &shard, 0, EVIDENCE, StipendError::ReportWindowClosed);
}

#[test]
fn commit_evidence_is_taken_of_the_open_epoch_and_no_other() {
    let (mut scene, shard) = scene();
    for epoch in [1, u32::MAX - 1, u32::MAX] {
        refuses(&mut scene, &shard, epoch, EVIDENCE, StipendError::EpochNotOpen);
    }
    scene.report_all(&shard, 0, &[measured(9_000, 1)]);
    scene.score(&shard, 0);
    scene.close();

    // Of a closed epoch there is nothing more to say.
    refuses(&mut scene, &shard, 0, EVIDENCE, StipendError::EpochNotOpen);
    refuses(&mut scene, &shard, 1, EVIDENCE, StipendError::EpochNotEnded);
}

#[test]
fn commit_evidence_waits_while_the_network_is_paused() {
    let (mut scene, shard) = scene();
    scene.pause();
    refuses(&mut scene, &shard, 0, EVIDENCE, StipendError::ReportsPaused);
    scene.warp_to(end(0) + REPORT_SECS + 5);
    scene.resume();

    // The window begins anew.
    accepts(&mut scene, &shard, 0, EVIDENCE);
}

#[test]
fn commit_evidence_refuses_an_oracle_that_does_not_measure_the_epoch() {
    let (mut scene, shard) = early_scene();
    let late = key("late");
    scene.warp_to(GENESIS);
    scene.remove_oracle(&scene.oracles[1].pubkey(), true);
    scene.add_oracle(late.insecure_clone());
    scene.open_report(&shard, &late.pubkey());
    scene.warp_to(end(0));
    let domain = scene.network().domain;

    // From epoch 1 on, and removed at once.
    for oracle in [&late, &scene.oracles[1].insecure_clone()] {
        let commit = instruction::commit_evidence(&oracle.pubkey(), &scene.network, &shard, domain, 0, EVIDENCE);
        scene.stage.refuses(&[commit], &[oracle], StipendError::OracleNotActive);
    }
}

#[test]
fn commit_evidence_refuses_another_domain_and_another_report() {
    let (mut scene, shard) = scene();
    let (oracle, network) = (scene.oracles[0].pubkey(), scene.network);
    let mut domain = scene.network().domain;
    domain[3] ^= 1;
    let abroad = instruction::commit_evidence(&oracle, &network, &shard, domain, 0, EVIDENCE);
    scene.stage.refuses(&[abroad], &[&scene.oracles[0]], StipendError::DomainMismatch);

    let mut other = commit(&mut scene, &shard, 0, EVIDENCE);
    let colleague = place::report(&shard, &scene.oracles[1].pubkey());
    other.data[16..48].copy_from_slice(colleague.as_ref());
    scene.stage.refuses(&[other], &[&scene.oracles[0]], StipendError::ReportMismatch);
}

#[test]
fn commit_evidence_relays_what_the_oracle_signed_elsewhere() {
    let (mut scene, shard) = scene();
    let pair = relay(&mut scene, &shard, 0, 1);

    let receipt = scene.stage.accepts(&pair, &[]);

    assert_eq!(receipt.event::<EvidenceCommitted>().evidence, EVIDENCE);
    assert_eq!(scene.report_state(&shard, 0).0.evidence, EVIDENCE);
}

#[test]
fn commit_evidence_refuses_a_check_of_something_else() {
    let (mut scene, shard) = scene();
    let [check, commit] = relay(&mut scene, &shard, 0, 1);
    let missing = StipendError::Ed25519InstructionMissing;

    scene.stage.refuses(std::slice::from_ref(&commit), &[], missing);
    scene.stage.refuses(&[check.clone(), commit.clone(), commit.clone()], &[], missing);
    scene.stage.refuses(&[nothing(&check.data), commit.clone()], &[], missing);
    scene.stage.refuses(&[check.clone(), wrapped(&commit)], &[], StipendError::RelayNotTopLevel);
    // Another oracle's signature of the very same data.
    let colleague = scene.oracles[1].insecure_clone();
    let mut forged = check.clone();
    forged.data[16..48].copy_from_slice(colleague.pubkey().as_ref());
    forged.data[48..112].copy_from_slice(&<[u8; 64]>::from(colleague.sign_message(&commit.data)));
    scene.stage.refuses(&[forged, commit.clone()], &[], StipendError::Ed25519KeyMismatch);
    // The oracle's signature of a report, behind which stands the evidence.
    let batch = scene.batch(0, &[measured(9_000, 1)]);
    let [of_report, report] = scene.relay_instructions(&scene.oracles[0], &shard, &batch, 1);
    let mut pointed = of_report.clone();
    pointed.data[14..16].copy_from_slice(&2u16.to_le_bytes());
    scene.stage.refuses_at(
        1,
        &[pointed, commit.clone(), nothing(&report.data)],
        &[],
        StipendError::Ed25519MessageMismatch,
    );
    scene.stage.accepts(&[check, commit], &[]);
}

#[test]
fn commit_evidence_by_the_oracle_itself_may_come_from_inside_another_program() {
    let (mut scene, shard) = scene();
    let inside = wrapped(&commit(&mut scene, &shard, 0, EVIDENCE));

    scene.stage.accepts(&[inside], &[&scene.oracles[0]]);

    assert_eq!(scene.report_state(&shard, 0).0.evidence, EVIDENCE);
}

#[test]
fn commit_evidence_refuses_who_did_not_sign() {
    let (mut scene, shard) = scene();
    let commit = commit(&mut scene, &shard, 0, EVIDENCE);
    let error = StipendError::SignatureMissing;

    scene.stage.refuses(&[unsigned(&commit, 2)], &[], error);
    for other in [key("stranger"), scene.oracles[1].insecure_clone(), scene.authority.insecure_clone()] {
        let by_other = swapped(&commit, 2, &other.pubkey());
        scene.stage.refuses(&[by_other], &[&other], error);
    }
    let bare = unsigned(&swapped(&commit, 2, &INSTRUCTIONS_SYSVAR_ID), 2);
    scene.stage.refuses(&[bare], &[], StipendError::Ed25519InstructionMissing);
}

#[test]
fn commit_evidence_refuses_an_impostor_of_each_account() {
    let (mut scene, shard) = early_scene();
    let (twin, twin_shard) = scene.twin(&address("owner"));
    scene.warp_to(end(0));
    let commit = commit(&mut scene, &shard, 0, EVIDENCE);
    let oracle = scene.oracles[0].pubkey();
    let twin_report = place::report(&twin_shard, &oracle);
    let [foreign_network, foreign_report] = ["network abroad", "report abroad"].map(address);
    let abroad = spl_token_interface::ID;
    scene.stage.copy(&scene.network.clone(), &foreign_network, &abroad);
    scene.stage.copy(&place::report(&shard, &oracle), &foreign_report, &abroad);

    let cases: [(usize, Address, Refusal); 9] = [
        (0, twin, StipendError::ReportNetworkMismatch.into()),
        (0, foreign_network, ErrorCode::AccountOwnedByWrongProgram.into()),
        (0, shard, ErrorCode::AccountDiscriminatorMismatch.into()),
        (0, address("missing"), ErrorCode::AccountOwnedByWrongProgram.into()),
        (1, twin_report, StipendError::ReportNetworkMismatch.into()),
        (1, place::report(&shard, &scene.oracles[1].pubkey()), StipendError::ReportMismatch.into()),
        (1, foreign_report, ErrorCode::AccountOwnedByWrongProgram.into()),
        (1, shard, ErrorCode::AccountDiscriminatorMismatch.into()),
        (1, address("missing"), ErrorCode::AccountOwnedByWrongProgram.into()),
    ];
    for (place, impostor, refusal) in cases {
        scene.stage.refuses(&[swapped(&commit, place, &impostor)], &[&scene.oracles[0]], refusal);
    }
    // The data names the impostor too.
    for (impostor, refusal) in [
        (twin_report, Refusal::from(StipendError::ReportNetworkMismatch)),
        (place::report(&shard, &scene.oracles[1].pubkey()), StipendError::SignatureMissing.into()),
        (foreign_report, ErrorCode::AccountOwnedByWrongProgram.into()),
        (shard, ErrorCode::AccountDiscriminatorMismatch.into()),
    ] {
        let mut named = swapped(&commit, 1, &impostor);
        named.data[16..48].copy_from_slice(impostor.as_ref());
        scene.stage.refuses(&[named], &[&scene.oracles[0]], refusal);
    }
    scene.stage.refuses(&[read_only(&commit, 1)], &[&scene.oracles[0]], ErrorCode::ConstraintMut);
    scene.stage.accepts(&[commit], &[&scene.oracles[0]]);
}
