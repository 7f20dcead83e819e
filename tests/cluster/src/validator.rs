//! A validator of a test's own.

use crate::built;
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::{
    fs::File,
    io::{BufRead, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc, Arc, Mutex, PoisonError, Weak,
    },
    thread,
    time::{Duration, Instant},
};
use stipend_client::rpc::{RpcLedger, RpcOptions};
use tempfile::TempDir;

/// Longest wait for a validator that starts, on a machine that does other things too.
const START: Duration = Duration::from_secs(180);
/// Longest wait for one that ends.
const END: Duration = Duration::from_secs(60);
/// A validator ends by itself after this time, should the test be killed.
const LIFE_SECS: u32 = 1_800;
/// Ports of tests: below those that the system gives to outgoing connections, so that a validator that restarts finds its port
/// free, and above those where a validator looks for its other ports.
const PORTS: std::ops::Range<u16> = 11_000..31_000;
/// Validators start one at a time: two at once may choose the same ports.
static STARTING: Mutex<()> = Mutex::new(());
/// See [`Validator::shared`].
static SHARED: Mutex<Weak<Validator>> = Mutex::new(Weak::new());

/// Runs until it is dropped; its ledger goes with it.
pub struct Validator {
    process: Option<Child>,
    program: PathBuf,
    upgrade_authority: Option<Address>,
    folder: TempDir,
    rpc_port: u16,
    faucet_port: u16,
}

impl Validator {
    /// A new chain with the committed program, which nobody can upgrade.
    pub fn start() -> Self {
        Self::start_with(artifact(), None)
    }

    /// The validator of all tests that neither stop it nor list its networks. It ends when the last of them has ended.
    pub fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let validator = Arc::new(Self::start());
            *shared = Arc::downgrade(&validator);
            validator
        })
    }

    /// A new chain with these bytes as the program, and who may upgrade it, if anybody.
    pub fn start_with(program: PathBuf, upgrade_authority: Option<Address>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (rpc_port, faucet_port) = free_ports();
        let mut validator = Self { process: None, program, upgrade_authority, folder, rpc_port, faucet_port };
        validator.resume();
        validator
    }

    /// The endpoint.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.rpc_port)
    }

    /// A ledger over it, with options for tests: what is confirmed counts.
    pub fn ledger(&self) -> RpcLedger {
        ledger(&[self.url()])
    }

    /// A key with this much.
    pub fn funded(&self, lamports: u64) -> Keypair {
        let key = Keypair::new();
        self.fund(&key.pubkey(), lamports);
        key
    }

    /// Gives an address this much.
    pub fn fund(&self, address: &Address, lamports: u64) {
        self.ledger().airdrop(address, lamports).expect("the faucet gives");
    }

    /// Ends it as Ctrl-C does, and waits.
    pub fn stop(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        let pid = process.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().expect("kill starts").success());
        let start = Instant::now();
        let status = loop {
            if let Some(status) = process.try_wait().expect("the validator's status") {
                break status;
            }
            if start.elapsed() > END {
                process.kill().ok();
                panic!("the validator was told to end {} seconds ago, and runs on", END.as_secs());
            }
            thread::sleep(Duration::from_millis(50));
        };
        assert!(status.success(), "the validator ended with {status}; it said: {}", self.said());
    }

    /// Ends it as `kill -9` does.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("the validator is killed");
            process.wait().expect("the validator is gone");
        }
    }

    /// Starts it again on its ledger.
    pub fn resume(&mut self) {
        assert!(self.process.is_none(), "the validator runs already");
        let _starting = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        let errors = File::create(self.errors()).expect("a file for what it says");
        let mut command = Command::new(built("STIPEND_LOCALNET"));
        command
            .arg("--ledger")
            .arg(self.folder.path().join("ledger"))
            .args(["--rpc-port", &self.rpc_port.to_string()])
            .args(["--faucet-port", &self.faucet_port.to_string()])
            .args(["--end-after", &LIFE_SECS.to_string()])
            .args(["--program", &stipend_client::program::ID.to_string()])
            .arg(&self.program)
            .args(self.upgrade_authority.iter().flat_map(|key| ["--upgrade-authority".to_owned(), key.to_string()]))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors);
        let mut process = command.spawn().expect("the validator starts");
        let stdout = process.stdout.take().expect("its stdout");
        self.process = Some(process);
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            BufReader::new(stdout).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        let ready = lines.recv_timeout(START);
        assert_eq!(ready.as_deref(), Ok(format!("ready {}", self.url()).as_str()), "it said: {}", self.said());
    }

    fn errors(&self) -> PathBuf {
        self.folder.path().join("stderr")
    }

    fn said(&self) -> String {
        std::fs::read_to_string(self.errors()).unwrap_or_default()
    }
}

impl Drop for Validator {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().ok();
            process.wait().ok();
        }
        if thread::panicking() {
            eprintln!("the validator said: {}", self.said());
        }
    }
}

/// A ledger over some endpoints, which gives up earlier than one that nobody waits for.
pub(crate) fn ledger(urls: &[String]) -> RpcLedger {
    let options =
        RpcOptions { timeout: Duration::from_secs(10), patience: Duration::from_secs(60), ..RpcOptions::default() };
    RpcLedger::new(urls, options).expect("threads")
}

/// The committed program.
pub fn artifact() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../programs/stipend/artifact/stipend.so")
}

/// Ports of JSON-RPC, whose next one is free too, and of the faucet. Every call returns others.
fn free_ports() -> (u16, u16) {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let triples = u32::from(PORTS.end - PORTS.start) / 3;
    for _ in 0..triples {
        // Another process that runs tests begins elsewhere.
        let place = std::process::id().wrapping_add(CALLS.fetch_add(1, Ordering::Relaxed)) % triples;
        let first = PORTS.start + 3 * u16::try_from(place).expect("fewer places than ports");
        let ports = [first, first + 1, first + 2];
        let bound: Result<Vec<_>, _> = ports.iter().map(|port| TcpListener::bind(("127.0.0.1", *port))).collect();
        if bound.is_ok() {
            return (first, first + 2);
        }
    }
    panic!("no three ports in a row are free within {PORTS:?}");
}
