//! What is no proof: statements that do not contradict, that say something else, or that stand elsewhere.

use super::{proof, prove, scene, sign, signed};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;
use stipend::error::StipendError;
use stipend_client::{
    address as place,
    instruction::{self, statement, Contradicted, ReportBatch},
};
use stipend_tests::{
    address,
    caller::nothing,
    key, measured,
    scene::{end, measurements, Measured},
    Scene,
};

const BLANK: Measured = (None, None);

/// The proof that oracle 0 signed these two batches.
fn of_batches(scene: &Scene, shard: &Address, one: ReportBatch, other: ReportBatch) -> Vec<Instruction> {
    let signatures = [&one, &other].map(|batch| sign(&scene.oracles[0], shard, batch));
    prove(scene, shard, &(one, signatures[0]), &Contradicted::Signed(other, signatures[1]))
}

/// A batch of three measured slots of epoch 0.
fn batch(scene: &mut Scene, first_slot: u16, values: &[Measured]) -> ReportBatch {
    let domain = scene.network().domain;
    ReportBatch { domain, epoch: 0, total: 3, first_slot, measurements: measurements(values) }
}

/// The proof with another message in one of its statements, signed by the oracle.
fn with_message(scene: &Scene, proof: &[Instruction], side: usize, message: &[u8]) -> Vec<Instruction> {
    let oracle = &scene.oracles[0];
    let mut proof = proof.to_vec();
    proof[side] = statement(&oracle.pubkey(), message, &oracle.sign_message(message).into());
    proof
}

#[test]
fn prove_equivocation_refuses_statements_that_do_not_contradict() {
    let (mut scene, shard) = scene();
    let value = measured(9_000, 1);
    let other = measured(8_000, 1);
    // First slot and values of each statement.
    let cases: [(u16, &[Measured], u16, &[Measured]); 13] = [
        (0, &[value], 0, &[value]),
        (0, &[value, other], 0, &[value, other]),
        // Different slots: apart, next to each other, and by a shift that makes the bytes alike.
        (0, &[value], 2, &[other]),
        (0, &[value], 1, &[other]),
        (0, &[value, other], 1, &[other, value]),
        // Nothing was said about the slot on one side, or on both.
        (0, &[value], 0, &[BLANK]),
        (0, &[BLANK, value], 0, &[value, BLANK]),
        (0, &[BLANK], 0, &[BLANK]),
        (0, &[], 0, &[value]),
        // Nothing was said about one field: the half agrees with the whole, or there is nothing to compare.
        (0, &[(Some(9_000), None)], 0, &[value]),
        (0, &[(None, Some(1))], 0, &[value]),
        (0, &[(Some(8_000), None)], 0, &[(None, Some(1))]),
        (0, &[(Some(9_000), None), value], 0, &[value, (None, Some(1))]),
    ];
    for (first_one, one, first_other, other) in cases {
        let (one, other) = (batch(&mut scene, first_one, one), batch(&mut scene, first_other, other));
        for (one, other) in [(one.clone(), other.clone()), (other, one)] {
            let proof = of_batches(&scene, &shard, one, other);
            scene.stage.refuses(&proof, &[], StipendError::NotEquivocation);
        }
    }
    // Half an entry is no value.
    let mut half = batch(&mut scene, 0, &[other]);
    half.measurements.pop();
    let whole = batch(&mut scene, 0, &[value]);
    let proof = of_batches(&scene, &shard, half, whole);
    scene.stage.refuses(&proof, &[], StipendError::NotEquivocation);
}

#[test]
fn prove_equivocation_refuses_totals_that_differ_while_the_values_agree() {
    let (mut scene, shard) = scene();
    let one = batch(&mut scene, 0, &[measured(9_000, 1)]);
    let other = ReportBatch { total: 2, ..one.clone() };

    let proof = of_batches(&scene, &shard, one, other);

    scene.stage.refuses(&proof, &[], StipendError::NotEquivocation);
}

#[test]
fn prove_equivocation_refuses_statements_of_two_epochs() {
    let (mut scene, shard) = scene();
    let one = batch(&mut scene, 0, &[measured(9_000, 1)]);
    let other = ReportBatch { epoch: 1, ..batch(&mut scene, 0, &[measured(8_000, 1)]) };

    let proof = of_batches(&scene, &shard, one, other);

    scene.stage.refuses(&proof, &[], StipendError::NotEquivocation);
}

#[test]
fn prove_equivocation_refuses_a_record_that_does_not_contradict() {
    let (mut scene, shard) = scene();
    scene.report(0, &shard, 0, &[measured(9_000, 1), BLANK, measured(7_000, 1)]);
    // The same, a slot that the record leaves blank, one that the statement does, and halves of what is recorded.
    for values in [[measured(9_000, 1), measured(1, 1), BLANK], [(Some(9_000), None), (Some(1), None), (None, Some(1))]]
    {
        let agreeing = signed(&mut scene, &shard, &values);
        let proof = prove(&scene, &shard, &agreeing, &Contradicted::Recorded);
        scene.stage.refuses(&proof, &[], StipendError::NotEquivocation);
    }

    // Of epoch 0, while the record is of epoch 1.
    let of_0 = signed(&mut scene, &shard, &[measured(8_000, 1)]);
    for oracle in [1, 2] {
        scene.report(oracle, &shard, 0, &[measured(9_000, 1)]);
    }
    scene.score(&shard, 0);
    scene.close();
    scene.warp_to(end(1));
    scene.report(0, &shard, 1, &[measured(9_000, 1)]);
    let proof = prove(&scene, &shard, &of_0, &Contradicted::Recorded);
    scene.stage.refuses(&proof, &[], StipendError::NotEquivocation);
}

#[test]
fn prove_equivocation_refuses_a_record_that_was_never_made() {
    let (mut scene, shard) = scene();
    for epoch in [0, u32::MAX] {
        let one = ReportBatch { epoch, ..batch(&mut scene, 0, &[measured(9_000, 1)]) };
        let signature = sign(&scene.oracles[0], &shard, &one);

        let proof = prove(&scene, &shard, &(one, signature), &Contradicted::Recorded);

        scene.stage.refuses(&proof, &[], StipendError::NotEquivocation);
    }
}

#[test]
fn prove_equivocation_refuses_a_statement_of_another_key() {
    let (mut scene, shard) = scene();
    let proof = proof(&mut scene, &shard);
    for liar in [key("liar"), scene.oracles[1].insecure_clone()] {
        for side in [0, 1] {
            let message = proof[side].data[112..].to_vec();
            let mut forged = proof.clone();
            forged[side] = statement(&liar.pubkey(), &message, &liar.sign_message(&message).into());

            scene.stage.refuses(&forged, &[], StipendError::Ed25519KeyMismatch);
        }
    }
}

#[test]
fn prove_equivocation_refuses_a_statement_of_another_report() {
    let (mut scene, shard) = scene();
    let proof = proof(&mut scene, &shard);
    let batch = batch(&mut scene, 0, &[measured(7_000, 1)]);
    let others = [
        // Another shard's, another oracle's, and none at all.
        place::report(&place::shard(&scene.network, 1), &scene.oracles[0].pubkey()),
        place::report(&shard, &scene.oracles[1].pubkey()),
        address("nothing"),
    ];
    for report in others {
        for side in [0, 1] {
            let forged = with_message(&scene, &proof, side, &batch.to_data(&report));
            scene.stage.refuses(&forged, &[], StipendError::ReportMismatch);
        }
    }
}

#[test]
fn prove_equivocation_refuses_a_statement_for_another_domain() {
    let (mut scene, shard) = scene();
    let proof = proof(&mut scene, &shard);
    let report = place::report(&shard, &scene.oracles[0].pubkey());
    let honest = batch(&mut scene, 0, &[measured(7_000, 1)]);
    for byte in [0, 7] {
        let mut abroad = honest.clone();
        abroad.domain[byte] ^= 1;
        for side in [0, 1] {
            let forged = with_message(&scene, &proof, side, &abroad.to_data(&report));
            scene.stage.refuses(&forged, &[], StipendError::DomainMismatch);
        }
    }
}

#[test]
fn prove_equivocation_refuses_a_message_that_is_no_report() {
    let (mut scene, shard) = scene();
    let proof = proof(&mut scene, &shard);
    let domain = scene.network().domain;
    let report = place::report(&shard, &scene.oracles[0].pubkey());
    let data = batch(&mut scene, 0, &[measured(7_000, 1)]).to_data(&report);
    let mut other_tag = data.clone();
    other_tag[0] ^= 1;
    let messages: [Vec<u8>; 5] = [
        instruction::evidence_data(domain, &report, 0, [7; 32]),
        other_tag,
        data[..data.len() - 1].to_vec(),
        data[8..].to_vec(),
        Vec::new(),
    ];
    for message in &messages {
        for side in [0, 1] {
            let forged = with_message(&scene, &proof, side, message);
            scene.stage.refuses(&forged, &[], StipendError::StatementMalformed);
        }
    }
}

#[test]
fn prove_equivocation_refuses_statements_that_are_not_directly_before() {
    let (mut scene, shard) = scene();
    let [other, one, prove] = <[Instruction; 3]>::try_from(proof(&mut scene, &shard)).unwrap();
    let gap = || nothing(&[]);
    let missing = StipendError::Ed25519InstructionMissing;

    scene.stage.refuses(&[other.clone(), one.clone(), gap(), prove.clone()], &[], missing);
    scene.stage.refuses(&[other.clone(), gap(), one.clone(), prove.clone()], &[], missing);
    scene.stage.refuses(&[one.clone(), prove.clone()], &[], missing);
    scene.stage.refuses(&[gap(), one.clone(), prove.clone()], &[], missing);
    scene.stage.refuses(std::slice::from_ref(&prove), &[], missing);
    scene.stage.refuses_at(0, &[prove.clone(), other.clone(), one.clone()], &[], missing);
    scene.stage.refuses_at(1, &[other.clone(), prove.clone(), one.clone()], &[], missing);
    // The bytes are right, but it is another program that had them.
    scene.stage.refuses(&[nothing(&other.data), one.clone(), prove.clone()], &[], missing);
    scene.stage.refuses(&[other.clone(), nothing(&one.data), prove.clone()], &[], missing);
    // The same statement twice is one statement.
    scene.stage.refuses(&[one.clone(), one.clone(), prove.clone()], &[], StipendError::NotEquivocation);
    // In any place, and either way round, the two together are the proof.
    scene.stage.accepts(&[gap(), gap(), one, other, prove], &[]);
}

#[test]
fn prove_equivocation_refuses_a_statement_alone_against_no_record_of_it() {
    let (mut scene, shard) = scene();
    scene.report(0, &shard, 0, &[measured(9_000, 1)]);
    let recorded = signed(&mut scene, &shard, &[measured(8_000, 1)]);
    let [one, prove] = <[Instruction; 2]>::try_from(prove(&scene, &shard, &recorded, &Contradicted::Recorded)).unwrap();

    scene.stage.refuses(std::slice::from_ref(&prove), &[], StipendError::Ed25519InstructionMissing);
    scene.stage.refuses(&[one.clone(), nothing(&[]), prove.clone()], &[], StipendError::Ed25519InstructionMissing);
    scene.stage.accepts(&[one, prove], &[]);
}
