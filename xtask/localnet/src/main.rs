//! A Solana cluster of one validator, on loopback only, that keeps its ledger.
//!
//! One line goes to stdout, `ready http://127.0.0.1:PORT`, when it takes transactions. SIGINT and SIGTERM end it; it can be
//! started again on the same ledger, after a kill as well.

mod faucet;
mod genesis;
mod node;

use anyhow::{bail, ensure, Context, Result};
use clap::Parser;
use genesis::Program;
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::Signals,
};
use solana_commitment_config::CommitmentConfig;
use solana_core::validator::Validator;
use solana_pubkey::Pubkey;
use solana_rpc_client::rpc_client::RpcClient;
use std::{
    env,
    fs::{self, File, OpenOptions, TryLockError},
    io::Write,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process, thread,
    time::{Duration, Instant},
};

/// How long the start may take: a minute of blocks is replayed in a few seconds.
const START: Duration = Duration::from_secs(180);
const POLL: Duration = Duration::from_millis(200);
/// What an address that `--fund` names has at the least.
const FUNDS_LAMPORTS: u64 = 1_000 * 1_000_000_000;
/// No two run on one ledger.
const LOCK: &str = "localnet.lock";
const LOG: &str = "validator.log";

#[derive(Parser)]
#[command(about = "A Solana validator on loopback, with a faucet")]
struct Arguments {
    /// Where blocks, accounts, keys and validator.log are kept; made if it is missing
    #[arg(long, value_name = "FOLDER")]
    ledger: PathBuf,
    /// Port of JSON-RPC; subscriptions have the next one
    #[arg(long, value_name = "PORT", default_value_t = 8899)]
    rpc_port: u16,
    /// Port of the faucet behind requestAirdrop
    #[arg(long, value_name = "PORT", default_value_t = 9900)]
    faucet_port: u16,
    /// Begin a new chain: all that the ledger holds is removed
    #[arg(long)]
    reset: bool,
    /// A program of a new chain: its address and its .so file. A chain that exists keeps the programs it has
    #[arg(long = "program", num_args = 2, value_names = ["ADDRESS", "FILE"])]
    programs: Vec<String>,
    /// Who may replace these programs; without, nobody
    #[arg(long, value_name = "ADDRESS")]
    upgrade_authority: Option<Pubkey>,
    /// Address that gets up to 1,000 SOL at every start; may be repeated
    #[arg(long = "fund", value_name = "ADDRESS")]
    funded: Vec<Pubkey>,
    /// End by itself after so many seconds, for tests
    #[arg(long, value_name = "SECONDS")]
    end_after: Option<u64>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    end_on_panic();
    fs::create_dir_all(&arguments.ledger)
        .with_context(|| format!("failed to make the folder {}", arguments.ledger.display()))?;
    let _lock = lock(&arguments.ledger)?;
    if arguments.reset {
        empty(&arguments.ledger)?;
    }
    log_to_file(&arguments.ledger)?;
    if let Some(secs) = arguments.end_after {
        thread::spawn(move || {
            thread::sleep(Duration::from_secs(secs));
            process::exit(1);
        });
    }
    let mut signals = Signals::new([SIGINT, SIGTERM]).context("failed to listen for signals")?;

    let validator = start(&arguments)?;
    signals.forever().next();
    thread::spawn(move || {
        // Whoever asks twice does not want to wait.
        signals.forever().next();
        process::exit(130);
    });
    validator.close();
    Ok(())
}

/// A validator without one of its threads would answer, and do nothing.
fn end_on_panic() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        print(panic);
        process::exit(1);
    }));
}

fn start(arguments: &Arguments) -> Result<Validator> {
    let ledger = &arguments.ledger;
    is_free(arguments.rpc_port, "--rpc-port")?;
    let keys =
        if genesis::exists(ledger) { genesis::keys(ledger)? } else { genesis::create(ledger, &programs(arguments)?)? };
    let faucet = faucet::start(keys.faucet.insecure_clone(), arguments.faucet_port)?;
    let validator = node::start(ledger, keys, arguments.rpc_port, faucet)?;

    let url = format!("http://{}", SocketAddr::new(node::HOST, arguments.rpc_port));
    let client = RpcClient::new_with_commitment(url.clone(), CommitmentConfig::confirmed());
    wait_for_blocks(&client)?;
    for address in &arguments.funded {
        fund(&client, address)?;
    }
    let mut stdout = std::io::stdout();
    writeln!(stdout, "ready {url}").and_then(|()| stdout.flush()).context("failed to say that it is ready")?;
    Ok(validator)
}

/// The programs of a new chain, from pairs of arguments.
fn programs(arguments: &Arguments) -> Result<Vec<Program>> {
    let pairs = arguments.programs.chunks(2).map(|pair| {
        let [address, file] = pair else { bail!("--program takes an address and a file") };
        let address = address.parse().with_context(|| format!("{address} is not an address"))?;
        Ok(Program { address, file: file.into(), upgrade_authority: arguments.upgrade_authority })
    });
    pairs.collect()
}

/// Said here, for the validator would say it in its log and end.
fn is_free(port: u16, option: &str) -> Result<()> {
    let bound = TcpListener::bind(SocketAddr::new(node::HOST, port));
    bound.map(drop).with_context(|| format!("failed to use port {port}; choose another by {option}"))
}

/// Waits until a block was made after the start, and is confirmed.
fn wait_for_blocks(client: &RpcClient) -> Result<()> {
    let start = Instant::now();
    let mut first = None;
    while start.elapsed() < START {
        if let Ok(slot) = client.get_slot() {
            if slot > *first.get_or_insert(slot) {
                return Ok(());
            }
        }
        thread::sleep(POLL);
    }
    bail!("no block was made in {} seconds; {LOG} in the ledger's folder says why", START.as_secs())
}

fn fund(client: &RpcClient, address: &Pubkey) -> Result<()> {
    let balance = client.get_balance(address).with_context(|| format!("failed to read the balance of {address}"))?;
    if balance >= FUNDS_LAMPORTS {
        return Ok(());
    }
    let signature = client
        .request_airdrop(address, FUNDS_LAMPORTS - balance)
        .with_context(|| format!("failed to fund {address}"))?;
    let start = Instant::now();
    while start.elapsed() < START {
        if client.confirm_transaction(&signature).unwrap_or(false) {
            return Ok(());
        }
        thread::sleep(POLL);
    }
    bail!("{address} got nothing from the faucet in {} seconds", START.as_secs())
}

/// Held until the process ends, whichever way.
fn lock(ledger: &Path) -> Result<File> {
    let path = ledger.join(LOCK);
    let file = OpenOptions::new().create(true).append(true).open(&path);
    let file = file.with_context(|| format!("failed to open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("a validator runs on {} already; stop it, or name another folder by --ledger", ledger.display())
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("failed to lock {}", path.display())),
    }
}

/// Removes a ledger, and refuses a folder that is none.
fn empty(ledger: &Path) -> Result<()> {
    let named = || format!("failed to empty {}", ledger.display());
    let entries = fs::read_dir(ledger).with_context(named)?.collect::<Result<Vec<_>, _>>().with_context(named)?;
    let entries: Vec<_> = entries.into_iter().filter(|entry| entry.file_name() != LOCK).collect();
    let is_ledger = entries.is_empty() || genesis::exists(ledger) || ledger.join("genesis.bin").exists();
    ensure!(is_ledger, "{} holds something other than a ledger; --reset removes ledgers only", ledger.display());
    for entry in entries {
        let path = entry.path();
        let is_folder = entry.file_type().with_context(named)?.is_dir();
        let removed = if is_folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.with_context(|| format!("failed to remove {}", path.display()))?;
    }
    Ok(())
}

/// Warnings, or what RUST_LOG asks for, to a file that is begun anew.
fn log_to_file(ledger: &Path) -> Result<()> {
    let path = ledger.join(LOG);
    let file = File::create(&path).with_context(|| format!("failed to write {}", path.display()))?;
    let filter = env::var("RUST_LOG").unwrap_or_else(|_| "warn".to_owned());
    let mut logger = env_logger::Builder::new();
    logger.parse_filters(&filter).target(env_logger::Target::Pipe(Box::new(file)));
    logger.try_init().context("failed to start the log")
}
