//! The compiler for the Solana VM, from package registries alone.
//!
//! Solana's own compiler is a download that no package registry has. Upstream rustc, clang and LLVM build the same crate:
//! Debian's rustc with the source of its standard library, clang for the 128-bit arithmetic, `sbpf-linker` from crates.io,
//! and LLVM 23 from Debian sid, unpacked in a folder of its own and never installed.
//!
//! Set up once a machine. The stamp is written last, so an interrupted set-up starts over.

pub(crate) mod apt;
mod std_source;

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{bail, Context, Result};
use serde::{Deserialize, Serialize};

use crate::{
    process,
    workspace::{remove_dir, sha256, write},
};

/// One folder for everybody: cargo hashes the paths of the standard library and of the target file into symbol names, so
/// the program's bytes depend on where the toolchain lies. Nothing else of it does.
pub const FOLDER: &str = "/opt/stipend/sbf";

/// The rustc that has its source beside it; rustup's stays the default for everything else.
pub const RUSTC: &str = "/usr/bin/rustc";

const CLANG: &str = "clang-22";
const LINKER_VERSION: &str = "0.2.6";

const TARGET_FILE: &str = include_str!("../../sbf/sbpf-solana-solana.json");
const BUILTINS: &str = include_str!("../../sbf/builtins.c");
const LINKER_WRAPPER: &str = include_str!("../../sbf/sbpf-linker.sh");
const BUILD_SBF: &str = include_str!("../../sbf/cargo-build-sbf.sh");

/// What compiled a program, by the tools' names. Equal versions give equal bytes.
pub type Versions = BTreeMap<String, String>;

/// A toolchain that is ready.
pub struct Toolchain {
    /// What the program's metadata records.
    pub versions: Versions,
}

/// What a finished set-up leaves behind.
#[derive(Serialize, Deserialize)]
struct Stamp {
    versions: Versions,
    /// Digest of the pieces in xtask/sbf and of the changes to the standard library.
    recipe: String,
}

impl Toolchain {
    /// The description of the target, for `cargo --target`.
    pub fn target_file(&self) -> PathBuf {
        Path::new(FOLDER).join("sbpf-solana-solana.json")
    }

    /// The source of the standard library, changed for a machine without an operating system.
    pub fn std_library(&self) -> PathBuf {
        Path::new(FOLDER).join("std/library")
    }

    /// The 128-bit arithmetic, as bitcode for the linker.
    pub fn builtins(&self) -> PathBuf {
        Path::new(FOLDER).join("builtins.bc")
    }
}

/// Folder of the commands: `sbpf-linker`, which runs under LLVM 23, and `cargo-build-sbf`.
pub fn bin() -> PathBuf {
    Path::new(FOLDER).join("bin")
}

/// Digest of all that xtask itself puts into the toolchain and that decides a program's bytes.
pub fn recipe() -> String {
    sha256(format!("{TARGET_FILE}\0{BUILTINS}\0{LINKER_WRAPPER}\0{}", std_source::recipe()).as_bytes())
}

/// The toolchain, set up first when this machine lacks it or Debian has moved on from what it was made with.
///
/// Errors: not a Debian on x86-64, no root, or a registry that doesn't answer.
pub fn ensure() -> Result<Toolchain> {
    if let Some(versions) = read_stamp() {
        return Ok(Toolchain { versions });
    }
    if !(cfg!(target_arch = "x86_64") && cfg!(target_os = "linux")) {
        bail!("the toolchain from registries is for Linux on x86-64; on this machine install Solana's own `cargo build-sbf`");
    }
    make_folder()?;
    // Two builds at once would unpack over each other. The lock goes with the process, however it ends.
    let lock = File::create(Path::new(FOLDER).join("lock")).context("failed to make the toolchain's lock file")?;
    lock.lock().context("failed to wait for another set-up of the toolchain")?;
    match read_stamp() {
        Some(versions) => Ok(Toolchain { versions }),
        None => set_up(),
    }
}

/// Puts `cargo-build-sbf` into [`bin`]. It is not part of the stamp, since it decides none of the program's bytes.
///
/// Errors: as [`ensure`]'s, or the folder belongs to another user.
pub fn install_build_sbf() -> Result<()> {
    ensure()?;
    install_script("cargo-build-sbf", BUILD_SBF)
}

/// The versions of a finished set-up that still is what this machine and this xtask would make.
fn read_stamp() -> Option<Versions> {
    let stamp: Stamp = serde_json::from_str(&fs::read_to_string(stamp_file()).ok()?).ok()?;
    let versions = &stamp.versions;
    let is_valid = stamp.recipe == recipe()
        && versions.get("rustc") == rustc_version().ok().as_ref()
        && versions.get("clang") == clang_version().ok().as_ref();
    is_valid.then_some(stamp.versions)
}

fn set_up() -> Result<Toolchain> {
    let root = Path::new(FOLDER);
    eprintln!("Setting up the compiler for the Solana VM in {FOLDER}: about two minutes, once");
    if stamp_file().exists() {
        fs::remove_file(stamp_file()).context("failed to remove the old stamp")?;
    }

    apt::install(&["rustc-web", "rust-web-src", CLANG, "gcc", "libc6-dev"])?;
    let llvm = apt::unpack_llvm(root)?;
    install_linker(root)?;
    std_source::copy(&rustc_version()?, &root.join("std"))?;
    write(&root.join("sbpf-solana-solana.json"), TARGET_FILE)?;
    compile_builtins(root)?;

    let versions = Versions::from([
        ("rustc".into(), rustc_version()?),
        ("clang".into(), clang_version()?),
        ("llvm".into(), llvm),
        ("sbpf-linker".into(), LINKER_VERSION.into()),
    ]);
    let stamp = Stamp { versions, recipe: recipe() };
    write(&stamp_file(), serde_json::to_string_pretty(&stamp).context("failed to write the stamp as JSON")?)?;
    Ok(Toolchain { versions: stamp.versions })
}

fn stamp_file() -> PathBuf {
    Path::new(FOLDER).join("stamp.json")
}

/// Only making the folder wants root; what is in it belongs to whoever sets it up.
fn make_folder() -> Result<()> {
    let is_mine = fs::create_dir_all(FOLDER).is_ok() && process::succeeds(Command::new("test").args(["-w", FOLDER]));
    if is_mine {
        return Ok(());
    }
    let user = process::output(Command::new("id").arg("-un"))?;
    process::run(process::as_root("mkdir")?.args(["-p", FOLDER]))?;
    process::run(process::as_root("chown")?.args(["-R", &user, FOLDER]))
}

fn install_linker(root: &Path) -> Result<()> {
    // The crate's source names a nightly in a rust-toolchain.toml, which rustup's rustc would ask for; Debian's doesn't
    // read it. In / no workspace's settings apply either.
    let mut install = process::cargo();
    install.args(["install", "--quiet", "sbpf-linker", "--locked", "--version", LINKER_VERSION, "--root"]);
    install.arg(root.join("linker")).current_dir("/").env("RUSTC", RUSTC).env_remove("CARGO_TARGET_DIR");
    process::run(&mut install)?;
    install_script("sbpf-linker", LINKER_WRAPPER)
}

/// Writes nothing when the script is there already: the folder may belong to another user.
fn install_script(name: &str, text: &str) -> Result<()> {
    let script = bin().join(name);
    let is_executable = process::succeeds(Command::new("test").arg("-x").arg(&script));
    if is_executable && fs::read(&script).is_ok_and(|present| present == text.as_bytes()) {
        return Ok(());
    }
    write(&script, text)?;
    process::run(Command::new("chmod").arg("755").arg(&script))
}

fn compile_builtins(root: &Path) -> Result<()> {
    write(&root.join("builtins.c"), BUILTINS)?;
    let mut clang = Command::new(CLANG);
    clang.args(["-target", "bpfel", "-O2", "-Wall", "-Werror", "-emit-llvm", "-c", "builtins.c", "-o", "builtins.bc"]);
    process::run(clang.current_dir(root))
}

fn rustc_version() -> Result<String> {
    process::output(Command::new(RUSTC).arg("--version"))
}

fn clang_version() -> Result<String> {
    let text = process::output(Command::new(CLANG).arg("--version"))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// The number in `rustc 1.96.0 (…)`.
fn version_number(version: &str) -> Result<&str> {
    version
        .split(' ')
        .nth(1)
        .with_context(|| format!("{RUSTC} --version says {version:?}; reinstall Debian's rustc-web"))
}

/// Makes `path` an empty folder.
fn empty_dir(path: &Path) -> Result<()> {
    remove_dir(path)?;
    fs::create_dir_all(path).with_context(|| format!("failed to make the folder {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_file_is_json_for_a_bpf_machine() {
        let target: serde_json::Value = serde_json::from_str(TARGET_FILE).expect("JSON");

        assert_eq!(target["arch"], "bpf");
        assert_eq!(target["os"], "solana");
    }

    #[test]
    fn the_number_of_a_rustc_version_is_its_second_word() {
        assert_eq!(version_number("rustc 1.96.0 (ac68faa20 2026-05-25)").expect("a number"), "1.96.0");
        assert!(version_number("rustc").is_err());
    }
}
