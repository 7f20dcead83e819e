//! The life of a network with two shards from its first day to its last, on a mint of either token program: three epochs, both
//! ways of signing, every atom worked out by hand; then everything is closed.

use solana_address::Address;
use solana_signer::Signer;
use std::collections::BTreeMap;
use stipend_client::{
    address as place,
    instruction::{self, Destination},
};
use stipend_tests::{
    key, measured,
    mint::{self, supply_atoms, TOKEN_2022_ID},
    scene::{end, Measured, REPORT_SECS, SCORE_SECS},
    Scene,
};

const BLANK: Measured = (None, None);

/// What a slot keeps: uptime, bandwidth, score, reason, atoms accrued.
type Kept = (u16, u32, u32, u8, u64);

fn kept(scene: &mut Scene, shard: usize) -> Vec<Kept> {
    let shard = scene.shards[shard];
    let slots = scene.shard(&shard).1;
    slots.iter().map(|slot| (slot.uptime_bps, slot.bandwidth, slot.score, slot.reason, slot.accrued_atoms)).collect()
}

/// One oracle signs each transaction itself, the others have theirs relayed.
fn report(scene: &mut Scene, epoch: u32, oracle: usize, values: [[Measured; 2]; 2]) {
    for (shard, values) in scene.shards.clone().iter().zip(values) {
        if oracle == 0 {
            scene.report(oracle, shard, epoch, &values);
        } else {
            scene.relay(oracle, shard, epoch, &values);
        }
    }
}

fn finish(scene: &mut Scene, epoch: u32, is_paid: bool) {
    for shard in scene.shards.clone() {
        scene.score(&shard, epoch);
    }
    scene.close();
    for shard in scene.shards.clone().into_iter().rev().filter(|_| is_paid) {
        scene.settle(&shard);
    }
}

#[test]
fn a_network_on_a_mint_of_spl_token_pays_every_atom_where_it_was_earned_and_leaves_nothing_behind() {
    live(spl_token_interface::ID, Vec::new());
}

#[test]
fn a_network_on_a_mint_of_token_2022_pays_every_atom_where_it_was_earned_and_leaves_nothing_behind() {
    live(TOKEN_2022_ID, Vec::new());
}

#[test]
fn a_network_on_a_mint_with_a_metadata_pointer_pays_every_atom_where_it_was_earned_and_leaves_nothing_behind() {
    live(TOKEN_2022_ID, vec![(18, vec![0; 64])]);
}

fn live(token_program: Address, extensions: Vec<(u16, Vec<u8>)>) {
    // Emission 1,000,000 atoms, a tenth less from epoch 2 on; score = uptime · (6,000 + 4 · bandwidth up to 1,000).
    let mut scene = Scene::bare(token_program, extensions, |params| {
        (params.shard_capacity, params.emission.decay_bps, params.emission.decay_every_epochs) = (2, 1_000, 2);
        params.policy.oracle_bond_lamports = 5_000;
    });
    for oracle in ["oracle 0", "oracle 1", "oracle 2"] {
        scene.add_oracle(key(oracle));
    }
    pay_three_epochs(&mut scene);
    close_everything(&mut scene);
}

fn pay_three_epochs(scene: &mut Scene) {
    let [a, b, c] = ["owner a", "owner b", "owner c"].map(key);
    let first = scene.open_shard();
    scene.register(&first, &a.pubkey());
    scene.register(&first, &b.pubkey());
    let second = scene.open_shard();
    scene.register(&second, &a.pubkey());
    // The last one comes while epoch 0 runs, and counts from epoch 1 on.
    scene.warp_to(end(0) - 1);
    scene.register(&second, &c.pubkey());

    // Epoch 0: the oracles disagree, and the bandwidth of the third node was measured by one of them alone.
    scene.warp_to(end(0));
    let full = measured(10_000, 1_000);
    report(scene, 0, 0, [[measured(9_000, 500), full], [(Some(6_000), None), full]]);
    report(scene, 0, 1, [[measured(8_000, 600), full], [measured(7_000, 100), full]]);
    report(scene, 0, 2, [[measured(10_000, 400), full], [BLANK, full]]);
    finish(scene, 0, true);

    // 9,000 · 8,000, 10,000 · 10,000, 6,000 · 6,000 and too late. Of 1,000,000 atoms 72, 100 and 36 in 208:
    // 346,153.8, 480,769.2 and 173,076.9; two are left over.
    assert_eq!(kept(scene, 0), [(9_000, 500, 72_000_000, 1, 346_153), (10_000, 1_000, 100_000_000, 1, 480_769)]);
    assert_eq!(kept(scene, 1), [(6_000, u32::MAX, 36_000_000, 3, 173_076), (10_000, 1_000, 0, 6, 0)]);
    let emission = scene.network().emission;
    assert_eq!((emission.scheduled_atoms, emission.accrued_atoms, emission.carried_atoms), (1_000_000, 999_998, 2));

    // Owner A is paid for the first shard in between.
    let of_a = scene.open_token(&a.pubkey());
    let claim = scene.claim_instruction(&first, &a.pubkey(), &[0]);
    scene.stage.accepts(&[claim], &[]);
    assert_eq!(scene.atoms(&of_a), 346_153);

    // Epoch 1: oracle 2 is away, and nobody is up long enough for two oracles to agree on it.
    scene.warp_to(end(1));
    report(scene, 1, 0, [[measured(4_999, 1_000), full], [measured(0, 0), BLANK]]);
    report(scene, 1, 1, [[measured(6_000, 900), BLANK], [measured(0, 0), BLANK]]);
    scene.warp_to(end(1) + REPORT_SECS);
    finish(scene, 1, false);

    assert_eq!(kept(scene, 0), [(4_999, 900, 0, 4, 0), (u16::MAX, u32::MAX, 0, 5, 480_769)]);
    assert_eq!(kept(scene, 1), [(0, 0, 0, 4, 173_076), (u16::MAX, u32::MAX, 0, 5, 0)]);
    let emission = scene.network().emission;
    assert_eq!((emission.scheduled_atoms, emission.carried_atoms), (2_000_000, 1_000_002));

    // Epoch 2: 900,000 atoms and the 1,000,002 that were carried.
    scene.warp_to(end(2));
    for oracle in 0..3 {
        report(scene, 2, oracle, [[measured(5_000, 0), measured(10_000, 2_000)], [measured(7_500, 250), full]]);
    }
    finish(scene, 2, true);

    // 5,000 · 6,000, 10,000 · 10,000, 7,500 · 7,000 and 10,000 · 10,000. Of 1,900,002 atoms 30, 100, 52.5 and 100 in
    // 282.5: 201,770.1, 672,567.1, 353,097.7 and 672,567.1; one is left over.
    let expected = [(5_000, 0, 30_000_000, 1, 201_770), (10_000, 2_000, 100_000_000, 2, 480_769 + 672_567)];
    assert_eq!(kept(scene, 0), expected);
    let expected = [(7_500, 250, 52_500_000, 1, 173_076 + 353_097), (10_000, 1_000, 100_000_000, 1, 672_567)];
    assert_eq!(kept(scene, 1), expected);
    let ring = scene.network().ring;
    assert_eq!(ring.map(|entry| entry.emission_atoms)[..3], [1_000_000, 0, 1_900_002]);
    assert_eq!(ring.map(|entry| entry.paid_atoms)[..3], [999_998, 0, 1_900_001]);

    // All are paid: A and B by anybody, C by its own signature to an account of B's.
    let of_b = scene.open_token(&b.pubkey());
    let claims = [
        scene.claim_instruction(&first, &a.pubkey(), &[0]),
        scene.claim_instruction(&second, &a.pubkey(), &[0]),
        scene.claim_instruction(&first, &b.pubkey(), &[1]),
        scene.claim_to(&second, &c.pubkey(), Destination::Account(of_b), &[1]),
    ];
    scene.stage.accepts(&claims, &[&c]);

    assert_eq!(scene.atoms(&of_a), 346_153 + 201_770 + 173_076 + 353_097);
    assert_eq!(scene.atoms(&of_b), 480_769 + 672_567 + 672_567);
    let mint = scene.mint;
    assert_eq!(supply_atoms(&scene.stage.account(&mint).unwrap()), 2_899_999);
    let emission = scene.network().emission;
    assert_eq!((emission.minted_atoms, emission.accrued_atoms), (2_899_999, 2_899_999));
    assert_eq!((emission.scheduled_atoms, emission.carried_atoms), (2_900_000, 1));
    assert_eq!(place::associated_token(&b.pubkey(), &mint, &scene.token_program), of_b);
}

/// The last day: nodes retire, and every account is closed from the slots down to the network.
fn close_everything(scene: &mut Scene) {
    let (network, mint, payer) = (scene.network, scene.mint, scene.stage.payer.pubkey());
    let [first, second] = [scene.shards[0], scene.shards[1]];
    let [a, b, c] = ["owner a", "owner b", "owner c"].map(key);
    let devices: Vec<_> = scene.devices.iter().map(Signer::pubkey).collect();
    let places = [(&a, first), (&b, first), (&a, second), (&c, second)];
    for ((owner, shard), device) in places.into_iter().zip(&devices) {
        scene.retire(owner, &shard, device);
        scene.close_node(&shard, device);
    }
    let oracles = scene.oracle_keys();
    for oracle in &oracles {
        scene.remove_oracle(oracle, true);
    }

    // Epoch 3, in which the slots were vacated, is closed without a score.
    scene.warp_to(end(3) + SCORE_SECS);
    scene.close();
    let mut closed = vec![network, first, second];
    for shard in [second, first] {
        let shrink = instruction::shrink_shard(&network, &shard, &[payer, payer]);
        scene.stage.accepts(&[shrink], &[]);
        for oracle in &oracles {
            if shard == second {
                let withdraw = instruction::withdraw_bond(&network, &payer, oracle);
                scene.stage.accepts(&[withdraw], &[]);
            }
            let close_report = instruction::close_report(&network, &shard, oracle, &payer);
            scene.stage.accepts(&[close_report], &[]);
            closed.push(place::report(&shard, oracle));
        }
        let close_shard = instruction::close_shard(&network, &shard, &payer);
        scene.stage.accepts(&[close_shard], &[]);
    }
    // Devices may share a directory.
    let directories: BTreeMap<_, _> =
        devices.iter().map(|device| (place::directory(&network, device), device)).collect();
    for (directory, device) in directories {
        let close_directory = instruction::close_directory(&network, device, &payer);
        scene.stage.accepts(&[close_directory], &[]);
        closed.push(directory);
    }
    let authority = scene.authority.pubkey();
    scene.govern(instruction::close_network(&authority, &mint, 0, &payer, &scene.token_program));

    for address in closed {
        assert_eq!(scene.stage.account(&address), None, "{address}");
    }
    // What was earned stays, and nobody can ever mint more.
    let mint = scene.stage.account(&mint).unwrap();
    assert_eq!((supply_atoms(&mint), mint::authority(&mint)), (2_899_999, None));
}
