//! What the prober has found, as JSONL: a file for each epoch, in a folder.
//!
//! The files are kept: they are what the measurements were made of, and `--samples` reads them too.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::ProbeError;
use crate::source::input_file::finished_bytes;

/// One answer, or none, of one target.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProbeSample<'a> {
    /// Unix seconds.
    pub time: f64,
    pub node: &'a str,
    /// Null where it was not asked whether it is up.
    pub up: Option<bool>,
    /// kbit/s. Null where nothing was downloaded.
    pub bandwidth: Option<u32>,
    /// Why it is down, or nothing could be downloaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<&'a str>,
}

/// The folder, which is this prober's own as long as it runs.
#[derive(Debug)]
pub struct ProbeLog {
    folder: PathBuf,
    _lock: File,
}

impl ProbeLog {
    /// Opens `folder`, which is made if it is not there.
    pub fn open(folder: &Path) -> Result<Self, ProbeError> {
        let io_error = |source| ProbeError::Log { path: folder.to_owned(), source };
        fs::create_dir_all(folder).map_err(io_error)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join("prober.lock"))
            .map_err(io_error)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { folder: folder.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(ProbeError::Locked { folder: folder.to_owned() }),
            Err(TryLockError::Error(source)) => Err(io_error(source)),
        }
    }

    /// The file of `epoch`. Names are in the order of epochs.
    pub fn path(&self, epoch: u32) -> PathBuf {
        self.folder.join(format!("epoch-{epoch:010}.jsonl"))
    }

    /// Adds `samples` to the file of `epoch`, in one write.
    pub fn append(&self, epoch: u32, samples: &[ProbeSample<'_>]) -> Result<(), ProbeError> {
        let path = self.path(epoch);
        let io_error = |source| ProbeError::Log { path: path.clone(), source };
        let mut lines = Vec::new();
        for sample in samples {
            serde_json::to_writer(&mut lines, sample).map_err(|error| io_error(io::Error::from(error)))?;
            lines.push(b'\n');
        }
        self.cut_unfinished(epoch)?;
        let mut file = OpenOptions::new().create(true).append(true).open(&path).map_err(io_error)?;
        file.write_all(&lines).map_err(io_error)
    }

    /// Removes the files of epochs before `epoch`.
    pub fn remove_before(&self, epoch: u32) -> Result<(), ProbeError> {
        let io_error = |source| ProbeError::Log { path: self.folder.clone(), source };
        for entry in fs::read_dir(&self.folder).map_err(io_error)? {
            let entry = entry.map_err(io_error)?;
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| name.strip_prefix("epoch-")?.strip_suffix(".jsonl"));
            if number.and_then(|number| number.parse::<u32>().ok()).is_some_and(|number| number < epoch) {
                fs::remove_file(entry.path()).map_err(io_error)?;
            }
        }
        Ok(())
    }

    /// Drops a last line that a kill cut short.
    pub fn cut_unfinished(&self, epoch: u32) -> Result<(), ProbeError> {
        let path = self.path(epoch);
        let io_error = |source| ProbeError::Log { path: path.clone(), source };
        let mut file = match OpenOptions::new().read(true).write(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            opened => opened.map_err(io_error)?,
        };
        let bytes = file.metadata().map_err(io_error)?.len();
        let finished = finished_bytes(&mut file, bytes).map_err(io_error)?;
        if finished < bytes {
            file.set_len(finished).map_err(io_error)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(node: &str) -> ProbeSample<'_> {
        ProbeSample { time: 1_000.25, node, up: Some(true), bandwidth: None, why: None }
    }

    #[test]
    fn a_line_that_a_kill_cut_short_is_dropped_and_the_file_goes_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = ProbeLog::open(folder.path()).expect("opened");
        log.append(7, &[sample("a")]).expect("written");
        let path = folder.path().join("epoch-0000000007.jsonl");
        let whole = fs::read_to_string(&path).expect("readable");
        fs::write(&path, format!("{whole}{{\"time\":10")).expect("written");

        let down = ProbeSample { up: Some(false), why: Some("tcp: \"x\""), ..sample("b") };
        log.append(7, &[down]).expect("written");

        assert_eq!(
            fs::read_to_string(&path).expect("readable"),
            "{\"time\":1000.25,\"node\":\"a\",\"up\":true,\"bandwidth\":null}\n\
             {\"time\":1000.25,\"node\":\"b\",\"up\":false,\"bandwidth\":null,\"why\":\"tcp: \\\"x\\\"\"}\n"
        );
    }

    #[test]
    fn only_the_files_of_older_epochs_are_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = ProbeLog::open(folder.path()).expect("opened");
        for epoch in [7, 8, 9] {
            log.append(epoch, &[sample("a")]).expect("written");
        }
        fs::write(folder.path().join("notes.jsonl"), "").expect("written");

        log.remove_before(9).expect("removed");

        let mut names: Vec<_> =
            fs::read_dir(folder.path()).expect("listed").flatten().map(|entry| entry.file_name()).collect();
        names.sort();
        assert_eq!(names, ["epoch-0000000009.jsonl", "notes.jsonl", "prober.lock"]);
    }

    #[test]
    fn a_folder_has_one_prober() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = ProbeLog::open(folder.path()).expect("opened");

        let second = ProbeLog::open(folder.path()).map(|_| ()).map_err(|error| error.to_string());
        drop(first);

        let place = folder.path().display();
        assert_eq!(second, Err(format!("another prober writes to `{place}`; end it, or choose another --probe-log")));
        assert!(ProbeLog::open(folder.path()).is_ok());
    }
}
