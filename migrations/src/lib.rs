//! The way from nothing to a network that takes reports, in numbered steps.
//!
//! Each step looks at the cluster first. What is there as the [`plan`] says is left alone, what is missing is done, and what
//! is there but different is a named error: nothing is ever overwritten, but for the program, whose other bytes are an
//! upgrade. So a run that was stopped, wherever, is finished by running it again, and a run that has nothing to do sends
//! nothing.
//!
//! - [`plan`]: the file that says everything, and [`key`], how it names keys
//! - [`migration`]: what a step is, and how all are taken
//! - [`m0001_program`], [`m0002_mint`], [`m0003_network`], [`m0004_oracles`], [`m0005_shards`]: the steps
//! - [`deployment`], [`buffer`]: what the upgradeable loader has of a program, and of its next bytes
//! - [`check`]: whether a cluster runs the bytes of an artifact
//! - [`command`]: what `stipend-migrate` does, on any ledger

pub mod buffer;
pub mod check;
pub mod command;
pub mod deployment;
pub mod error;
pub mod key;
pub mod m0001_program;
pub mod m0002_mint;
pub mod m0003_network;
pub mod m0004_oracles;
pub mod m0005_shards;
pub mod migration;
pub mod plan;
