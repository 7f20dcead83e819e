//! Anchor's own commands, and a comparison of what they make with what is committed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use toml::Table;

use crate::{
    artifact, build, idl, process,
    toolchain::{self, apt},
    workspace::{self, read_text},
};

/// Runs `anchor build` and `anchor idl build` and compares their program and IDLs with the committed ones.
///
/// Errors: anchor-cli can't be installed, one of the commands fails, or something differs.
pub fn run() -> Result<()> {
    let root = workspace::root();
    artifact::check_sources(&root)?;
    let anchor = install(&root)?;
    // Only now: with RUSTUP_TOOLCHAIN set, Anchor passes a wrong argument to cargo.
    process::forget_cargo_run();
    toolchain::install_build_sbf()?;
    let path = process::path_with(toolchain::bin())?;
    let target = workspace::target_dir()?;
    let run = |arguments: &[&str]| {
        let mut command = Command::new(&anchor);
        command.args(arguments).current_dir(&root).env("PATH", &path).env("CARGO_TARGET_DIR", &target);
        process::run(&mut command)
    };

    let (program, built_idl) = (target.join("deploy/stipend.so"), target.join("idl/stipend.json"));
    let only_idl = target.join("anchor-idl.json");
    // A file of an earlier build must not be taken for this one's.
    for file in [&program, &built_idl, &only_idl] {
        if file.exists() {
            fs::remove_file(file).with_context(|| format!("failed to remove {}", file.display()))?;
        }
    }
    // The program's key is its deployer's and not here to compare with.
    run(&["build", "--ignore-keys"])?;
    run(&["idl", "build", "--out", &only_idl.to_string_lossy()])?;

    for file in [&built_idl, &only_idl] {
        // Anchor ends the file without a line feed.
        idl::compare(&(read_text(file)? + "\n"))?;
    }
    match artifact::compare(&build::from_registry(program)?)? {
        true => println!("anchor build made the committed program and IDL, anchor idl build the committed IDL"),
        false => println!("anchor build and anchor idl build made the committed IDL; other compilers made the program"),
    }
    Ok(())
}

/// anchor-cli in the version that Anchor.toml names, compiled first when it is missing.
fn install(root: &Path) -> Result<PathBuf> {
    let config: Table = read_text(&root.join("Anchor.toml"))?.parse().context("failed to read Anchor.toml")?;
    let version = config.get("toolchain").and_then(|toolchain| toolchain.get("anchor_version"));
    let version = version.and_then(|version| version.as_str()).context("Anchor.toml has no anchor_version; add it")?;
    let folder = workspace::cache_dir("anchor-cli")?;
    let anchor = folder.join("bin/anchor");
    let present = process::output(Command::new(&anchor).arg("--version"));
    if !present.is_ok_and(|present| present == format!("anchor-cli {version}")) {
        eprintln!("Compiling anchor-cli {version} into {}: a quarter of an hour on two cores, once", folder.display());
        apt::install(&["libudev-dev", "pkg-config"])?;
        let mut install = process::cargo();
        install.args(["install", "anchor-cli", "--locked", "--version", version, "--root"]).arg(&folder);
        process::run(install.env_remove("CARGO_TARGET_DIR"))?;
    }
    Ok(anchor)
}
