//! What was measured, by whom, and of which nodes.

use std::collections::BTreeSet;
use std::path::PathBuf;

use stipend_client::measurement::{MeasurementFileError, Measurements};

/// Epochs that a demonstration settles at the most: 27 years of days.
pub const MAX_EPOCHS: u32 = 10_000;

/// The samples of two homes: name and content.
const SAMPLES: [(&str, &str); 3] = [
    ("netrics/ookla.csv", include_str!("../../cli/samples/netrics/ookla.csv")),
    ("netrics/ndt7.csv", include_str!("../../cli/samples/netrics/ndt7.csv")),
    ("netrics/iperf.csv", include_str!("../../cli/samples/netrics/iperf.csv")),
];

/// One oracle, which signs what its file says.
pub struct Oracle {
    /// The file, as the command line names it.
    pub file: String,
    pub measurements: Measurements,
}

/// Why measurement files make no scenario.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    #[error(transparent)]
    File(#[from] MeasurementFileError),
    #[error("no file holds a measurement; there is nothing to settle")]
    NothingMeasured,
    #[error(
        "`{file}` measures epoch {epoch}, and a demo settles every epoch from 0 on, the last of which is {}; number epochs \
        from the genesis on",
        MAX_EPOCHS - 1
    )]
    TooManyEpochs { file: String, epoch: u32 },
}

/// Oracles, and the nodes that they measured.
pub struct Scenario {
    /// In the order of the command line.
    pub oracles: Vec<Oracle>,
    /// All nodes of all files, by the bytes of their labels.
    pub nodes: Vec<String>,
    /// The last epoch of any file.
    pub last_epoch: u32,
}

impl Scenario {
    /// The samples that come with the command.
    pub fn samples() -> Result<Self, ScenarioError> {
        let read = |(file, content): (&str, &str)| -> Result<Oracle, MeasurementFileError> {
            let measurements = Measurements::read_from(content.as_bytes(), file)?;
            Ok(Oracle { file: file.to_owned(), measurements })
        };
        Self::new(SAMPLES.into_iter().map(read).collect::<Result<_, _>>()?)
    }

    /// One oracle a file.
    pub fn read(files: &[PathBuf]) -> Result<Self, ScenarioError> {
        let read = |file: &PathBuf| -> Result<Oracle, MeasurementFileError> {
            Ok(Oracle { file: file.display().to_string(), measurements: Measurements::read(file)? })
        };
        Self::new(files.iter().map(read).collect::<Result<_, _>>()?)
    }

    fn new(oracles: Vec<Oracle>) -> Result<Self, ScenarioError> {
        let mut last_epoch = None;
        let mut nodes = BTreeSet::new();
        for oracle in &oracles {
            if let Some(epoch) = oracle.measurements.last_epoch().filter(|epoch| *epoch >= MAX_EPOCHS) {
                return Err(ScenarioError::TooManyEpochs { file: oracle.file.clone(), epoch });
            }
            last_epoch = last_epoch.max(oracle.measurements.last_epoch());
            nodes.extend(oracle.measurements.rows().iter().map(|row| row.node.clone()));
        }
        let last_epoch = last_epoch.ok_or(ScenarioError::NothingMeasured)?;
        Ok(Self { oracles, nodes: nodes.into_iter().collect(), last_epoch })
    }

    /// From 0 to the last one.
    pub fn epoch_count(&self) -> u32 {
        self.last_epoch.saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oracle(rows: &str) -> Oracle {
        let text = format!("epoch,node,uptime_bps,bandwidth\n{rows}");
        let measurements = Measurements::read_from(text.as_bytes(), "a.csv").expect("the file is good");
        Oracle { file: "a.csv".to_owned(), measurements }
    }

    #[test]
    fn the_samples_are_two_homes_on_62_days() {
        let scenario = Scenario::samples().expect("samples");

        assert_eq!(scenario.oracles.len(), 3);
        assert_eq!(scenario.nodes, ["Hyde Park", "South Shore"]);
        assert_eq!(scenario.epoch_count(), 62);
    }

    #[test]
    fn nodes_and_epochs_are_those_of_any_file() {
        let scenario = Scenario::new(vec![oracle("3,b,1,\n"), oracle(""), oracle("0,a,1,\n1,b,,2\n")]).expect("good");

        assert_eq!(scenario.nodes, ["a", "b"]);
        assert_eq!(scenario.last_epoch, 3);
    }

    #[test]
    fn what_can_not_be_settled_is_refused() {
        let nothing = Scenario::new(vec![oracle("")]).err().map(|error| error.to_string());
        let days_since_1970 = Scenario::new(vec![oracle("18808,a,1,\n")]).err().map(|error| error.to_string());

        assert_eq!(nothing.as_deref(), Some("no file holds a measurement; there is nothing to settle"));
        assert_eq!(
            days_since_1970.as_deref(),
            Some(
                "`a.csv` measures epoch 18808, and a demo settles every epoch from 0 on, the last of which is 9999; number \
                 epochs from the genesis on"
            )
        );
    }
}
