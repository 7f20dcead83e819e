//! Where things lie.

use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// The workspace's folder: the one that cargo runs this xtask in; without cargo, the one that it was compiled in.
///
/// Clones that share a target folder share one xtask, so that the two may differ.
pub fn root() -> PathBuf {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    let find = || {
        let compiled = Path::new(env!("CARGO_MANIFEST_DIR"));
        let xtask = env::var_os("CARGO_MANIFEST_DIR").map_or(compiled.to_owned(), PathBuf::from);
        xtask.parent().unwrap_or(&xtask).to_owned()
    };
    ROOT.get_or_init(find).clone()
}

/// Cargo's target folder, as cargo itself finds it.
///
/// Errors: the current folder is gone.
pub fn target_dir() -> Result<PathBuf> {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => {
            Ok(env::current_dir().context("failed to find the current folder; change to one that exists")?.join(dir))
        }
        None => Ok(root().join("target")),
    }
}

/// `$XDG_CACHE_HOME/stipend/NAME`, by default in the user's `.cache`: for what takes long to build, so that every clone finds it.
///
/// Errors: neither XDG_CACHE_HOME nor a home folder is known.
pub fn cache_dir(name: &str) -> Result<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let cache = cache.or_else(|| env::home_dir().map(|home| home.join(".cache")));
    Ok(cache.context("failed to find a folder to build in; set HOME or XDG_CACHE_HOME")?.join("stipend").join(name))
}

/// [`fs::read`] whose error names the file.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("failed to read {}", path.display()))
}

/// [`fs::read_to_string`] whose error names the file.
pub fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))
}

/// [`fs::write`] that makes the folder, and whose error names the file.
pub fn write(path: &Path, contents: impl AsRef<[u8]>) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("failed to make the folder {}", folder.display()))?;
    }
    fs::write(path, contents).with_context(|| format!("failed to write {}", path.display()))
}

/// Removes a folder with all that is in it; it may be missing.
pub fn remove_dir(path: &Path) -> Result<()> {
    if path.exists() {
        fs::remove_dir_all(path).with_context(|| format!("failed to remove {}", path.display()))?;
    }
    Ok(())
}

/// Every file under `folder`, sorted by path.
pub fn files_under(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).with_context(|| format!("failed to list {}", folder.display()))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("failed to list {}", folder.display()))?;
            if entry.file_type().with_context(|| format!("failed to look at {}", entry.path().display()))?.is_dir() {
                folders.push(entry.path());
            } else {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
