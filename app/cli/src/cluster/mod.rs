//! The cluster that a command talks to, and who pays there.

mod carry_out;
mod network;
mod origin;
mod reading;
mod role;
mod session;

pub use carry_out::{carry_out, ConsentArgs, Done, Step};
pub use network::{NamedNetworkArgs, NetworkArgs};
pub use origin::{Origin, OriginArgs};
pub use reading::ReadingArgs;
pub use role::AuthorityArgs;
pub use session::{Session, SessionArgs};

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::Arc;
use std::time::Duration;

use solana_commitment_config::{CommitmentConfig, CommitmentLevel};
use solana_keypair::Keypair;
use stipend_client::config::{cluster_url, SolanaConfig};
use stipend_client::ledger::TransactionFormat;
use stipend_client::rpc::{host, Priority, RpcLedger, RpcOptions, Transactions};

use crate::failure::Failure;
use crate::keypair_file::read_keypair;

/// Which cluster, and how.
#[derive(Debug, Clone, clap::Args)]
pub struct ClusterArgs {
    /// Configuration of Solana's tools [default: ~/.config/solana/cli/config.yml]
    #[arg(short = 'C', long, value_name = "FILE", global = true, help_heading = "Cluster")]
    config: Option<PathBuf>,
    /// localhost, devnet, testnet, mainnet-beta or a URL; several of one cluster stand in for each other [default: the
    /// configuration's]
    #[arg(
        short,
        long,
        value_name = "CLUSTER",
        env = "STIPEND_URL",
        value_delimiter = ',',
        hide_env_values = true,
        help_heading = "Cluster"
    )]
    url: Vec<String>,
    /// What counts as landed: processed, confirmed or finalized [default: the configuration's, or confirmed]
    #[arg(long, value_name = "LEVEL", help_heading = "Cluster")]
    commitment: Option<CommitmentLevel>,
    /// Micro-lamports a compute unit to come before others, or `auto`: what most paid lately, more as time runs out
    #[arg(long, value_name = "PRICE", default_value = "0", value_parser = parse_price, help_heading = "Cluster")]
    priority_fee: Price,
    /// The most that `auto` pays
    #[arg(long, value_name = "PRICE", default_value_t = 100_000, help_heading = "Cluster")]
    priority_fee_ceiling: u64,
    /// Longest wait for one answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..),
        help_heading = "Cluster")]
    timeout: u64,
    /// How far the cluster's clock may be behind this machine's, in seconds; an endpoint further behind is not used
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..),
        help_heading = "Cluster")]
    max_lag: u64,
    /// Requests a second at the most, of all together [default: any number]
    #[arg(long, value_name = "REQUESTS", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Cluster")]
    rps: Option<u32>,
    /// Requests at once
    #[arg(long, value_name = "REQUESTS", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..),
        help_heading = "Cluster")]
    parallel: u16,
    /// Transactions of 4,096 bytes (v1) or of 1,232 (small); `auto` asks the cluster once
    #[arg(long, value_name = "FORMAT", default_value = "auto", help_heading = "Cluster")]
    transactions: TransactionsArg,
}

/// Which transactions are sent.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum TransactionsArg {
    Auto,
    V1,
    Small,
}

impl From<TransactionsArg> for Transactions {
    fn from(asked: TransactionsArg) -> Self {
        match asked {
            TransactionsArg::Auto => Self::Auto,
            TransactionsArg::V1 => Self::Only(TransactionFormat::V1),
            TransactionsArg::Small => Self::Only(TransactionFormat::Small),
        }
    }
}

/// The least that `auto` pays, in micro-lamports a compute unit: what a cluster says of recent fees may be nothing.
const PRICE_FLOOR: u64 = 1_000;

#[derive(Clone, Copy, Debug)]
enum Price {
    Fixed(u64),
    Auto,
}

fn parse_price(text: &str) -> Result<Price, &'static str> {
    match text {
        "auto" => Ok(Price::Auto),
        _ => text.parse().map(Price::Fixed).map_err(|_| "a price is `auto` or an integer of micro-lamports"),
    }
}

impl ClusterArgs {
    /// The endpoints, the first one first.
    pub fn urls(&self) -> Result<Vec<String>, Failure> {
        if self.url.is_empty() {
            return Ok(vec![cluster_url(&self.solana_config()?.json_rpc_url).to_owned()]);
        }
        Ok(self.url.iter().map(|name| cluster_url(name).to_owned()).collect())
    }

    /// The cluster; nothing is asked yet.
    pub fn connect(&self) -> Result<RpcLedger, Failure> {
        self.connect_until(Arc::default())
    }

    /// The same for a program that runs on: no wait goes on once `stop` is set.
    pub fn connect_until(&self, stop: Arc<AtomicBool>) -> Result<RpcLedger, Failure> {
        let doing = "reach the cluster";
        let urls = self.urls()?;
        if let Some(url) = urls.iter().find(|url| !url.starts_with("http://") && !url.starts_with("https://")) {
            let cause =
                format!("`{}` is no cluster; name localhost, devnet, testnet, mainnet-beta or an HTTP URL", host(url));
            return Err(Failure::usage(doing, cause));
        }
        for url in &urls {
            tracing::info!(endpoint = host(url), "talking to a cluster");
        }
        let commitment = match self.commitment {
            Some(level) => CommitmentConfig { commitment: level },
            None => self.configured_commitment()?,
        };
        let priority = match self.priority_fee {
            Price::Fixed(0) => Priority::None,
            Price::Fixed(price) => Priority::Fixed(price),
            Price::Auto => Priority::Auto { floor: PRICE_FLOOR, ceiling: self.priority_fee_ceiling },
        };
        let timeout = Duration::from_secs(self.timeout);
        let max_lag = Duration::from_secs(self.max_lag);
        let options = RpcOptions {
            commitment,
            priority,
            timeout,
            max_lag,
            stop,
            rps: self.rps,
            parallel: self.parallel.into(),
            transactions: self.transactions.into(),
            ..RpcOptions::default()
        };
        RpcLedger::new(&urls, options).map_err(|error| Failure::usage(doing, error))
    }

    /// Solana's own configuration.
    pub fn solana_config(&self) -> Result<SolanaConfig, Failure> {
        SolanaConfig::read(self.config.as_deref()).map_err(|error| Failure::usage("read the configuration", error))
    }

    fn configured_commitment(&self) -> Result<CommitmentConfig, Failure> {
        // What names its cluster needs no configuration.
        if !self.url.is_empty() && self.config.is_none() {
            return Ok(CommitmentConfig::confirmed());
        }
        let text = self.solana_config()?.commitment;
        if text.is_empty() {
            return Ok(CommitmentConfig::confirmed());
        }
        let level: Result<CommitmentLevel, _> = text.parse();
        level
            .map(|commitment| CommitmentConfig { commitment })
            .map_err(|error| Failure::usage("read the configuration", format!("commitment `{text}`: {error}")))
    }
}

/// Who pays.
#[derive(Debug, Clone, clap::Args)]
pub struct PayerArgs {
    /// Key file that pays fees and rents, and signs [default: the configuration's]
    #[arg(short, long, value_name = "FILE", env = "STIPEND_KEYPAIR")]
    keypair: Option<PathBuf>,
}

impl PayerArgs {
    /// The key.
    pub fn read(&self, cluster: &ClusterArgs) -> Result<Keypair, Failure> {
        let path = match &self.keypair {
            Some(path) => path.clone(),
            None => cluster.solana_config()?.keypair_path,
        };
        read_keypair(&path).map_err(|error| Failure::usage("read the key that pays", error))
    }
}
