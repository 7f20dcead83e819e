//! Where a command that only reads finds the accounts: a folder of account files, or a cluster.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use solana_account::Account;
use solana_address::Address;
use stipend_client::ledger::{Accounts, Ledger as _, LedgerError, Search};
use stipend_client::reader::ReadError;
use stipend_client::rpc::RpcLedger;
use stipend_client::snapshot::Snapshot;

use super::ClusterArgs;
use crate::failure::Failure;

#[derive(Debug, clap::Args)]
pub struct OriginArgs {
    /// Read a folder of account files, as `solana account --output json` prints them, and no cluster
    #[arg(long, value_name = "FOLDER")]
    accounts: Option<PathBuf>,
    #[command(flatten)]
    cluster: ClusterArgs,
}

impl OriginArgs {
    pub fn open(&self) -> Result<Origin, Failure> {
        match &self.accounts {
            Some(folder) => {
                let read = Snapshot::read(folder).map_err(|error| Failure::usage("read the accounts", error))?;
                Ok(Origin::Folder(read))
            }
            None => Ok(Origin::Cluster(Box::new(self.cluster.connect()?))),
        }
    }
}

pub enum Origin {
    Folder(Snapshot),
    Cluster(Box<RpcLedger>),
}

impl Origin {
    /// An account that is missing or damaged: a folder is an argument, so the user can mend it; a cluster is not.
    pub fn unreadable(&self, doing: impl Into<String>, error: ReadError) -> Failure {
        match self {
            Self::Folder(_) => Failure::usage(doing, error),
            Self::Cluster(_) => Failure::settling(doing, error),
        }
    }

    /// Unix seconds: the cluster's clock, or this machine's where a folder is read.
    pub fn now(&mut self) -> Result<i64, LedgerError> {
        match self {
            Self::Cluster(cluster) => cluster.now(),
            Self::Folder(_) => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Ok(i64::try_from(now.as_secs()).unwrap_or(i64::MAX))
            }
        }
    }
}

impl Accounts for Origin {
    fn account(&mut self, address: &Address) -> Result<Option<Account>, LedgerError> {
        match self {
            Self::Folder(folder) => folder.account(address),
            Self::Cluster(cluster) => cluster.account(address),
        }
    }

    fn accounts(&mut self, addresses: &[Address]) -> Result<Vec<Option<Account>>, LedgerError> {
        match self {
            Self::Folder(folder) => folder.accounts(addresses),
            Self::Cluster(cluster) => cluster.accounts(addresses),
        }
    }

    fn heads(&mut self, addresses: &[Address], bytes: usize) -> Result<Vec<Option<Account>>, LedgerError> {
        match self {
            Self::Folder(folder) => folder.heads(addresses, bytes),
            Self::Cluster(cluster) => cluster.heads(addresses, bytes),
        }
    }
}

impl Search for Origin {
    fn find(&mut self, holding: &[(usize, &[u8])]) -> Result<Vec<(Address, Account)>, LedgerError> {
        match self {
            Self::Folder(folder) => folder.find(holding),
            Self::Cluster(cluster) => cluster.find(holding),
        }
    }
}
