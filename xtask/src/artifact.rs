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
    check_sources(&workspace::root())?;
    build::clean()?;
    compare(&build::run()?).map(drop)
}

/// Compares a program that was built just now with the committed one, and says whether they are the same byte for byte.
///
/// Errors: the same compilers make other bytes.
pub fn compare(built: &Built) -> Result<bool> {
    let committed = metadata(&workspace::root())?;
    match verdict(&committed, built) {
        Verdict::Same => {
            eprintln!("The committed program is what these sources build to, byte for byte.");
            eprintln!("{built}");
            Ok(true)
        }
        Verdict::Unexplained => bail!(
            "the same compilers build {} from these sources, but {} is committed: the artifact was not made from them, or the \
             build depends on something of this machine. Compare {} with it, or run `cargo xtask artifact`",
            sha256(&built.program),
            committed.sha256,
            built.path.display()
        ),
        Verdict::CompilersMovedOn => {
            let fresh = keep(built)?;
            eprintln!("The compilers have moved on since the committed program was made, so its bytes can't be compared:");
            eprintln!("  committed: {}, {:?}", committed.way, committed.versions);
            eprintln!("  here:      {}, {:?}", built.way, built.versions);
            eprintln!("Run the tests on the fresh one by STIPEND_PROGRAM={}", fresh.display());
            eprintln!("Renew the committed one with `cargo xtask artifact`.");
            println!("{}", fresh.display());
            Ok(false)
        }
    }
}

/// What a fresh program says of the committed one.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Same,
    /// Other compilers, other bytes: nothing is proved.
    CompilersMovedOn,
    /// The same compilers, other bytes: one of the two is not what it says.
    Unexplained,
}

fn verdict(committed: &Metadata, built: &Built) -> Verdict {
    if sha256(&built.program) == committed.sha256 {
        Verdict::Same
    } else if built.way == committed.way && built.versions == committed.versions {
        Verdict::Unexplained
    } else {
        Verdict::CompilersMovedOn
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn built(program: &[u8], rustc: &str) -> Built {
        let versions = Versions::from([("rustc".into(), rustc.into())]);
        Built { path: PathBuf::new(), program: program.to_vec(), way: "registry", versions }
    }

    fn committed(program: &[u8], rustc: &str) -> Metadata {
        let built = built(program, rustc);
        let sha256 = sha256(program);
        Metadata {
            sha256,
            bytes: program.len(),
            sources: String::new(),
            way: built.way.into(),
            versions: built.versions,
        }
    }

    #[test]
    fn equal_bytes_are_the_same_whatever_made_them() {
        assert_eq!(verdict(&committed(b"one", "1.96"), &built(b"one", "1.97")), Verdict::Same);
    }

    #[test]
    fn other_bytes_of_another_compiler_prove_nothing() {
        assert_eq!(verdict(&committed(b"one", "1.96"), &built(b"two", "1.97")), Verdict::CompilersMovedOn);
    }

    #[test]
    fn other_bytes_of_the_same_compiler_are_an_error() {
        assert_eq!(verdict(&committed(b"one", "1.96"), &built(b"two", "1.96")), Verdict::Unexplained);
    }
}
