//! The instructions, one a file: accounts, handler. [`Govern`], [`GovernByAuthority`] and [`ActOnNode`] are the accounts of
//! several.

mod accept_authority;
mod act_on_node;
mod add_oracle;
mod claim;
mod claim_split;
mod close_directory;
mod close_epoch;
mod close_network;
mod close_node;
mod close_report;
mod close_shard;
mod close_split;
mod commit_evidence;
mod create_network;
mod create_split;
mod govern;
mod judge_shard;
mod open_directory;
mod open_report;
mod open_shard;
mod pause;
mod propose_authority;
mod prove_equivocation;
mod register_node;
mod remove_oracle;
mod resume;
mod retire_node;
mod score_shard;
mod set_boost;
mod set_guardian;
mod settle_shard;
mod shrink_shard;
mod submit_report;
mod transfer_node;
mod update_policy;
mod update_split;
mod void_score;
mod withdraw_bond;

pub use {
    accept_authority::*, act_on_node::*, add_oracle::*, claim::*, claim_split::*, close_directory::*, close_epoch::*,
    close_network::*, close_node::*, close_report::*, close_shard::*, close_split::*, commit_evidence::*,
    create_network::*, create_split::*, govern::*, judge_shard::*, open_directory::*, open_report::*, open_shard::*,
    pause::*, propose_authority::*, prove_equivocation::*, register_node::*, remove_oracle::*, resume::*,
    retire_node::*, score_shard::*, set_boost::*, set_guardian::*, settle_shard::*, shrink_shard::*, submit_report::*,
    transfer_node::*, update_policy::*, update_split::*, void_score::*, withdraw_bond::*,
};
