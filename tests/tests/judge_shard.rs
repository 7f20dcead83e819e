//! `judge_shard`: what an oracle's record counts as outside the tolerance, and when.

use anchor_lang::error::ErrorCode;
use solana_account::Account;
use solana_address::Address;
use solana_instruction::Instruction;
use stipend::{error::StipendError, event::ShardJudged};
use stipend_client::{address as place, instruction};
use stipend_tests::{
    address, measured, read_only,
    scene::{end, Measured, REPORT_SECS},
    swapped, Refusal, Scene,
};

const BLANK: Measured = (None, None);

/// Three oracles and a shard with four nodes, at the end of epoch 0; the tolerance is 5 %.
fn scene() -> (Scene, Address) {
    let (mut scene, shard) = early_scene();
    scene.warp_to(end(0));
    (scene, shard)
}

/// The same before the genesis.
fn early_scene() -> (Scene, Address) {
    let mut scene = Scene::with(3, |params| params.policy.tolerance_bps = 500);
    let shard = scene.open_shard();
    for _ in 0..4 {
        scene.register(&shard, &address("owner"));
    }
    (scene, shard)
}

fn judge(scene: &Scene, shard: &Address, epoch: u32) -> Instruction {
    instruction::judge_shard(&scene.network, shard, &scene.oracle_keys(), epoch)
}

/// What the record of each of the first three oracles says: values judged, values outside.
fn records(scene: &mut Scene) -> [(u64, u64); 3] {
    let entries = scene.network().oracles.entries;
    [0, 1, 2].map(|place| (entries[place].values_judged, entries[place].values_outside))
}

/// Scored for epoch 0; each oracle measured 9,000, 8,000 and 7,000 of slot 0: one judged value each, two outside.
fn scored() -> (Scene, Address) {
    let (mut scene, shard) = scene();
    for (oracle, uptime_bps) in [9_000, 8_000, 7_000].into_iter().enumerate() {
        scene.report(oracle, &shard, 0, &[(Some(uptime_bps), None)]);
    }
    scene.score(&shard, 0);
    (scene, shard)
}

#[test]
fn judge_shard_counts_values_outside_the_tolerance_of_the_median() {
    let (mut scene, shard) = scene();
    // Slot 0: uptime 8,000 ± 400 at both edges, inside; bandwidth 0, around which there is no tolerance.
    // Slot 1: uptime 8,000 ± 401, outside; one bandwidth, below the quorum of two, is compared with nothing.
    // Slot 2: bandwidth 1,000 ± 50 at both edges, inside.
    // Slot 3: one uptime, below the quorum; bandwidth 1,000 ± 51, outside.
    let reports = [
        [measured(7_600, 0), (Some(7_599), None), measured(5_000, 950), (None, Some(949))],
        [measured(8_000, 0), (Some(8_000), None), measured(5_000, 1_000), (None, Some(1_000))],
        [measured(8_400, 1), (Some(8_401), Some(5)), measured(5_000, 1_050), (Some(9_000), Some(1_051))],
    ];
    for (oracle, values) in reports.iter().enumerate() {
        scene.report(oracle, &shard, 0, values);
    }
    scene.score(&shard, 0);
    let (before, slots) = (scene.network(), scene.shard(&shard).1);

    let judge = judge(&scene, &shard, 0);
    let receipt = scene.stage.accepts(&[judge], &[]);

    // Each: 2 + 1 + 2 + 1 values. The first is outside in slots 1 and 3, the third in slot 0's bandwidth as well.
    assert_eq!(records(&mut scene), [(6, 2), (6, 0), (6, 3)]);
    let event: ShardJudged = receipt.event();
    assert_eq!((event.shard, event.epoch, event.policy_from_epoch), (shard, 0, 0));
    assert_eq!((event.values_judged, event.values_outside), (18, 5));
    let (header, after) = scene.shard(&shard);
    assert_eq!((header.next_judged_epoch, after), (1, slots));
    let mut network = scene.network();
    for (entry, old) in network.oracles.entries.iter_mut().zip(before.oracles.entries) {
        (entry.values_judged, entry.values_outside) = (old.values_judged, old.values_outside);
    }
    // Nothing else of the network changed, and no reward depends on it.
    assert_eq!(bytemuck::bytes_of(&network), bytemuck::bytes_of(&before));
}

#[test]
fn judge_shard_with_a_tolerance_of_nothing_or_of_all() {
    // Median 5,000. With no tolerance every other value is outside; of 100 % only what is more than twice as much.
    for (tolerance_bps, outside) in [(0, [1, 0, 1]), (10_000, [0, 0, 0])] {
        let mut scene = Scene::with(3, |params| params.policy.tolerance_bps = tolerance_bps);
        let shard = scene.open_shard();
        scene.register(&shard, &address("owner"));
        scene.warp_to(end(0));
        for (oracle, uptime_bps) in [0, 5_000, 10_000].into_iter().enumerate() {
            scene.report(oracle, &shard, 0, &[(Some(uptime_bps), None)]);
        }
        scene.score(&shard, 0);

        let judge = judge(&scene, &shard, 0);
        scene.stage.accepts(&[judge], &[]);

        assert_eq!(records(&mut scene), outside.map(|outside| (1, outside)));
    }
}

#[test]
fn judge_shard_judges_the_greatest_values_without_losing_a_bit() {
    let (mut scene, shard) = scene();
    // 5 % of 4,294,967,294 is 214,748,364.7: 4,080,218,930 lies 214,748,364 below, and one less is outside.
    let greatest = 4_294_967_294;
    let values = [[greatest, greatest], [greatest, greatest], [4_080_218_930, 4_080_218_929]];
    for (oracle, [one, other]) in values.into_iter().enumerate() {
        scene.report(oracle, &shard, 0, &[(None, Some(one)), (None, Some(other))]);
    }
    scene.score(&shard, 0);

    let judge = judge(&scene, &shard, 0);
    scene.stage.accepts(&[judge], &[]);

    assert_eq!(records(&mut scene), [(2, 0), (2, 0), (2, 1)]);
}

#[test]
fn judge_shard_adds_up_epochs_and_shards() {
    let (mut scene, first) = scored();
    // A shard whose only node begins in a later epoch.
    let second = scene.open_shard();
    scene.register(&second, &address("owner"));
    let judge_first = judge(&scene, &first, 0);
    scene.stage.accepts(&[judge_first], &[]);
    // Fewer than the quorum measured it: there is nothing to compare with.
    scene.report(0, &second, 0, &[(Some(8_000), None)]);
    scene.score(&second, 0);
    let judge_second = judge(&scene, &second, 0);
    let event: ShardJudged = scene.stage.accepts(&[judge_second], &[]).event();
    assert_eq!((event.shard, event.values_judged, event.values_outside), (second, 0, 0));
    scene.close();
    scene.settle(&first);
    scene.warp_to(end(1));
    for (oracle, uptime_bps) in [9_000, 8_000, 8_000].into_iter().enumerate() {
        scene.report(oracle, &first, 1, &[(Some(uptime_bps), None)]);
    }
    scene.score(&first, 1);

    let judge = judge(&scene, &first, 1);
    scene.stage.accepts(&[judge], &[]);

    // 9,000 and 7,000 around 8,000, then 9,000 around 8,000.
    assert_eq!(records(&mut scene), [(2, 2), (2, 0), (2, 1)]);
}

#[test]
fn judge_shard_judges_a_shard_and_epoch_once() {
    let (mut scene, shard) = scored();
    let judge = judge(&scene, &shard, 0);
    scene.stage.accepts(std::slice::from_ref(&judge), &[]);

    scene.stage.refuses(std::slice::from_ref(&judge), &[], StipendError::ShardAlreadyJudged);
    scene.close();
    scene.stage.refuses(std::slice::from_ref(&judge), &[], StipendError::ShardAlreadyJudged);
    scene.settle(&shard);
    scene.warp_to(end(1));
    scene.stage.refuses(&[judge], &[], StipendError::ShardAlreadyJudged);
    assert_eq!(records(&mut scene), [(1, 1), (1, 0), (1, 1)]);
}

#[test]
fn judge_shard_judges_the_last_scored_epoch_and_no_other() {
    let (mut scene, shard) = scene();
    // Before the first score, whatever epoch is named.
    for (epoch, oracles) in [(0, &scene.oracle_keys()[..]), (1, &scene.oracle_keys()), (u32::MAX, &[])] {
        let judge = instruction::judge_shard(&scene.network, &shard, oracles, epoch);
        scene.stage.refuses(&[judge], &[], StipendError::ShardNotScored);
    }
    scene.report_all(&shard, 0, &[measured(9_000, 1)]);
    scene.score(&shard, 0);
    let [first, second] = [0, 1].map(|epoch| judge(&scene, &shard, epoch));
    scene.stage.refuses(std::slice::from_ref(&second), &[], StipendError::ShardNotScored);
    scene.close();
    scene.settle(&shard);
    scene.warp_to(end(1));
    scene.report_all(&shard, 1, &[measured(9_000, 1)]);
    scene.score(&shard, 1);

    scene.stage.refuses(&[first], &[], StipendError::ShardNotScored);
    scene.stage.accepts(&[second], &[]);
    // Epoch 0 was passed over: two values each, of epoch 1.
    assert_eq!(records(&mut scene), [(2, 0); 3]);
}

#[test]
fn judge_shard_may_come_after_the_epoch_is_closed_and_settled() {
    let (mut scene, shard) = scored();
    scene.close();
    scene.settle(&shard);
    scene.warp_to(end(1) + REPORT_SECS);

    let judge = judge(&scene, &shard, 0);
    scene.stage.accepts(&[judge], &[]);

    assert_eq!(records(&mut scene), [(1, 1), (1, 0), (1, 1)]);
}

#[test]
fn judge_shard_passes_over_a_report_that_holds_a_later_epoch_or_was_never_made() {
    let (mut scene, shard) = scored();
    scene.close();
    scene.settle(&shard);
    scene.warp_to(end(1));
    scene.report(0, &shard, 1, &[(Some(1), None)]);
    let never_opened = place::report(&shard, &scene.oracle_keys()[1]);
    scene.stage.put(&never_opened, Account::default());

    let judge = judge(&scene, &shard, 0);
    let event: ShardJudged = scene.stage.accepts(&[judge], &[]).event();

    assert_eq!(records(&mut scene), [(0, 0), (0, 0), (1, 1)]);
    assert_eq!((event.values_judged, event.values_outside), (1, 1));
}

#[test]
fn judge_shard_counts_what_an_incomplete_report_holds() {
    let (mut scene, shard) = scene();
    for oracle in [0, 1] {
        scene.report(oracle, &shard, 0, &[(Some(8_000), None), (Some(8_000), None)]);
    }
    let mut part = scene.batch(0, &[(Some(1), None)]);
    part.total = 2;
    scene.submit(2, &shard, &part).unwrap();
    scene.warp_to(end(0) + REPORT_SECS);
    scene.score(&shard, 0);

    let judge = judge(&scene, &shard, 0);
    scene.stage.accepts(&[judge], &[]);

    assert_eq!(records(&mut scene), [(2, 0), (2, 0), (1, 1)]);
}

#[test]
fn judge_shard_uses_the_policy_in_force_and_says_which() {
    for (closes, policy_from_epoch, outside) in [(false, 0, 1), (true, 1, 0)] {
        let (mut scene, shard) = early_scene();
        // Before epoch 1 begins.
        scene.warp_to(end(0) - 1);
        scene.update_policy(1, None, |policy| policy.tolerance_bps = 10_000);
        scene.warp_to(end(0));
        for (oracle, uptime_bps) in [9_000, 8_000, 8_000].into_iter().enumerate() {
            scene.report(oracle, &shard, 0, &[(Some(uptime_bps), None)]);
        }
        scene.score(&shard, 0);
        if closes {
            scene.close();
        }

        let judge = judge(&scene, &shard, 0);
        let event: ShardJudged = scene.stage.accepts(&[judge], &[]).event();

        assert_eq!((event.policy_from_epoch, event.values_outside), (policy_from_epoch, outside));
    }
}

#[test]
fn judge_shard_refuses_a_report_that_is_left_out_added_repeated_or_out_of_order() {
    let (mut scene, shard) = scored();
    let [a, b, c] = [0, 1, 2].map(|oracle| scene.oracle_keys()[oracle]);
    let cases: [(&[Address], StipendError); 9] = [
        (&[], StipendError::ReportAccountMissing),
        (&[a, b], StipendError::ReportAccountMissing),
        (&[b, c], StipendError::ReportOracleMismatch),
        (&[a, c], StipendError::ReportOracleMismatch),
        (&[b, a, c], StipendError::ReportOracleMismatch),
        (&[c, b, a], StipendError::ReportOracleMismatch),
        (&[a, a, c], StipendError::ReportOracleMismatch),
        (&[a, b, c, c], StipendError::ReportAccountExtra),
        (&[a, b, c, address("nobody")], StipendError::ReportAccountExtra),
    ];
    for (oracles, error) in cases {
        let judge = instruction::judge_shard(&scene.network, &shard, oracles, 0);
        scene.stage.refuses(&[judge], &[], error);
    }
}

#[test]
fn judge_shard_leaves_out_an_oracle_that_was_removed_at_once_since() {
    let (mut scene, shard) = scored();
    let keys = scene.oracle_keys();
    scene.remove_oracle(&keys[0], true);

    let of_all = judge(&scene, &shard, 0);
    scene.stage.refuses(&[of_all], &[], StipendError::ReportOracleMismatch);
    let judge = instruction::judge_shard(&scene.network, &shard, &keys[1..], 0);
    scene.stage.accepts(&[judge], &[]);

    assert_eq!(records(&mut scene), [(0, 0), (1, 0), (1, 1)]);
}

#[test]
fn judge_shard_judges_an_oracle_that_left_after_the_epoch() {
    let (mut scene, shard) = scored();
    scene.close();
    let oracle = scene.oracle_keys()[0];
    scene.remove_oracle(&oracle, true);
    assert_eq!(scene.network().oracles.entries[0].active_until, 1);

    let judge = judge(&scene, &shard, 0);
    scene.stage.accepts(&[judge], &[]);

    assert_eq!(records(&mut scene), [(1, 1), (1, 0), (1, 1)]);
}

#[test]
fn judge_shard_compares_nothing_of_a_slot_that_was_vacated_since() {
    let (mut scene, shard) = scene();
    let tenant = crate::acts::Tenant::new("tenant", &shard);
    scene.forge_shard(&shard, |header, slots| (slots[0].state, header.nodes) = (0, header.nodes - 1));
    scene.report_all(&shard, 0, &[measured(9_000, 1), BLANK]);
    scene.score(&shard, 0);
    // Of a vacant slot: who paid for it, and how much.
    scene.forge_shard(&shard, |_, slots| (slots[0].owner, slots[0].from_epoch) = (address("payer"), 0));
    let vacancy = instruction::Vacancy { slot: 0, payer: address("payer") };
    tenant.register(&mut scene, Some(vacancy));

    let judge = judge(&scene, &shard, 0);
    scene.stage.accepts(&[judge], &[]);

    // The new tenant's slot has no medians: what was measured of the old one is compared with nothing.
    assert_eq!(records(&mut scene), [(0, 0); 3]);
}

#[test]
fn judge_shard_refuses_an_impostor_of_each_account() {
    let (mut scene, shard) = scored();
    let (twin, twin_shard) = scene.twin(&address("owner"));
    let judge = judge(&scene, &shard, 0);
    let oracle = scene.oracle_keys()[1];
    let report = place::report(&shard, &oracle);
    let [foreign_network, foreign_shard, foreign_report] = ["network abroad", "shard abroad", "report"].map(address);
    let abroad = spl_token_interface::ID;
    scene.stage.copy(&scene.network.clone(), &foreign_network, &abroad);
    scene.stage.copy(&shard, &foreign_shard, &abroad);
    scene.stage.copy(&report, &foreign_report, &abroad);

    let cases: [(usize, Address, Refusal); 11] = [
        (0, twin, StipendError::ShardNetworkMismatch.into()),
        (0, foreign_network, ErrorCode::AccountOwnedByWrongProgram.into()),
        (0, shard, ErrorCode::AccountDiscriminatorMismatch.into()),
        (1, twin_shard, StipendError::ShardNetworkMismatch.into()),
        (1, foreign_shard, ErrorCode::AccountOwnedByWrongProgram.into()),
        (1, report, ErrorCode::AccountDiscriminatorMismatch.into()),
        (1, address("missing"), ErrorCode::AccountOwnedByWrongProgram.into()),
        (3, place::report(&twin_shard, &oracle), StipendError::ReportShardMismatch.into()),
        (3, foreign_report, ErrorCode::AccountOwnedByWrongProgram.into()),
        (3, address("missing"), StipendError::ReportOracleMismatch.into()),
        (3, twin_shard, ErrorCode::AccountDiscriminatorMismatch.into()),
    ];
    for (place, impostor, refusal) in cases {
        scene.stage.refuses(&[swapped(&judge, place, &impostor)], &[], refusal);
    }
    // What is changed is no report.
    for twice in [scene.network, shard] {
        scene.stage.refuses(&[swapped(&judge, 3, &twice)], &[], ErrorCode::AccountDiscriminatorMismatch);
    }
    scene.stage.refuses(&[read_only(&judge, 0)], &[], ErrorCode::ConstraintMut);
    scene.stage.refuses(&[read_only(&judge, 1)], &[], ErrorCode::ConstraintMut);
    scene.stage.accepts(&[judge], &[]);
}

#[test]
fn judge_shard_of_600_slots_fits_one_transaction_with_16_oracles_of_which_any_have_gaps() {
    use crate::score_shard::full::{full_shard, Says};
    let (whole, half) = ([Says::Whole; 16], [Says::Half; 16]);
    let mut silent = whole;
    silent[15] = Says::Silent;
    for says in [whole, half, silent] {
        let (mut scene, shard, _) = full_shard(&says, 400);
        scene.score(&shard, 0);

        let judge = judge(&scene, &shard, 0);
        let units = scene.stage.accepts(&[judge], &[]).compute_units;

        println!("{says:?}: {units} compute units");
        assert!(units <= 1_400_000, "{says:?}: {units} compute units");
    }
}
