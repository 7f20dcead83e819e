//! Where an owner's nodes are, remembered from one claim to the next: to look through a million nodes takes a while.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use solana_address::Address;
use stipend_client::ledger::Accounts;
use stipend_client::program::state::Network;
use stipend_client::reader::{ReadError, Reader, ShardState};

use crate::output_file::{write_output_file, Existing, Privacy};

/// Shards that are held in memory while all are looked through.
const SHARDS_AT_ONCE: u32 = 32;

/// The file's content. It holds as long as no node of the network got another owner.
#[derive(Debug, PartialEq, Eq, Deserialize, Serialize)]
struct Remembered {
    owner_changes: u32,
    shards: Vec<u32>,
}

/// Where such files are: the user's folder for what can be made again.
pub fn folder() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let caches = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")))?;
    Some(caches.join("stipend"))
}

/// The shards in which an owner has nodes: those that are remembered, or all are looked through and these remembered.
///
/// - `folder`: none remembers nothing. What can't be read or kept there is looked for again.
pub fn shards_of(
    accounts: &mut impl Accounts,
    folder: Option<&Path>,
    address: &Address,
    network: &Network,
    owner: &Address,
) -> Result<Vec<ShardState>, ReadError> {
    let domain = u64::from_be_bytes(network.domain);
    let file = folder.map(|folder| folder.join(format!("nodes-{address}-{domain:016x}-{owner}.json")));
    let read = file.as_ref().and_then(|file| std::fs::read(file).ok());
    let remembered = read.and_then(|bytes| serde_json::from_slice::<Remembered>(&bytes).ok());
    let mut reader = Reader::new(accounts, *address);
    if let Some(known) = remembered.filter(|known| known.owner_changes == network.owner_changes) {
        // A shard that is closed has none of anybody's nodes.
        let open = known.shards.into_iter().filter(|index| *index < network.shard_count);
        return reader.shards_at(open.map(|index| stipend_client::address::shard(address, index)).collect());
    }
    let mut found = Vec::new();
    for first in (0..network.shard_count).step_by(SHARDS_AT_ONCE as usize) {
        let last = network.shard_count.min(first.saturating_add(SHARDS_AT_ONCE));
        let shards = reader.shards_of(first..last)?;
        found.extend(shards.into_iter().filter(|shard| shard.slots.iter().any(|slot| slot.owner == *owner)));
    }
    if let Some(file) = file {
        let shards = found.iter().map(|shard| shard.header.index).collect();
        if let Err(error) = keep(&file, &Remembered { owner_changes: network.owner_changes, shards }) {
            tracing::warn!("where the nodes are is not remembered: {error}");
        }
    }
    Ok(found)
}

fn keep(file: &Path, remembered: &Remembered) -> Result<(), Box<dyn std::error::Error>> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let bytes = serde_json::to_vec(remembered)?;
    write_output_file(file, Privacy::Owner, Existing::Replace, |out| out.write_all(&bytes))?;
    Ok(())
}
