//! Reports that are needed and not open.

use crate::{
    address,
    ledger::{Accounts, LedgerError},
    reader::{ReadError, Reader},
};
use solana_account::Account;
use solana_address::Address;
use stipend::state::Network;

/// The oracles that measure the open epoch or any later one, each once.
pub fn reporting_oracles(network: &Network) -> Vec<Address> {
    let mut keys: Vec<Address> = Vec::new();
    for oracle in &network.oracles.entries {
        // A key that was removed and added again stands in two entries.
        if network.oracles.has(&oracle.key, network.open_epoch) && !keys.contains(&oracle.key) {
            keys.push(oracle.key);
        }
    }
    keys
}

/// Shard and oracle of each report of a network that is not open, shard by shard. A shard in which no node can earn needs none.
pub fn missing_reports(
    accounts: &mut impl Accounts,
    network_address: &Address,
    network: &Network,
    oracles: &[Address],
) -> Result<Vec<(Address, Address)>, ReadError> {
    let shards = Reader::new(accounts, *network_address).shard_heads(network.shard_count)?;
    let awake: Vec<_> = shards.iter().filter(|shard| !shard.header.is_dormant()).map(|shard| shard.address).collect();
    Ok(missing_reports_of(accounts, &awake, oracles)?)
}

/// The same of these shards.
pub fn missing_reports_of(
    accounts: &mut impl Accounts,
    shards: &[Address],
    oracles: &[Address],
) -> Result<Vec<(Address, Address)>, LedgerError> {
    let pairs: Vec<_> = shards.iter().flat_map(|shard| oracles.iter().map(|oracle| (*shard, *oracle))).collect();
    let reports: Vec<_> = pairs.iter().map(|(shard, oracle)| address::report(shard, oracle)).collect();
    let found = accounts.heads(&reports, 0)?;
    // Lamports that somebody sent there are not a report.
    let is_missing = |found: &Option<Account>| found.as_ref().is_none_or(|found| found.owner != stipend::ID);
    Ok(pairs.into_iter().zip(&found).filter(|(_, found)| is_missing(found)).map(|(pair, _)| pair).collect())
}
