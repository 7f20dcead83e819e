//! `prove_equivocation`: who is caught, what it costs the oracle, and what becomes of what it reported.

mod accounts;
mod long;
mod offsets;
mod statements;

use crate::acts::{close_unscored, funded, lamports};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend::{
    constants::INCINERATOR_ID,
    error::StipendError,
    event::{OracleSuspended, ShardScored},
};
use stipend_client::{
    address as place,
    instruction::{self, Contradicted, ReportBatch},
};
use stipend_tests::{
    address,
    caller::wrapped,
    key, measured,
    scene::{end, measurements, Measured},
    Scene,
};

/// Lamports of an oracle's bond: odd, so that its half is not whole.
const ORACLE_BOND: u64 = 7_001;

/// Three oracles with a bond and a shard with three nodes, at the end of epoch 0.
fn scene() -> (Scene, Address) {
    scene_of(3)
}

fn scene_of(nodes: u16) -> (Scene, Address) {
    let (mut scene, shard) = early_scene_of(nodes);
    scene.warp_to(end(0));
    (scene, shard)
}

/// The same before the genesis.
fn early_scene_of(nodes: u16) -> (Scene, Address) {
    let mut scene = Scene::with(3, |params| {
        params.policy.oracle_bond_lamports = ORACLE_BOND;
        params.shard_capacity = nodes.max(4);
    });
    let shard = scene.open_shard();
    for _ in 0..nodes {
        scene.register(&shard, &address("owner"));
    }
    (scene, shard)
}

/// A whole report of epoch 0, and oracle 0's signature of it.
fn signed(scene: &mut Scene, shard: &Address, values: &[Measured]) -> (ReportBatch, [u8; 64]) {
    let batch = scene.batch(0, values);
    let signature = sign(&scene.oracles[0], shard, &batch);
    (batch, signature)
}

fn sign(oracle: &Keypair, shard: &Address, batch: &ReportBatch) -> [u8; 64] {
    oracle.sign_message(&batch.to_data(&place::report(shard, &oracle.pubkey()))).into()
}

/// Proves that oracle 0 signed both; the stage's payer is the prover.
fn prove(scene: &Scene, shard: &Address, one: &(ReportBatch, [u8; 64]), other: &Contradicted) -> Vec<Instruction> {
    let (prover, oracle) = (scene.stage.payer.pubkey(), scene.oracles[0].pubkey());
    instruction::prove_equivocation(&prover, &scene.network, shard, &oracle, (&one.0, &one.1), other)
}

/// The proof that oracle 0 signed 9,000 and 8,000 for slot 0 of epoch 0.
fn proof(scene: &mut Scene, shard: &Address) -> Vec<Instruction> {
    let one = signed(scene, shard, &[measured(9_000, 1)]);
    let (batch, signature) = signed(scene, shard, &[measured(8_000, 1)]);
    prove(scene, shard, &one, &Contradicted::Signed(batch, signature))
}

/// The same proof, by somebody else.
fn proof_by(scene: &mut Scene, shard: &Address, prover: &Address) -> Vec<Instruction> {
    let mut proof = proof(scene, shard);
    proof[2].accounts[0].pubkey = *prover;
    proof
}

#[test]
fn prove_equivocation_suspends_an_oracle_that_signed_two_values_for_one_slot() {
    let (mut scene, shard) = scene();
    let prover = funded(&mut scene, "prover", 1_000_000);
    let one = signed(&mut scene, &shard, &[measured(9_000, 1), measured(7_000, 2), (None, None)]);
    let (batch, signature) = signed(&mut scene, &shard, &[measured(9_000, 1), measured(7_000, 3), measured(1, 1)]);
    let mut proof = prove(&scene, &shard, &one, &Contradicted::Signed(batch, signature));
    proof[2].accounts[0].pubkey = prover.pubkey();
    let (network, before) = (scene.network, scene.network());
    let (held, burnt) = (lamports(&mut scene, &network), lamports(&mut scene, &INCINERATOR_ID));

    let receipt = scene.stage.accepts(&proof, &[&prover]);

    let mut expected = before.oracles.entries;
    (expected[0].suspended, expected[0].active_until, expected[0].bond_lamports) = (1, 0, 0);
    assert_eq!(scene.network().oracles.entries, expected);
    // 7,001 / 2 = 3,500.5: the prover loses the fraction.
    assert_eq!(lamports(&mut scene, &prover.pubkey()), 1_000_000 + 3_500);
    assert_eq!(lamports(&mut scene, &INCINERATOR_ID), burnt + 3_501);
    assert_eq!(lamports(&mut scene, &network), held - 7_001);
    let event: OracleSuspended = receipt.event();
    assert_eq!((event.network, event.oracle, event.shard), (network, scene.oracles[0].pubkey(), shard));
    // The statement directly before the proof is the one; slot 1 is the first in which they differ.
    assert_eq!((event.epoch, event.slot), (0, 1));
    // Bandwidth, then uptime: 7,000 is 0x1b58.
    assert_eq!((event.one, event.other), ([2, 0, 0, 0, 0x58, 0x1b], [3, 0, 0, 0, 0x58, 0x1b]));
    assert_eq!((event.prover, event.reward_lamports, event.burnt_lamports), (prover.pubkey(), 3_500, 3_501));
}

#[test]
fn prove_equivocation_takes_a_statement_against_the_record() {
    let (mut scene, shard) = scene();
    scene.report(0, &shard, 0, &[measured(9_000, 1), measured(7_000, 2)]);
    let one = signed(&mut scene, &shard, &[measured(9_000, 1), measured(7_001, 2)]);
    let proof = prove(&scene, &shard, &one, &Contradicted::Recorded);
    assert_eq!(proof.len(), 2);

    let receipt = scene.stage.accepts(&proof, &[]);

    let event: OracleSuspended = receipt.event();
    assert_eq!((event.epoch, event.slot), (0, 1));
    assert_eq!((event.one, event.other), ([2, 0, 0, 0, 0x59, 0x1b], [2, 0, 0, 0, 0x58, 0x1b]));
    let entry = scene.network().oracles.entries[0];
    assert_eq!((entry.suspended, entry.active_until, entry.bond_lamports), (1, 0, 0));
}

#[test]
fn prove_equivocation_compares_batches_where_they_overlap() {
    let (mut scene, shard) = scene();
    let domain = scene.network().domain;
    let part = |first_slot, values: &[Measured]| ReportBatch {
        domain,
        epoch: 0,
        total: 3,
        first_slot,
        measurements: measurements(values),
    };
    // Slots 0 and 1, and slots 1 and 2: they differ in slot 1 alone.
    let one = part(0, &[measured(9_000, 1), measured(8_000, 1)]);
    let other = part(1, &[measured(8_001, 1), measured(7_000, 1)]);
    let signatures = [&one, &other].map(|batch| sign(&scene.oracles[0], &shard, batch));

    let proof = prove(&scene, &shard, &(one, signatures[0]), &Contradicted::Signed(other, signatures[1]));
    let receipt = scene.stage.accepts(&proof, &[]);

    assert_eq!(receipt.event::<OracleSuspended>().slot, 1);
}

#[test]
fn prove_equivocation_needs_one_field_that_both_statements_measured_differently() {
    // Another uptime beside a bandwidth that one left out, and another bandwidth beside an uptime that one left out.
    for (one, other) in [((Some(9_000), None), measured(8_999, 5)), ((None, Some(5)), measured(9_000, 6))] {
        let (mut scene, shard) = scene();
        let one = signed(&mut scene, &shard, &[one]);
        let (batch, signature) = signed(&mut scene, &shard, &[other]);

        let proof = prove(&scene, &shard, &one, &Contradicted::Signed(batch, signature));

        assert_eq!(scene.stage.accepts(&proof, &[]).event::<OracleSuspended>().slot, 0);
    }
}

#[test]
fn prove_equivocation_splits_every_bond_to_the_lamport() {
    // The bond, what the prover gets, what is burnt.
    for (bond, reward, burnt) in [(0, 0, 0), (1, 0, 1), (2, 1, 1), (999_999, 499_999, 500_000)] {
        let mut scene = Scene::with(3, |params| params.policy.oracle_bond_lamports = bond);
        let shard = scene.open_shard();
        scene.register(&shard, &address("owner"));
        scene.warp_to(end(0));
        let prover = funded(&mut scene, "prover", 1_000_000);
        let (network, incinerated) = (scene.network, lamports(&mut scene, &INCINERATOR_ID));
        let held = lamports(&mut scene, &network);
        let proof = proof_by(&mut scene, &shard, &prover.pubkey());

        scene.stage.accepts(&proof, &[&prover]);

        assert_eq!(lamports(&mut scene, &prover.pubkey()), 1_000_000 + reward);
        assert_eq!(lamports(&mut scene, &INCINERATOR_ID), incinerated + burnt);
        assert_eq!(lamports(&mut scene, &network), held - bond);
    }
}

#[test]
fn prove_equivocation_needs_a_prover_that_can_exist_with_its_share() {
    let (mut scene, shard) = scene();
    // Half of the bond, 3,500 lamports, is less than the rent of an empty account.
    let prover = funded(&mut scene, "prover", 0);
    let proof = proof_by(&mut scene, &shard, &prover.pubkey());

    scene.stage.refuses(&proof, &[&prover], StipendError::PayerEmpty);
    funded(&mut scene, "prover", 1_000_000);
    scene.stage.accepts(&proof, &[&prover]);
}

#[test]
fn prove_equivocation_voids_reports_of_unscored_shards_and_leaves_scored_ones() {
    let mut scene = Scene::with(3, |params| params.shard_capacity = 1);
    let shards = [(); 2].map(|()| {
        let shard = scene.open_shard();
        scene.register(&shard, &address("owner"));
        shard
    });
    scene.warp_to(end(0));
    for shard in &shards {
        for (oracle, uptime_bps) in [8_000, 9_000, 7_000].into_iter().enumerate() {
            scene.report(oracle, shard, 0, &[measured(uptime_bps, 0)]);
        }
    }
    scene.score(&shards[0], 0);
    let proof = proof(&mut scene, &shards[1]);

    scene.stage.accepts(&proof, &[]);

    let of_all = instruction::score_shard(&scene.network, &shards[1], &scene.oracle_keys(), 0);
    scene.stage.refuses(&[of_all], &[], StipendError::ReportOracleMismatch);
    let score = instruction::score_shard(&scene.network, &shards[1], &scene.oracle_keys()[1..], 0);
    let receipt = scene.stage.accepts(&[score], &[]);
    // The lower of 9,000 and 7,000; with the voided report it would be 8,000, as it stands in the scored shard.
    assert_eq!(receipt.event::<ShardScored>().total_score, 42_000_000);
    assert_eq!(shards.map(|shard| scene.shard(&shard).1[0].uptime_bps), [8_000, 7_000]);
    scene.close();
    for shard in &shards {
        scene.settle(shard);
    }
    // 1,000,000 · 48 / 90 = 533,333.3 and 1,000,000 · 42 / 90 = 466,666.7.
    assert_eq!(shards.map(|shard| scene.shard(&shard).1[0].accrued_atoms), [533_333, 466_666]);
}

#[test]
fn prove_equivocation_shuts_the_oracle_out_at_once() {
    let (mut scene, shard) = scene();
    let payer = scene.stage.payer.pubkey();
    let proof = proof(&mut scene, &shard);
    let oracle = scene.oracles[0].pubkey();
    scene.stage.accepts(&proof, &[]);
    let batch = scene.batch(0, &[measured(9_000, 1)]);
    let (authority, network) = (scene.authority.pubkey(), scene.network);
    let keys = [scene.authority.insecure_clone(), scene.oracles[0].insecure_clone()];
    let keys: Vec<&Keypair> = keys.iter().collect();

    let submit = instruction::submit_report(&oracle, &network, &shard, &batch);
    scene.stage.refuses(&[submit], &keys, StipendError::OracleNotActive);
    let commit = instruction::commit_evidence(&oracle, &network, &shard, batch.domain, 0, [1; 32]);
    scene.stage.refuses(&[commit], &keys, StipendError::OracleNotActive);
    let remove = instruction::remove_oracle(&authority, &network, &oracle, true);
    scene.stage.refuses(&[remove], &keys, StipendError::OracleUnknown);
    let add = instruction::add_oracle(&payer, &authority, &network, &oracle);
    scene.stage.refuses(std::slice::from_ref(&add), &keys, StipendError::OracleSuspended);
    // Nothing is left to withdraw, now or later.
    let withdraw = instruction::withdraw_bond(&network, &payer, &oracle);
    scene.stage.refuses(std::slice::from_ref(&withdraw), &[], StipendError::OracleUnknown);
    scene.warp_to(end(9));
    scene.close();
    scene.stage.refuses(&[withdraw], &[], StipendError::OracleUnknown);
    scene.stage.refuses(&[add], &keys, StipendError::OracleSuspended);
}

#[test]
fn prove_equivocation_refuses_a_second_time() {
    let (mut scene, shard) = scene();
    let proof = proof(&mut scene, &shard);
    scene.stage.accepts(&proof, &[]);

    scene.stage.refuses(&proof, &[], StipendError::OracleSuspended);
    let mut twice = proof.clone();
    twice.extend_from_slice(&proof);
    scene.stage.refuses_at(2, &twice, &[], StipendError::OracleSuspended);
}

#[test]
fn prove_equivocation_catches_a_removed_oracle_while_its_bond_is_held() {
    for at_once in [true, false] {
        let (mut scene, shard) = scene();
        let proof = proof(&mut scene, &shard);
        let oracle = scene.oracles[0].pubkey();
        scene.remove_oracle(&oracle, at_once);
        let active_until = scene.network().oracles.entries[0].active_until;
        assert_eq!(active_until, if at_once { 0 } else { 2 });

        let receipt = scene.stage.accepts(&proof, &[]);

        let event: OracleSuspended = receipt.event();
        assert_eq!((event.reward_lamports, event.burnt_lamports), (3_500, 3_501));
        let entry = scene.network().oracles.entries[0];
        assert_eq!((entry.suspended, entry.active_until, entry.bond_lamports), (1, 0, 0));
    }
}

#[test]
fn prove_equivocation_leaves_a_removed_oracle_the_epochs_that_it_did_not_measure() {
    let (mut scene, shard) = scene();
    let proof = proof(&mut scene, &shard);
    let oracle = scene.oracles[0].pubkey();
    scene.remove_oracle(&oracle, true);
    close_unscored(&mut scene, 0);

    scene.stage.accepts(&proof, &[]);

    // Not moved to the open epoch, 1: it would have measured epoch 0 again.
    assert_eq!(scene.network().open_epoch, 1);
    assert_eq!(scene.network().oracles.entries[0].active_until, 0);
}

#[test]
fn prove_equivocation_refuses_an_oracle_that_is_not_in_the_set() {
    let (mut scene, shard) = scene();
    let proof = proof(&mut scene, &shard);
    let (oracle, payer) = (scene.oracles[0].pubkey(), scene.stage.payer.pubkey());
    scene.remove_oracle(&oracle, true);
    close_unscored(&mut scene, 0);
    let withdraw = instruction::withdraw_bond(&scene.network, &payer, &oracle);
    scene.stage.accepts(&[withdraw], &[]);

    scene.stage.refuses(&proof, &[], StipendError::OracleUnknown);
}

#[test]
fn prove_equivocation_takes_the_bonds_of_both_entries_of_a_key_that_came_back() {
    let (mut scene, shard) = scene();
    let proof = proof(&mut scene, &shard);
    let (oracle, payer) = (scene.oracles[0].pubkey(), scene.stage.payer.pubkey());
    scene.remove_oracle(&oracle, false);
    let add = instruction::add_oracle(&payer, &scene.authority.pubkey(), &scene.network, &oracle);
    scene.stage.accepts(&[add], &[&scene.authority]);

    let event: OracleSuspended = scene.stage.accepts(&proof, &[]).event();

    // Twice 7,001, halved.
    assert_eq!((event.reward_lamports, event.burnt_lamports), (7_001, 7_001));
    let entries = scene.network().oracles.entries;
    for entry in [entries[0], entries[3]] {
        assert_eq!((entry.key, entry.suspended, entry.active_until, entry.bond_lamports), (oracle, 1, 0, 0));
    }
    assert_eq!((entries[0].active_from, entries[3].active_from), (0, 2));
}

#[test]
fn prove_equivocation_may_come_from_inside_another_program() {
    let (mut scene, shard) = scene();
    let mut proof = proof(&mut scene, &shard);
    proof[2] = wrapped(&proof[2]);

    let receipt = scene.stage.accepts(&proof, &[]);

    assert_eq!(receipt.event::<OracleSuspended>().oracle, scene.oracles[0].pubkey());
    assert_eq!(scene.network().oracles.entries[0].suspended, 1);
}

#[test]
fn prove_equivocation_works_while_the_network_is_paused() {
    let (mut scene, shard) = scene();
    let proof = proof(&mut scene, &shard);
    let pause = instruction::pause(&scene.authority.pubkey(), &scene.network);
    scene.stage.accepts(&[pause], &[&scene.authority]);

    scene.stage.accepts(&proof, &[]);

    assert_eq!(scene.network().oracles.entries[0].suspended, 1);
}

#[test]
fn prove_equivocation_is_no_use_to_a_stranger_without_the_oracles_signature() {
    let (mut scene, shard) = scene();
    let mut proof = proof(&mut scene, &shard);
    let liar = key("liar");
    let message = proof[0].data[112..].to_vec();
    let lie: [u8; 64] = liar.sign_message(&message).into();
    proof[0].data[48..112].copy_from_slice(&lie);

    // The precompile's own: the signature is not the oracle's.
    scene.stage.refuses_at(0, &proof, &[], stipend_tests::Refusal::Program(2));
}
