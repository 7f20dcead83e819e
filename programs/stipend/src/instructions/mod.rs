//! The instructions, one a file: arguments, accounts, checks, handler.

mod add_oracle;
mod claim;
mod close_epoch;
mod create_network;
mod open_report;
mod open_shard;
mod register_node;
mod remove_oracle;
mod score_shard;
mod settle_shard;
mod submit_report;

pub use {
    add_oracle::*, claim::*, close_epoch::*, create_network::*, open_report::*, open_shard::*, register_node::*,
    remove_oracle::*, score_shard::*, settle_shard::*, submit_report::*,
};
