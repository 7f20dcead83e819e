//! A state-machine test of the program's sBPF artifact.
//!
//! Random steps of all actors are taken by the artifact and by a plain model; both must agree on what is accepted, and after
//! each step every account must be as the model says and DESIGN's invariants must hold. At intervals a copy is brought to its
//! next settled epoch by honest callers alone.

#![allow(missing_docs, reason = "nothing here is for other crates but `run`")]

pub mod cast;
pub mod check;
pub mod generate;
pub mod live;
pub mod machine;
pub mod model;
pub mod random;
pub mod run;
pub mod step;
pub mod vm;
