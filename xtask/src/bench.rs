//! What the program costs: runs `stipend-bench`, a crate of its own so that all other chores need no Solana VM.

use std::{env, path::PathBuf};

use anyhow::Result;

use crate::{artifact, process, workspace};

/// Prints the figures of the committed program, or of the one that `STIPEND_PROGRAM` names, and writes target/bench.json.
///
/// Errors: a mark is not reached.
pub fn run() -> Result<()> {
    let program = env::var_os("STIPEND_PROGRAM").map_or_else(artifact::path, PathBuf::from);
    let json = workspace::root().join("target/bench.json");
    let mut bench = process::cargo();
    bench.args(["run", "--release", "--quiet", "--package", "stipend-bench", "--"]).arg(program).arg(json);
    process::run(&mut bench)
}
