//! The program, compiled for the Solana VM.

use std::{
    env,
    ffi::OsString,
    fmt, fs,
    path::{Path, PathBuf},
    process::{Output, Stdio},
};

use anyhow::{Context, Result};

use crate::{
    build_sbf, bytecode, process,
    toolchain::{self, Toolchain, Versions},
    workspace::{self, read, sha256},
};

/// The release profile of the artifact, by environment so that host builds stay quick. Overflow is checked although the
/// program's own code can't overflow: its dependencies are not held to that.
///
/// Level "z", but for [`FASTER`]: at "s" everything together has a seventh more bytes, at 3 twice as many.
const PROFILE: [(&str, &str); 7] = [
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "0"),
    ("CARGO_PROFILE_RELEASE_INCREMENTAL", "false"),
    ("CARGO_PROFILE_RELEASE_LTO", "fat"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "z"),
    ("CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS", "true"),
    ("CARGO_PROFILE_RELEASE_PANIC", "abort"),
];

/// Crates at level "s": the program's own, and those that a claim runs through. What runs most is written place by place, so that a
/// higher level gains nothing.
const FASTER: [&str; 9] = [
    "stipend",
    "solana-account-info",
    "solana-address",
    "solana-cpi",
    "solana-instruction",
    "solana-program-error",
    "spl-token-2022-interface",
    "spl-token-interface",
    "spl-type-length-value",
];

/// For every crate. A panic aborts without a message: formatting one would double the program. Functions of the same code are
/// kept once, which saves 3 %.
const RUSTFLAGS: [&str; 3] = ["-Zunstable-options", "-Cpanic=immediate-abort", "-Zmerge-functions=trampolines"];

/// What LLVM may call by name. All else is dropped or refused: sbpf-linker's own list has functions that Rust defines
/// and that corrupt memory (see xtask/sbf/sbpf-linker.sh).
const EXPORTS: &str = "--export=memcpy,memmove,memset,memcmp,bcmp,__multi3,__udivti3,__umodti3";

/// For the program itself.
const PROGRAM_FLAGS: [&str; 1] = ["-Clink-arg=-O2"];

/// For sbpf-linker, besides the builtins, when it links the program itself: sbpf-linker.sh knows it by `--arch=v3`.
/// `--deploy=false`: it would write into the current folder.
const LINK_ARGUMENTS: [&str; 6] = [
    "--arch=v3",
    "--llvm-args=-bpf-stack-size=4096",
    "--cpu-features=+allows-misaligned-mem-access",
    "--disable-math-builtins",
    EXPORTS,
    "--deploy=false",
];

/// For Solana's own compiler.
const BUILD_SBF_ARGUMENTS: [&str; 2] = ["--arch", "v3"];

/// How a program was compiled.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Solana's own compiler.
    BuildSbf,
    /// [`toolchain`].
    Registry,
}

/// A program that was compiled just now.
pub struct Built {
    /// The `.so`.
    pub path: PathBuf,
    /// Its contents.
    pub program: Vec<u8>,
    /// "cargo build-sbf" or "registry".
    pub way: &'static str,
    /// What compiled it.
    pub versions: Versions,
}

impl fmt::Display for Built {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        writeln!(f, "{}", self.path.display())?;
        writeln!(f, "{} bytes, built by {}", self.program.len(), self.way)?;
        write!(f, "sha256 {}", sha256(&self.program))
    }
}

/// All flags that decide the program's bytes, for the digest of its sources. Without the paths of this machine, which
/// decide nothing.
pub fn flags() -> String {
    let profile = PROFILE.map(|(name, value)| format!("{name}={value}"));
    let words = profile
        .iter()
        .map(String::as_str)
        .chain(RUSTFLAGS)
        .chain(PROGRAM_FLAGS)
        .chain(LINK_ARGUMENTS)
        .chain(BUILD_SBF_ARGUMENTS)
        .chain(FASTER);
    words.collect::<Vec<_>>().join("\n")
}

/// What cargo is told of the crates that are to be faster.
fn faster() -> impl Iterator<Item = String> {
    FASTER.into_iter().map(|name| format!("--config=profile.release.package.{name}.opt-level=\"s\""))
}

/// Builds with Solana's own compiler where it is installed, else with the one from registries, setting that up first.
///
/// Errors: the program doesn't compile, or needs arithmetic that the VM lacks, or the toolchain can't be set up.
pub fn run() -> Result<Built> {
    match way() {
        Way::BuildSbf => build_sbf(),
        Way::Registry => registry(&[]),
    }
}

/// Removes what earlier builds left, so that the next one starts from nothing.
pub fn clean() -> Result<()> {
    workspace::remove_dir(&target_dir()?)
}

/// Solana's own compiler if there is one. This workspace's `cargo build-sbf` is not: it runs [`registry`].
fn way() -> Way {
    let mut version = process::cargo();
    version.args(["build-sbf", "--version"]).stderr(Stdio::null());
    let is_solanas =
        |output: &Output| output.status.success() && !output.stdout.starts_with(build_sbf::NAME.as_bytes());
    match version.output().is_ok_and(|output| is_solanas(&output)) {
        true => Way::BuildSbf,
        false => Way::Registry,
    }
}

/// Apart from the host's builds, so that `clean` costs nobody an hour.
fn target_dir() -> Result<PathBuf> {
    Ok(workspace::target_dir()?.join("sbf"))
}

fn build_sbf() -> Result<Built> {
    let target = target_dir()?;
    let out = target.join("deploy");
    let help = process::output(process::cargo().args(["build-sbf", "--help"]))?;
    let mut build = process::cargo();
    build.args(["build-sbf", "--manifest-path"]).arg(workspace::root().join("programs/stipend/Cargo.toml"));
    build.args(BUILD_SBF_ARGUMENTS).arg("--sbf-out-dir").arg(&out);
    if help.contains("--lto") {
        build.arg("--lto");
    }
    build.arg("--").args(faster()).env("CARGO_TARGET_DIR", &target).envs(PROFILE);
    process::run(&mut build)?;
    let version = process::output(process::cargo().args(["build-sbf", "--version"]))?;
    built(
        out.join("stipend.so"),
        "cargo build-sbf",
        Versions::from([("cargo build-sbf".into(), version.replace('\n', ", "))]),
    )
}

/// Builds with the toolchain from registries, whatever else is installed.
///
/// - `cargo_args`: further ones for cargo, such as features; with any, the program is not the committed one.
///
/// Errors: the program doesn't compile, or needs arithmetic that the VM lacks, or the toolchain can't be set up.
pub fn registry(cargo_args: &[OsString]) -> Result<Built> {
    let toolchain = toolchain::ensure()?;
    let target = target_dir()?;
    let mut build = process::cargo();
    build.args(["rustc", "--release", "--locked", "--package", "stipend", "--lib", "--crate-type", "cdylib"]);
    build
        .args(["-Zjson-target-spec", "-Zbuild-std=std", "--target"])
        .arg(toolchain.target_file())
        .args(faster())
        .args(cargo_args)
        .arg("--")
        .args(PROGRAM_FLAGS);
    for argument in LINK_ARGUMENTS {
        build.arg(format!("-Clink-arg={argument}"));
    }
    build.arg(joined("-Clink-arg=", &toolchain.builtins()));
    build.current_dir(workspace::root()).env("CARGO_TARGET_DIR", &target).envs(PROFILE).envs(environment(&toolchain)?);
    process::run(&mut build).context("failed to build the program for the Solana VM")?;

    let built = from_registry(target.join("sbpf-solana-solana/release/libstipend.so"))?;
    bytecode::check(&built.program)?;
    Ok(built)
}

/// A program at `path` that this machine's toolchain from registries compiled just now.
///
/// Errors: the program is not there, or the toolchain can't be set up.
pub fn from_registry(path: PathBuf) -> Result<Built> {
    let mut versions = toolchain::ensure()?.versions;
    versions.insert("cargo".into(), process::output(process::cargo().arg("--version"))?);
    built(path, "registry", versions)
}

/// What makes cargo use Debian's rustc, compile the changed standard library, and find the wrapped linker.
fn environment(toolchain: &Toolchain) -> Result<Vec<(&'static str, OsString)>> {
    Ok(vec![
        ("PATH", process::path_with(toolchain::bin())?),
        ("RUSTC", toolchain::RUSTC.into()),
        // A stable rustc has what is needed, behind a door: nothing here asks for a nightly.
        ("RUSTC_BOOTSTRAP", "1".into()),
        ("RUSTC_BOOTSTRAP_SYNTHETIC_TARGET", "1".into()),
        ("__CARGO_TESTS_ONLY_SRC_ROOT", toolchain.std_library().into()),
        ("CARGO_ENCODED_RUSTFLAGS", rustflags()?),
    ])
}

/// The flags, and a fixed name for each folder whose place differs between machines: a path that gets into the program
/// (`file!()` in a dependency) would make two people's bytes differ.
fn rustflags() -> Result<OsString> {
    let mut flags = OsString::from(RUSTFLAGS.join("\x1f"));
    let mut remap = |folder: &Path, name: &str| {
        flags.push("\x1f--remap-path-prefix=");
        flags.push(folder);
        flags.push("=");
        flags.push(name);
    };
    remap(&workspace::root(), "/stipend");
    let sources = cargo_home()?.join("registry/src");
    // The folder's name is made from the registry's address, which a mirror changes.
    for entry in fs::read_dir(&sources).with_context(|| format!("failed to list {}", sources.display()))? {
        let entry = entry.with_context(|| format!("failed to list {}", sources.display()))?;
        remap(&entry.path(), "/crates");
    }
    Ok(flags)
}

fn cargo_home() -> Result<PathBuf> {
    let default = || env::var_os("HOME").map(|home| Path::new(&home).join(".cargo"));
    let home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(default);
    home.context("neither CARGO_HOME nor HOME is set; set HOME")
}

fn joined(prefix: &str, path: &Path) -> OsString {
    let mut word = OsString::from(prefix);
    word.push(path);
    word
}

fn built(path: PathBuf, way: &'static str, versions: Versions) -> Result<Built> {
    Ok(Built { program: read(&path)?, path, way, versions })
}
