//! The standard library's source, told that a Solana program is one thread without an operating system.

use std::{fs, path::Path};

use anyhow::{bail, Context, Result};

use super::{empty_dir, version_number};
use crate::workspace::{files_under, read_text, write};

/// The nearest target that std knows: no files, clock, threads or writable statics. Solana follows it everywhere.
const LIKE_ZKVM: (&str, &str) = (r#"target_os = "zkvm""#, r#"any(target_os = "zkvm", target_os = "solana")"#);

/// One replacement in one file of std; the text must occur, and the first occurrence is replaced.
struct Edit {
    file: &'static str,
    from: &'static str,
    to: &'static str,
}

const EDITS: [Edit; 3] = [
    // BPF is missing from the list of architectures whose allocations are aligned to 8.
    Edit {
        file: "src/sys/alloc/mod.rs",
        from: r#"target_arch = "arm","#,
        to: r#"target_arch = "arm", target_arch = "bpf","#,
    },
    // A program has no writable statics, and a random key would make two validators disagree.
    Edit {
        file: "src/hash/random.rs",
        from: "    pub fn new() -> RandomState {\n",
        to: "    pub fn new() -> RandomState {\n        #[cfg(target_os = \"solana\")]\n        return RandomState { k0: 0, k1: 0 };\n        #[cfg(not(target_os = \"solana\"))]\n",
    },
    Edit {
        file: "src/hash/random.rs",
        from: "        KEYS.with(|keys| {\n",
        to: "        #[cfg(not(target_os = \"solana\"))]\n        KEYS.with(|keys| {\n",
    },
];

/// What is changed, for the toolchain's digest.
pub(super) fn recipe() -> String {
    let edits = EDITS.iter().flat_map(|edit| [edit.file, edit.from, edit.to]);
    [LIKE_ZKVM.0, LIKE_ZKVM.1].into_iter().chain(edits).collect::<Vec<_>>().join("\0")
}

/// Copies the library of `rustc` (its `--version`) into `folder` and changes it.
///
/// Errors: the source is not installed, or has changed so that an edit no longer applies.
pub(super) fn copy(rustc: &str, folder: &Path) -> Result<()> {
    let source = format!("/usr/src/rustc-{}/library", version_number(rustc)?);
    let source = Path::new(&source);
    if !source.is_dir() {
        bail!("{} is missing: install the rust-web-src that belongs to {rustc}", source.display());
    }
    let library = folder.join("library");
    empty_dir(folder)?;
    for file in files_under(source)? {
        let relative =
            file.strip_prefix(source).with_context(|| format!("{} is outside of its folder", file.display()))?;
        let copy = library.join(relative);
        let parent = copy.parent().unwrap_or(&library);
        fs::create_dir_all(parent).with_context(|| format!("failed to make the folder {}", parent.display()))?;
        fs::copy(&file, &copy).with_context(|| format!("failed to copy {}", file.display()))?;
    }
    edit(&library.join("std"))
}

fn edit(std: &Path) -> Result<()> {
    let mut is_changed = false;
    for file in files_under(std)? {
        let is_source = file.extension().is_some_and(|extension| extension == "rs") && !file.ends_with("build.rs");
        if !is_source {
            continue;
        }
        let text = read_text(&file)?;
        if text.contains(LIKE_ZKVM.0) {
            write(&file, text.replace(LIKE_ZKVM.0, LIKE_ZKVM.1))?;
            is_changed = true;
        }
    }
    if !is_changed {
        bail!("this standard library says nothing of {}; adjust xtask/src/toolchain/std_source.rs to it", LIKE_ZKVM.0);
    }
    for edit in EDITS {
        let file = std.join(edit.file);
        let text = read_text(&file)?;
        if !text.contains(edit.from) {
            bail!("{} has changed; adjust its edit in xtask/src/toolchain/std_source.rs to it", file.display());
        }
        write(&file, text.replacen(edit.from, edit.to, 1))?;
    }
    Ok(())
}
