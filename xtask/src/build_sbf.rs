//! `cargo build-sbf` on machines without Solana's own compiler: `anchor build` calls it.
//!
//! It accepts the part of the original's command line that Anchor and this program need; clap rejects everything else by
//! name.

use std::{ffi::OsString, fs, path::PathBuf};

use anyhow::{bail, Context, Result};
use clap::Args;

use crate::{
    build,
    workspace::{self, write},
};

/// First word of `cargo build-sbf --version`, by which [`build::run`] tells this command from the original.
pub const NAME: &str = "stipend-build-sbf";

/// Arguments of `cargo build-sbf`.
#[derive(Args)]
pub struct Arguments {
    /// Version of Solana's platform tools; not used, since the compiler is the one that `cargo xtask toolchain` sets up
    #[arg(long, value_name = "VERSION")]
    tools_version: Option<String>,
    /// SBPF version
    #[arg(long, default_value = "v3", value_parser = ["v3"])]
    arch: String,
    /// The program's Cargo.toml; no other can be built
    #[arg(long, value_name = "FILE")]
    manifest_path: Option<PathBuf>,
    /// Folder that stipend.so is written to [default: deploy in cargo's target folder]
    #[arg(long, value_name = "FOLDER")]
    sbf_out_dir: Option<PathBuf>,
    /// Features of the program to enable, separated by commas
    #[arg(long)]
    features: Vec<String>,
    /// Do not enable the program's default features
    #[arg(long)]
    no_default_features: bool,
    /// Further arguments for cargo
    #[arg(last = true)]
    cargo_args: Vec<OsString>,
}

/// Builds the program and writes stipend.so to where Anchor looks for it.
///
/// Errors: the manifest is another one, or the program doesn't compile.
pub fn run(arguments: &Arguments) -> Result<()> {
    let program = workspace::root().join("programs/stipend/Cargo.toml");
    if let Some(path) = &arguments.manifest_path {
        let named = fs::canonicalize(path).with_context(|| format!("failed to find {}", path.display()))?;
        let expected = fs::canonicalize(&program).with_context(|| format!("failed to find {}", program.display()))?;
        if named != expected {
            bail!("--manifest-path {}: only {} can be built", path.display(), program.display());
        }
    }
    if let Some(version) = &arguments.tools_version {
        eprintln!("Platform tools {version} are not installed: building with the toolchain of `cargo xtask toolchain`");
    }
    let built = build::registry(&arguments.for_cargo())?;
    let out = match &arguments.sbf_out_dir {
        Some(folder) => folder.clone(),
        None => workspace::target_dir()?.join("deploy"),
    };
    let program = out.join("stipend.so");
    write(&program, &built.program)?;
    eprintln!("Wrote {}", program.display());
    Ok(())
}

impl Arguments {
    fn for_cargo(&self) -> Vec<OsString> {
        let features = self.features.iter().map(|features| format!("--features={features}").into());
        let defaults = self.no_default_features.then(|| "--no-default-features".into());
        features.chain(defaults).chain(self.cargo_args.iter().cloned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn parse(words: &str) -> Result<Arguments, clap::Error> {
        let words = ["build-sbf"].into_iter().chain(words.split_whitespace());
        Command::try_parse_from(words).map(|command| command.arguments)
    }

    fn error(words: &str) -> String {
        parse(words).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn the_arguments_of_anchor_build_add_nothing_to_cargo() {
        let arguments = parse("--tools-version v1.57 --arch v3").expect("valid");

        assert!(arguments.for_cargo().is_empty());
    }

    #[test]
    fn features_and_what_follows_two_dashes_go_to_cargo() {
        let arguments = parse("--features a,b --features c --no-default-features -- --offline").expect("valid");

        assert_eq!(arguments.for_cargo(), ["--features=a,b", "--features=c", "--no-default-features", "--offline"]);
    }

    #[test]
    fn an_unknown_argument_is_rejected_by_name() {
        assert!(error("--dump").contains("unexpected argument '--dump'"), "{}", error("--dump"));
    }

    #[test]
    fn another_architecture_is_rejected_by_name() {
        assert!(error("--arch v2").contains("invalid value 'v2'"), "{}", error("--arch v2"));
    }
}
