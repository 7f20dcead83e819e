//! Debian's packages: some installed, some only unpacked.

use std::{
    ffi::OsString,
    fs,
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{bail, Context, Result};

use super::empty_dir;
use crate::{
    process,
    workspace::{read_text, remove_dir, write},
};

/// LLVM 23 and what it is linked against; sid's, since no stable Debian has it yet.
const LLVM_PACKAGES: [&str; 13] = [
    "libllvm23",
    "libc6",
    "libstdc++6",
    "libgcc-s1",
    "zlib1g",
    "libzstd1",
    "libxml2-16",
    "libffi8",
    "libedit2",
    "libtinfo6",
    "libbsd0",
    "libmd0",
    "libz3-4",
];
const SOURCES: &str = "/etc/apt/sources.list.d";

/// Installs the packages that are missing; apt isn't asked when none is.
///
/// Errors: not a Debian, or neither root nor sudo.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    if !process::succeeds(Command::new("apt-get").arg("--version")) {
        bail!("there is no apt-get: use a Debian machine, or install Solana's own `cargo build-sbf`");
    }
    let missing: Vec<&str> = packages.iter().copied().filter(|package| !is_installed(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    process::run(process::as_root("apt-get")?.args(["-qq", "update"]))?;
    let mut install = process::as_root("apt-get")?;
    install.args(["-qq", "install", "-y", "--no-install-recommends"]).args(&missing);
    process::run(&mut install).with_context(|| format!("failed to install {}", missing.join(" ")))
}

fn is_installed(package: &str) -> bool {
    let mut query = Command::new("dpkg-query");
    query.args(["--show", "--showformat=${Status}", package]).stderr(Stdio::null());
    query.output().is_ok_and(|output| output.stdout.ends_with(b"ok installed"))
}

/// Unpacks sid's LLVM 23 under `root` and returns its version. The machine's own apt state stays as it is.
///
/// Errors: the machine's sources are not in the deb822 form, or sid has moved on to another LLVM.
pub(super) fn unpack_llvm(root: &Path) -> Result<String> {
    let private = root.join("apt");
    for folder in ["parts", "lists/partial", "cache/archives/partial", "debs"] {
        empty_dir(&private.join(folder))?;
    }
    write(&private.join("parts/sid.sources"), sid_source()?)?;
    let apt_get = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(["-qq", "-o", "Dir::Etc::SourceList=/dev/null"]);
        for (key, folder) in
            [("Dir::Etc::SourceParts", "parts"), ("Dir::State::Lists", "lists"), ("Dir::Cache", "cache")]
        {
            let mut setting = OsString::from(format!("{key}="));
            setting.push(private.join(folder));
            command.arg("-o").arg(setting);
        }
        // apt's own user can't write here; root downloads instead of complaining about it.
        command.args(["-o", "APT::Sandbox::User=root"]).args(arguments).current_dir(private.join("debs"));
        process::run(&mut command)
    };
    apt_get(&["update"])?;
    apt_get(&[&["download"], &LLVM_PACKAGES[..]].concat())
        .context("failed to get LLVM 23 from Debian sid; when sid has dropped it, adjust LLVM_PACKAGES in xtask/src/toolchain/apt.rs")?;

    let sid = root.join("sid");
    empty_dir(&sid)?;
    let mut version = None;
    for package in fs::read_dir(private.join("debs")).context("failed to list the downloaded packages")? {
        let package = package.context("failed to list the downloaded packages")?.path();
        process::run(Command::new("dpkg").arg("-x").arg(&package).arg(&sid))?;
        let field = |name: &str| process::output(Command::new("dpkg-deb").arg("-f").arg(&package).arg(name));
        if field("Package")? == "libllvm23" {
            version = Some(format!("libllvm23 {}", field("Version")?));
        }
    }
    link_llvm(root, &sid)?;
    remove_dir(&private)?;
    version.context("libllvm23 is not among the downloaded packages; run the command again")
}

/// A folder with nothing but LLVM in it: on the library path of everything that sbpf-linker starts, sid's C library would
/// break the machine's own programs.
fn link_llvm(root: &Path, sid: &Path) -> Result<()> {
    empty_dir(&root.join("llvm"))?;
    let libraries = sid.join("usr/lib/x86_64-linux-gnu");
    for entry in fs::read_dir(&libraries).with_context(|| format!("failed to list {}", libraries.display()))? {
        let entry = entry.with_context(|| format!("failed to list {}", libraries.display()))?;
        if entry.file_name().to_string_lossy().starts_with("libLLVM.so.23") {
            return symlink(entry.path(), root.join("llvm").join(entry.file_name())).context("failed to link LLVM");
        }
    }
    bail!("libllvm23 holds no libLLVM.so.23; adjust link_llvm in xtask/src/toolchain/apt.rs to what it holds")
}

/// The machine's own Debian source, asking for sid.
fn sid_source() -> Result<String> {
    for entry in fs::read_dir(SOURCES).with_context(|| format!("failed to list {SOURCES}: is this a Debian?"))? {
        let path = entry.with_context(|| format!("failed to list {SOURCES}"))?.path();
        if path.extension().is_some_and(|extension| extension == "sources") {
            if let Some(source) = sid_stanza(&read_text(&path)?) {
                return Ok(source);
            }
        }
    }
    bail!(
        "no stanza with Debian's main archive (a suite ending in -updates) in {SOURCES}/*.sources: write the machine's \
         sources in that form (`apt modernize-sources` does), or install Solana's own `cargo build-sbf`"
    )
}

/// The stanza of the main archive with `sid` for its suites. It is told from the security archive's by the suite
/// `<release>-updates`, which only the main one has.
fn sid_stanza(sources: &str) -> Option<String> {
    let has = |stanza: &&str, key: &str, wanted: &dyn Fn(&str) -> bool| {
        stanza.lines().filter_map(|line| line.strip_prefix(key)).any(|value| value.split_whitespace().any(wanted))
    };
    let stanza = sources
        .split("\n\n")
        .filter(|stanza| has(stanza, "Types:", &|word| word == "deb"))
        .find(|stanza| has(stanza, "Suites:", &|word| word.ends_with("-updates")))?;
    let lines = stanza.lines().map(|line| match line {
        line if line.starts_with("Types:") => "Types: deb",
        line if line.starts_with("Suites:") => "Suites: sid",
        line => line,
    });
    Some(lines.map(|line| format!("{line}\n")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCES: &str = "\
Types: deb
URIs: http://security.example/debian-security
Suites: bookworm-security
Components: main

# The main archive.
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
";

    #[test]
    fn the_main_archive_is_asked_for_sid_and_the_rest_of_its_stanza_stays() {
        let expected = "\
# The main archive.
Types: deb
URIs: http://mirror.example/debian
Suites: sid
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
";

        assert_eq!(sid_stanza(SOURCES).as_deref(), Some(expected));
    }

    #[test]
    fn the_security_archive_is_not_taken_for_the_main_one() {
        let security = SOURCES.split("\n\n").next().expect("a stanza");

        assert_eq!(sid_stanza(security), None);
    }
}
