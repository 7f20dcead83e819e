//! The tests on a real validator, which take longer than all others.

use std::process::Command;

use anyhow::Result;

use crate::{localnet, process, workspace};

/// All of them, however they hang: `timeout` ends what the tests started too.
const LIMIT: &str = "90m";

/// Builds the validator, `stipend` and `stipend-migrate`, and runs the tests one by one.
///
/// - `filter`: only those whose names contain it.
///
/// Errors: something doesn't compile, a test fails, or they take too long.
pub fn run(filter: Option<&str>) -> Result<()> {
    let validator = localnet::build()?;
    for package in ["stipend-cli", "stipend-migrations"] {
        process::run(process::cargo().args(["build", "--release", "--locked", "--package", package]))?;
    }
    let commands = workspace::target_dir()?.join("release");
    let mut tests = Command::new("timeout");
    tests
        .args(["--kill-after=30", LIMIT])
        .arg(process::cargo().get_program())
        .args(["test", "--release", "--locked", "--package", "stipend-cluster-tests", "--", "--ignored"])
        .args(["--test-threads=1"])
        .args(filter)
        .env("STIPEND_LOCALNET", validator)
        .env("STIPEND_COMMAND", commands.join("stipend"))
        .env("STIPEND_MIGRATE_COMMAND", commands.join("stipend-migrate"));
    process::run(&mut tests)
}
