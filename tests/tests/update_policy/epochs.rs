//! An epoch that was measured under one policy is reported, scored, closed and settled by it; the next one by the next.

use solana_address::Address;
use solana_signer::Signer;
use stipend::{
    error::StipendError,
    event::{EpochClosed, NodeRegistered, OracleAdded, ReportReceived, ShardScored, ShardSettled},
    state::EmissionParams,
};
use stipend_client::instruction;
use stipend_tests::{
    address, key, params,
    scene::{end, Measured, GENESIS, REPORT_SECS, SCORE_SECS},
    Scene,
};

/// Of two nodes, one up all the time with little bandwidth, the other up less with much.
const VALUES: [Measured; 2] = [(Some(10_000), Some(250)), (Some(8_000), Some(1_000))];

/// Three oracles and a shard of two nodes, in epoch 0. From epoch 1 on bandwidth is all that counts, up to 500, of who was
/// up 90 % of the time as all three oracles saw it, and twice as much is shared.
fn scene() -> (Scene, Address) {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    for owner in ["owner a", "owner b"] {
        scene.register(&shard, &address(owner));
    }
    scene.warp_to(GENESIS);
    let emission = EmissionParams { per_epoch_atoms: 2_000_000, ..params().emission };
    scene.update_policy(1, Some(emission), |policy| {
        (policy.uptime_weight_bps, policy.bandwidth_cap) = (0, 500);
        (policy.min_uptime_bps, policy.quorum) = (9_000, 3);
        (policy.report_secs, policy.score_secs) = (60, 400);
    });
    (scene, shard)
}

fn accrued(scene: &mut Scene, shard: &Address) -> [u64; 2] {
    [0, 1].map(|slot| scene.slot(shard, slot).accrued_atoms)
}

#[test]
fn update_policy_has_each_epoch_scored_closed_and_settled_by_its_own_rules() {
    let (mut scene, shard) = scene();

    // Epoch 0, while epoch 1 runs.
    scene.warp_to(end(0));
    let mut said = Vec::new();
    for oracle in 0..3 {
        said.push(scene.report(oracle, &shard, 0, &VALUES).event::<ReportReceived>().policy_from_epoch);
    }
    said.push(scene.score(&shard, 0).event::<ShardScored>().policy_from_epoch);
    said.push(scene.close().event::<EpochClosed>().policy_from_epoch);
    // The new policy is in force now, and epoch 0 is still settled by what it was closed with.
    assert_eq!(scene.network().policy.from_epoch, 1);
    scene.warp_to(end(1));
    said.push(scene.settle(&shard).event::<ShardSettled>().policy_from_epoch);

    assert_eq!(said, [0; 6]);
    // 10,000 · (6,000 + 4 · 250) = 70,000,000 and 8,000 · (6,000 + 4 · 1,000) = 80,000,000. Of 1,000,000 atoms
    // 466,666.6 and 533,333.3; one is left over.
    assert_eq!([0, 1].map(|slot| scene.slot(&shard, slot).score), [70_000_000, 80_000_000]);
    assert_eq!(accrued(&mut scene, &shard), [466_666, 533_333]);

    // Epoch 1.
    let mut said = Vec::new();
    for oracle in 0..3 {
        said.push(scene.report(oracle, &shard, 1, &VALUES).event::<ReportReceived>().policy_from_epoch);
    }
    said.push(scene.score(&shard, 1).event::<ShardScored>().policy_from_epoch);
    said.push(scene.close().event::<EpochClosed>().policy_from_epoch);
    said.push(scene.settle(&shard).event::<ShardSettled>().policy_from_epoch);

    assert_eq!(said, [1; 6]);
    // 10,000 · (10,000 · 250 / 500) = 50,000,000, and 80 % are below the minimum now. All of 2,000,001 atoms but the one
    // that the floor of the rate leaves over.
    assert_eq!([0, 1].map(|slot| scene.slot(&shard, slot).score), [50_000_000, 0]);
    assert_eq!(scene.slot(&shard, 1).reason, 4);
    assert_eq!(accrued(&mut scene, &shard), [466_666 + 2_000_000, 533_333]);
}

#[test]
fn update_policy_leaves_the_rules_of_closed_epochs_in_the_ring() {
    let (mut scene, shard) = scene();
    scene.run_epoch(&shard, 0, &VALUES);
    scene.run_epoch(&shard, 1, &VALUES);

    let ring = scene.network().ring;
    let rules = |place: usize| {
        let entry = ring[place];
        let scoring = (entry.bandwidth_cap, entry.uptime_weight_bps, entry.min_uptime_bps, entry.quorum);
        (entry.epoch, entry.policy_from_epoch, scoring)
    };
    assert_eq!(rules(0), (0, 0, (1_000, 6_000, 5_000, 2)));
    assert_eq!(rules(1), (1, 1, (500, 0, 9_000, 3)));
    assert_eq!([ring[0].emission_atoms, ring[1].emission_atoms], [1_000_000, 2_000_001]);
}

#[test]
fn update_policy_changes_the_quorum_of_the_next_epoch_and_not_of_the_one_under_way() {
    let (mut scene, shard) = scene();
    for (epoch, expected) in [(0, (1, 70_000_000)), (1, (5, 0))] {
        scene.warp_to(end(epoch));
        // Two of three oracles: enough for epoch 0, too few for epoch 1.
        for oracle in [0, 1] {
            scene.report(oracle, &shard, epoch, &VALUES);
        }
        scene.warp_to(end(epoch) + 60);
        scene.score(&shard, epoch);

        let slot = scene.slot(&shard, 0);
        assert_eq!((slot.reason, slot.score), expected, "epoch {epoch}");
        scene.close();
        if epoch == 0 {
            scene.settle(&shard);
        }
    }
}

#[test]
fn update_policy_changes_the_report_window_of_the_next_epoch_and_not_of_the_one_under_way() {
    let (mut scene, shard) = scene();
    let oracle = scene.oracles[0].insecure_clone();
    let submit = |scene: &mut Scene, epoch| {
        let batch = scene.batch(epoch, &VALUES);
        instruction::submit_report(&oracle.pubkey(), &scene.network, &shard, &batch)
    };
    let old = submit(&mut scene, 0);
    scene.warp_to(end(0) + REPORT_SECS - 1);
    scene.stage.accepts(std::slice::from_ref(&old), &[&oracle]);
    scene.warp_to(end(0) + REPORT_SECS);
    scene.stage.refuses(&[old], &[&oracle], StipendError::ReportWindowClosed);
    scene.score(&shard, 0);

    scene.close();
    let new = submit(&mut scene, 1);
    scene.warp_to(end(1) + 59);
    scene.stage.accepts(std::slice::from_ref(&new), &[&oracle]);
    scene.warp_to(end(1) + 60);
    scene.stage.refuses(&[new], &[&oracle], StipendError::ReportWindowClosed);
}

#[test]
fn update_policy_changes_the_scoring_window_of_the_next_epoch_and_not_of_the_one_under_way() {
    let (mut scene, _) = scene();
    let close = instruction::close_epoch(&scene.network);
    scene.warp_to(end(0) + SCORE_SECS - 1);
    scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::ShardsNotScored);
    scene.warp_to(end(0) + SCORE_SECS);
    scene.stage.accepts(std::slice::from_ref(&close), &[]);

    // Epoch 1 ended before it was opened.
    let opened = end(0) + SCORE_SECS;
    scene.warp_to(opened + 399);
    scene.stage.refuses(std::slice::from_ref(&close), &[], StipendError::ShardsNotScored);
    scene.warp_to(opened + 400);
    scene.stage.accepts(&[close], &[]);
    assert_eq!(scene.network().open_epoch, 2);
}

#[test]
fn update_policy_holds_for_an_epoch_that_is_opened_long_after_it_began() {
    let (mut scene, shard) = scene();
    // Epochs 0 to 9 are over, and epoch 0 is closed only now, by its own rules.
    scene.warp_to(end(0));
    scene.report_all(&shard, 0, &VALUES);
    scene.warp_to(end(9));
    scene.score(&shard, 0);
    scene.close();
    scene.settle(&shard);

    // Epoch 1 has a report window of 60 seconds from now on.
    scene.warp_to(end(9) + 59);
    scene.report_all(&shard, 1, &VALUES);
    scene.score(&shard, 1);
    assert_eq!([0, 1].map(|slot| scene.slot(&shard, slot).score), [50_000_000, 0]);
}

#[test]
fn update_policy_asks_for_registrar_and_bond_from_its_epoch_on() {
    let mut scene = Scene::new();
    let shard = scene.open_shard();
    scene.warp_to(GENESIS);
    let registrar = key("registrar");
    scene.update_policy(1, None, |policy| {
        (policy.registrar, policy.bond_lamports) = (Some(registrar.pubkey()), 9_000);
    });
    let [early, late] = ["early", "late"].map(key);
    let register = |scene: &Scene, device: &Address, vouched: Option<&Address>| {
        let payer = scene.stage.payer.pubkey();
        instruction::register_node(&payer, device, vouched, &scene.network, &shard, &address("owner"), None)
    };

    for device in [&early, &late] {
        scene.open_directory(&device.pubkey());
    }
    scene.warp_to(end(0) - 1);
    let vouched = register(&scene, &early.pubkey(), Some(&registrar.pubkey()));
    scene.stage.refuses(&[vouched], &[&early, &registrar], StipendError::RegistrarMismatch);
    let alone = register(&scene, &early.pubkey(), None);
    let event: NodeRegistered = scene.stage.accepts(&[alone], &[&early]).event();
    assert_eq!((event.bond_lamports, event.policy_from_epoch, event.since), (7_000, 0, 1));

    // Epoch 0 is not closed, and yet epoch 1 is under way.
    scene.warp_to(end(0));
    let alone = register(&scene, &late.pubkey(), None);
    scene.stage.refuses(&[alone], &[&late], StipendError::RegistrarMissing);
    let vouched = register(&scene, &late.pubkey(), Some(&registrar.pubkey()));
    let event: NodeRegistered = scene.stage.accepts(&[vouched], &[&late, &registrar]).event();
    assert_eq!((event.bond_lamports, event.policy_from_epoch, event.since), (9_000, 1, 2));
}

#[test]
fn update_policy_asks_an_oracle_for_the_bond_of_its_first_epoch() {
    let mut scene = Scene::with(0, |_| ());
    scene.warp_to(GENESIS);
    scene.update_policy(2, None, |policy| policy.oracle_bond_lamports = 5_000);

    // Added in epoch 0 for epoch 1, and in epoch 1 for epoch 2.
    let event: OracleAdded = scene.add_oracle(key("first")).event();
    assert_eq!((event.active_from, event.bond_lamports, event.policy_from_epoch), (1, 0, 0));
    scene.warp_to(end(0));
    let event: OracleAdded = scene.add_oracle(key("second")).event();
    assert_eq!((event.active_from, event.bond_lamports, event.policy_from_epoch), (2, 5_000, 2));
}

#[test]
fn update_policy_has_sleeping_epochs_closed_each_by_its_own_policy() {
    let mut scene = Scene::new();
    scene.warp_to(GENESIS);
    let emission = EmissionParams { per_epoch_atoms: 300_000, carry_epochs: 8, ..params().emission };
    scene.update_policy(5, Some(emission), |_| ());
    scene.warp_to(end(9));

    let events = scene.close().events::<EpochClosed>();

    let policies: Vec<_> = events.iter().map(|event| (event.epoch, event.policy_from_epoch)).collect();
    let expected: Vec<_> = (0..10).map(|epoch| (epoch, if epoch < 5 { 0 } else { 5 })).collect();
    assert_eq!(policies, expected);
    // Two of the first five are carried, the others lapse; then eight in a row are, of which five have passed.
    let emission = scene.network().emission;
    assert_eq!((emission.scheduled_atoms, emission.carried_atoms), (2_900_000, 2_900_000));
}
