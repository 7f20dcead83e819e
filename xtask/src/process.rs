//! Running other programs.

use std::{
    env,
    ffi::OsString,
    io,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{bail, Context, Result};

use crate::workspace;

/// What `cargo run` and rustup leave in the environment for their child, and what a user may have set for builds of the
/// host: none of it may reach the commands that xtask starts.
const FORGOTTEN: [&str; 11] = [
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_INCREMENTAL",
    "LD_LIBRARY_PATH",
    "RUSTC",
    "RUSTC_BOOTSTRAP",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTFLAGS",
    // anchor-lang-idl would pass a wrong argument to cargo, and a pinned rustc would shadow /usr/bin/rustc.
    "RUSTUP_TOOLCHAIN",
];
const FORGOTTEN_PREFIXES: [&str; 2] = ["CARGO_PROFILE_", "CARGO_TARGET_"];
/// What `cargo run` says of xtask's own package.
const PACKAGE_PREFIXES: [&str; 2] = ["CARGO_MANIFEST_", "CARGO_PKG_"];

/// Cleans this process's environment of what `cargo run` says of xtask: build scripts that ask cargo for their own package would
/// be run again, and all that depends on them compiled again, each time that cargo is started by xtask and then by somebody else.
pub fn forget_package() {
    // Cargo says where the workspace is; keep that.
    workspace::root();
    forget(|name| PACKAGE_PREFIXES.iter().any(|prefix| name.starts_with(prefix)));
}

/// Cleans this process's environment, for every command started after it.
pub fn forget_cargo_run() {
    forget(|name| {
        let is_forgotten =
            FORGOTTEN.contains(&name) || FORGOTTEN_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
        is_forgotten && name != "CARGO_TARGET_DIR"
    });
}

fn forget(is_forgotten: impl Fn(&str) -> bool) {
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(&is_forgotten) {
            env::remove_var(name);
        }
    }
}

/// The cargo that runs this xtask, so that the version pinned in rust-toolchain.toml holds without rustup's help.
pub fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// PATH, with `folder` before all others.
///
/// Errors: the folder can't be written there.
pub fn path_with(folder: PathBuf) -> Result<OsString> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::join_paths([folder].into_iter().chain(env::split_paths(&path)))
        .context("failed to set PATH: one of its folders has a colon in its name")
}

/// Runs to the end with this terminal's output, on stderr: stdout is for what xtask itself has to say.
///
/// Errors: it can't be started, or fails.
pub fn run(command: &mut Command) -> Result<()> {
    let status =
        command.stdout(io::stderr()).status().with_context(|| format!("failed to start {}", describe(command)))?;
    if !status.success() {
        bail!("{} ended with {status}; what it printed above says why", describe(command));
    }
    Ok(())
}

/// Runs to the end and returns the trimmed stdout.
///
/// Errors: it can't be started, or fails, or prints something other than UTF-8.
pub fn output(command: &mut Command) -> Result<String> {
    let output =
        command.stderr(Stdio::inherit()).output().with_context(|| format!("failed to start {}", describe(command)))?;
    if !output.status.success() {
        bail!("{} ended with {}; what it printed above says why", describe(command), output.status);
    }
    let text = String::from_utf8(output.stdout)
        .with_context(|| format!("{} printed something other than UTF-8", describe(command)))?;
    Ok(text.trim().to_owned())
}

/// Whether it starts and succeeds; its output is dropped.
pub fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// `command`, as root: through sudo for everybody else.
///
/// Errors: neither root nor sudo.
pub fn as_root(command: &str) -> Result<Command> {
    if output(Command::new("id").arg("-u"))? == "0" {
        return Ok(Command::new(command));
    }
    if succeeds(Command::new("sudo").arg("--version")) {
        let mut sudo = Command::new("sudo");
        sudo.arg(command);
        return Ok(sudo);
    }
    bail!("{command} has to run as root, and sudo is not installed: run this once as root, or install sudo")
}

fn describe(command: &Command) -> String {
    let words = [command.get_program()].into_iter().chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
