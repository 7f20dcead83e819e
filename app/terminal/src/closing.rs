//! What closing a network does, in words.

use stipend_client::closing::Closed;

use crate::figure::{counted, sol};

/// Reads well behind "will": "close shard 3".
pub fn closing_words(closes: &Closed) -> String {
    match *closes {
        Closed::Slots(shard, count) => format!("take {} off shard {shard}", counted(count as u64, "vacant slot")),
        Closed::Reports(shard, count) => format!("close {} of shard {shard}", counted(count as u64, "report")),
        Closed::Shard(shard) => format!("close shard {shard}"),
        Closed::Directories(count) => format!("close {}", counted(count as u64, "directory")),
        Closed::Bond(lamports, payer) => format!("pay the bond of {} back to {payer}", sol(lamports)),
        Closed::Network(payer) => format!("close the network; {payer} gets its rent"),
    }
}
