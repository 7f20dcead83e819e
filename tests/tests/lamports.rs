//! A network's whole life, from its first shard to its last: each lamport that somebody left goes back to who left it.

use crate::acts::{funded, lamports, Tenant};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::collections::BTreeMap;
use stipend::{constants::INCINERATOR_ID, state::Network};
use stipend_client::{
    address as place,
    instruction::{self, Contradicted, Vacancy},
};
use stipend_tests::{
    key, measured,
    scene::{end, Measured},
    Scene,
};

/// What everybody who pays for something has at first.
const LAMPORTS: u64 = 1_000_000_000;
/// Odd, so that its half is not whole.
const ORACLE_BOND: u64 = 9_000_001;
const BOND: u64 = 123_457;

/// A node that is up: of one, two or three of them, each gets a whole number of an epoch's 60,000,000 atoms.
const UP: Measured = (Some(10_000), Some(0));

/// Who pays for what; the stage's payer pays for the network and every fee.
struct Payers {
    directories: Keypair,
    shards: Keypair,
    reports: Keypair,
    oracles: Keypair,
    nodes: Keypair,
    later_nodes: Keypair,
    prover: Keypair,
}

impl Payers {
    fn new(scene: &mut Scene) -> Self {
        let names = ["directories", "shards", "reports", "oracles", "nodes", "later nodes", "prover"];
        let [directories, shards, reports, oracles, nodes, later_nodes, prover] =
            names.map(|name| funded(scene, name, LAMPORTS));
        Self { directories, shards, reports, oracles, nodes, later_nodes, prover }
    }

    fn keys(&self) -> [&Keypair; 7] {
        let Self { directories, shards, reports, oracles, nodes, later_nodes, prover } = self;
        [directories, shards, reports, oracles, nodes, later_nodes, prover]
    }
}

/// Executes an instruction that some of the payers or the authority sign.
#[track_caller]
fn accept(scene: &mut Scene, payers: &Payers, others: &[&Keypair], act: Instruction) {
    let authority = scene.authority.insecure_clone();
    let keys: Vec<&Keypair> = payers.keys().into_iter().chain(others.iter().copied()).chain([&authority]).collect();
    scene.stage.accepts(&[act], &keys);
}

fn add_oracle(scene: &mut Scene, payers: &Payers, name: &str) {
    let (network, authority) = (scene.network, scene.authority.pubkey());
    let add = instruction::add_oracle(&payers.oracles.pubkey(), &authority, &network, &key(name).pubkey());
    accept(scene, payers, &[], add);
    scene.oracles.push(key(name));
}

/// Opens the next shard and every oracle's report of it.
fn open_shard(scene: &mut Scene, payers: &Payers) -> Address {
    let index = scene.shards.len() as u32;
    let open = instruction::open_shard(&payers.shards.pubkey(), &scene.network, index);
    accept(scene, payers, &[], open);
    let shard = place::shard(&scene.network, index);
    scene.shards.push(shard);
    for oracle in scene.oracle_keys() {
        let open = instruction::open_report(&payers.reports.pubkey(), &scene.network, &shard, &oracle);
        accept(scene, payers, &[], open);
    }
    shard
}

fn register(scene: &mut Scene, payers: &Payers, payer: &Keypair, name: &str, vacancy: Option<Vacancy>) -> Tenant {
    let shard = match vacancy {
        Some(_) => scene.shards[0],
        None => *scene.shards.last().expect("a shard is open"),
    };
    let tenant = Tenant::new(name, &shard);
    if scene.stage.account(&tenant.directory(scene)).is_none() {
        let device = tenant.device.pubkey();
        let open = instruction::open_directory(&payers.directories.pubkey(), &scene.network, &device);
        accept(scene, payers, &[], open);
    }
    let register = tenant.register_instruction(scene, &payer.pubkey(), vacancy);
    accept(scene, payers, &[&tenant.device], register);
    tenant
}

/// Retires a node, has it paid what it earned, and closes it.
fn leave(scene: &mut Scene, payers: &Payers, payer: &Keypair, tenant: &Tenant) {
    tenant.retire(scene);
    let slot = scene.node(&tenant.device.pubkey()).slot;
    if scene.shard(&tenant.shard).1[usize::from(slot)].accrued_atoms > 0 {
        tenant.claim(scene, slot);
    }
    let close = tenant.close_instruction(scene, &payer.pubkey());
    accept(scene, payers, &[], close);
}

/// An epoch that these oracles measured, in both shards, settled.
fn run(scene: &mut Scene, epoch: u32, oracles: &[usize]) {
    scene.warp_to(end(epoch));
    let keys: Vec<Address> = oracles.iter().map(|oracle| scene.oracle_keys()[*oracle]).collect();
    let shards: Vec<Address> =
        scene.shards.clone().into_iter().filter(|shard| scene.shard(shard).0.dormant == 0).collect();
    for shard in &shards {
        let values = vec![UP; scene.shard(shard).1.len()];
        for oracle in oracles {
            scene.report(*oracle, shard, epoch, &values);
        }
        let score = instruction::score_shard(&scene.network, shard, &keys, epoch);
        scene.stage.accepts(&[score], &[]);
    }
    scene.close();
    for shard in &shards {
        if scene.shard(shard).0.unsettled == 1 {
            scene.settle(shard);
        }
    }
}

/// Proves that an oracle signed two values for slot 0 of the first shard.
fn convict(scene: &mut Scene, payers: &Payers, oracle: usize, epoch: u32) {
    let (network, shard) = (scene.network, scene.shards[0]);
    let oracle = scene.oracles[oracle].insecure_clone();
    let report = place::report(&shard, &oracle.pubkey());
    let [one, other] = [1, 2].map(|bandwidth| scene.batch(epoch, &[measured(9_000, bandwidth)]));
    let [a, b] = [&one, &other].map(|batch| oracle.sign_message(&batch.to_data(&report)).into());
    let contradicted = Contradicted::Signed(other, b);
    let prover = payers.prover.pubkey();
    let proof = instruction::prove_equivocation(&prover, &network, &shard, &oracle.pubkey(), (&one, &a), &contradicted);
    scene.stage.accepts(&proof, &[&payers.prover]);
}

#[test]
fn every_lamport_goes_back_to_who_left_it() {
    let mut scene = Scene::with(0, |params| {
        (params.policy.bond_lamports, params.policy.oracle_bond_lamports) = (BOND, ORACLE_BOND);
        (params.emission.per_epoch_atoms, params.shard_capacity) = (60_000_000, 2);
    });
    let payers = Payers::new(&mut scene);
    let (network, payer) = (scene.network, scene.stage.payer.pubkey());
    for name in ["oracle a", "oracle b", "oracle c"] {
        add_oracle(&mut scene, &payers, name);
    }
    let first = open_shard(&mut scene, &payers);
    let old = ["old 0", "old 1"].map(|name| register(&mut scene, &payers, &payers.nodes, name, None));
    let second = open_shard(&mut scene, &payers);
    let late = register(&mut scene, &payers, &payers.nodes, "late", None);
    run(&mut scene, 0, &[0, 1, 2]);

    // In epoch 1 a node goes and another takes its slot; an oracle is caught.
    leave(&mut scene, &payers, &payers.nodes, &old[0]);
    let vacancy = Some(Vacancy { slot: 0, payer: payers.nodes.pubkey() });
    let new = register(&mut scene, &payers, &payers.later_nodes, "new", vacancy);
    let incinerated = lamports(&mut scene, &INCINERATOR_ID);
    convict(&mut scene, &payers, 2, 0);
    assert_eq!(lamports(&mut scene, &INCINERATOR_ID), incinerated + 4_500_001);
    run(&mut scene, 1, &[0, 1]);
    run(&mut scene, 2, &[0, 1]);

    // In epoch 3 everybody goes; the oracles' bonds are held until it is closed.
    leave(&mut scene, &payers, &payers.nodes, &old[1]);
    leave(&mut scene, &payers, &payers.nodes, &late);
    leave(&mut scene, &payers, &payers.later_nodes, &new);
    for oracle in [0, 1] {
        let oracle = scene.oracle_keys()[oracle];
        scene.remove_oracle(&oracle, true);
    }
    run(&mut scene, 3, &[]);
    for oracle in [0, 1] {
        let withdraw = instruction::withdraw_bond(&network, &payers.oracles.pubkey(), &scene.oracle_keys()[oracle]);
        accept(&mut scene, &payers, &[], withdraw);
    }
    let (nodes, later) = (payers.nodes.pubkey(), payers.later_nodes.pubkey());
    // From the last slot backwards: who came later paid for the first one.
    for (shard, slots) in [(first, vec![nodes, later]), (second, vec![nodes])] {
        let shrink = instruction::shrink_shard(&network, &shard, &slots);
        accept(&mut scene, &payers, &[], shrink);
    }
    for shard in [second, first] {
        for oracle in scene.oracle_keys() {
            let close = instruction::close_report(&network, &shard, &oracle, &payers.reports.pubkey());
            accept(&mut scene, &payers, &[], close);
        }
        let close = instruction::close_shard(&network, &shard, &payers.shards.pubkey());
        accept(&mut scene, &payers, &[], close);
    }
    // Devices may share a directory.
    let tenants = [&old[0], &old[1], &late, &new];
    let directories: BTreeMap<_, _> = tenants.iter().map(|tenant| (tenant.directory(&scene), tenant)).collect();
    for tenant in directories.values() {
        let device = tenant.device.pubkey();
        let close = instruction::close_directory(&network, &device, &payers.directories.pubkey());
        accept(&mut scene, &payers, &[], close);
    }

    // A bond of 9,000,001: 4,500,000 to the prover, 4,500,001 burnt; everything else is where it was.
    let held = payers.keys().map(|payer| lamports(&mut scene, &payer.pubkey()));
    let oracles = LAMPORTS - ORACLE_BOND;
    assert_eq!(held, [LAMPORTS, LAMPORTS, LAMPORTS, oracles, LAMPORTS, LAMPORTS, LAMPORTS + 4_500_000]);
    let rent = scene.stage.rent_lamports(Network::SPACE);
    assert_eq!(lamports(&mut scene, &network), rent);
    let mut gone = vec![first, second];
    gone.extend(directories.keys());
    for shard in [first, second] {
        gone.extend(scene.oracle_keys().iter().map(|oracle| place::report(&shard, oracle)));
    }
    for address in gone {
        assert_eq!(scene.stage.account(&address), None);
    }
    // And the atoms. Epoch 0: three times 60,000,000 / 3, each floored to one atom less, so that 3 are carried. Epoch 1:
    // 60,000,003 / 2 = 30,000,001.5, and 1 is carried. Epoch 2: 60,000,001 / 3 = 20,000,000.3.
    let paid = tenants.map(|tenant| tenant.paid_atoms(&mut scene));
    assert_eq!(paid, [19_999_999, 70_000_000, 70_000_000, 20_000_000]);
    let close = instruction::close_network(&scene.authority.pubkey(), &scene.mint, 0, &payer, &scene.token_program);
    let before = lamports(&mut scene, &payer);
    accept(&mut scene, &payers, &[], close);
    // Less the fee of two signatures.
    assert_eq!(lamports(&mut scene, &payer), before + rent - 10_000);
    assert_eq!(scene.stage.account(&network), None);
}
