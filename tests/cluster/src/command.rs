//! The built `stipend` command.

use crate::built;
use serde_json::Value;
use std::{
    ffi::OsStr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Longest time that a command may take.
const LIMIT: Duration = Duration::from_secs(180);

/// Runs it in a folder of its own, which is its home too: no file of the machine's user is read.
pub struct Stipend {
    folder: TempDir,
    url: String,
}

/// What a command left behind.
#[derive(Debug)]
pub struct Finished {
    /// The exit code; none if it was killed.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it said beside.
    pub stderr: String,
}

impl Finished {
    /// Asserts the exit code.
    #[track_caller]
    pub fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Asserts that it went well, and reads what it printed as JSON.
    #[track_caller]
    pub fn json(self) -> Value {
        let finished = self.ends_with(0);
        serde_json::from_str(&finished.stdout)
            .unwrap_or_else(|error| panic!("{error} in stdout:\n{}\nstderr:\n{}", finished.stdout, finished.stderr))
    }
}

impl Stipend {
    /// - `url`: the cluster that commands talk to.
    pub fn new(url: &str) -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder"), url: url.to_owned() }
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The command with these arguments, not yet started.
    pub fn command<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Command {
        let mut command = Command::new(built("STIPEND_COMMAND"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command.env("HOME", self.folder.path()).env("STIPEND_URL", &self.url);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs it to its end.
    #[track_caller]
    pub fn run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Finished {
        let name =
            || arguments.iter().map(|one| one.as_ref().to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ");
        let child = self.command(arguments).spawn().expect("stipend starts");
        let pid = child.id();
        let start = Instant::now();
        let (sender, ended) = std::sync::mpsc::channel();
        std::thread::spawn(move || sender.send(child.wait_with_output()));
        let output = match ended.recv_timeout(LIMIT) {
            Ok(output) => output.expect("its output"),
            Err(_) => {
                Command::new("kill").args(["-9", &pid.to_string()]).status().ok();
                panic!("stipend {} runs since {} seconds", name(), start.elapsed().as_secs());
            }
        };
        Finished {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Starts one that runs on; what it prints is dropped. Whoever started it ends it.
    pub fn spawn<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Child {
        self.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("stipend starts")
    }
}
