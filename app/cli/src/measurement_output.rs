//! Writes the measurement file that a command made, and says what is in it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use stipend_client::measurement::Measurements;

use crate::failure::Failure;
use crate::output_file::{is_same_file, write_output_file, Existing, Privacy};

const DOING: &str = "write the measurement file";

/// Writes `measurements`, made of `rows_read` rows of the files `inputs`, to the file `out`, and a summary to stderr.
///
/// Measurements can be made again of their samples, so a file that exists is replaced; the samples can't, so they are not.
pub fn write_measurements(
    measurements: &Measurements,
    rows_read: u64,
    inputs: &[PathBuf],
    out: &Path,
) -> Result<(), Failure> {
    if inputs.iter().any(|input| is_same_file(input, out)) {
        let cause = format!("`{}` holds the samples; choose another name", out.display());
        return Err(Failure::usage(DOING, cause));
    }
    write_output_file(out, Privacy::Everybody, Existing::Replace, |output| measurements.write_to(output))
        .map_err(|error| Failure::usage(DOING, error))?;

    eprintln!("rows read: {rows_read}; measurements written to `{}`: {}", out.display(), summary(measurements));
    Ok(())
}

fn summary(measurements: &Measurements) -> String {
    let rows = measurements.rows();
    let nodes: BTreeSet<_> = rows.iter().map(|row| &row.node).collect();
    match (rows.first(), rows.last()) {
        (Some(first), Some(last)) => {
            format!("{} (nodes: {}, epochs: {} to {})", rows.len(), nodes.len(), first.epoch, last.epoch)
        }
        _ => "0, as no row holds a sample".to_owned(),
    }
}
