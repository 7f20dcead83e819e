//! Each field of either ed25519 instruction, altered alone: what the precompile accepts points somewhere else at something
//! that does verify, and the program must refuse it.

use super::{proof, scene};
use solana_instruction::Instruction;
use solana_signer::Signer;
use stipend::error::StipendError;
use stipend_client::instruction::statement;
use stipend_tests::{caller::nothing, key, Refusal, Scene};

/// The precompile's own numbers.
const INVALID_SIGNATURE: u32 = 2;
const INVALID_OFFSETS: u32 = 3;
const INVALID_SIZE: u32 = 4;

/// Those that say in which instruction something lies.
const INDEX_FIELDS: [usize; 3] = [SIGNATURE_INDEX, KEY_INDEX, MESSAGE_INDEX];
/// Where each field lies in the data.
const SIGNATURE_OFFSET: usize = 2;
const SIGNATURE_INDEX: usize = 4;
const KEY_OFFSET: usize = 6;
const KEY_INDEX: usize = 8;
const MESSAGE_OFFSET: usize = 10;
const MESSAGE_LEN: usize = 12;
const MESSAGE_INDEX: usize = 14;

fn set(instruction: &mut Instruction, field: usize, value: u16) {
    instruction.data[field..field + 2].copy_from_slice(&value.to_le_bytes());
}

fn scene_and_proof() -> (Scene, Vec<Instruction>) {
    let (mut scene, shard) = scene();
    let proof = proof(&mut scene, &shard);
    (scene, proof)
}

#[test]
fn prove_equivocation_takes_any_padding() {
    let (mut scene, mut proof) = scene_and_proof();
    (proof[0].data[1], proof[1].data[1]) = (0xa5, 0x5a);

    scene.stage.accepts(&proof, &[]);
}

#[test]
fn prove_equivocation_refuses_offsets_that_verify_nothing() {
    let (mut scene, proof) = scene_and_proof();
    let len = proof[0].data.len() as u16 - 112;
    // Field, value, and what the precompile says.
    let cases = [
        (SIGNATURE_OFFSET, 47, INVALID_SIGNATURE),
        (SIGNATURE_OFFSET, u16::MAX, INVALID_OFFSETS),
        (SIGNATURE_INDEX, 9, INVALID_OFFSETS),
        (KEY_OFFSET, u16::MAX, INVALID_OFFSETS),
        (KEY_INDEX, 9, INVALID_OFFSETS),
        (MESSAGE_OFFSET, 111, INVALID_SIGNATURE),
        (MESSAGE_OFFSET, 113, INVALID_OFFSETS),
        (MESSAGE_LEN, len - 1, INVALID_SIGNATURE),
        (MESSAGE_LEN, len + 1, INVALID_OFFSETS),
        (MESSAGE_INDEX, 9, INVALID_OFFSETS),
    ];
    for side in [0, 1] {
        for (field, value, number) in cases {
            let mut altered = proof.clone();
            set(&mut altered[side], field, value);
            scene.stage.refuses_at(side, &altered, &[], Refusal::Program(number));
        }
        let mut none = proof.clone();
        none[side].data[0] = 0;
        scene.stage.refuses_at(side, &none, &[], Refusal::Program(INVALID_SIZE));
    }
}

#[test]
fn prove_equivocation_refuses_what_lies_in_an_instruction_that_is_named_by_its_number() {
    let (mut scene, proof) = scene_and_proof();
    for side in [0, 1] {
        for field in INDEX_FIELDS {
            // The same bytes: in this very instruction, and in a copy behind.
            let mut own = proof.clone();
            set(&mut own[side], field, side as u16);
            scene.stage.refuses(&own, &[], StipendError::Ed25519LayoutWrong);

            let mut copied = proof.clone();
            copied.push(nothing(&proof[side].data));
            set(&mut copied[side], field, 3);
            scene.stage.refuses_at(2, &copied, &[], StipendError::Ed25519LayoutWrong);
        }
    }
}

#[test]
fn prove_equivocation_refuses_a_key_that_the_precompile_did_not_look_at() {
    let (mut scene, proof) = scene_and_proof();
    let liar = key("liar");
    for side in [0, 1] {
        let mut forged = proof.clone();
        let message = forged[side].data[112..].to_vec();
        let lie: [u8; 64] = liar.sign_message(&message).into();
        forged[side].data[48..112].copy_from_slice(&lie);
        // The oracle's key stands where the program looks; the precompile is pointed at the liar's.
        set(&mut forged[side], KEY_OFFSET, 0);
        set(&mut forged[side], KEY_INDEX, 3);
        forged.push(nothing(liar.pubkey().as_ref()));

        scene.stage.refuses_at(2, &forged, &[], StipendError::Ed25519LayoutWrong);
    }
}

#[test]
fn prove_equivocation_refuses_a_message_that_the_precompile_did_not_look_at() {
    let (mut scene, proof) = scene_and_proof();
    for side in [0, 1] {
        // Honest words, signed, lie in another instruction; a lie stands where the program looks.
        let mut forged = proof.clone();
        let honest = forged[side].data[112..].to_vec();
        *forged[side].data.last_mut().unwrap() ^= 1;
        set(&mut forged[side], MESSAGE_OFFSET, 0);
        set(&mut forged[side], MESSAGE_INDEX, 3);
        forged.push(nothing(&honest));

        scene.stage.refuses_at(2, &forged, &[], StipendError::Ed25519LayoutWrong);
    }
}

#[test]
fn prove_equivocation_refuses_a_message_that_is_not_all_that_follows() {
    let (mut scene, proof) = scene_and_proof();
    for side in [0, 1] {
        // Behind what was signed stand more bytes.
        let mut longer = proof.clone();
        longer[side].data.push(0);
        scene.stage.refuses(&longer, &[], StipendError::Ed25519LayoutWrong);

        // What was signed begins a byte later.
        let mut later = proof.clone();
        later[side].data.insert(112, 0);
        set(&mut later[side], MESSAGE_OFFSET, 113);
        scene.stage.refuses(&later, &[], StipendError::Ed25519LayoutWrong);

        // Only a part was signed.
        let message = proof[side].data[112..].to_vec();
        let signature: [u8; 64] = scene.oracles[0].sign_message(&message[..20]).into();
        let mut part = proof.clone();
        part[side].data[48..112].copy_from_slice(&signature);
        set(&mut part[side], MESSAGE_LEN, 20);
        scene.stage.refuses(&part, &[], StipendError::Ed25519LayoutWrong);
    }
}

#[test]
fn prove_equivocation_refuses_key_and_signature_the_other_way_round() {
    let (mut scene, proof) = scene_and_proof();
    for side in [0, 1] {
        let data = &proof[side].data;
        let mut turned = proof.clone();
        turned[side].data = [&data[..16], &data[48..112], &data[16..48], &data[112..]].concat();
        set(&mut turned[side], SIGNATURE_OFFSET, 16);
        set(&mut turned[side], KEY_OFFSET, 80);

        scene.stage.refuses(&turned, &[], StipendError::Ed25519LayoutWrong);
    }
}

#[test]
fn prove_equivocation_refuses_two_signatures_in_one_instruction() {
    let (mut scene, proof) = scene_and_proof();
    let oracle = scene.oracles[0].insecure_clone();
    let (one, other) = (proof[1].data[112..].to_vec(), proof[0].data[112..].to_vec());
    let signatures: [[u8; 64]; 2] = [&one, &other].map(|message| oracle.sign_message(message).into());
    // Two sets of offsets, then key, signature and message of both.
    let mut data = vec![2, 0];
    let mut at = 30u16;
    for message in [&one, &other] {
        let len = message.len() as u16;
        for field in [at + 32, 0xffff, at, 0xffff, at + 96, len, 0xffff] {
            data.extend_from_slice(&field.to_le_bytes());
        }
        at += 96 + len;
    }
    for (message, signature) in [&one, &other].into_iter().zip(signatures) {
        data.extend_from_slice(oracle.pubkey().as_ref());
        data.extend_from_slice(&signature);
        data.extend_from_slice(message);
    }
    let both = Instruction { data, ..proof[1].clone() };

    let missing = StipendError::Ed25519InstructionMissing;
    scene.stage.refuses(&[both.clone(), proof[2].clone()], &[], StipendError::Ed25519LayoutWrong);
    for side in [0, 1] {
        let mut forged = proof.clone();
        forged[side] = both.clone();
        scene.stage.refuses(&forged, &[], StipendError::Ed25519LayoutWrong);
    }
    scene.stage.refuses(&[proof[1].clone(), proof[2].clone()], &[], missing);
}

#[test]
fn prove_equivocation_refuses_no_signature_at_all() {
    let (mut scene, proof) = scene_and_proof();
    for side in [0, 1] {
        // The precompile takes two bytes that say that nothing is signed.
        let mut empty = proof.clone();
        empty[side].data = vec![0, 0];
        scene.stage.refuses(&empty, &[], StipendError::Ed25519LayoutWrong);
    }
}

#[test]
fn prove_equivocation_refuses_a_statement_whose_message_is_in_the_proof_itself() {
    let (mut scene, mut proof) = scene_and_proof();
    // As a relayed report is checked: 112 bytes that point at the next instruction's data.
    let oracle = scene.oracles[0].insecure_clone();
    let message = proof[2].data.clone();
    proof[1] = statement(&oracle.pubkey(), &message, &oracle.sign_message(&message).into());
    proof[1].data.truncate(112);
    set(&mut proof[1], MESSAGE_OFFSET, 0);
    set(&mut proof[1], MESSAGE_INDEX, 2);

    scene.stage.refuses(&proof, &[], StipendError::Ed25519LayoutWrong);
}

#[test]
fn prove_equivocation_refuses_a_signature_of_other_bytes() {
    let (mut scene, proof) = scene_and_proof();
    for side in [0, 1] {
        let mut forged = proof.clone();
        *forged[side].data.last_mut().unwrap() ^= 1;

        // The precompile's own.
        scene.stage.refuses_at(side, &forged, &[], Refusal::Program(INVALID_SIGNATURE));
    }
}
