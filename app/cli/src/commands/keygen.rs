//! `stipend keygen`, and for oracles `stipend oracle keygen`

use std::io::Write;
use std::path::PathBuf;

use crate::failure::{ExitKind, Failure};
use crate::keypair_file::{generate_key, write_key};
use crate::output_file::Existing;

const DOING: &str = "make a key";

/// The file is in the format of Solana's own tools. The public key is printed on stdout in base58.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file to make; only its owner can read it
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Replace the file if it exists: the key in it is lost
    #[arg(long)]
    force: bool,
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    let existing = if args.force { Existing::Replace } else { Existing::Keep };
    let key = generate_key().map_err(|error| Failure::new(ExitKind::Bug, DOING, error.to_string()))?;
    write_key(&args.out, &key, existing).map_err(|error| Failure::usage(DOING, error))?;

    eprintln!("secret key written to `{}`, readable by its owner only", args.out.display());
    writeln!(stdout, "{}", bs58::encode(key.verifying_key()).into_string())
        .map_err(|error| Failure::usage("print the public key", error))
}
