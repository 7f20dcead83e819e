//! What the program is made from, as one digest.
//!
//! The committed artifact carries the digest of its sources, so that a test can tell in milliseconds, without any
//! toolchain, that somebody changed the program and forgot the artifact. It covers what decides the program's bytes and
//! nothing else: a new dependency of the command-line tool must not make the artifact stale.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::{bail, Context, Result};
use toml::{Table, Value};

use crate::{
    build, toolchain,
    workspace::{files_under, read, read_text, sha256},
};

const PROGRAM: &str = "programs/stipend";
const PACKAGE: &str = "stipend";

/// Digest of all that the program in the workspace `root` is made from: its sources and manifest, the locked packages that
/// it reaches, its part of the workspace's manifest, and the flags and pieces that xtask adds.
///
/// Errors: a file is missing or is not what cargo wrote.
pub fn digest(root: &Path) -> Result<String> {
    let mut pieces = BTreeMap::new();
    for file in files_under(&root.join(PROGRAM).join("src"))? {
        let name =
            file.strip_prefix(root).with_context(|| format!("{} is outside of the workspace", file.display()))?;
        pieces.insert(name.to_string_lossy().into_owned(), read(&file)?);
    }
    let manifest = format!("{PROGRAM}/Cargo.toml");
    let manifest_text = read_text(&root.join(&manifest))?;
    let dependencies = dependencies(&parse(&manifest_text, &manifest)?);
    pieces.insert(manifest, manifest_text.into_bytes());

    let workspace = parse(&read_text(&root.join("Cargo.toml"))?, "Cargo.toml")?;
    pieces.insert("Cargo.toml".into(), workspace_part(&workspace, &dependencies).into_bytes());
    let lock = parse(&read_text(&root.join("Cargo.lock"))?, "Cargo.lock")?;
    pieces.insert("Cargo.lock".into(), reachable(&lock, &dependencies)?.join("\n").into_bytes());
    pieces.insert("xtask/flags".into(), build::flags().into_bytes());
    pieces.insert("xtask/recipe".into(), toolchain::recipe().into_bytes());
    Ok(hash(&pieces))
}

/// Lengths before contents, so that no two sets of pieces read the same.
fn hash(pieces: &BTreeMap<String, Vec<u8>>) -> String {
    let mut bytes = Vec::new();
    for (name, contents) in pieces {
        for part in [name.as_bytes(), contents] {
            bytes.extend((part.len() as u64).to_le_bytes());
            bytes.extend(part);
        }
    }
    sha256(&bytes)
}

fn parse(text: &str, name: &str) -> Result<Table> {
    text.parse().with_context(|| format!("{name} is not TOML"))
}

/// Names of the packages that the program itself asks for: everywhere or for one target, not for its tests.
fn dependencies(manifest: &Table) -> BTreeSet<String> {
    let targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(|targets| targets.values());
    let tables = targets.filter_map(|target| target.get("dependencies")).chain(manifest.get("dependencies"));
    tables.filter_map(Value::as_table).flat_map(|table| table.keys().cloned()).collect()
}

/// What the program inherits from the workspace's manifest, its profile among it; the rest of the profile is in [`build::flags`].
fn workspace_part(manifest: &Table, dependencies: &BTreeSet<String>) -> String {
    let workspace = manifest.get("workspace").and_then(Value::as_table);
    let package = workspace.and_then(|workspace| workspace.get("package"));
    let shared = workspace.and_then(|workspace| workspace.get("dependencies")).and_then(Value::as_table);
    let mut lines = vec![format!("package = {}", package.map(Value::to_string).unwrap_or_default())];
    for (name, value) in shared.into_iter().flatten() {
        if dependencies.contains(name) {
            lines.push(format!("{name} = {value}"));
        }
    }
    for table in ["patch", "profile", "replace"] {
        lines.extend(manifest.get(table).map(|value| format!("{table} = {value}")));
    }
    lines.join("\n")
}

/// The locked packages that the program reaches, one a line with version and checksum, sorted.
///
/// The lock doesn't say which edges a target or feature needs, so this is a little more than is compiled: an artifact may
/// be called stale without need, never fresh in error.
fn reachable(lock: &Table, dependencies: &BTreeSet<String>) -> Result<Vec<String>> {
    let text = |package: &Value, key: &str| package.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let packages =
        lock.get("package").and_then(Value::as_array).context("Cargo.lock lists no packages; run cargo build")?;
    let edges = |package: &Value| -> Vec<String> {
        let list = package.get("dependencies").and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    // An edge names its package, with the version only where several are locked.
    let find = |edge: &str| {
        let (name, version) = edge.split_once(' ').unwrap_or((edge, ""));
        let version = version.split(' ').next().unwrap_or_default();
        packages.iter().find(|package| {
            text(package, "name") == name && (version.is_empty() || text(package, "version") == version)
        })
    };

    let program = find(PACKAGE).with_context(|| format!("Cargo.lock has no {PACKAGE}; run cargo build"))?;
    let name = |edge: &str| edge.split(' ').next().unwrap_or_default().to_owned();
    let mut waiting: Vec<String> =
        edges(program).into_iter().filter(|edge| dependencies.contains(&name(edge))).collect();
    let mut lines = BTreeSet::new();
    while let Some(edge) = waiting.pop() {
        let Some(package) = find(&edge) else { bail!("Cargo.lock lacks {edge}; run cargo build") };
        let line = format!("{} {} {}", text(package, "name"), text(package, "version"), text(package, "checksum"));
        if lines.insert(line) {
            waiting.extend(edges(package));
        }
    }
    Ok(lines.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = r#"
        [dependencies]
        anchor-lang.workspace = true
        [target.'cfg(target_arch = "bpf")'.dependencies]
        builtins = "0.3"
        [dev-dependencies]
        proptest.workspace = true
    "#;
    const LOCK: &str = r#"
        [[package]]
        name = "stipend"
        version = "0.1.0"
        dependencies = ["anchor-lang", "builtins", "proptest"]
        [[package]]
        name = "anchor-lang"
        version = "1.2.2"
        checksum = "aa"
        dependencies = ["syn 2.0.1"]
        [[package]]
        name = "builtins"
        version = "0.3.0"
        checksum = "bb"
        [[package]]
        name = "proptest"
        version = "1.0.0"
        checksum = "cc"
        [[package]]
        name = "syn"
        version = "1.0.9"
        checksum = "dd"
        [[package]]
        name = "syn"
        version = "2.0.1"
        checksum = "ee"
        dependencies = ["anchor-lang"]
    "#;

    fn table(text: &str) -> Table {
        parse(text, "test").expect("TOML")
    }

    #[test]
    fn the_locked_packages_are_those_that_the_program_reaches_without_its_tests() {
        let lines = reachable(&table(LOCK), &dependencies(&table(MANIFEST))).expect("a lock");

        assert_eq!(lines, ["anchor-lang 1.2.2 aa", "builtins 0.3.0 bb", "syn 2.0.1 ee"]);
    }

    #[test]
    fn a_lock_that_lacks_a_package_is_refused_by_name() {
        let lock = LOCK.replace(r#"name = "builtins""#, r#"name = "other""#);

        let error = reachable(&table(&lock), &dependencies(&table(MANIFEST))).expect_err("incomplete");

        assert_eq!(error.to_string(), "Cargo.lock lacks builtins; run cargo build");
    }

    #[test]
    fn the_workspace_counts_where_the_program_inherits_from_it() {
        let workspace = |anchor: &str, clap: &str| {
            let text = format!("[workspace.package]\nedition = \"2021\"\n[workspace.dependencies]\nanchor-lang = \"{anchor}\"\nclap = \"{clap}\"");
            workspace_part(&table(&text), &dependencies(&table(MANIFEST)))
        };

        assert_eq!(workspace("1.2.2", "4"), workspace("1.2.2", "5"));
        assert_ne!(workspace("1.2.2", "4"), workspace("1.2.3", "4"));
    }

    #[test]
    fn moving_bytes_between_a_name_and_its_contents_changes_the_digest() {
        let pieces = |name: &str, contents: &str| BTreeMap::from([(name.to_owned(), contents.as_bytes().to_vec())]);

        assert_ne!(hash(&pieces("ab", "c")), hash(&pieces("a", "bc")));
    }
}
