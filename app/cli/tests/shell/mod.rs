//! Runs the command as a shell does.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::folder::TempDir;

/// Runs `stipend` with these arguments. Which program runs in the VM is the environment's to say.
pub fn stipend(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_stipend")).args(args).output().expect("the binary runs")
}

pub fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("output is UTF-8")
}

/// What a run that succeeds prints, and nothing else.
#[track_caller]
pub fn printed(args: &[&str]) -> String {
    let output = stipend(args);
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
    text(&output.stdout).to_owned()
}

/// The accounts that a demonstration leaves, in a folder that lives as long as the first value.
#[track_caller]
pub fn left_accounts(args: &[&str]) -> (TempDir, PathBuf) {
    let parent = TempDir::new();
    let folder = parent.path().join("accounts");
    printed(&[&["demo", "--output", "json", "--accounts", path(&folder)], args].concat());
    (parent, folder)
}

pub fn path(path: &Path) -> &str {
    path.to_str().expect("the path is text")
}
