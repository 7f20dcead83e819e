//! The tests on a real validator, which take longer than all others.

use std::process::Command;

use anyhow::Result;

use crate::{localnet, process, workspace};

/// All tests together, however they hang: `timeout` ends what the tests started too.
const LIMIT: &str = "30m";
const LONG_LIMIT: &str = "60m";
/// The module of tests that only run with `--long`.
const LONG_TESTS: &str = "long::";
/// Tests at once: each has a validator of its own, which takes a core, and mostly waits for its epochs.
const TEST_THREADS: &str = "--test-threads=2";
/// As `cargo test --workspace` builds everything: one package by itself would be other builds of most dependencies.
const WORKSPACE_TESTS: [&str; 4] = ["test", "--release", "--locked", "--workspace"];

/// Builds the validator, `stipend` and `stipend-migrate`, and runs the tests.
///
/// - `filter`: only those whose names contain it; `long`: those that take long too.
///
/// Errors: something doesn't compile, a test fails, or they take too long.
pub fn run(filter: Option<&str>, long: bool) -> Result<()> {
    let validator = localnet::build()?;
    // Tests of the commands build these too.
    process::run(process::cargo().args(WORKSPACE_TESTS).arg("--no-run"))?;
    let commands = workspace::target_dir()?.join("release");
    let mut tests = Command::new("timeout");
    tests
        .args(["--kill-after=30", if long { LONG_LIMIT } else { LIMIT }])
        .arg(process::cargo().get_program())
        .args(WORKSPACE_TESTS)
        .args(["--test", "cluster", "--", "--ignored", TEST_THREADS])
        .args(filter)
        .env("STIPEND_LOCALNET", validator)
        .env("STIPEND_COMMAND", commands.join("stipend"))
        .env("STIPEND_MIGRATE_COMMAND", commands.join("stipend-migrate"));
    if !long {
        tests.args(["--skip", LONG_TESTS]);
    }
    process::run(&mut tests)
}
