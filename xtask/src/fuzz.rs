//! The state-machine test, for as long as one likes: runs `stipend-machine`, a crate of its own as it needs a Solana VM.

use std::{path::Path, process::Command};

use anyhow::{bail, Context, Result};

use crate::{process, workspace};

/// How a run of the state-machine test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Artifact and model agreed throughout.
    Nothing,
    /// Something is wrong, and was printed.
    Defect,
}

/// Runs the test for `secs` seconds with the committed program, or the one that `STIPEND_PROGRAM` names, and prints the table.
///
/// - `seed`: that of a run to be repeated; none takes one from the clock.
///
/// Errors: the test finds something.
pub fn run(secs: u64, seed: Option<u64>) -> Result<()> {
    let mut words = vec![secs.to_string()];
    words.extend(seed.map(|seed| seed.to_string()));
    match test(&build()?, &words, None)? {
        Found::Nothing => Ok(()),
        Found::Defect => bail!("artifact and model don't agree; the steps above show it"),
    }
}

/// Compiles the test; returns its command.
pub fn build() -> Result<std::path::PathBuf> {
    process::run(process::cargo().args(["build", "--release", "--locked", "--package", "stipend-machine"]))?;
    Ok(workspace::target_dir()?.join("release/stipend-machine"))
}

/// Runs the test's command with its own arguments, with `program` if there is one.
///
/// Errors: it can't be started, or ends as no test does.
pub fn test(command: &Path, arguments: &[String], program: Option<&Path>) -> Result<Found> {
    let mut test = Command::new(command);
    test.args(arguments);
    if let Some(program) = program {
        test.env("STIPEND_PROGRAM", program);
    }
    let status = test.status().with_context(|| format!("failed to start {}", command.display()))?;
    match status.code() {
        Some(0) => Ok(Found::Nothing),
        Some(1) => Ok(Found::Defect),
        _ => bail!("{} ended with {status}", command.display()),
    }
}
