//! The chores of the workspace: the on-chain artifact, its toolchain and the IDL. `cargo xtask help` lists them.
//!
//! A library beside the command so that tests can ask whether the committed artifact is made from these sources.

pub mod anchor;
pub mod artifact;
pub mod bench;
pub mod build;
pub mod build_sbf;
pub mod bytecode;
pub mod cluster_test;
pub mod fuzz;
pub mod idl;
pub mod localnet;
pub mod planted;
pub mod process;
pub mod program_id;
pub mod sources;
pub mod toolchain;
pub mod workspace;
