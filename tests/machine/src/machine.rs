//! The artifact and the model side by side.

use crate::{
    check, live,
    model::Model,
    step::{Step, INSTRUCTIONS},
    vm::{Ended, Vm, COMPUTE_UNITS},
};
use std::fmt::Write;

/// Where the clock begins.
pub const START: i64 = 1_800_000_000;
const START_SLOT: u64 = 400_000_000;
/// Rent in the beginning, lamports a byte.
pub const START_RENT: u64 = 6_960;

/// How often each instruction was tried and succeeded, and the most that it cost.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub tried: [u64; INSTRUCTIONS.len()],
    pub succeeded: [u64; INSTRUCTIONS.len()],
    pub most_units: [u64; INSTRUCTIONS.len()],
    pub other_steps: u64,
    pub lives: u64,
    pub unwinds: u64,
    pub runs: u64,
}

impl Tally {
    /// Steps of all kinds.
    pub fn steps(&self) -> u64 {
        self.tried.iter().sum::<u64>() + self.other_steps
    }

    /// Adds another's counts.
    pub fn add(&mut self, other: &Self) {
        for place in 0..INSTRUCTIONS.len() {
            self.tried[place] += other.tried[place];
            self.succeeded[place] += other.succeeded[place];
            self.most_units[place] = self.most_units[place].max(other.most_units[place]);
        }
        self.other_steps += other.other_steps;
        self.lives += other.lives;
        self.unwinds += other.unwinds;
        self.runs += other.runs;
    }

    /// Instructions that succeeded less often than `percent` of 100, or never.
    pub fn rare(&self, percent: u64) -> Vec<&'static str> {
        let is_rare = |place: &usize| self.succeeded[*place] * 100 < self.tried[*place].max(1) * percent;
        (0..INSTRUCTIONS.len()).filter(is_rare).map(|place| INSTRUCTIONS[place]).collect()
    }

    /// A line for each instruction.
    pub fn table(&self) -> String {
        let mut table =
            format!("{:<20} {:>9} {:>10} {:>5} {:>10}\n", "instruction", "steps", "succeeded", "%", "most CU");
        for (place, name) in INSTRUCTIONS.iter().enumerate() {
            let (tried, succeeded) = (self.tried[place], self.succeeded[place]);
            let percent = (succeeded * 100).checked_div(tried).unwrap_or(0);
            let units = self.most_units[place];
            // Writing to a string can't fail.
            let _ = writeln!(table, "{name:<20} {tried:>9} {succeeded:>10} {percent:>5} {units:>10}");
        }
        let _ = write!(
            table,
            "{} steps in {} runs; {} times brought to the next settled epoch, {} times closed to the last account",
            self.steps(),
            self.runs,
            self.lives,
            self.unwinds
        );
        table
    }
}

/// The artifact and the model.
#[derive(Clone)]
pub struct Machine {
    pub vm: Vm,
    pub model: Model,
    pub tally: Tally,
    /// Whether every account is compared after each step that succeeds.
    pub is_thorough: bool,
}

impl Machine {
    /// Both at the beginning.
    pub fn new(program: &[u8]) -> Self {
        Self {
            vm: Vm::new(program, START, START_SLOT, START_RENT),
            model: Model::new(START, START_SLOT, START_RENT),
            tally: Tally::default(),
            is_thorough: true,
        }
    }

    /// Takes a step. Returns whether it was accepted.
    ///
    /// Errors: what is wrong, if artifact and model don't agree or an invariant does not hold.
    pub fn take(&mut self, step: &Step) -> Result<bool, String> {
        match step {
            Step::Live { net, seed } => {
                self.tally.lives += 1;
                return live::check(self, *net, *seed).map(|()| true).map_err(|error| format!("liveness: {error}"));
            }
            Step::Unwind { seed } => {
                let is_done = live::unwind(self, *seed).map_err(|error| format!("unwinding: {error}"))?;
                self.tally.unwinds += u64::from(is_done);
                return Ok(true);
            }
            _ => {}
        }
        let domain = step.net().and_then(|id| self.model.nets.get(&id)).map_or([0; 8], |net| net.domain);
        let ended = self.vm.take(step, domain);
        let verdict = self.model.apply(step);
        let (is_ok, units) = match (&ended, verdict) {
            (Ended::Ok(units), Ok(())) => (true, *units),
            (Ended::Rejected(_), Err(reason)) if !reason.starts_with("model:") => (false, 0),
            (ended, verdict) => return Err(format!("artifact: {ended:?}; model: {verdict:?}")),
        };
        if units > COMPUTE_UNITS.into() {
            return Err(format!("{units} compute units"));
        }
        match step.instruction() {
            None => self.tally.other_steps += 1,
            Some(place) => {
                self.tally.tried[place] += 1;
                self.tally.succeeded[place] += u64::from(is_ok);
                self.tally.most_units[place] = self.tally.most_units[place].max(units);
            }
        }
        if is_ok && self.is_thorough {
            self.check(step)?;
        }
        Ok(is_ok)
    }

    /// Takes a step that must be accepted.
    pub fn must(&mut self, step: Step) -> Result<(), String> {
        match self.take(&step) {
            Ok(true) => Ok(()),
            Ok(false) => {
                let reason = self.model.clone().apply(&step);
                Err(format!("{step:?} is rejected: {reason:?}"))
            }
            Err(error) => Err(format!("{step:?}: {error}")),
        }
    }

    /// Compares what the step may have changed.
    fn check(&self, step: &Step) -> Result<(), String> {
        if let Some(id) = step.net() {
            check::check_network(&self.vm, &self.model, id)?;
            let is_shared = matches!(step, Step::CreateNetwork { .. } | Step::CloseNetwork { .. });
            if is_shared && id != 0 {
                check::check_network(&self.vm, &self.model, 0)?;
            }
        }
        check::check_wallets(&self.vm, &self.model)
    }

    /// Compares everything.
    pub fn check_all(&self) -> Result<(), String> {
        for id in self.model.nets.keys() {
            check::check_network(&self.vm, &self.model, *id)?;
        }
        check::check_wallets(&self.vm, &self.model)
    }
}
