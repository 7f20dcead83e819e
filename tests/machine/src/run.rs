//! Runs: a sequence of steps from a seed, and how a failing one is made short.

use crate::{
    generate::{self, Profile},
    machine::{Machine, Tally},
    random::{hash, Random},
    step::Step,
};
use std::time::{Duration, Instant};

/// Steps between two looks at everything, and between two proofs of liveness.
const CHECK_EVERY: usize = 50;
const LIVE_EVERY: usize = 80;
/// How often a whole epoch is begun, and how often something else comes between two of its steps.
const EPOCH_PERCENT: u64 = 6;
const BETWEEN_PERCENT: u64 = 10;
/// Runs that are done however long they take.
const LEAST_RUNS: u64 = 40;
/// How long shortening may take.
pub const SHRINK_SECS: u64 = 60;

/// A run that failed.
#[derive(Debug)]
pub struct Failure {
    pub seed: u64,
    pub run: u64,
    pub error: String,
    pub steps: Vec<Step>,
    pub all_steps: usize,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "seed {}, run {}: {}", self.seed, self.run, self.error)?;
        writeln!(f, "{} of {} steps are left:", self.steps.len(), self.all_steps)?;
        self.steps.iter().enumerate().try_for_each(|(place, step)| writeln!(f, "{:>4} {step:?}", place + 1))
    }
}

/// Runs until the time is up; returns how often each instruction was tried.
///
/// - `seed`: names the sequence of runs; `secs`: no run begins later, but for the first 40; `shrink_secs`: how long a failing one may be made shorter.
///
/// Errors: the first run that fails, made short.
pub fn run(program: &[u8], seed: u64, secs: u64, shrink_secs: u64) -> Result<Tally, Box<Failure>> {
    let (begin, mut tally) = (Instant::now(), Tally::default());
    let mut run = 0;
    while run < LEAST_RUNS || begin.elapsed() < Duration::from_secs(secs) {
        let (machine, steps, error) = one(program, seed, run);
        if let Some(error) = error {
            let all_steps = steps.len();
            let (steps, error) = shrink(program, steps, error, shrink_secs);
            return Err(Box::new(Failure { seed, run, error, steps, all_steps }));
        }
        tally.add(&machine.tally);
        tally.runs += 1;
        run += 1;
    }
    Ok(tally)
}

/// One run: the machine at its end, the steps, and what failed.
fn one(program: &[u8], seed: u64, run: u64) -> (Machine, Vec<Step>, Option<String>) {
    let mut random = Random::new(hash(&[seed, run]));
    let profile = Profile::of(run, &mut random);
    let mut machine = Machine::new(program);
    let mut steps = Vec::new();
    let mut waiting = generate::opening(&profile, &mut random);
    waiting.reverse();
    let opening = waiting.len();
    let mut is_over = false;
    while !is_over {
        let is_between = steps.len() >= opening && random.chance(BETWEEN_PERCENT);
        let step = match waiting.pop() {
            // What can't be done after all, as something came between, is tried at times.
            Some(step) if machine.model.clone().apply(&step).is_err() && random.chance(85) => continue,
            Some(step) if !is_between => step,
            Some(step) => {
                waiting.push(step);
                generate::step(&machine.model, &profile, &mut random)
            }
            None if steps.len() >= opening + profile.steps as usize => {
                is_over = true;
                Step::Unwind { seed: random.next_u64() }
            }
            None if steps.len() % LIVE_EVERY == 0 && !matches!(steps.last(), Some(Step::Live { .. })) => {
                let ids: Vec<u16> = machine.model.nets.keys().copied().collect();
                Step::Live { net: random.pick(&ids).unwrap_or(0), seed: random.next_u64() }
            }
            None if random.chance(EPOCH_PERCENT) => {
                waiting = generate::epoch(&machine.model, &mut random);
                waiting.reverse();
                continue;
            }
            None => generate::step(&machine.model, &profile, &mut random),
        };
        // While a full shard is filled, what is done again and again is looked at once.
        machine.is_thorough = steps.len() >= opening || !profile.is_full();
        steps.push(step.clone());
        let result = machine.take(&step).and_then(|_| match steps.len() % CHECK_EVERY {
            0 => machine.check_all(),
            _ => Ok(()),
        });
        if let Err(error) = result {
            return (machine, steps, Some(error));
        }
    }
    let error = machine.check_all().err();
    (machine, steps, error)
}

/// Takes steps one after the other; returns what failed.
///
/// - `is_thorough`: whether every account is compared after each step, or only behind the last one.
pub fn replay(program: &[u8], steps: &[Step], is_thorough: bool) -> Option<String> {
    let mut machine = Machine::new(program);
    machine.is_thorough = is_thorough;
    for step in steps {
        if let Err(error) = machine.take(step) {
            return Some(error);
        }
    }
    machine.check_all().err()
}

/// Leaves out steps as long as the rest still fails, larger parts first (delta debugging).
fn shrink(program: &[u8], mut steps: Vec<Step>, mut error: String, secs: u64) -> (Vec<Step>, String) {
    let begin = Instant::now();
    // Comparing once is much quicker, and nearly always enough.
    let is_thorough = replay(program, &steps, false).is_none();
    let mut part = steps.len().div_ceil(2);
    while part > 0 && begin.elapsed() < Duration::from_secs(secs) {
        let (mut at, mut is_shorter) = (0, false);
        while at < steps.len() && begin.elapsed() < Duration::from_secs(secs) {
            let end = (at + part).min(steps.len());
            let rest: Vec<Step> = [&steps[..at], &steps[end..]].concat();
            match replay(program, &rest, is_thorough) {
                Some(found) => (steps, error, is_shorter) = (rest, found, true),
                None => at = end,
            }
        }
        if !is_shorter || part > 1 {
            part /= 2;
        }
    }
    (steps, error)
}
