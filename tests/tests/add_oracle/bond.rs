//! The bond that an oracle leaves, and the entries that hold one.

use crate::acts::{close_unscored, funded, lamports};
use anchor_lang::error::ErrorCode;
use solana_account::Account;
use solana_address::Address;
use solana_signer::Signer;
use stipend::{error::StipendError, event::OracleAdded};
use stipend_client::instruction::{self, Contradicted};
use stipend_tests::{
    address, key, measured, read_only,
    scene::{end, GENESIS},
    swapped, unsigned, Refusal, Scene,
};

const ORACLE_BOND: u64 = 3_000_001;
const LAMPORTS: u64 = 10_000_000;

fn scene(oracles: usize) -> Scene {
    Scene::with(oracles, |params| (params.policy.oracle_bond_lamports, params.policy.quorum) = (ORACLE_BOND, 16))
}

fn add(scene: &Scene, payer: &Address, name: &str) -> solana_instruction::Instruction {
    instruction::add_oracle(payer, &scene.authority.pubkey(), &scene.network, &key(name).pubkey())
}

#[test]
fn add_oracle_has_the_payer_leave_the_bond_with_the_network() {
    let mut scene = scene(0);
    let (sponsor, network) = (funded(&mut scene, "sponsor", LAMPORTS), scene.network);
    let held = lamports(&mut scene, &network);

    let add = add(&scene, &sponsor.pubkey(), "oracle");
    let receipt = scene.stage.accepts(&[add], &[&sponsor, &scene.authority]);

    assert_eq!(lamports(&mut scene, &sponsor.pubkey()), LAMPORTS - ORACLE_BOND);
    assert_eq!(lamports(&mut scene, &network), held + ORACLE_BOND);
    let entry = scene.network().oracles.entries[0];
    assert_eq!((entry.bond_lamports, entry.payer, entry.suspended), (ORACLE_BOND, sponsor.pubkey(), 0));
    let event: OracleAdded = receipt.event();
    assert_eq!((event.bond_lamports, event.payer, event.policy_from_epoch), (ORACLE_BOND, sponsor.pubkey(), 0));
}

#[test]
fn add_oracle_asks_for_the_bond_of_the_policy_of_its_first_epoch() {
    let mut scene = scene(0);
    scene.warp_to(GENESIS);
    scene.update_policy(2, None, |policy| policy.oracle_bond_lamports = 7);
    let payer = scene.stage.payer.pubkey();
    // From epoch 1 on, by the old policy; from epoch 2 on, by the new one, while epoch 1 is under way.
    for (now, name, bond, policy_from_epoch) in [(GENESIS, "old", ORACLE_BOND, 0), (end(0), "new", 7, 2)] {
        scene.warp_to(now);
        let add = add(&scene, &payer, name);
        let event: OracleAdded = scene.stage.accepts(&[add], &[&scene.authority]).event();

        assert_eq!((event.bond_lamports, event.policy_from_epoch), (bond, policy_from_epoch));
    }
    let entries = scene.network().oracles.entries;
    assert_eq!((entries[0].bond_lamports, entries[1].bond_lamports), (ORACLE_BOND, 7));
}

#[test]
fn add_oracle_needs_the_payers_signature_and_lamports() {
    let mut scene = scene(0);
    let poor = key("poor");
    scene.stage.put(&poor.pubkey(), Account { lamports: ORACLE_BOND - 1, ..Account::default() });
    let add = add(&scene, &poor.pubkey(), "oracle");
    let keys = [poor.insecure_clone(), scene.authority.insecure_clone()];
    let keys = [&keys[0], &keys[1]];

    scene.stage.refuses(&[unsigned(&add, 0)], &keys, ErrorCode::AccountNotSigner);
    scene.stage.refuses(&[read_only(&add, 0)], &keys, ErrorCode::ConstraintMut);
    // The system program's own: lamports are missing.
    scene.stage.refuses(std::slice::from_ref(&add), &keys, Refusal::Program(1));
    scene.stage.refuses(&[swapped(&add, 3, &spl_token_interface::ID)], &keys, ErrorCode::InvalidProgramId);
    scene.stage.put(&poor.pubkey(), Account { lamports: ORACLE_BOND, ..Account::default() });
    scene.stage.accepts(&[add], &keys);
    assert_eq!(lamports(&mut scene, &poor.pubkey()), 0);
}

#[test]
fn add_oracle_never_uses_an_entry_whose_bond_is_held() {
    let mut scene = scene(16);
    let payer = scene.stage.payer.pubkey();
    let gone = scene.oracle_keys()[5];
    scene.remove_oracle(&gone, true);
    // It measures nothing any more, and its bond is still owed: for an epoch, and then until somebody withdraws it.
    let add = add(&scene, &payer, "new");
    scene.stage.refuses(std::slice::from_ref(&add), &[&scene.authority], StipendError::OracleSetFull);
    close_unscored(&mut scene, 0);
    scene.stage.refuses(std::slice::from_ref(&add), &[&scene.authority], StipendError::OracleSetFull);
    let withdraw = instruction::withdraw_bond(&scene.network, &payer, &gone);

    scene.stage.accepts(&[withdraw, add], &[&scene.authority]);

    let entry = scene.network().oracles.entries[5];
    assert_eq!((entry.key, entry.bond_lamports), (key("new").pubkey(), ORACLE_BOND));
}

#[test]
fn add_oracle_begins_a_new_record_for_a_key_that_comes_back() {
    let mut scene = Scene::with(1, |params| params.policy.quorum = 1);
    let shard = scene.open_shard();
    scene.register(&shard, &address("owner"));
    scene.run_epoch(&shard, 0, &[measured(9_000, 0)]);
    let oracle = scene.oracle_keys()[0];
    assert_eq!(scene.network().oracles.entries[0].reports_made, 1);
    scene.remove_oracle(&oracle, true);

    let add = instruction::add_oracle(&scene.stage.payer.pubkey(), &scene.authority.pubkey(), &scene.network, &oracle);
    scene.govern(add);

    let entry = scene.network().oracles.entries[0];
    assert_eq!((entry.key, entry.active_from, entry.reports_made), (oracle, 2, 0));
}

#[test]
fn add_oracle_never_takes_a_suspended_key_back_while_another_entry_is_free() {
    let mut scene = scene(2);
    let shard = scene.open_shard();
    scene.register(&shard, &address("owner"));
    scene.warp_to(end(0));
    suspend(&mut scene, &shard);
    let payer = scene.stage.payer.pubkey();
    let again = instruction::add_oracle(&payer, &scene.authority.pubkey(), &scene.network, &scene.oracle_keys()[0]);

    // Fourteen places are left, and none of them is the suspended one's.
    for place in 2..16 {
        scene.stage.refuses(std::slice::from_ref(&again), &[&scene.authority], StipendError::OracleSuspended);
        let add = add(&scene, &payer, &format!("new {place}"));
        scene.stage.accepts(&[add], &[&scene.authority]);
        assert_eq!(scene.network().oracles.entries[place].key, key(&format!("new {place}")).pubkey());
    }
    scene.stage.refuses(&[again], &[&scene.authority], StipendError::OracleSuspended);
    // Only a seventeenth takes it.
    let add = add(&scene, &payer, "last");
    scene.stage.accepts(&[add], &[&scene.authority]);
    let entry = scene.network().oracles.entries[0];
    assert_eq!((entry.key, entry.suspended), (key("last").pubkey(), 0));
}

/// Oracle 0 is caught.
fn suspend(scene: &mut Scene, shard: &Address) {
    let oracle = scene.oracles[0].insecure_clone();
    let report = stipend_client::address::report(shard, &oracle.pubkey());
    let [one, other] = [9_000, 8_000].map(|uptime_bps| scene.batch(0, &[measured(uptime_bps, 0)]));
    let [a, b] = [&one, &other].map(|batch| oracle.sign_message(&batch.to_data(&report)).into());
    let prover = scene.stage.payer.pubkey();
    let contradicted = Contradicted::Signed(other, b);
    let (network, key) = (scene.network, oracle.pubkey());
    let proof = instruction::prove_equivocation(&prover, &network, shard, &key, (&one, &a), &contradicted);
    scene.stage.accepts(&proof, &[]);
}
