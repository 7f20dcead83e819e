//! Oracles and cranks that run on, and all that befalls them.

use crate::play::{Play, Schedule};
use std::{thread, time::Duration};
use stipend_cluster_tests::{seed, Fault, Plan, Proxy, Random, Running, Validator};

/// From the first epoch until everybody is paid.
const LIMIT: Duration = Duration::from_secs(600);

/// Stops the cranks, and asserts that each step was taken once, by one or the other.
fn assert_no_step_twice(cranks: impl IntoIterator<Item = Running>, epochs: u32) {
    let mut sums = [0; 3];
    for crank in cranks {
        let finished = crank.stop();
        let said = finished.stderr.clone();
        let summary = finished.json();
        for (sum, field) in sums.iter_mut().zip(["scored", "closed", "settled"]) {
            *sum += summary[field].as_u64().expect("a number");
        }
        assert_eq!(summary["refused"], 0, "{summary} {said}");
    }
    // One shard, each epoch. Epochs may be closed together, and one may be scored and not yet settled.
    let [scored, closed, settled] = sums;
    let is_once = settled >= u64::from(epochs) && scored.abs_diff(settled) <= 1;
    assert!(is_once && closed >= 1 && closed <= scored, "{sums:?}");
}

/// Kills oracles at random and starts them again, while two cranks run, and asserts that everybody is paid what the model says.
///
/// - `first_epoch`: killing begins when this epoch does, so 1 is when the first reports are due.
/// - `pause`: the longest time between two kills.
pub fn kill_oracles(schedule: Schedule, first_epoch: u64, kills: usize, pause: Duration) {
    let mut random = Random::new(seed());
    let validator = Validator::start();
    let play = Play::set_up(&validator, schedule, &mut random);
    let mut oracles: Vec<_> = (0..3).map(|number| play.oracle(number, None)).collect();
    let cranks = [play.crank(0, None), play.crank(1, None)];
    play.wait_until_begun(first_epoch);

    let pause_millis = u64::try_from(pause.as_millis()).expect("a short time");
    for _ in 0..kills {
        thread::sleep(Duration::from_millis(random.below(pause_millis)));
        let number = random.below(3) as usize;
        oracles.remove(number).kill();
        oracles.insert(number, play.oracle(number, None));
    }
    play.wait_until_paid(LIMIT);

    assert_no_step_twice(cranks, schedule.epochs);
    for oracle in oracles {
        oracle.stop().ends_with(0);
    }
    play.assert_paid_as_modelled(&validator);
}

#[test]
#[ignore = "needs a validator: cargo xtask cluster-test"]
fn oracles_killed_while_they_report_and_two_cranks_pay_what_the_model_says() {
    kill_oracles(Schedule { epochs: 2, epoch_secs: 45 }, 1, 5, Duration::from_secs(2));
}

#[test]
#[ignore = "needs a validator: cargo xtask cluster-test"]
fn bad_endpoints_and_a_validator_that_restarts_change_no_reward() {
    let seed = seed();
    let mut random = Random::new(seed);
    let mut validator = Validator::start();
    let play = Play::set_up(&validator, Schedule { epochs: 2, epoch_secs: 75 }, &mut random);
    let faults = vec![
        (Fault::Dropped, 60),
        (Fault::AnswerDropped, 60),
        (Fault::Cut, 60),
        (Fault::TooMany, 60),
        (Fault::Unavailable, 60),
        (Fault::Delayed, 60),
    ];
    let proxy = Proxy::start(&validator.url(), seed, Plan { faults: faults.clone(), method: None });
    let oracles: Vec<_> = (0..3).map(|number| play.oracle(number, Some(&proxy.url()))).collect();
    let cranks = [play.crank(0, Some(&proxy.url())), play.crank(1, None)];
    // While the first epoch's reports are sent.
    play.wait_until_begun(1);
    thread::sleep(Duration::from_secs(5));
    validator.stop();
    thread::sleep(Duration::from_secs(5));
    validator.resume();
    play.wait_until_paid(LIMIT);

    for process in oracles.into_iter().chain(cranks) {
        process.stop().ends_with(0);
    }
    play.assert_paid_as_modelled(&validator);
    for (fault, _) in faults {
        assert!(proxy.faults(fault) > 0, "{fault:?} never happened");
    }
    // Every process looks about once a second, ten minutes at the most, and asks a handful at once.
    assert!(proxy.all_requests() < 40_000, "{} requests", proxy.all_requests());
}

#[test]
#[ignore = "needs a validator: cargo xtask cluster-test"]
fn an_endpoint_that_stands_still_before_a_good_one_holds_nobody_up() {
    let seed = seed();
    let mut random = Random::new(seed);
    let validator = Validator::start();
    let play = Play::set_up(&validator, Schedule { epochs: 1, epoch_secs: 90 }, &mut random);
    let proxy = Proxy::start(&validator.url(), seed, Plan::all(Fault::Frozen, 1_000));
    let urls = format!("{},{}", proxy.url(), validator.url());
    let oracles: Vec<_> = (0..3).map(|number| play.oracle(number, Some(&urls))).collect();
    let cranks = [play.crank(0, Some(&urls)), play.crank(1, Some(&urls))];

    play.wait_until_paid(LIMIT);

    for process in oracles.into_iter().chain(cranks) {
        process.stop().ends_with(0);
    }
    play.assert_paid_as_modelled(&validator);
    assert!(proxy.faults(Fault::Frozen) > 0);
}
