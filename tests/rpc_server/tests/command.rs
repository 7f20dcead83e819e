//! The `stipend` command, and what it costs an endpoint.

use solana_keypair::{write_keypair_file, Keypair};
use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};
use stipend_rpc_server::{Endpoint, Traffic};
use tempfile::TempDir;

/// Longest wait for anything, on a machine that does other things too.
const LIMIT: Duration = Duration::from_secs(600);

/// Runs the command in a folder of its own, against one endpoint.
pub struct Stipend<'a> {
    endpoint: &'a Endpoint,
    pub folder: TempDir,
}

/// What a command said and cost.
pub struct Finished {
    pub stdout: String,
    pub traffic: Traffic,
    /// Most memory that it held at once, in bytes.
    pub peak_bytes: u64,
}

impl<'a> Stipend<'a> {
    /// - `payer`: pays, where no other key is named.
    pub fn new(endpoint: &'a Endpoint, payer: &Keypair) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        write_keypair_file(payer, folder.path().join("payer.json")).expect("a key file");
        Self { endpoint, folder }
    }

    /// Runs it to its end, and asserts that it went well.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Finished {
        let before = self.endpoint.traffic();
        let mut running = self.start(arguments);
        let mut peak_bytes = 0;
        let status = loop {
            if let Some(status) = running.process.try_wait().expect("its status") {
                break status;
            }
            // The kernel keeps the peak: whenever it is looked at last, it is the peak so far.
            peak_bytes = peak_bytes.max(peak_of(running.process.id()).unwrap_or(0));
            thread::sleep(Duration::from_millis(10));
        };
        assert!(status.success(), "{arguments:?} ended with {status}: {}", running.said());
        let stdout = fs::read_to_string(&running.stdout).expect("what it printed");
        Finished { stdout, traffic: self.endpoint.traffic() - before, peak_bytes }
    }

    /// Starts one that runs on.
    pub fn start(&self, arguments: &[&str]) -> Running {
        let path = |name: &str| self.folder.path().join(name);
        let (stdout, stderr) = (path("stdout"), path("stderr"));
        let mut command = Command::new(stipend());
        command.args(arguments).current_dir(self.folder.path()).env_clear().env("HOME", self.folder.path());
        command.env("STIPEND_URL", self.endpoint.url()).env("STIPEND_KEYPAIR", path("payer.json"));
        let file = |path: &PathBuf| fs::File::create(path).expect("a file");
        command.stdin(Stdio::null()).stdout(file(&stdout)).stderr(file(&stderr));
        Running { process: command.spawn().expect("stipend starts"), stdout, stderr }
    }
}

/// A command that runs on; it is killed when this is dropped.
pub struct Running {
    process: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Running {
    /// What it has said so far.
    pub fn said(&self) -> String {
        fs::read_to_string(&self.stderr).unwrap_or_default()
    }

    /// Waits until it has said something.
    #[track_caller]
    pub fn wait_until_said(&mut self, words: &str) {
        let start = Instant::now();
        while !self.said().contains(words) {
            let ended = self.process.try_wait().expect("its status");
            let is_late = start.elapsed() > LIMIT;
            assert!(ended.is_none() && !is_late, "{words:?} was not said; {ended:?}; it said: {}", self.said());
            thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// The command that `cargo test --workspace` builds beside this test.
fn stipend() -> PathBuf {
    let test = std::env::current_exe().expect("this test's path");
    let path = test.ancestors().nth(2).expect("the target folder").join("stipend");
    assert!(path.exists(), "{} is not there; run `cargo build --release -p stipend-cli`", path.display());
    path
}

/// The most memory that a process held so far, in bytes.
fn peak_of(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1_024)
}
