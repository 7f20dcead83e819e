//! Events: one for every change of state, with what was before where something was.
//!
//! `policy_from_epoch` names the policy that was used, by the first epoch that it holds for.

mod directory;
mod epoch;
mod network;
mod node;
mod oracle;
mod report;
mod shard;
mod split;

pub use {directory::*, epoch::*, network::*, node::*, oracle::*, report::*, shard::*, split::*};
