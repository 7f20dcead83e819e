//! A cluster over JSON-RPC.
//!
//! What is sent lands once: a transaction is signed anew only after the blockhash of the one before has expired on the fork that
//! the commitment stands for, and that one is known not to have landed. What landed and failed is refused, with what the program
//! said.

mod compose;
mod deliver;
mod endpoints;
mod format;
mod price;
mod rate;

pub use endpoints::host;
pub use format::Transactions;
pub use price::Priority;

use crate::ledger::{refusal, Accounts, Deadline, Ledger, LedgerError, Receipt, Search, Simulation, TransactionFormat};
use compose::{Composed, Usage};
use endpoints::{Endpoints, Turn};
use solana_account::Account;
use solana_account_decoder_client_types::{UiAccount, UiAccountEncoding, UiDataSliceConfig};
use solana_address::Address;
use solana_clock::{Clock, Slot};
use solana_commitment_config::CommitmentConfig;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_rpc_client::{
    nonblocking::rpc_client::RpcClient,
    rpc_client::{GetConfirmedSignaturesForAddress2Config, RpcClientConfig},
};
use solana_rpc_client_api::{
    client_error::{Error as ClientError, ErrorKind},
    config::{RpcAccountInfoConfig, RpcProgramAccountsConfig, RpcSimulateTransactionConfig},
    filter::{Memcmp, RpcFilterType},
    response::RpcSimulateTransactionResult,
};
use solana_signer::Signer;
use std::{
    collections::HashSet,
    future::Future,
    io,
    sync::{
        atomic::{AtomicBool, AtomicU64, Ordering},
        Arc, Mutex, OnceLock, PoisonError,
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tokio::runtime::Runtime;

/// Accounts that a cluster tells in one answer.
const ACCOUNTS_AT_ONCE: usize = 100;
/// Where the clock is.
const CLOCK: Address = solana_address::address!("SysvarC1ock11111111111111111111111111111111");
/// Bytes of the clock before the Unix time: slot, start of the cluster's epoch, that epoch, and the next of the schedule.
const CLOCK_TIME_AT: usize = std::mem::offset_of!(Clock, unix_timestamp);

/// How a cluster is talked to.
#[derive(Clone, Debug)]
pub struct RpcOptions {
    /// What counts as landed, and which state is read.
    pub commitment: CommitmentConfig,
    /// What is paid so that a transaction comes before others.
    pub priority: Priority,
    /// Longest wait for one answer.
    pub timeout: Duration,
    /// Longest time without any answer after something was sent; then it is not known what became of it.
    pub patience: Duration,
    /// How many blockhashes a transaction is signed with, one after another, each good for about a minute.
    pub blockhashes: u32,
    /// Requests at once.
    pub parallel: usize,
    /// Requests a second at the most; none for any number.
    pub rps: Option<u32>,
    /// Which transactions are sent.
    pub transactions: Transactions,
    /// How far the cluster's clock may be behind this machine's. An endpoint that is further behind is left for the next one.
    pub max_lag: Duration,
    /// How long the cluster's clock may show the same. An endpoint where it does so longer is left for the next one.
    pub max_still: Duration,
    /// Set when the program is to end: no wait goes on.
    pub stop: Arc<AtomicBool>,
}

impl Default for RpcOptions {
    fn default() -> Self {
        Self {
            commitment: CommitmentConfig::confirmed(),
            priority: Priority::None,
            timeout: Duration::from_secs(30),
            patience: Duration::from_secs(120),
            blockhashes: 4,
            parallel: 16,
            rps: None,
            transactions: Transactions::Auto,
            // A validator of one's own on a busy machine may be minutes behind.
            max_lag: Duration::from_secs(600),
            max_still: Duration::from_secs(30),
            stop: Arc::default(),
        }
    }
}

/// A cluster, by one or more of its RPC endpoints.
pub struct RpcLedger {
    runtime: Runtime,
    link: Link,
}

/// What is done on the runtime.
struct Link {
    client: RpcClient,
    turn: Turn,
    options: RpcOptions,
    /// The newest slot in which something landed: what is read after it is at least as new, whichever endpoint answers.
    seen: AtomicU64,
    sent: Mutex<deliver::Sent>,
    /// What the cluster takes, once it was asked.
    format: OnceLock<TransactionFormat>,
    /// Until when what is sent is to land.
    deadline: Option<Deadline>,
    /// The newest time of the cluster's clock, and when it was first seen.
    clock: Mutex<Option<(i64, Instant)>>,
}

impl RpcLedger {
    /// Nothing is asked yet.
    ///
    /// - `urls`: of endpoints of the same cluster, the first one first.
    ///
    /// Errors: the operating system gives no threads.
    pub fn new(urls: &[String], options: RpcOptions) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let config = RpcClientConfig::with_commitment(options.commitment);
        let turn = Turn::default();
        let rate = options.rps.map(rate::Rate::new);
        let endpoints = Endpoints::new(urls, options.timeout, turn.clone(), Arc::clone(&options.stop), rate);
        let client = RpcClient::new_sender(endpoints, config);
        let link = Link {
            client,
            turn,
            options,
            seen: AtomicU64::new(0),
            sent: Mutex::default(),
            format: OnceLock::new(),
            deadline: None,
            clock: Mutex::default(),
        };
        Ok(Self { runtime, link })
    }

    /// Lamports of an account; 0 if there is none.
    pub fn balance(&mut self, address: &Address) -> Result<u64, LedgerError> {
        Ok(self.account(address)?.map_or(0, |account| account.lamports))
    }

    /// Gives an account lamports, on a cluster with a faucet.
    pub fn airdrop(&mut self, address: &Address, lamports: u64) -> Result<(), LedgerError> {
        self.runtime.block_on(self.link.airdrop(address, lamports))
    }

    /// The hash of the cluster's genesis, which tells one cluster from another.
    pub fn genesis_hash(&mut self) -> Result<String, LedgerError> {
        self.wait(async |link| Ok(link.client.get_genesis_hash().await?.to_string()))
    }

    /// Looks for something in what programs said in transactions that named an account, the newest first.
    ///
    /// - `most`: how many of them; the cluster's node may keep fewer.
    pub fn find_in_logs<T>(
        &mut self,
        address: &Address,
        most: usize,
        find: impl Fn(&[String]) -> Option<T>,
    ) -> Result<Option<T>, LedgerError> {
        let config = || GetConfirmedSignaturesForAddress2Config {
            limit: Some(most),
            commitment: Some(self.link.options.commitment),
            ..GetConfirmedSignaturesForAddress2Config::default()
        };
        let named =
            self.wait(async |link| link.client.get_signatures_for_address_with_config(address, config()).await)?;
        for signature in
            named.iter().filter(|named| named.err.is_none()).filter_map(|named| named.signature.parse().ok())
        {
            let logs = self.runtime.block_on(self.link.logs(&signature));
            if let Some(found) = find(&logs) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Requests that were sent so far.
    pub fn requests(&self) -> usize {
        self.link.client.get_transport_stats().request_count
    }

    fn read(&self, addresses: &[Address], config: &RpcAccountInfoConfig) -> Result<Vec<Option<Account>>, LedgerError> {
        let mut accounts = Vec::with_capacity(addresses.len());
        for addresses in addresses.chunks(ACCOUNTS_AT_ONCE) {
            let found = self.wait(async |link| {
                let answer = link.client.get_multiple_ui_accounts_with_config(addresses, config.clone()).await?;
                Ok(answer.value)
            })?;
            if found.len() != addresses.len() {
                let (asked, got) = (addresses.len(), found.len());
                return Err(unreadable(format!("{asked} accounts were asked for, and the answer has {got}")));
            }
            for (address, found) in addresses.iter().zip(found) {
                accounts.push(found.map(|account| decode(address, &account)).transpose()?);
            }
        }
        Ok(accounts)
    }

    fn wait<T>(&self, ask: impl AsyncFnOnce(&Link) -> Result<T, ClientError>) -> Result<T, LedgerError> {
        self.runtime.block_on(ask(&self.link)).map_err(|error| unreachable(&error))
    }
}

impl Accounts for RpcLedger {
    fn account(&mut self, address: &Address) -> Result<Option<Account>, LedgerError> {
        Ok(self.accounts(&[*address])?.pop().flatten())
    }

    fn accounts(&mut self, addresses: &[Address]) -> Result<Vec<Option<Account>>, LedgerError> {
        self.read(addresses, &self.link.account_config())
    }

    fn heads(&mut self, addresses: &[Address], bytes: usize) -> Result<Vec<Option<Account>>, LedgerError> {
        let config = RpcAccountInfoConfig {
            // Too short to be compressed.
            encoding: Some(UiAccountEncoding::Base64),
            data_slice: Some(UiDataSliceConfig { offset: 0, length: bytes }),
            ..self.link.account_config()
        };
        self.read(addresses, &config)
    }
}

impl Search for RpcLedger {
    fn find(&mut self, holding: &[(usize, &[u8])]) -> Result<Vec<(Address, Account)>, LedgerError> {
        let filter =
            |(offset, bytes): &(usize, &[u8])| RpcFilterType::Memcmp(Memcmp::new_base58_encoded(*offset, bytes));
        let found = self.wait(async |link| {
            let config = RpcProgramAccountsConfig {
                filters: Some(holding.iter().map(filter).collect()),
                account_config: link.account_config(),
                with_context: None,
                sort_results: None,
            };
            link.client.get_program_ui_accounts_with_config(&stipend::ID, config).await
        })?;
        let decoded = found.iter().map(|(address, account)| Ok((*address, decode(address, account)?)));
        let mut found = decoded.collect::<Result<Vec<_>, LedgerError>>()?;
        found.sort_by_key(|(address, _)| *address);
        Ok(found)
    }
}

impl Ledger for RpcLedger {
    fn send(
        &mut self,
        payer: &Keypair,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<Receipt, LedgerError> {
        let mut receipts = self.send_all(payer, &[instructions.to_vec()], signers);
        receipts.pop().unwrap_or_else(|| Err(LedgerError::NotExecuted { reason: "nothing was sent".to_owned() }))
    }

    fn send_all(
        &mut self,
        payer: &Keypair,
        transactions: &[Vec<Instruction>],
        signers: &[&Keypair],
    ) -> Vec<Result<Receipt, LedgerError>> {
        self.runtime.block_on(self.link.deliver(payer, transactions, signers))
    }

    fn simulate(
        &mut self,
        payer: &Keypair,
        instructions: &[Instruction],
        _signers: &[&Keypair],
    ) -> Result<Simulation, LedgerError> {
        let address = payer.pubkey();
        let simulate = async {
            let format = self.link.format().await;
            let unlimited = Composed::unlimited(format, &address, instructions)?;
            let simulated = self.link.simulate(&address, &unlimited).await?;
            let price = self.link.price(instructions.iter(), 0).await?;
            let usage = Usage::of(&simulated);
            let units = usage.units;
            let composed = Composed::new(format, &address, instructions, usage, price)?;
            let priority = composed.priority_lamports;
            let mut changes_lamports = changes(unlimited.addresses(), &simulated);
            // The fee of the simulation is without a priority.
            if let Some((_, change)) = changes_lamports.iter_mut().find(|(changed, _)| *changed == address) {
                *change -= i128::from(priority);
            }
            let fee_lamports = simulated.fee.unwrap_or_default() + priority;
            Ok(Simulation { compute_units: units, fee_lamports, changes_lamports })
        };
        self.runtime.block_on(simulate)
    }

    fn rent_lamports(&mut self, space: usize) -> Result<u64, LedgerError> {
        self.wait(async |link| link.client.get_minimum_balance_for_rent_exemption(space).await)
    }

    fn transaction_format(&mut self) -> TransactionFormat {
        self.runtime.block_on(self.link.format())
    }

    fn set_deadline(&mut self, deadline: Option<Deadline>) {
        self.link.deadline = deadline;
    }

    fn now(&mut self) -> Result<i64, LedgerError> {
        let mut newest = None;
        for _ in 0..self.link.turn.endpoints() {
            let clock = self.account(&CLOCK)?;
            let time = clock.as_ref().and_then(|clock| clock.data.get(CLOCK_TIME_AT..)?.first_chunk());
            let time = time.map(|time| i64::from_le_bytes(*time));
            let time = time.ok_or_else(|| unreadable("it has no clock".to_owned()))?;
            let is_behind = lag(time, unix_now()) > self.link.options.max_lag;
            if !is_behind && !self.link.stands_still(time) {
                return Ok(time);
            }
            newest = newest.max(Some(time));
            self.link.turn.next();
        }
        let lag = lag(newest.unwrap_or_default(), unix_now());
        Err(LedgerError::Stale { lag_secs: lag.as_secs(), max_lag_secs: self.link.options.max_lag.as_secs() })
    }
}

impl Link {
    fn account_config(&self) -> RpcAccountInfoConfig {
        RpcAccountInfoConfig {
            encoding: Some(UiAccountEncoding::Base64Zstd),
            data_slice: None,
            commitment: Some(self.options.commitment),
            min_context_slot: self.seen(),
        }
    }

    fn seen(&self) -> Option<Slot> {
        Some(self.seen.load(Ordering::Relaxed)).filter(|slot| *slot > 0)
    }

    /// What the cluster says that a transaction would do. Refused is what it would refuse.
    async fn simulate(
        &self,
        payer: &Address,
        composed: &Composed,
    ) -> Result<RpcSimulateTransactionResult, LedgerError> {
        let config = RpcSimulateTransactionConfig {
            replace_recent_blockhash: true,
            commitment: Some(self.options.commitment),
            min_context_slot: self.seen(),
            ..RpcSimulateTransactionConfig::default()
        };
        let simulated = self.client.simulate_transaction_with_config(&composed.unsigned(), config).await;
        let simulated = simulated.map_err(|error| refused_or_unreachable(payer, &error))?.value;
        match simulated.err.clone() {
            None => Ok(simulated),
            Some(error) => Err(refusal::explain_of(
                payer,
                composed.instructions(),
                error.into(),
                simulated.logs.as_deref().unwrap_or_default(),
            )),
        }
    }

    /// Micro-lamports a compute unit for these instructions.
    ///
    /// - `round`: how many blockhashes were not enough.
    async fn price<'i>(
        &self,
        instructions: impl Iterator<Item = &'i Instruction>,
        round: u32,
    ) -> Result<u64, LedgerError> {
        let bounds = match self.options.priority {
            Priority::None => return Ok(0),
            Priority::Fixed(price) => return Ok(price),
            Priority::Auto { floor, ceiling } => (floor, ceiling),
        };
        let metas = instructions.flat_map(|instruction| &instruction.accounts);
        let written: HashSet<Address> = metas.filter(|meta| meta.is_writable).map(|meta| meta.pubkey).collect();
        // As many as the cluster takes.
        let written: Vec<_> = written.into_iter().take(128).collect();
        let recent = self.client.get_recent_prioritization_fees(&written).await.map_err(|error| unreachable(&error))?;
        let recent = recent.iter().map(|fee| fee.prioritization_fee).collect();
        Ok(price::auto_price(recent, bounds, round, self.deadline.map(|deadline| (deadline, unix_now()))))
    }

    async fn airdrop(&self, address: &Address, lamports: u64) -> Result<(), LedgerError> {
        let requested = self.client.request_airdrop(address, lamports).await;
        let signature = requested.map_err(|error| match error.get_transaction_error() {
            Some(error) => refusal::explain(error, &[]),
            None => LedgerError::NotExecuted { reason: format!("the faucet gave nothing: {error}") },
        })?;
        self.landed(&signature).await
    }

    /// Whether the cluster's clock shows nothing newer than it did for too long.
    fn stands_still(&self, time: i64) -> bool {
        let mut clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        match *clock {
            Some((newest, since)) if time <= newest => since.elapsed() > self.options.max_still,
            _ => {
                *clock = Some((time, Instant::now()));
                false
            }
        }
    }

    fn is_stopped(&self) -> bool {
        self.options.stop.load(Ordering::Relaxed)
    }

    /// Runs `ask` until the cluster is lost for longer than the patience.
    async fn patiently<T, F>(&self, ask: impl Fn() -> F) -> Result<T, ClientError>
    where
        F: Future<Output = Result<T, ClientError>>,
    {
        let start = tokio::time::Instant::now();
        loop {
            match ask().await {
                Ok(answer) => return Ok(answer),
                Err(error) if start.elapsed() > self.options.patience || self.is_stopped() => return Err(error),
                Err(error) => tracing::warn!(%error, "cluster does not answer; trying on"),
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

/// How far the cluster's clock is behind this machine's, both in Unix seconds.
fn lag(cluster: i64, machine: i64) -> Duration {
    Duration::from_secs(u64::try_from(machine.saturating_sub(cluster)).unwrap_or(0))
}

fn unix_now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}

/// What each account gains or loses, those that do.
fn changes(addresses: &[Address], simulated: &RpcSimulateTransactionResult) -> Vec<(Address, i128)> {
    let (Some(before), Some(after)) = (&simulated.pre_balances, &simulated.post_balances) else {
        return Vec::new();
    };
    let changes = addresses.iter().zip(before.iter().zip(after));
    let changes = changes.map(|(address, (before, after))| (*address, i128::from(*after) - i128::from(*before)));
    changes.filter(|(_, change)| *change != 0).collect()
}

fn decode(address: &Address, account: &UiAccount) -> Result<Account, LedgerError> {
    account.to_account().ok_or_else(|| unreadable(format!("account {address} is not in base64")))
}

fn unreachable(error: &ClientError) -> LedgerError {
    let reason = match error.kind() {
        ErrorKind::Custom(reason) => reason.clone(),
        _ => error.to_string(),
    };
    LedgerError::Unreachable { reason }
}

fn unreadable(what: String) -> LedgerError {
    LedgerError::Unreachable { reason: format!("its answer makes no sense: {what}") }
}

fn refused_or_unreachable(payer: &Address, error: &ClientError) -> LedgerError {
    match error.get_transaction_error() {
        Some(error) => refusal::explain_of(payer, &[], error, &[]),
        None => unreachable(error),
    }
}
