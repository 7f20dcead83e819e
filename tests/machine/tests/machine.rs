//! The state-machine test as part of the suite. `cargo xtask fuzz` runs it for longer.

use stipend_machine::{run, vm};

/// How long runs are begun.
const SECS: u64 = 60;
/// Names the sequence of runs, of which a quicker machine does more.
const SEED: u64 = 20_260_915;
/// How often each instruction must succeed, in percent of its steps.
const LEAST_PERCENT: u64 = 20;

#[test]
fn artifact_and_model_agree_and_every_invariant_holds() {
    let found = run::run(&vm::artifact(), SEED, SECS, run::SHRINK_SECS);

    let tally = found.unwrap_or_else(|failure| panic!("{failure}"));
    println!("seed {SEED}\n{}", tally.table());
    assert_eq!(tally.rare(LEAST_PERCENT), Vec::<&str>::new(), "instructions that succeed too rarely");
}
