//! Every account of the proof, swapped for another.

use super::{early_scene_of, proof_by, scene};
use crate::acts::funded;
use anchor_lang::error::ErrorCode;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;
use stipend::error::StipendError;
use stipend_client::{account, address as place};
use stipend_tests::{address, read_only, scene::end, swapped, unsigned, Refusal};

/// The proof with its last instruction replaced.
fn with(proof: &[Instruction], last: Instruction) -> Vec<Instruction> {
    let mut proof = proof.to_vec();
    proof[2] = last;
    proof
}

#[test]
fn prove_equivocation_refuses_an_impostor_of_each_account() {
    let (mut scene, shard) = early_scene_of(4);
    let (twin, twin_shard) = scene.twin(&address("owner"));
    // A second shard of this network, as the first is full.
    let second = scene.open_shard();
    scene.warp_to(end(0));
    let prover = funded(&mut scene, "prover", 1_000_000);
    let proof = proof_by(&mut scene, &shard, &prover.pubkey());
    let [oracle, colleague] = [0, 1].map(|place| scene.oracles[place].pubkey());
    let [foreign_network, foreign_report] = ["network abroad", "report abroad"].map(address);
    let abroad = spl_token_interface::ID;
    scene.stage.copy(&scene.network.clone(), &foreign_network, &abroad);
    scene.stage.copy(&place::report(&shard, &oracle), &foreign_report, &abroad);

    let cases: [(usize, Address, Refusal); 12] = [
        (1, twin, StipendError::ReportNetworkMismatch.into()),
        (1, foreign_network, ErrorCode::AccountOwnedByWrongProgram.into()),
        (1, address("missing"), ErrorCode::AccountOwnedByWrongProgram.into()),
        (1, shard, ErrorCode::AccountDiscriminatorMismatch.into()),
        (2, place::report(&twin_shard, &oracle), StipendError::ReportNetworkMismatch.into()),
        (2, place::report(&second, &oracle), StipendError::ReportMismatch.into()),
        (2, place::report(&shard, &colleague), StipendError::Ed25519KeyMismatch.into()),
        (2, foreign_report, ErrorCode::AccountOwnedByWrongProgram.into()),
        (2, address("missing"), ErrorCode::AccountOwnedByWrongProgram.into()),
        (2, shard, ErrorCode::AccountDiscriminatorMismatch.into()),
        (3, address("pocket"), ErrorCode::ConstraintAddress.into()),
        (4, address("sysvar"), ErrorCode::ConstraintAddress.into()),
    ];
    for (place, impostor, refusal) in cases {
        let forged = with(&proof, swapped(&proof[2], place, &impostor));
        scene.stage.refuses(&forged, &[&prover], refusal);
    }
    scene.stage.accepts(&proof, &[&prover]);
}

#[test]
fn prove_equivocation_needs_the_provers_signature_and_what_it_changes_writable() {
    let (mut scene, shard) = scene();
    let prover = funded(&mut scene, "prover", 1_000_000);
    let proof = proof_by(&mut scene, &shard, &prover.pubkey());

    let bare = with(&proof, unsigned(&proof[2], 0));
    scene.stage.refuses(&bare, &[], ErrorCode::AccountNotSigner);
    for place in [0, 1, 3] {
        let fixed = with(&proof, read_only(&proof[2], place));
        scene.stage.refuses(&fixed, &[&prover], ErrorCode::ConstraintMut);
    }
}

#[test]
fn prove_equivocation_does_not_confuse_a_networks_oracle_with_the_same_key_elsewhere() {
    let (mut scene, shard) = early_scene_of(3);
    let (twin, twin_shard) = scene.twin(&address("owner"));
    scene.warp_to(end(0));
    let payer = scene.stage.payer.pubkey();
    let proof = proof_by(&mut scene, &shard, &payer);
    let oracle = scene.oracles[0].pubkey();

    // All of the twin's accounts; the statements name this network's report.
    let accounts = [(1, twin), (2, place::report(&twin_shard, &oracle))];
    let last = accounts.iter().fold(proof[2].clone(), |last, (place, account)| swapped(&last, *place, account));
    scene.stage.refuses(&with(&proof, last), &[], StipendError::ReportMismatch);

    scene.stage.accepts(&proof, &[]);
    let entry = scene.network().oracles.entries[0];
    assert_eq!((entry.suspended, entry.active_until), (1, 0));
    let entry = account::network(&scene.stage.data(&twin)).unwrap().oracles.entries[0];
    assert_eq!((entry.suspended, entry.active_until), (0, u32::MAX));
}
