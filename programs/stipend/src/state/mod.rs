//! The program's accounts, one a file, each with its transitions and its invariant.

mod emission;
mod network;
mod node;
mod oracle_set;
mod report;
mod shard;
mod tail;

pub use {emission::*, network::*, node::*, oracle_set::*, report::*, shard::*, tail::*};
