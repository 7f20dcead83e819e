//! Each field of the ed25519 instruction, altered alone.
//!
//! The precompile itself refuses what does not verify; what it accepts and the program must refuse is built so that it
//! does verify, by a signature of the other bytes or by the same bytes in another place.

use super::{relay, scene, sign};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;
use stipend::error::StipendError;
use stipend_tests::{caller::nothing, key, measured, Refusal, Scene};

/// The precompile's own numbers.
const INVALID_SIGNATURE: Refusal = Refusal::Program(2);
const INVALID_OFFSETS: Refusal = Refusal::Program(3);
const INVALID_SIZE: Refusal = Refusal::Program(4);

/// Where the fields lie: name and byte.
const SIGNATURE_OFFSET: usize = 2;
const SIGNATURE_INDEX: usize = 4;
const KEY_OFFSET: usize = 6;
const KEY_INDEX: usize = 8;
const MESSAGE_OFFSET: usize = 10;
const MESSAGE_LEN: usize = 12;
const MESSAGE_INDEX: usize = 14;

fn pair() -> (Scene, Address, [Instruction; 2]) {
    let (mut scene, shard) = scene();
    let batch = scene.batch(0, &[measured(9_000, 1)]);
    let pair = relay(&scene, &shard, &batch, 1);
    (scene, shard, pair)
}

/// The pair with a field of the check set.
fn with(pair: &[Instruction; 2], field: usize, value: u16) -> [Instruction; 2] {
    let mut pair = pair.clone();
    pair[0].data[field..field + 2].copy_from_slice(&value.to_le_bytes());
    pair
}

/// The pair, signed anew over `message`.
fn signed(scene: &Scene, mut pair: [Instruction; 2], message: &[u8]) -> [Instruction; 2] {
    pair[0].data[48..].copy_from_slice(&sign(&scene.oracles[0], message));
    pair
}

#[test]
fn submit_report_relays_with_any_padding() {
    let (mut scene, shard, mut pair) = pair();
    pair[0].data[1] = 0xa5;

    scene.stage.accepts(&pair, &[]);

    assert_eq!(scene.report_state(&shard, 0).0.received, 1);
}

#[test]
fn submit_report_refuses_a_signature_of_another_place() {
    let (mut scene, _, pair) = pair();
    let mut copied = pair.to_vec();
    copied.push(nothing(&pair[0].data));

    for offset in [0, 47] {
        scene.stage.refuses_at(0, &with(&pair, SIGNATURE_OFFSET, offset), &[], INVALID_SIGNATURE);
    }
    for offset in [49, u16::MAX] {
        scene.stage.refuses_at(0, &with(&pair, SIGNATURE_OFFSET, offset), &[], INVALID_OFFSETS);
    }
    scene.stage.refuses_at(0, &with(&pair, SIGNATURE_INDEX, 9), &[], INVALID_OFFSETS);
    // The same signature: named by this instruction's own number, and in a third one.
    scene.stage.refuses_at(1, &with(&pair, SIGNATURE_INDEX, 0), &[], StipendError::Ed25519LayoutWrong);
    copied[0].data[SIGNATURE_INDEX..][..2].copy_from_slice(&[2, 0]);
    scene.stage.refuses_at(1, &copied, &[], StipendError::Ed25519LayoutWrong);
}

#[test]
fn submit_report_refuses_a_key_of_another_place() {
    let (mut scene, _, pair) = pair();
    let mut copied = pair.to_vec();
    copied.push(nothing(&pair[0].data));

    scene.stage.refuses_at(0, &with(&pair, KEY_OFFSET, u16::MAX), &[], INVALID_OFFSETS);
    scene.stage.refuses_at(0, &with(&pair, KEY_INDEX, 9), &[], INVALID_OFFSETS);
    // The same key: named by this instruction's own number, and in a third one.
    scene.stage.refuses_at(1, &with(&pair, KEY_INDEX, 0), &[], StipendError::Ed25519LayoutWrong);
    copied[0].data[KEY_INDEX..][..2].copy_from_slice(&[2, 0]);
    scene.stage.refuses_at(1, &copied, &[], StipendError::Ed25519LayoutWrong);
}

#[test]
fn submit_report_refuses_another_key_than_the_one_that_it_compares() {
    let (mut scene, _, mut pair) = pair();
    let liar = key("liar");
    let lie = sign(&liar, &pair[1].data);
    // The oracle's key stands where the program looks; the precompile is pointed at the liar's, in a third instruction.
    pair[0].data[48..].copy_from_slice(&lie);
    pair[0].data[KEY_OFFSET..][..4].copy_from_slice(&[0, 0, 2, 0]);
    let [check, report] = pair;

    let decoy = nothing(liar.pubkey().as_ref());
    scene.stage.refuses_at(1, &[check, report, decoy], &[], StipendError::Ed25519LayoutWrong);
}

#[test]
fn submit_report_refuses_key_and_signature_the_other_way_round() {
    let (mut scene, _, mut pair) = pair();
    let (key, signature) = (pair[0].data[16..48].to_vec(), pair[0].data[48..].to_vec());
    pair[0].data.truncate(16);
    pair[0].data.extend_from_slice(&signature);
    pair[0].data.extend_from_slice(&key);

    let pair = with(&with(&pair, SIGNATURE_OFFSET, 16), KEY_OFFSET, 80);

    scene.stage.refuses(&pair, &[], StipendError::Ed25519LayoutWrong);
}

#[test]
fn submit_report_refuses_a_message_that_begins_later() {
    let (mut scene, _, pair) = pair();
    let data = pair[1].data.clone();
    let later = with(&pair, MESSAGE_OFFSET, 1);
    let len = u16::try_from(data.len()).unwrap();

    scene.stage.refuses_at(0, &later, &[], INVALID_OFFSETS);
    let later = signed(&scene, with(&later, MESSAGE_LEN, len - 1), &data[1..]);
    scene.stage.refuses(&later, &[], StipendError::Ed25519LayoutWrong);
}

#[test]
fn submit_report_refuses_a_message_that_ends_before_or_behind() {
    let (mut scene, _, pair) = pair();
    let data = pair[1].data.clone();
    let len = u16::try_from(data.len()).unwrap();

    scene.stage.refuses_at(0, &with(&pair, MESSAGE_LEN, len - 1), &[], INVALID_SIGNATURE);
    scene.stage.refuses_at(0, &with(&pair, MESSAGE_LEN, len + 1), &[], INVALID_OFFSETS);
    for shorter in [0, 8, len - 1] {
        let part = signed(&scene, with(&pair, MESSAGE_LEN, shorter), &data[..usize::from(shorter)]);
        scene.stage.refuses(&part, &[], StipendError::Ed25519MessageMismatch);
    }
}

#[test]
fn submit_report_refuses_a_message_of_another_instruction() {
    let (mut scene, shard, pair) = pair();
    let honest = pair[1].data.clone();
    let batch = scene.batch(0, &[measured(10_000, 1)]);
    let [_, lie] = relay(&scene, &shard, &batch, 1);
    assert_eq!(lie.data.len(), honest.len());

    // What the oracle signed lies in a third instruction; directly behind the check comes something else.
    let [check, _] = with(&pair, MESSAGE_INDEX, 2);
    scene.stage.refuses_at(1, &[check, lie, nothing(&honest)], &[], StipendError::Ed25519MessageMismatch);
    scene.stage.refuses_at(0, &with(&pair, MESSAGE_INDEX, 9), &[], INVALID_OFFSETS);
    // The check's own data, of which it signs the first bytes.
    let mut own = with(&with(&pair, MESSAGE_INDEX, u16::MAX), MESSAGE_LEN, 16);
    let head = own[0].data[..16].to_vec();
    own = signed(&scene, own, &head);
    scene.stage.refuses(&own, &[], StipendError::Ed25519MessageMismatch);
}

#[test]
fn submit_report_refuses_a_count_other_than_one() {
    let (mut scene, _, pair) = pair();
    for count in [0, 2, 255] {
        let mut pair = pair.clone();
        pair[0].data[0] = count;
        // The precompile reads the key as further offsets; it has room for 7 signatures at the most.
        let refusal = if count == 2 { INVALID_OFFSETS } else { INVALID_SIZE };
        scene.stage.refuses_at(0, &pair, &[], refusal);
    }
}

#[test]
fn submit_report_refuses_two_signatures_that_are_both_right() {
    let (mut scene, _, pair) = pair();
    let old = &pair[0].data;
    // Two sets of offsets, both to the same key and signature, which lie 14 bytes farther behind.
    let mut offsets = old[2..16].to_vec();
    offsets[0] = 62;
    offsets[4] = 30;
    let mut data = vec![2, 0];
    data.extend_from_slice(&offsets);
    data.extend_from_slice(&offsets);
    data.extend_from_slice(&old[16..]);
    let check = Instruction { data, ..pair[0].clone() };

    scene.stage.refuses(&[check, pair[1].clone()], &[], StipendError::Ed25519LayoutWrong);
}

#[test]
fn submit_report_refuses_bytes_behind_the_signature() {
    let (mut scene, _, mut pair) = pair();
    pair[0].data.push(0);

    scene.stage.refuses(&pair, &[], StipendError::Ed25519LayoutWrong);
}

#[test]
fn submit_report_refuses_no_signature_at_all() {
    let (mut scene, _, mut pair) = pair();
    // The precompile takes two bytes that say that nothing is signed.
    pair[0].data = vec![0, 0];

    scene.stage.refuses(&pair, &[], StipendError::Ed25519LayoutWrong);
}

#[test]
fn submit_report_refuses_a_signature_of_other_data_or_by_another_key() {
    let (mut scene, _, pair) = pair();
    let other = signed(&scene, pair.clone(), b"something else");
    scene.stage.refuses_at(0, &other, &[], INVALID_SIGNATURE);
    let mut changed = pair.clone();
    *changed[1].data.last_mut().unwrap() ^= 1;
    scene.stage.refuses_at(0, &changed, &[], INVALID_SIGNATURE);

    let others = [key("liar"), scene.oracles[1].insecure_clone()];
    for liar in others {
        let mut pair = pair.clone();
        pair[0].data[16..48].copy_from_slice(liar.pubkey().as_ref());
        let lie = sign(&liar, &pair[1].data);
        pair[0].data[48..].copy_from_slice(&lie);

        scene.stage.refuses(&pair, &[], StipendError::Ed25519KeyMismatch);
    }
}
