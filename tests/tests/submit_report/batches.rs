//! What a report holds after each batch.

use super::{part, scene, submit, wide};
use solana_signer::Signer;
use stipend::{error::StipendError, state::Entry};
use stipend_client::address as place;
use stipend_tests::{
    measured,
    scene::{end, Measured},
};

const BLANK: Measured = (None, None);

fn entries(values: [Measured; 4]) -> Vec<Entry> {
    values.iter().map(|(uptime_bps, bandwidth)| Entry::new(*uptime_bps, *bandwidth)).collect()
}

#[test]
fn submit_report_stores_what_the_oracle_measured() {
    let (mut scene, shard) = scene();
    let values = [measured(10_000, 0), (Some(0), None), (None, Some(4_294_967_294))];
    let before = scene.report_state(&shard, 0).0;

    let batch = part(&mut scene, 3, 0, &values);
    let submit = submit(&scene, &shard, &batch);
    scene.stage.accepts(&[submit], &[&scene.oracles[0]]);

    let (report, stored) = scene.report_state(&shard, 0);
    assert_eq!(stored, entries([values[0], values[1], values[2], BLANK]));
    assert_eq!((report.epoch, report.total, report.received), (0, 3, 3));
    assert_eq!((report.version, report.bump, report.reserved), (before.version, before.bump, before.reserved));
    assert_eq!((report.network, report.shard), (before.network, before.shard));
    assert_eq!((report.oracle, report.payer), (before.oracle, before.payer));
}

#[test]
fn submit_report_takes_batches_in_any_order() {
    let (mut scene, shard) = scene();
    let values = [measured(9_000, 1), measured(8_000, 2), measured(7_000, 3)];
    for (slot, received) in [(2u16, 1), (0, 2), (1, 3)] {
        let batch = part(&mut scene, 3, slot, &values[usize::from(slot)..][..1]);

        scene.submit(0, &shard, &batch).unwrap();

        assert_eq!(scene.report_state(&shard, 0).0.received, received);
    }
    assert_eq!(scene.report_state(&shard, 0).1, entries([values[0], values[1], values[2], BLANK]));
}

#[test]
fn submit_report_takes_the_same_again_and_changes_nothing() {
    let (mut scene, shard) = scene();
    let batch = part(&mut scene, 3, 0, &[measured(9_000, 1), (None, Some(2))]);
    scene.submit(0, &shard, &batch).unwrap();
    let report = place::report(&shard, &scene.oracles[0].pubkey());
    let before = scene.stage.account(&report);

    scene.submit(0, &shard, &batch).unwrap();

    assert_eq!(scene.stage.account(&report), before);
}

#[test]
fn submit_report_takes_overlapping_batches_that_agree() {
    let (mut scene, shard) = scene();
    let [a, b, c] = [measured(9_000, 1), measured(8_000, 2), measured(7_000, 3)];
    let first = part(&mut scene, 3, 0, &[a, b]);
    let second = part(&mut scene, 3, 1, &[b, c]);
    let whole = part(&mut scene, 3, 0, &[a, b, c]);

    for (batch, received) in [(&first, 2), (&second, 3), (&whole, 3), (&first, 3)] {
        scene.submit(0, &shard, batch).unwrap();
        assert_eq!(scene.report_state(&shard, 0).0.received, received);
    }

    assert_eq!(scene.report_state(&shard, 0).1, entries([a, b, c, BLANK]));
}

#[test]
fn submit_report_lets_the_first_value_of_a_slot_stand() {
    let (mut scene, shard) = scene();
    let first = part(&mut scene, 2, 0, &[measured(9_000, 1), BLANK, (Some(5), None)]);
    scene.submit(0, &shard, &first).unwrap();
    // In both fields, or in the one that is measured.
    let contradictions = [
        (0, measured(9_001, 1)),
        (0, measured(8_999, 1)),
        (0, measured(9_000, 2)),
        (0, measured(9_001, 2)),
        (0, (Some(9_001), None)),
        (0, (None, Some(2))),
        (2, measured(6, 1)),
        (2, (Some(4), None)),
    ];

    for (slot, value) in contradictions {
        let second = part(&mut scene, 2, slot, &[value]);
        let submit = submit(&scene, &shard, &second);
        scene.stage.refuses(&[submit], &[&scene.oracles[0]], StipendError::MeasurementContradicts);
    }
}

#[test]
fn submit_report_fills_a_field_that_was_not_measured_and_counts_the_slot_once() {
    let (mut scene, shard) = scene();
    let first = part(&mut scene, 3, 0, &[(Some(9_000), None), (None, Some(2)), measured(7_000, 3)]);
    scene.submit(0, &shard, &first).unwrap();

    // The missing halves, one half of what is whole, and a blank.
    for values in [[(None, Some(1)), (Some(8_000), None), (Some(7_000), None)], [BLANK, BLANK, (None, Some(3))]] {
        let second = part(&mut scene, 3, 0, &values);
        scene.submit(0, &shard, &second).unwrap();
    }

    let (report, stored) = scene.report_state(&shard, 0);
    assert_eq!((report.total, report.received), (3, 3));
    assert_eq!(stored, entries([measured(9_000, 1), measured(8_000, 2), measured(7_000, 3), BLANK]));
    // What was filled stands as what came first.
    for (slot, value) in [(0, (None, Some(2))), (1, (Some(8_001), None))] {
        let third = part(&mut scene, 3, slot, &[value]);
        let submit = submit(&scene, &shard, &third);
        scene.stage.refuses(&[submit], &[&scene.oracles[0]], StipendError::MeasurementContradicts);
    }
}

#[test]
fn submit_report_refuses_a_whole_batch_of_which_one_slot_contradicts() {
    let (mut scene, shard) = scene();
    let first = part(&mut scene, 3, 1, &[measured(8_000, 2)]);
    scene.submit(0, &shard, &first).unwrap();

    let second = part(&mut scene, 3, 0, &[measured(9_000, 1), measured(8_000, 3), measured(7_000, 3)]);
    let submit = submit(&scene, &shard, &second);

    scene.stage.refuses(&[submit], &[&scene.oracles[0]], StipendError::MeasurementContradicts);
}

#[test]
fn submit_report_does_not_count_blank_slots_and_lets_them_be_filled() {
    let (mut scene, shard) = scene();
    let batch = part(&mut scene, 2, 0, &[BLANK, measured(8_000, 2), BLANK]);
    scene.submit(0, &shard, &batch).unwrap();
    assert_eq!(scene.report_state(&shard, 0).0.received, 1);

    let batch = part(&mut scene, 2, 0, &[measured(9_000, 1), BLANK, BLANK]);
    scene.submit(0, &shard, &batch).unwrap();

    let (report, stored) = scene.report_state(&shard, 0);
    assert_eq!(report.received, 2);
    assert_eq!(stored, entries([measured(9_000, 1), measured(8_000, 2), BLANK, BLANK]));
}

#[test]
fn submit_report_of_nothing_is_complete() {
    let (mut scene, shard) = scene();
    for (oracle, values) in [&[][..], &[BLANK; 3][..]].into_iter().enumerate() {
        let batch = part(&mut scene, 0, 0, values);

        scene.submit(oracle, &shard, &batch).unwrap();

        let (report, stored) = scene.report_state(&shard, oracle);
        assert_eq!((report.epoch, report.total, report.received), (0, 0, 0));
        assert_eq!(stored, entries([BLANK; 4]));
    }
}

#[test]
fn submit_report_of_the_next_epoch_wipes_the_one_before() {
    let (mut scene, shard) = scene();
    scene.report_all(&shard, 0, &[measured(9_000, 1), measured(8_000, 2), measured(7_000, 3)]);
    scene.score(&shard, 0);
    scene.close();
    scene.warp_to(end(1));

    scene.report(0, &shard, 1, &[BLANK, measured(6_000, 4)]);

    let (report, stored) = scene.report_state(&shard, 0);
    assert_eq!((report.epoch, report.total, report.received), (1, 1, 1));
    assert_eq!(stored, entries([BLANK, measured(6_000, 4), BLANK, BLANK]));
}

#[test]
fn submit_report_refuses_another_total_in_a_later_batch() {
    let (mut scene, shard) = scene();
    let batch = part(&mut scene, 2, 0, &[measured(9_000, 1)]);
    scene.submit(0, &shard, &batch).unwrap();

    for total in [0, 1, 3, u16::MAX] {
        let batch = part(&mut scene, total, 1, &[measured(8_000, 1)]);
        let submit = submit(&scene, &shard, &batch);
        scene.stage.refuses(&[submit], &[&scene.oracles[0]], StipendError::ReportTotalMismatch);
    }
}

#[test]
fn submit_report_refuses_a_total_above_the_slots_that_are_taken() {
    let (mut scene, shard) = scene();
    // The shard has room for four, and three are taken.
    for total in [4, 5, u16::MAX] {
        let batch = part(&mut scene, total, 0, &[measured(9_000, 1)]);
        let submit = submit(&scene, &shard, &batch);
        scene.stage.refuses(&[submit], &[&scene.oracles[0]], StipendError::ReportTotalOutOfRange);
    }

    let batch = part(&mut scene, 3, 0, &[measured(9_000, 1)]);
    scene.submit(0, &shard, &batch).unwrap();
}

#[test]
fn submit_report_refuses_more_measured_slots_than_the_total() {
    let (mut scene, shard) = scene();
    let batch = part(&mut scene, 1, 0, &[measured(9_000, 1), measured(8_000, 1)]);
    let at_once = submit(&scene, &shard, &batch);
    scene.stage.refuses(&[at_once], &[&scene.oracles[0]], StipendError::ReportTotalExceeded);

    let first = part(&mut scene, 1, 0, &[measured(9_000, 1), BLANK]);
    scene.submit(0, &shard, &first).unwrap();
    // Into a slot that is blank, and over one that is not.
    for (slot, values) in [(1, &[measured(8_000, 1)][..]), (0, &[measured(9_000, 1), measured(8_000, 1)][..])] {
        let second = part(&mut scene, 1, slot, values);
        let submit = submit(&scene, &shard, &second);
        scene.stage.refuses(&[submit], &[&scene.oracles[0]], StipendError::ReportTotalExceeded);
    }
}

#[test]
fn submit_report_refuses_a_broken_measurement() {
    let (mut scene, shard) = scene();
    for bytes in [1, 5, 7, 11] {
        let mut batch = part(&mut scene, 1, 0, &[measured(9_000, 1); 2]);
        batch.measurements.truncate(bytes);
        let submit = submit(&scene, &shard, &batch);

        scene.stage.refuses(&[submit], &[&scene.oracles[0]], StipendError::MeasurementsMalformed);
    }
}

#[test]
fn submit_report_refuses_an_uptime_above_the_whole() {
    let (mut scene, shard) = scene();
    for uptime_bps in [10_001, 20_000, 65_534] {
        for values in [[measured(uptime_bps, 1), BLANK], [BLANK, (Some(uptime_bps), None)]] {
            let batch = part(&mut scene, 1, 0, &values);
            let submit = submit(&scene, &shard, &batch);

            scene.stage.refuses(&[submit], &[&scene.oracles[0]], StipendError::UptimeOutOfRange);
        }
    }

    // Over a slot that has a value, too.
    let batch = part(&mut scene, 2, 0, &[measured(10_000, 1)]);
    scene.submit(0, &shard, &batch).unwrap();
    let batch = part(&mut scene, 2, 0, &[measured(10_000, 1), measured(10_001, 1)]);
    let submit = submit(&scene, &shard, &batch);
    scene.stage.refuses(&[submit], &[&scene.oracles[0]], StipendError::UptimeOutOfRange);
}

#[test]
fn submit_report_refuses_slots_that_nobody_has() {
    let (mut scene, shard) = scene();
    // Slot 3 has room in the report, but no node.
    for (first_slot, nodes) in [(3, 1), (2, 2), (0, 4), (4, 0), (4, 1), (u16::MAX, 1), (u16::MAX, 0)] {
        let batch = part(&mut scene, 1, first_slot, &[BLANK; 4][..nodes]);
        let submit = submit(&scene, &shard, &batch);

        scene.stage.refuses(&[submit], &[&scene.oracles[0]], StipendError::SlotOutOfRange);
    }

    let batch = part(&mut scene, 1, 2, &[measured(9_000, 1)]);
    scene.submit(0, &shard, &batch).unwrap();
    let batch = part(&mut scene, 1, 3, &[]);
    scene.submit(0, &shard, &batch).unwrap();
}

#[test]
fn submit_report_looks_at_every_place_of_a_batch() {
    let (mut scene, shard) = wide(9);
    for place in 0..9 {
        let mut values = [measured(9_000, 1); 9];
        values[place].0 = Some(10_001);
        let batch = part(&mut scene, 9, 0, &values);
        let submit = submit(&scene, &shard, &batch);
        scene.stage.refuses(&[submit], &[&scene.oracles[0]], StipendError::UptimeOutOfRange);

        // A blank there is one slot fewer, and half a measurement is none fewer.
        values[place] = BLANK;
        let blank = part(&mut scene, 7, 0, &values);
        let blank = super::submit(&scene, &shard, &blank);
        scene.stage.refuses(&[blank], &[&scene.oracles[0]], StipendError::ReportTotalExceeded);
        values[place] = (None, Some(1));
        let half = part(&mut scene, 8, 0, &values);
        let half = super::submit(&scene, &shard, &half);
        scene.stage.refuses(&[half], &[&scene.oracles[0]], StipendError::ReportTotalExceeded);
    }
}

#[test]
fn submit_report_fills_a_large_shard_in_many_batches_each_sent_twice() {
    let (mut scene, shard) = wide(300);
    let values: Vec<Measured> = (0..300u16).map(|slot| measured(5_000 + slot, u32::from(slot))).collect();

    for first_slot in [200u16, 0, 100, 200, 100, 0] {
        let batch = part(&mut scene, 300, first_slot, &values[usize::from(first_slot)..][..100]);
        scene.submit(0, &shard, &batch).unwrap();
    }

    let (report, stored) = scene.report_state(&shard, 0);
    assert_eq!((report.received, report.total), (300, 300));
    let expected: Vec<Entry> = values.iter().map(|value| Entry::new(value.0, value.1)).collect();
    assert_eq!(stored, expected);
}
