//! The program's accounts, one a file, each with its transitions and its invariant.

mod directory;
mod emission;
mod network;
mod oracle_set;
mod policy;
mod report;
mod reports;
mod shard;
mod slot;
mod split;
mod tail;

pub use {
    directory::*, emission::*, network::*, oracle_set::*, policy::*, report::*, reports::*, shard::*, slot::*,
    split::*, tail::*,
};
