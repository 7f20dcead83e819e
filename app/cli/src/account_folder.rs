//! The folder of accounts that a command reads, and the network in it.

use std::path::Path;

use solana_address::Address;
use stipend_client::reader::ReadError;
use stipend_client::snapshot::Snapshot;

use crate::failure::Failure;

/// Reads a folder of account files.
pub fn read_accounts(folder: &Path) -> Result<Snapshot, Failure> {
    Snapshot::read(folder).map_err(|error| Failure::usage("read the accounts", error))
}

/// The network that is named, or else the only one among the accounts.
pub fn choose_network(accounts: &Snapshot, folder: &Path, named: Option<Address>) -> Result<Address, Failure> {
    if let Some(network) = named {
        return Ok(network);
    }
    let networks = accounts.networks();
    if let [network] = networks.as_slice() {
        return Ok(*network);
    }
    let all: Vec<_> = networks.iter().map(Address::to_string).collect();
    let cause = if all.is_empty() {
        format!("`{}` holds the account of no network", folder.display())
    } else {
        format!("`{}` holds {} networks; name one with --network: {}", folder.display(), all.len(), all.join(", "))
    };
    Err(Failure::usage("choose the network", cause))
}

/// An account of the folder that is missing or damaged: the folder is an argument, so the user can mend it.
pub fn unreadable(doing: impl Into<String>, error: ReadError) -> Failure {
    Failure::usage(doing, error)
}
