//! The embedded VM with the program's artifact: the one that is committed beside it, or one that the environment names.

use std::path::Path;
use std::{env, fs};

use stipend_client::embedded::EmbeddedLedger;

use crate::failure::{ExitKind, Failure};

const COMMITTED: &[u8] =
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../programs/stipend/artifact/stipend.so"));

/// Names the file of another artifact.
const PROGRAM_VARIABLE: &str = "STIPEND_PROGRAM";

/// A new VM whose clock shows `now`.
pub fn embedded_ledger(now: i64) -> Result<EmbeddedLedger, Failure> {
    let Some(path) = env::var_os(PROGRAM_VARIABLE) else {
        return EmbeddedLedger::new(COMMITTED, now)
            .map_err(|error| Failure::new(ExitKind::Bug, "load the committed program", error));
    };
    let doing = format!("load the program `{}`, which {PROGRAM_VARIABLE} names", Path::new(&path).display());
    let program = fs::read(Path::new(&path)).map_err(|error| Failure::usage(&doing, error))?;
    EmbeddedLedger::new(&program, now).map_err(|error| Failure::usage(&doing, error))
}
