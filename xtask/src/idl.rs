//! The program's interface, as every Anchor client reads it.

use std::{env, path::PathBuf};

use anchor_lang_idl::build::IdlBuilder;
use anyhow::{bail, Context, Result};

use crate::workspace::{self, read_text, write};

/// Writes the committed IDL.
///
/// Errors: the program doesn't compile, or says something that an IDL can't.
pub fn write_committed() -> Result<()> {
    write(&path(), generate()?)?;
    eprintln!("Wrote {}", path().display());
    Ok(())
}

/// Rejects a committed IDL that isn't the program's.
pub fn check() -> Result<()> {
    compare(&generate()?)
}

/// Rejects a committed IDL other than `fresh`, which was made from the program just now.
pub fn compare(fresh: &str) -> Result<()> {
    let committed = read_text(&path()).context("there is no committed IDL; run `cargo xtask idl`")?;
    if fresh != committed {
        let changed =
            fresh.lines().zip(committed.lines()).enumerate().find(|(_, (fresh, committed))| fresh != committed);
        let (line, (fresh, committed)) = changed.unwrap_or((fresh.lines().count(), ("end of file", "end of file")));
        bail!(
            "app/idl/stipend.json is not what the program says, first in line {}: the program has {fresh:?}, the file \
             {committed:?}. Run `cargo xtask idl` and commit the file",
            line + 1
        );
    }
    eprintln!("app/idl/stipend.json is what the program says.");
    Ok(())
}

fn path() -> PathBuf {
    workspace::root().join("app/idl/stipend.json")
}

/// Anchor compiles the program's tests with the feature `idl-build` and runs the ones that print it.
fn generate() -> Result<String> {
    // Doc tests say nothing to an IDL. Not --quiet: cargo hands it on to the tests, which Anchor's crate does as well.
    let arguments = ["--lib", "--locked"].map(String::from).to_vec();
    let builder = IdlBuilder::new().program_path(workspace::root().join("programs/stipend")).cargo_args(arguments);
    env::set_var("CARGO_TARGET_DIR", workspace::target_dir()?);
    let idl = builder.build().context(
        "failed to make the IDL; cargo's words above say why, and with ANCHOR_LOG=1 the program's own are shown too",
    )?;
    Ok(serde_json::to_string_pretty(&idl).context("failed to write the IDL as JSON")? + "\n")
}
