//! Three epochs of a network with two shards, both ways of signing, and every atom worked out by hand.

use solana_signer::Signer;
use stipend_client::{address as place, instruction::Destination};
use stipend_tests::{
    key, measured,
    mint::supply_atoms,
    scene::{end, Measured, REPORT_SECS},
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
fn three_epochs_of_two_shards_pay_every_atom_where_it_was_earned() {
    // Emission 1,000,000 atoms, a tenth less from epoch 2 on; score = uptime · (6,000 + 4 · bandwidth up to 1,000).
    let mut scene = Scene::with(3, |params| {
        (params.shard_capacity, params.decay_bps, params.decay_every_epochs) = (2, 1_000, 2);
    });
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
    report(&mut scene, 0, 0, [[measured(9_000, 500), full], [(Some(6_000), None), full]]);
    report(&mut scene, 0, 1, [[measured(8_000, 600), full], [measured(7_000, 100), full]]);
    report(&mut scene, 0, 2, [[measured(10_000, 400), full], [BLANK, full]]);
    finish(&mut scene, 0, true);

    // 9,000 · 8,000, 10,000 · 10,000, 6,000 · 6,000 and too late. Of 1,000,000 atoms 72, 100 and 36 in 208:
    // 346,153.8, 480,769.2 and 173,076.9; two are left over.
    assert_eq!(kept(&mut scene, 0), [(9_000, 500, 72_000_000, 1, 346_153), (10_000, 1_000, 100_000_000, 1, 480_769)]);
    assert_eq!(kept(&mut scene, 1), [(6_000, u32::MAX, 36_000_000, 3, 173_076), (10_000, 1_000, 0, 6, 0)]);
    let emission = scene.network().emission;
    assert_eq!((emission.scheduled_atoms, emission.accrued_atoms, emission.carried_atoms), (1_000_000, 999_998, 2));

    // Owner A is paid for the first shard in between.
    let of_a = scene.open_token(&a.pubkey());
    let claim = scene.claim_instruction(&first, &a.pubkey(), &[0]);
    scene.stage.accepts(&[claim], &[]);
    assert_eq!(scene.atoms(&of_a), 346_153);

    // Epoch 1: oracle 2 is away, and nobody is up long enough for two oracles to agree on it.
    scene.warp_to(end(1));
    report(&mut scene, 1, 0, [[measured(4_999, 1_000), full], [measured(0, 0), BLANK]]);
    report(&mut scene, 1, 1, [[measured(6_000, 900), BLANK], [measured(0, 0), BLANK]]);
    scene.warp_to(end(1) + REPORT_SECS);
    finish(&mut scene, 1, false);

    assert_eq!(kept(&mut scene, 0), [(4_999, 900, 0, 4, 0), (u16::MAX, u32::MAX, 0, 5, 480_769)]);
    assert_eq!(kept(&mut scene, 1), [(0, 0, 0, 4, 173_076), (u16::MAX, u32::MAX, 0, 5, 0)]);
    let emission = scene.network().emission;
    assert_eq!((emission.scheduled_atoms, emission.carried_atoms), (2_000_000, 1_000_002));

    // Epoch 2: 900,000 atoms and the 1,000,002 that were carried.
    scene.warp_to(end(2));
    for oracle in 0..3 {
        report(&mut scene, 2, oracle, [[measured(5_000, 0), measured(10_000, 2_000)], [measured(7_500, 250), full]]);
    }
    finish(&mut scene, 2, true);

    // 5,000 · 6,000, 10,000 · 10,000, 7,500 · 7,000 and 10,000 · 10,000. Of 1,900,002 atoms 30, 100, 52.5 and 100 in
    // 282.5: 201,770.1, 672,567.1, 353,097.7 and 672,567.1; one is left over.
    let expected = [(5_000, 0, 30_000_000, 1, 201_770), (10_000, 2_000, 100_000_000, 2, 480_769 + 672_567)];
    assert_eq!(kept(&mut scene, 0), expected);
    let expected = [(7_500, 250, 52_500_000, 1, 173_076 + 353_097), (10_000, 1_000, 100_000_000, 1, 672_567)];
    assert_eq!(kept(&mut scene, 1), expected);
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
