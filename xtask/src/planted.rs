//! Defects that are planted in the program to see whether the state-machine test finds them.
//!
//! Each is a patch in tests/machine/planted, of a defect that the program had or might have. It is applied to a copy of the
//! workspace, so that nothing of it stands in the program's source.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{bail, Context, Result};

use crate::{
    fuzz::{self, Found},
    process, workspace,
};

/// How long the test looks for each defect, its seed, and how long it may make the steps shorter.
const SEARCH: [&str; 3] = ["60", "1", "10"];
/// Folders that no build needs.
const LEFT_OUT: [&str; 2] = ["target", ".git"];

/// Plants one defect after the other and runs the test; prints for each whether it was caught, and how many were.
///
/// - `filter`: only defects whose names contain it.
///
/// Errors: a defect is missed, or does not apply or compile.
pub fn run(filter: Option<&str>) -> Result<()> {
    let test = fuzz::build()?;
    let target = workspace::target_dir()?.join("planted");
    let copy = target.join("source");
    let (mut planted, mut caught) = (0, 0);
    for patch in patches(filter)? {
        renew(&copy)?;
        apply(&patch, &copy)?;
        let program = build(&copy, &target)?;
        let found = fuzz::test(&test, &SEARCH.map(String::from), Some(&program))?;
        planted += 1;
        caught += usize::from(found == Found::Defect);
        let verdict = if found == Found::Defect { "caught" } else { "MISSED" };
        println!("{verdict} {}", name(&patch));
    }
    println!("planted {planted}, caught {caught}");
    if caught < planted {
        bail!("the state-machine test misses {} of {planted} defects", planted - caught);
    }
    Ok(())
}

fn name(patch: &Path) -> String {
    patch.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn patches(filter: Option<&str>) -> Result<Vec<PathBuf>> {
    let mut patches = workspace::files_under(&workspace::root().join("tests/machine/planted"))?;
    patches.retain(|patch| patch.extension().is_some_and(|end| end == "patch"));
    patches.retain(|patch| filter.is_none_or(|filter| name(patch).contains(filter)));
    Ok(patches)
}

/// Makes `copy` as the workspace is. Files that are the same keep their times, so that little is compiled again.
fn renew(copy: &Path) -> Result<()> {
    let root = workspace::root();
    let entries = fs::read_dir(&root).with_context(|| format!("failed to list {}", root.display()))?;
    for entry in entries {
        let path = entry.with_context(|| format!("failed to list {}", root.display()))?.path();
        if LEFT_OUT.iter().any(|name| path.ends_with(name)) {
            continue;
        }
        let files = if path.is_dir() { workspace::files_under(&path)? } else { vec![path] };
        for file in files {
            let contents = workspace::read(&file)?;
            let to = copy.join(file.strip_prefix(&root).context("a file lies outside the workspace")?);
            if fs::read(&to).ok().as_ref() != Some(&contents) {
                workspace::write(&to, contents)?;
            }
        }
    }
    Ok(())
}

fn apply(patch: &Path, copy: &Path) -> Result<()> {
    let mut git = Command::new("git");
    // Otherwise git would look for the clone that the target folder may lie in, and pass over every file.
    git.env("GIT_CEILING_DIRECTORIES", copy.parent().unwrap_or(copy));
    git.args(["apply", "-C1"]).arg(patch).current_dir(copy);
    process::run(&mut git).with_context(|| format!("failed to plant {}; renew the patch", name(patch)))
}

/// The copy's program, by this xtask: it finds its workspace by cargo's variable.
fn build(copy: &Path, target: &Path) -> Result<PathBuf> {
    let xtask = env::current_exe().context("failed to find xtask itself")?;
    let mut build = Command::new(xtask);
    build.arg("build").env("CARGO_MANIFEST_DIR", copy.join("xtask")).env("CARGO_TARGET_DIR", target);
    let said = process::output(&mut build)?;
    said.lines().next().map(PathBuf::from).context("xtask built a program and did not say where it is")
}
