//! The program's accounts, one a file, each with its transitions and its invariant.

mod emission;
mod network;
mod node;
mod oracle_set;
mod policy;
mod report;
mod reports;
mod shard;
mod slot;
mod tail;

pub use {
    emission::*, network::*, node::*, oracle_set::*, policy::*, report::*, reports::*, shard::*, slot::*, tail::*,
};
