//! `stipend-machine SECS [SEED [SHRINK_SECS]]`: runs the state-machine test for a while, and prints how often each instruction was tried.

use std::{process::ExitCode, time::SystemTime};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u64>());
    let Some(Ok(secs)) = arguments.next() else {
        eprintln!("usage: stipend-machine SECS [SEED [SHRINK_SECS]]");
        return ExitCode::from(2);
    };
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let seed = match arguments.next() {
        None => now,
        Some(Ok(seed)) => seed,
        Some(Err(_)) => {
            eprintln!("SEED is no number");
            return ExitCode::from(2);
        }
    };
    let shrink_secs = arguments.next().and_then(Result::ok).unwrap_or(stipend_machine::run::SHRINK_SECS);
    println!("seed {seed}, {secs} seconds");
    match stipend_machine::run::run(&stipend_machine::vm::artifact(), seed, secs, shrink_secs) {
        Ok(tally) => {
            println!("{}", tally.table());
            ExitCode::SUCCESS
        }
        Err(failure) => {
            println!("{failure}");
            ExitCode::FAILURE
        }
    }
}
