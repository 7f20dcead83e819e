//! The built `stipend` command.

use crate::built;
use serde_json::Value;
use solana_keypair::{write_keypair_file, Keypair};
use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs::{self, File},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        atomic::{AtomicUsize, Ordering},
        Mutex, PoisonError,
    },
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Longest time that a command may take.
const LIMIT: Duration = Duration::from_secs(180);
/// Longest time that one may take to end when it is told to.
const END: Duration = Duration::from_secs(60);
/// Who pays, in the folder.
const PAYER: &str = "payer.json";

/// Runs it in a folder of its own, which is its home too: no file of the machine's user is read.
pub struct Stipend {
    folder: TempDir,
    url: String,
    started: AtomicUsize,
    /// The words of each run that went well.
    done: Mutex<Vec<Vec<String>>>,
}

/// Runs a command to its end, with nobody at its stdin. Panics if that takes longer than three minutes.
#[track_caller]
pub fn finish(mut command: Command) -> Finished {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("the command starts");
    let pid = child.id();
    let start = Instant::now();
    let (sender, ended) = std::sync::mpsc::channel();
    thread::spawn(move || sender.send(child.wait_with_output()));
    let output = match ended.recv_timeout(LIMIT) {
        Ok(output) => output.expect("its output"),
        Err(_) => {
            Command::new("kill").args(["-9", &pid.to_string()]).status().ok();
            panic!("{command:?} runs since {} seconds", start.elapsed().as_secs());
        }
    };
    Finished {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
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
    /// - `url`: the cluster that commands talk to; `payer` pays, where no other key is named.
    pub fn new(url: &str, payer: &Keypair) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        write_keypair_file(payer, folder.path().join(PAYER)).expect("a key file");
        Self { folder, url: url.to_owned(), started: AtomicUsize::new(0), done: Mutex::default() }
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
        command.env("STIPEND_KEYPAIR", self.path(PAYER));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs it to its end.
    #[track_caller]
    pub fn run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Finished {
        let words: Vec<_> = arguments.iter().map(|one| one.as_ref().to_string_lossy().into_owned()).collect();
        let finished = finish(self.command(arguments));
        if finished.code == Some(0) {
            self.done.lock().unwrap_or_else(PoisonError::into_inner).push(words);
        }
        finished
    }

    /// Every command that does something itself, as `node list`: all that the help names, and that names no further ones.
    #[track_caller]
    pub fn leaves(&self) -> BTreeSet<String> {
        let (mut leaves, mut groups) = (BTreeSet::new(), vec![Vec::new()]);
        while let Some(group) = groups.pop() {
            let below = self.commands_below(&group);
            if below.is_empty() {
                leaves.insert(group.join(" "));
            }
            groups.extend(below.into_iter().map(|name| [&group[..], &[name]].concat()));
        }
        leaves
    }

    /// Those of [`Self::leaves`] that [`Self::run`] ran to exit code 0.
    #[track_caller]
    pub fn leaves_done(&self) -> BTreeSet<String> {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let is_done = |leaf: &String| {
            let leaf: Vec<_> = leaf.split(' ').collect();
            done.iter()
                .any(|words| words.len() >= leaf.len() && leaf.iter().zip(words).all(|(name, word)| name == word))
        };
        self.leaves().into_iter().filter(is_done).collect()
    }

    /// The commands that the help of a command lists before its options, but for `help` itself.
    #[track_caller]
    fn commands_below(&self, group: &[String]) -> Vec<String> {
        let help = self.command(&[group, &["--help".to_owned()]].concat()).output().expect("stipend starts");
        assert!(help.status.success(), "stipend {} --help failed", group.join(" "));
        let help = String::from_utf8_lossy(&help.stdout).into_owned();
        let listed = help.lines().take_while(|line| *line != "Options:").filter_map(|line| line.strip_prefix("  "));
        // Arguments begin with a bracket, and what goes on in the next line with more spaces.
        let listed = listed.filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()));
        let names = listed.filter_map(|line| line.split_whitespace().next());
        names.filter(|name| *name != "help").map(str::to_owned).collect()
    }

    /// Starts one that runs on.
    ///
    /// - `url`: another endpoint than the usual one, if there is one.
    pub fn start<A: AsRef<OsStr>>(&self, arguments: &[A], url: Option<&str>) -> Running {
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        let (stdout, stderr) = (self.path(&format!("{number}.stdout")), self.path(&format!("{number}.stderr")));
        let mut command = self.command(arguments);
        command.stdout(File::create(&stdout).expect("a file")).stderr(File::create(&stderr).expect("a file"));
        if let Some(url) = url {
            command.env("STIPEND_URL", url);
        }
        Running { process: Some(command.spawn().expect("stipend starts")), stdout, stderr }
    }
}

/// A command that runs on; it is killed when this is dropped.
pub struct Running {
    process: Option<Child>,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Running {
    /// Ends it as `kill -9` does.
    ///
    /// Panics if it has ended by itself.
    #[track_caller]
    pub fn kill(mut self) {
        let mut process = self.process.take().expect("a process");
        let ended = process.try_wait().expect("its status");
        assert_eq!(ended, None, "it said: {}", self.said());
        process.kill().expect("it is killed");
        process.wait().expect("it is gone");
    }

    /// Ends it as a service manager does, and waits.
    #[track_caller]
    pub fn stop(mut self) -> Finished {
        let mut process = self.process.take().expect("a process");
        let pid = process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill starts").success());
        let start = Instant::now();
        let status = loop {
            match process.try_wait().expect("its status") {
                Some(status) => break status,
                None if start.elapsed() > END => {
                    process.kill().ok();
                    panic!("it was told to end {} seconds ago, and runs on; it said: {}", END.as_secs(), self.said());
                }
                None => thread::sleep(Duration::from_millis(50)),
            }
        };
        let stdout = fs::read_to_string(&self.stdout).expect("what it printed");
        Finished { code: status.code(), stdout, stderr: self.said() }
    }

    /// What it has said so far.
    pub fn said(&self) -> String {
        fs::read_to_string(&self.stderr).unwrap_or_default()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().ok();
            process.wait().ok();
            if thread::panicking() {
                eprintln!("stipend said: {}", self.said());
            }
        }
    }
}
