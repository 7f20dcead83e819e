//! The committed program: tests and benchmarks run on a machine that has no compiler for the Solana VM, and the bytes that
//! they run are the bytes that are reviewed and deployed.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{bail, Context, Result};
use serde::{Deserialize, Serialize};

use crate::{
    build::{self, Built},
    sources,
    toolchain::Versions,
    workspace::{self, read, read_text, sha256, write},
};

const FOLDER: &str = "programs/stipend/artifact";

/// What is committed beside the program.
#[derive(Serialize, Deserialize)]
struct Metadata {
    /// SHA-256 of the program, which `solana program dump` of a deployed one has as well.
    sha256: String,
    bytes: usize,
    /// [`sources::digest`] of what it was made from.
    sources: String,
    /// "cargo build-sbf" or "registry".
    way: String,
    versions: Versions,
}

/// The committed program.
pub fn path() -> PathBuf {
    workspace::root().join(FOLDER).join("stipend.so")
}

/// Builds the program and commits it to the folder, with what it was made from and by.
///
/// Errors: the program doesn't build.
pub fn renew() -> Result<()> {
    let root = workspace::root();
    // Before the build: an edit during it must make the artifact stale.
    let sources = sources::digest(&root)?;
    let built = build::run()?;
    let metadata = Metadata {
        sha256: sha256(&built.program),
        bytes: built.program.len(),
        sources,
        way: built.way.into(),
        versions: built.versions.clone(),
    };
    let json = serde_json::to_string_pretty(&metadata).context("failed to write the metadata as JSON")?;
    write(&path(), &built.program)?;
    write(&metadata_path(&root), json + "\n")?;
    eprintln!("Renewed {}", path().display());
    println!("{built}");
    Ok(())
}

/// Refuses an artifact that isn't made from the sources beside it, or isn't the program that its metadata describes.
/// Compiles nothing.
pub fn check_sources(root: &Path) -> Result<()> {
    let metadata = metadata(root)?;
    let program = read(&root.join(FOLDER).join("stipend.so"))?;
    if sha256(&program) != metadata.sha256 || program.len() != metadata.bytes {
        bail!("stipend.so is not the program that stipend.json beside it describes; run `cargo xtask artifact`");
    }
    if sources::digest(root)? != metadata.sources {
        bail!("the sources differ from those that the artifact was made from; run `cargo xtask artifact`");
    }
    Ok(())
}

/// Rebuilds from nothing and compares byte for byte with the committed program.
///
/// When this machine's compilers are other versions than those that made it, other bytes prove nothing: it says so and
/// prints where the fresh program lies, for the tests to run on.
///
/// Errors: the artifact is stale, or the same compilers make other bytes.
pub fn check() -> Result<()> {
    let root = workspace::root();
    check_sources(&root)?;
    let committed = metadata(&root)?;
    build::clean()?;
    let built = build::run()?;
    if sha256(&built.program) == committed.sha256 {
        eprintln!("The committed program is what these sources build to, byte for byte.");
        eprintln!("{built}");
        return Ok(());
    }
    if built.way == committed.way && built.versions == committed.versions {
        bail!(
            "the same compilers build {} from these sources, but {} is committed: the artifact was not made from them, or the \
             build depends on something of this machine. Compare {} with it, or run `cargo xtask artifact`",
            sha256(&built.program),
            committed.sha256,
            built.path.display()
        );
    }
    let fresh = keep(&built)?;
    eprintln!("The compilers have moved on since the committed program was made, so its bytes can't be compared:");
    eprintln!("  committed: {}, {:?}", committed.way, committed.versions);
    eprintln!("  here:      {}, {:?}", built.way, built.versions);
    eprintln!("Run the tests on the fresh one by STIPEND_PROGRAM={}", fresh.display());
    eprintln!("Renew the committed one with `cargo xtask artifact`.");
    println!("{}", fresh.display());
    Ok(())
}

/// Copies a program to where the next build doesn't overwrite it.
fn keep(built: &Built) -> Result<PathBuf> {
    let fresh = workspace::target_dir()?.join("fresh/stipend.so");
    write(&fresh, &built.program)?;
    fs::canonicalize(&fresh).with_context(|| format!("failed to find {}", fresh.display()))
}

fn metadata_path(root: &Path) -> PathBuf {
    root.join(FOLDER).join("stipend.json")
}

fn metadata(root: &Path) -> Result<Metadata> {
    let path = metadata_path(root);
    let text = read_text(&path).context("there is no artifact; run `cargo xtask artifact`")?;
    serde_json::from_str(&text).with_context(|| format!("{} is damaged; run `cargo xtask artifact`", path.display()))
}
