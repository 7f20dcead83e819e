//! Stipend settles the rewards of a decentralized physical infrastructure network: it verifies what several independent
//! oracles measured, takes the median, shares each epoch's emission among the nodes and mints it to their owners.
//!
//! This file only names the instructions; each has a file of its own in [`instructions`]. The rules are in [`state`], the
//! arithmetic in [`math`], which knows nothing of Solana.

// Anchor's macros write public items without docs; ours have them.
#![allow(missing_docs)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]

pub mod check;
pub mod constants;
#[cfg(all(target_os = "solana", not(feature = "cpi")))]
mod entrypoint;
pub mod error;
pub mod event;
pub mod instructions;
pub mod math;
pub mod signature;
pub mod state;

use anchor_lang::prelude::*;
use instructions::*;
#[cfg(not(target_os = "solana"))]
use state::Batch;

#[cfg(target_arch = "bpf")]
use solana_compiler_builtins as _;

declare_id!("jjnoHYzRtgyBjRKzaLM6Ur3zPgbsJk7Q5ncg2CUgHJ4");

/// The instructions.
#[program]
pub mod stipend {
    use super::*;

    /// Takes a batch of an oracle's measurements; see [`instructions::submit_report`].
    ///
    /// - `domain`, `report`: what the oracle signed for: this network on this cluster, this shard, itself.
    /// - `total`: slots that the oracle measured in this shard and epoch, the same in each of its batches.
    /// - `first_slot`, `measurements`: of consecutive slots, end to end, 6 bytes each: bandwidth u32, uptime u16.
    ///
    /// For clients and the IDL; on the chain it has an entrypoint of its own, see `entrypoint.rs`.
    #[cfg(not(target_os = "solana"))]
    pub fn submit_report(
        ctx: Context<SubmitReport>,
        domain: [u8; 8],
        report: Pubkey,
        epoch: u32,
        total: u16,
        first_slot: u16,
        measurements: Vec<u8>,
    ) -> Result<()> {
        let batch = Batch { epoch, total, first_slot, measurements: &measurements };
        ctx.accounts.run(&ReportArgs { domain: &domain, report: &report, batch })
    }

    /// Creates a network; see [`instructions::create_network`].
    pub fn create_network(ctx: Context<CreateNetwork>, params: NetworkParams) -> Result<()> {
        instructions::create_network(ctx, params)
    }

    /// Adds an oracle; see [`instructions::add_oracle`].
    pub fn add_oracle(ctx: Context<AddOracle>, oracle: Pubkey) -> Result<()> {
        instructions::add_oracle(ctx, oracle)
    }

    /// Removes an oracle; see [`instructions::remove_oracle`].
    pub fn remove_oracle(ctx: Context<RemoveOracle>, oracle: Pubkey, at_once: bool) -> Result<()> {
        instructions::remove_oracle(ctx, oracle, at_once)
    }

    /// Opens the next shard; see [`instructions::open_shard`].
    pub fn open_shard(ctx: Context<OpenShard>) -> Result<()> {
        instructions::open_shard(ctx)
    }

    /// Opens an oracle's report of a shard; see [`instructions::open_report`].
    pub fn open_report(ctx: Context<OpenReport>, oracle: Pubkey) -> Result<()> {
        instructions::open_report(ctx, oracle)
    }

    /// Registers a device; see [`instructions::register_node`].
    pub fn register_node(ctx: Context<RegisterNode>, owner: Pubkey) -> Result<()> {
        instructions::register_node(ctx, owner)
    }

    /// Scores a shard for an epoch; see [`instructions::score_shard`].
    pub fn score_shard(ctx: Context<ScoreShard>, epoch: u32) -> Result<()> {
        instructions::score_shard(ctx, epoch)
    }

    /// Closes every epoch that can be closed; see [`instructions::close_epoch`].
    pub fn close_epoch(ctx: Context<CloseEpoch>) -> Result<()> {
        instructions::close_epoch(ctx)
    }

    /// Turns a shard's scores into atoms; see [`instructions::settle_shard`].
    pub fn settle_shard(ctx: Context<SettleShard>) -> Result<()> {
        instructions::settle_shard(ctx)
    }

    /// Mints what an owner's slots have accrued; see [`instructions::claim`].
    pub fn claim(ctx: Context<Claim>, slots: Vec<u8>) -> Result<()> {
        instructions::claim(ctx, &slots)
    }
}
