//! `settle_shard`.

use crate::acts::close_unscored;
use anchor_lang::error::ErrorCode;
use solana_address::Address;
use stipend::{error::StipendError, event::ShardSettled};
use stipend_client::instruction;
use stipend_tests::{address, measured, read_only, scene::end, swapped, Refusal, Scene};

/// Three oracles and a shard with three nodes, scored for epoch 0 with 60,000,000, 30,000,000 and 0 points.
fn scored() -> (Scene, Address) {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    for _ in 0..3 {
        scene.register(&shard, &address("owner"));
    }
    scene.warp_to(end(0));
    scene.report_all(&shard, 0, &[measured(10_000, 0), measured(5_000, 0), measured(0, 0)]);
    scene.score(&shard, 0);
    (scene, shard)
}

fn accrued(scene: &mut Scene, shard: &Address) -> Vec<u64> {
    scene.shard(shard).1.iter().map(|slot| slot.accrued_atoms).collect()
}

#[test]
fn settle_shard_adds_each_slots_share_of_the_emission() {
    let (mut scene, shard) = scored();
    scene.close();
    let before = scene.shard(&shard);

    let receipt = scene.settle(&shard);

    let (header, slots) = scene.shard(&shard);
    // 1,000,000 · 2/3 = 666,666.6 and 1,000,000 / 3 = 333,333.3.
    assert_eq!(accrued(&mut scene, &shard), [666_666, 333_333, 0]);
    assert_eq!(header.unsettled, 0);
    assert_eq!((header.total_score, header.scored_epoch, header.next_epoch), (90_000_000, 0, 1));
    for (slot, before) in slots.iter().zip(before.1) {
        assert_eq!((slot.owner, slot.score, slot.reason), (before.owner, before.score, before.reason));
        assert_eq!((slot.uptime_bps, slot.bandwidth, slot.state), (before.uptime_bps, before.bandwidth, before.state));
    }
    let network = scene.network();
    let entry = network.ring[0];
    assert_eq!((entry.unsettled_shards, entry.paid_atoms, entry.emission_atoms), (0, 999_999, 1_000_000));
    let emission = network.emission;
    assert_eq!((emission.accrued_atoms, emission.carried_atoms, emission.minted_atoms), (999_999, 1, 0));
    assert_eq!(emission.scheduled_atoms, 1_000_000);
    let event: ShardSettled = receipt.event();
    assert_eq!((event.shard, event.epoch, event.paid_atoms), (shard, 0, 999_999));
}

#[test]
fn settle_shard_adds_to_what_was_accrued_before() {
    let (mut scene, shard) = scored();
    scene.close();
    scene.settle(&shard);
    scene.run_epoch(&shard, 1, &[measured(10_000, 0), measured(0, 0), measured(10_000, 0)]);

    // 1,000,001 atoms, with the one that was left over, halved.
    assert_eq!(accrued(&mut scene, &shard), [1_166_666, 333_333, 500_000]);
    let emission = scene.network().emission;
    assert_eq!((emission.accrued_atoms, emission.carried_atoms), (1_999_999, 1));
}

#[test]
fn settle_shard_pays_the_greatest_emission_to_the_atom() {
    let mut scene = Scene::with(1, |params| {
        (params.policy.quorum, params.emission.per_epoch_atoms, params.cap_atoms) = (1, u64::MAX, u64::MAX);
    });
    let shard = scene.open_shard();
    for _ in 0..2 {
        scene.register(&shard, &address("owner"));
    }

    scene.run_epoch(&shard, 0, &[measured(10_000, 0), measured(5_000, 0)]);

    // Two thirds and a third of 18,446,744,073,709,551,615, which 3 divides; the floor of the rate costs each an atom.
    assert_eq!(accrued(&mut scene, &shard), [12_297_829_382_473_034_409, 6_148_914_691_236_517_204]);
    let emission = scene.network().emission;
    assert_eq!((emission.accrued_atoms, emission.carried_atoms), (u64::MAX - 2, 2));
}

#[test]
fn settle_shard_carries_the_left_over_once_the_last_shard_is_settled() {
    let mut scene = Scene::with(1, |params| (params.policy.quorum, params.shard_capacity) = (1, 1));
    let shards: Vec<Address> = (0..3)
        .map(|_| {
            let shard = scene.open_shard();
            scene.register(&shard, &address("owner"));
            shard
        })
        .collect();
    scene.warp_to(end(0));
    for shard in &shards {
        scene.report(0, shard, 0, &[measured(10_000, 0)]);
        scene.score(shard, 0);
    }
    scene.close();

    // 333,333 each, and one atom over.
    for (place, (settled, carried_atoms)) in [(2, 0), (0, 0), (1, 1)].into_iter().enumerate() {
        scene.settle(&shards[settled]);
        let network = scene.network();
        let paid_atoms = 333_333 * (place as u64 + 1);
        assert_eq!((network.ring[0].paid_atoms, network.ring[0].unsettled_shards), (paid_atoms, 2 - place as u32));
        assert_eq!((network.emission.accrued_atoms, network.emission.carried_atoms), (paid_atoms, carried_atoms));
    }
}

#[test]
fn settle_shard_may_come_late_and_loses_nobody_anything() {
    let (mut scene, shard) = scored();
    scene.close();
    for epoch in 1..=20 {
        close_unscored(&mut scene, epoch);
    }

    scene.settle(&shard);

    assert_eq!(accrued(&mut scene, &shard), [666_666, 333_333, 0]);
    assert_eq!(scene.network().ring[0].paid_atoms, 999_999);
}

#[test]
fn settle_shard_refuses_a_second_time() {
    let (mut scene, shard) = scored();
    scene.close();
    scene.settle(&shard);
    let settle = instruction::settle_shard(&scene.network, &shard);

    scene.stage.refuses(std::slice::from_ref(&settle), &[], StipendError::ShardAlreadySettled);
    scene.warp_to(end(1));
    scene.stage.refuses(&[settle], &[], StipendError::ShardAlreadySettled);
}

#[test]
fn settle_shard_refuses_a_shard_that_scored_nothing_or_never() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    let settle = instruction::settle_shard(&scene.network, &shard);
    scene.stage.refuses(std::slice::from_ref(&settle), &[], StipendError::ShardAlreadySettled);
    scene.register(&shard, &address("owner"));
    scene.stage.refuses(std::slice::from_ref(&settle), &[], StipendError::ShardAlreadySettled);
    scene.warp_to(end(0));
    scene.report_all(&shard, 0, &[]);
    scene.score(&shard, 0);
    scene.close();

    scene.stage.refuses(&[settle], &[], StipendError::ShardAlreadySettled);
}

#[test]
fn settle_shard_refuses_an_epoch_that_is_not_closed() {
    let (mut scene, shard) = scored();
    let settle = instruction::settle_shard(&scene.network, &shard);

    scene.stage.refuses(&[settle], &[], StipendError::EpochNotClosed);
}

#[test]
fn settle_shard_refuses_an_epoch_whose_place_in_the_ring_another_one_has() {
    let (mut scene, shard) = scored();
    scene.close();
    // What the ring never lets happen: epoch 32 lies in the place of epoch 0.
    scene.forge_network(|network| network.ring[0].epoch = 32);
    let settle = instruction::settle_shard(&scene.network, &shard);

    scene.stage.refuses(&[settle], &[], StipendError::EpochNotClosed);
}

#[test]
fn settle_shard_refuses_scores_that_the_rate_was_not_made_from() {
    let (mut scene, shard) = scored();
    scene.close();
    let settle = instruction::settle_shard(&scene.network, &shard);
    scene.forge_shard(&shard, |_, slots| slots[2].score = 1);

    scene.stage.refuses(std::slice::from_ref(&settle), &[], StipendError::InvariantBroken);

    scene.forge_shard(&shard, |_, slots| slots[2].score = 0);
    // More is paid than was emitted, more shards are settled than scored, and more is accrued than scheduled.
    for broken in 0..3 {
        let good = scene.network();
        scene.forge_network(|network| match broken {
            0 => network.ring[0].emission_atoms = 999_998,
            1 => network.ring[0].unsettled_shards = 0,
            _ => network.emission.scheduled_atoms = 999_998,
        });
        scene.stage.refuses(std::slice::from_ref(&settle), &[], StipendError::InvariantBroken);
        scene.forge_network(|network| *network = good);
    }
    scene.stage.accepts(&[settle], &[]);
}

#[test]
fn settle_shard_refuses_sums_that_pass_their_type() {
    let (mut scene, shard) = scored();
    scene.close();
    let settle = instruction::settle_shard(&scene.network, &shard);
    let (network, slots) = (scene.network(), scene.shard(&shard).1);
    let refuses = |scene: &mut Scene| {
        scene.stage.refuses(std::slice::from_ref(&settle), &[], StipendError::ArithmeticOverflow);
        scene.forge_network(|forged| *forged = network);
        scene.forge_shard(&shard, |_, forged| forged.copy_from_slice(&slots));
    };

    scene.forge_shard(&shard, |_, slots| slots[0].accrued_atoms = u64::MAX);
    refuses(&mut scene);
    scene.forge_network(|network| network.ring[0].rate_atoms = u64::MAX);
    refuses(&mut scene);
    scene.forge_network(|network| network.ring[0].paid_atoms = u64::MAX);
    refuses(&mut scene);
    scene.forge_network(|network| network.emission.accrued_atoms = u64::MAX);
    refuses(&mut scene);
    scene.forge_network(|network| network.emission.carried_atoms = u64::MAX);
    refuses(&mut scene);
    scene.settle(&shard);
}

#[test]
fn settle_shard_refuses_an_impostor_of_each_account() {
    let (mut scene, shard) = scored();
    scene.close();
    let (twin, twin_shard) = scene.twin(&address("owner"));
    let settle = instruction::settle_shard(&scene.network, &shard);
    let [foreign_network, foreign_shard] = ["foreign network", "foreign shard"].map(address);
    scene.stage.copy(&scene.network.clone(), &foreign_network, &spl_token_interface::ID);
    scene.stage.copy(&shard, &foreign_shard, &spl_token_interface::ID);

    let cases: [(usize, Address, Refusal); 8] = [
        (0, twin, StipendError::ShardNetworkMismatch.into()),
        (0, foreign_network, ErrorCode::AccountOwnedByWrongProgram.into()),
        (0, shard, ErrorCode::AccountDiscriminatorMismatch.into()),
        (0, address("missing"), ErrorCode::AccountOwnedByWrongProgram.into()),
        (1, twin_shard, StipendError::ShardNetworkMismatch.into()),
        (1, foreign_shard, ErrorCode::AccountOwnedByWrongProgram.into()),
        (1, scene.network, ErrorCode::AccountDiscriminatorMismatch.into()),
        (1, address("missing"), ErrorCode::AccountOwnedByWrongProgram.into()),
    ];
    for (place, impostor, refusal) in cases {
        scene.stage.refuses(&[swapped(&settle, place, &impostor)], &[], refusal);
    }
    for place in [0, 1] {
        scene.stage.refuses(&[read_only(&settle, place)], &[], ErrorCode::ConstraintMut);
    }
}
