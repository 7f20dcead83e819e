//! `stipend demo`: a network from its mint to its last claim, on a Solana VM in this process.
//!
//! - `scenario`: what was measured, and by whom
//! - `stage`: the VM, and the steps on it; everything that decides a reward is decided there, by the program
//! - `outcome`: what was read back from the accounts, in the shape of the JSON object
//! - `tables`: the same for people
//! - `lifecycle`: another demonstration, of a network's whole life

mod cost;
mod key;
mod lifecycle;
mod outcome;
mod program;
mod rules;
mod scenario;
mod stage;
mod tables;
mod token;

pub use lifecycle::{write_story, Story};
pub use program::embedded_ledger;
pub use rules::Rules;
pub use scenario::Scenario;
pub use stage::Stage;
pub use tables::{write_tables, Rows};

use stipend_terminal::{closing, explanation, failure, figure, progress, table};
