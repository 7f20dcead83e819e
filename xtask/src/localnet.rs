//! A cluster on this machine: a crate with a workspace of its own, for a validator takes long to build.

use std::{
    env,
    ffi::OsString,
    fs,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{bail, Context, Result};

use crate::{
    artifact, process,
    toolchain::apt,
    workspace::{self, read_text},
};

/// Where LLVM's libraries are: of a version of their own first, the newest before the others.
const LIBRARIES: [&str; 4] = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"];

/// Runs the validator with the committed program until it is stopped; does not return unless it fails to start.
///
/// - `arguments`: its own; without `--ledger` among them the ledger is target/localnet.
///
/// Errors: see [`build`].
pub fn run(arguments: &[OsString]) -> Result<()> {
    let validator = build()?;
    let mut command = Command::new(&validator);
    command.arg("--program").arg(program_address()?).arg(artifact::path());
    let names_ledger = |argument: &OsString| argument.to_string_lossy().starts_with("--ledger");
    if !arguments.iter().any(names_ledger) {
        command.arg("--ledger").arg(workspace::root().join("target/localnet"));
    }
    let error = command.args(arguments).exec();
    Err(error).with_context(|| format!("failed to start {}", validator.display()))
}

/// Builds the validator where every clone and every target folder finds it, and returns its path.
///
/// Errors: a package or a library that it needs is missing, or it doesn't compile.
pub fn build() -> Result<PathBuf> {
    let folder = workspace::cache_dir("localnet")?;
    let validator = folder.join("release/stipend-localnet");
    let libclang = prepare()?;
    if !validator.exists() {
        eprintln!("Building the validator; the first time takes a quarter of an hour on two cores.");
    }
    let mut cargo = process::cargo();
    cargo
        .args(["build", "--release", "--locked"])
        .current_dir(workspace::root().join("xtask/localnet"))
        .env("CARGO_TARGET_DIR", &folder)
        .env("LIBCLANG_PATH", libclang);
    process::run(&mut cargo)?;
    Ok(validator)
}

/// Installs what is missing, and returns the folder of libclang, which writes the bindings of RocksDB.
fn prepare() -> Result<PathBuf> {
    let mut missing = Vec::new();
    if libclang().is_none() {
        // Others than the newest Debian have an older one.
        let is_known = process::succeeds(Command::new("apt-cache").args(["show", "libclang-22-dev"]));
        missing.push(if is_known { "libclang-22-dev" } else { "libclang-dev" });
    }
    if !process::succeeds(Command::new("protoc").arg("--version")) {
        missing.push("protobuf-compiler");
    }
    if !process::succeeds(Command::new("pkg-config").args(["--exists", "libudev"])) {
        missing.push("libudev-dev");
    }
    if !missing.is_empty() {
        apt::install(&missing).with_context(|| {
            format!("the validator needs what Debian calls {}; install it and start again", missing.join(", "))
        })?;
    }
    libclang().context("libclang.so is not in LLVM's usual folders; set LIBCLANG_PATH to the folder that it is in")
}

/// The folder that `LIBCLANG_PATH` names, or else the newest LLVM's.
fn libclang() -> Option<PathBuf> {
    if let Some(named) = env::var_os("LIBCLANG_PATH").filter(|folder| !folder.is_empty()) {
        return Some(named.into());
    }
    let entries = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let mut versions: Vec<_> = entries
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.strip_prefix("llvm-")?.parse::<u32>().ok()?;
            Some((version, entry.path().join("lib")))
        })
        .collect();
    versions.sort();
    let folders = versions.into_iter().rev().map(|(_, folder)| folder).chain(LIBRARIES.map(PathBuf::from));
    folders.into_iter().find(|folder| holds_libclang(folder))
}

fn holds_libclang(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.any(|name| name.starts_with("libclang.so") || (name.starts_with("libclang-") && name.contains(".so")))
}

/// The program's address, as its IDL says it.
pub fn program_address() -> Result<String> {
    let idl = read_text(&workspace::root().join("app/idl/stipend.json"))?;
    let idl: serde_json::Value = serde_json::from_str(&idl).context("failed to read app/idl/stipend.json as JSON")?;
    match idl.get("address").and_then(|address| address.as_str()) {
        Some(address) => Ok(address.to_owned()),
        None => bail!("app/idl/stipend.json has no address; run `cargo xtask idl`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_any_libclang_is_found_and_one_with_others_of_llvm_is_not() {
        let folder = env::temp_dir().join(format!("stipend-libclang-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();

        fs::write(folder.join("libclang-cpp.a"), "").unwrap();
        fs::write(folder.join("libLLVM.so.1"), "").unwrap();
        let without = holds_libclang(&folder);
        fs::write(folder.join("libclang-14.so.1"), "").unwrap();
        let with = holds_libclang(&folder);

        fs::remove_dir_all(&folder).unwrap();
        assert_eq!((without, with), (false, true));
    }

    #[test]
    fn the_idl_says_where_the_program_is() {
        let address = program_address().unwrap();

        assert!((32..=44).contains(&address.len()), "{address}");
    }
}
