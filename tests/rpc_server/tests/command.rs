//! The `stipend` command, and what it costs an endpoint.

use solana_keypair::{write_keypair_file, Keypair};
use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
    thread,
    time::Duration,
};
use stipend_rpc_server::{Endpoint, Traffic};
use tempfile::TempDir;

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
        let (stdout, stderr) = (self.folder.path().join("stdout"), self.folder.path().join("stderr"));
        let file = |path: &PathBuf| fs::File::create(path).expect("a file");
        let mut command = Command::new(stipend());
        command.args(arguments).current_dir(self.folder.path()).env_clear().env("HOME", self.folder.path());
        command.env("STIPEND_URL", self.endpoint.url()).env("STIPEND_KEYPAIR", self.folder.path().join("payer.json"));
        command.stdin(Stdio::null()).stdout(file(&stdout)).stderr(file(&stderr));
        let mut process = command.spawn().expect("stipend starts");
        let mut peak_bytes = 0;
        let status = loop {
            if let Some(status) = process.try_wait().expect("its status") {
                break status;
            }
            // The kernel keeps the peak: whenever it is looked at last, it is the peak so far.
            peak_bytes = peak_bytes.max(peak_of(process.id()).unwrap_or(0));
            thread::sleep(Duration::from_millis(10));
        };
        let said = |path: &PathBuf| fs::read_to_string(path).expect("what it said");
        assert!(status.success(), "{arguments:?} ended with {status}: {}", said(&stderr));
        Finished { stdout: said(&stdout), traffic: self.endpoint.traffic() - before, peak_bytes }
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
