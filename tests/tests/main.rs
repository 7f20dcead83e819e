//! The suite: one file an instruction and one a property, against the sBPF artifact in a validator's bank.

mod account_layouts;
mod add_oracle;
mod claim;
mod close_epoch;
mod conservation;
mod coverage;
mod create_network;
mod dispatch;
mod life_cycle;
mod netrics;
mod open_report;
mod open_shard;
mod register_node;
mod remove_oracle;
mod score_shard;
mod settle_shard;
mod submit_report;
