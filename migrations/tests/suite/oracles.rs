//! Step 4: oracles are added.

use crate::{
    cluster::Lost,
    scene::{key, Scene},
};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend_client::{
    account, address, instruction,
    instruction::{Contradicted, ReportBatch},
    ledger::{Accounts, Ledger},
    program::state::Network,
};
use stipend_migrations::{
    error::MigrationError, m0002_mint::CreateMint, m0003_network::CreateNetwork, m0004_oracles::AddOracles,
    m0005_shards::OpenShards, plan::Plan,
};

fn with_network() -> (Scene, Plan) {
    let mut scene = Scene::new();
    let plan = scene.plan(&[]);
    scene.take(&CreateMint, &plan).expect("created");
    scene.take(&CreateNetwork, &plan).expect("created");
    (scene, plan)
}

fn network(scene: &mut Scene, plan: &Plan) -> Network {
    let account = scene.cluster.account(&plan.network_address()).expect("readable").expect("there");
    account::network(&account.data).expect("a network")
}

fn send(scene: &mut Scene, instructions: &[Instruction], signers: &[&Keypair]) {
    scene.cluster.send(&key("payer"), instructions, signers).expect("accepted");
    scene.cluster.landed_since();
}

#[test]
fn every_oracle_of_the_plan_is_added_and_the_second_run_sends_nothing() {
    let (mut scene, plan) = with_network();

    assert_eq!(scene.take(&AddOracles, &plan).expect("added"), 3);

    let there = network(&mut scene, &plan);
    let keys: Vec<_> = there.oracles.active(0).map(|oracle| oracle.key).collect();
    assert_eq!(keys, [key("oracle-1").pubkey(), key("oracle-2").pubkey(), key("oracle-3").pubkey()]);
    assert!(there.oracles.active(0).all(|oracle| oracle.bond_lamports == 7_000));
    assert_eq!(scene.take(&AddOracles, &plan).expect("nothing to do"), 0);
}

#[test]
fn only_the_missing_ones_are_added_after_a_stop() {
    for lost in [Lost::Before, Lost::After] {
        let (mut scene, plan) = with_network();
        scene.cluster.lose_after(1, lost);
        scene.take(&AddOracles, &plan).expect_err("lost");
        scene.cluster.mend();

        assert_eq!(scene.take(&AddOracles, &plan).expect("added"), 2);
    }
}

#[test]
fn an_oracle_that_the_plan_does_not_name_is_refused() {
    let (mut scene, plan) = with_network();
    scene.take(&AddOracles, &plan).expect("added");
    let fewer = scene.plan(&[(", \"oracle-3.json\"", "")]);

    let error = scene.refuses(&AddOracles, &fewer);

    assert!(
        matches!(error, MigrationError::OracleUnplanned { oracle } if oracle == key("oracle-3").pubkey()),
        "{error}"
    );
}

#[test]
fn an_oracle_that_was_removed_is_not_added_again() {
    let (mut scene, plan) = with_network();
    scene.take(&AddOracles, &plan).expect("added");
    let authority = key("authority");
    let remove =
        instruction::remove_oracle(&authority.pubkey(), &plan.network_address(), &key("oracle-3").pubkey(), false);
    send(&mut scene, &[remove], &[&authority]);

    let error = scene.refuses(&AddOracles, &plan);
    let fewer = scene.plan(&[(", \"oracle-3.json\"", "")]);

    assert!(matches!(error, MigrationError::OracleRemoved { .. }), "{error}");
    assert_eq!(scene.take(&AddOracles, &fewer).expect("nothing to do"), 0);
}

#[test]
fn an_oracle_that_was_suspended_is_refused() {
    let (mut scene, plan) = with_network();
    scene.take(&AddOracles, &plan).expect("added");
    scene.take(&OpenShards, &plan).expect("opened");
    let (network_address, oracle) = (plan.network_address(), key("oracle-1"));
    let shard = address::shard(&network_address, 0);
    let (payer, device) = (key("payer"), key("device"));
    let register = instruction::register_node(
        &payer.pubkey(),
        &device.pubkey(),
        None,
        &network_address,
        &shard,
        &payer.pubkey(),
        None,
    );
    let open = instruction::open_directory(&payer.pubkey(), &network_address, &device.pubkey());
    send(&mut scene, &[open, register], &[&device]);
    let there = network(&mut scene, &plan);
    // Two uptimes for one slot, each signed: bandwidth u32, uptime u16.
    let report = address::report(&shard, &oracle.pubkey());
    let signed = |uptime: u8| {
        let measurements = vec![1, 0, 0, 0, uptime, 0];
        let batch = ReportBatch { domain: there.domain, epoch: 0, total: 1, first_slot: 0, measurements };
        let signature: [u8; 64] = oracle.sign_message(&batch.to_data(&report)).into();
        (batch, signature)
    };
    let ((one, one_signature), (other, other_signature)) = (signed(1), signed(2));
    let prove = instruction::prove_equivocation(
        &payer.pubkey(),
        &network_address,
        &shard,
        &oracle.pubkey(),
        (&one, &one_signature),
        &Contradicted::Signed(other, other_signature),
    );
    // The VM wants rent there for what is burnt, which a cluster does not.
    let incinerator = stipend_client::program::constants::INCINERATOR_ID;
    scene.cluster.vm.airdrop(&incinerator, 1_000_000_000).expect("lamports are given");
    send(&mut scene, &prove, &[]);

    let error = scene.refuses(&AddOracles, &plan);

    assert!(matches!(error, MigrationError::OracleSuspended { oracle: o } if o == oracle.pubkey()), "{error}");
}
