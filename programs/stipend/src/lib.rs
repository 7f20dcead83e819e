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

pub mod constants;
pub mod deposit;
pub mod error;
pub mod event;
pub mod instructions;
pub mod math;
pub mod mint;
#[cfg(all(target_os = "solana", not(feature = "no-entrypoint")))]
mod security;
pub mod signature;
pub mod state;

use anchor_lang::prelude::*;
use instructions::*;
use state::{EmissionParams, EntryBytes, PolicyParams};

#[cfg(target_arch = "bpf")]
use solana_compiler_builtins as _;

declare_id!("jjnoHYzRtgyBjRKzaLM6Ur3zPgbsJk7Q5ncg2CUgHJ4");

/// The instructions: each one's own file says what it does.
#[program]
pub mod stipend {
    use super::*;

    /// Takes a batch of an oracle's measurements; see [`instructions::submit_report`].
    ///
    /// - `domain`, `report`: what the oracle signed for: this network on this cluster, this shard, itself.
    /// - `total`: slots that the oracle measured in this shard and epoch, the same in each of its batches.
    /// - `first_slot`, `measurements`: of consecutive slots, end to end, 6 bytes each: bandwidth u32, uptime u16.
    pub fn submit_report(
        ctx: Context<SubmitReport>,
        domain: [u8; 8],
        report: Pubkey,
        epoch: u32,
        total: u16,
        first_slot: u16,
        measurements: EntryBytes,
    ) -> Result<()> {
        instructions::submit_report(ctx, domain, report, epoch, total, first_slot, &measurements.0)
    }

    /// Creates a network; see [`instructions::create_network`].
    pub fn create_network(ctx: Context<CreateNetwork>, params: NetworkParams) -> Result<()> {
        instructions::create_network(ctx, params)
    }

    /// Closes a network; see [`instructions::close_network`].
    pub fn close_network(ctx: Context<CloseNetwork>) -> Result<()> {
        instructions::close_network(ctx)
    }

    /// Names who may become the authority; see [`instructions::propose_authority`].
    pub fn propose_authority(ctx: Context<GovernByAuthority>, new_pending: Pubkey) -> Result<()> {
        instructions::propose_authority(ctx, new_pending)
    }

    /// Becomes the authority; see [`instructions::accept_authority`].
    pub fn accept_authority(ctx: Context<Govern>) -> Result<()> {
        instructions::accept_authority(ctx)
    }

    /// Names who may pause; see [`instructions::set_guardian`].
    pub fn set_guardian(ctx: Context<GovernByAuthority>, new_guardian: Pubkey) -> Result<()> {
        instructions::set_guardian(ctx, new_guardian)
    }

    /// Stops reports, scoring and claims; see [`instructions::pause`].
    pub fn pause(ctx: Context<Govern>) -> Result<()> {
        instructions::pause(ctx)
    }

    /// Lets reports, scoring and claims go on; see [`instructions::resume`].
    pub fn resume(ctx: Context<GovernByAuthority>) -> Result<()> {
        instructions::resume(ctx)
    }

    /// Changes the rules from an epoch on; see [`instructions::update_policy`].
    pub fn update_policy(
        ctx: Context<GovernByAuthority>,
        from_epoch: u32,
        params: PolicyParams,
        emission: Option<EmissionParams>,
    ) -> Result<()> {
        instructions::update_policy(ctx, from_epoch, params, emission)
    }

    /// Adds an oracle; see [`instructions::add_oracle`].
    pub fn add_oracle(ctx: Context<AddOracle>, oracle: Pubkey) -> Result<()> {
        instructions::add_oracle(ctx, oracle)
    }

    /// Removes an oracle; see [`instructions::remove_oracle`].
    pub fn remove_oracle(ctx: Context<GovernByAuthority>, oracle: Pubkey, at_once: bool) -> Result<()> {
        instructions::remove_oracle(ctx, oracle, at_once)
    }

    /// Suspends an oracle that signed two values for one slot; see [`instructions::prove_equivocation`].
    pub fn prove_equivocation(ctx: Context<ProveEquivocation>, is_recorded: bool) -> Result<()> {
        instructions::prove_equivocation(ctx, is_recorded)
    }

    /// Pays a removed oracle's bond back; see [`instructions::withdraw_bond`].
    pub fn withdraw_bond(ctx: Context<WithdrawBond>, oracle: Pubkey) -> Result<()> {
        instructions::withdraw_bond(ctx, oracle)
    }

    /// Opens the next shard; see [`instructions::open_shard`].
    pub fn open_shard(ctx: Context<OpenShard>, index: u32) -> Result<()> {
        instructions::open_shard(ctx, index)
    }

    /// Takes vacant slots off a shard's end; see [`instructions::shrink_shard`].
    pub fn shrink_shard<'info>(ctx: Context<'info, ShrinkShard<'info>>) -> Result<()> {
        instructions::shrink_shard(ctx)
    }

    /// Closes the last shard, which is empty; see [`instructions::close_shard`].
    pub fn close_shard(ctx: Context<CloseShard>) -> Result<()> {
        instructions::close_shard(ctx)
    }

    /// Opens an oracle's report of a shard; see [`instructions::open_report`].
    pub fn open_report(ctx: Context<OpenReport>, oracle: Pubkey) -> Result<()> {
        instructions::open_report(ctx, oracle)
    }

    /// Closes a report that nobody needs; see [`instructions::close_report`].
    pub fn close_report(ctx: Context<CloseReport>) -> Result<()> {
        instructions::close_report(ctx)
    }

    /// Opens a directory; see [`instructions::open_directory`].
    pub fn open_directory(ctx: Context<OpenDirectory>, first_byte: u8) -> Result<()> {
        instructions::open_directory(ctx, first_byte)
    }

    /// Closes a directory without a device; see [`instructions::close_directory`].
    pub fn close_directory(ctx: Context<CloseDirectory>) -> Result<()> {
        instructions::close_directory(ctx)
    }

    /// Registers a device; see [`instructions::register_node`].
    pub fn register_node(ctx: Context<RegisterNode>, vacant: Option<u16>) -> Result<()> {
        instructions::register_node(ctx, vacant)
    }

    /// Gives a node another owner; see [`instructions::transfer_node`].
    pub fn transfer_node(ctx: Context<TransferNode>, device: Pubkey) -> Result<()> {
        instructions::transfer_node(ctx, device)
    }

    /// Gives a node another boost from the next epoch on; see [`instructions::set_boost`].
    pub fn set_boost(ctx: Context<ActOnNode>, device: Pubkey, boost_bps: u16) -> Result<()> {
        instructions::set_boost(ctx, device, boost_bps)
    }

    /// Ends a node's time; see [`instructions::retire_node`].
    pub fn retire_node(ctx: Context<ActOnNode>, device: Pubkey, reason: [u8; 32]) -> Result<()> {
        instructions::retire_node(ctx, device, reason)
    }

    /// Pays a retired node's bond and rent back; see [`instructions::close_node`].
    pub fn close_node(ctx: Context<CloseNode>, device: Pubkey) -> Result<()> {
        instructions::close_node(ctx, device)
    }

    /// Binds an oracle to its raw data; see [`instructions::commit_evidence`].
    pub fn commit_evidence(
        ctx: Context<CommitEvidence>,
        domain: [u8; 8],
        report: Pubkey,
        epoch: u32,
        evidence: [u8; 32],
    ) -> Result<()> {
        instructions::commit_evidence(ctx, domain, report, epoch, evidence)
    }

    /// Scores a shard for an epoch; see [`instructions::score_shard`].
    pub fn score_shard<'info>(ctx: Context<'info, ScoreShard<'info>>, epoch: u32) -> Result<()> {
        instructions::score_shard(ctx, epoch)
    }

    /// Compares a shard's reports with its medians, for the oracles' records; see [`instructions::judge_shard`].
    pub fn judge_shard<'info>(ctx: Context<'info, JudgeShard<'info>>, epoch: u32) -> Result<()> {
        instructions::judge_shard(ctx, epoch)
    }

    /// Closes every epoch that can be closed; see [`instructions::close_epoch`].
    pub fn close_epoch(ctx: Context<CloseEpoch>) -> Result<()> {
        instructions::close_epoch(ctx)
    }

    /// Takes a slot's score away before it becomes atoms; see [`instructions::void_score`].
    pub fn void_score(ctx: Context<VoidScore>, slot: u16, reason: [u8; 32]) -> Result<()> {
        instructions::void_score(ctx, slot, reason)
    }

    /// Turns a shard's scores into atoms; see [`instructions::settle_shard`].
    pub fn settle_shard(ctx: Context<SettleShard>) -> Result<()> {
        instructions::settle_shard(ctx)
    }

    /// Mints what an owner's slots have accrued; see [`instructions::claim`].
    pub fn claim(ctx: Context<Claim>, slots: Vec<u16>) -> Result<()> {
        instructions::claim(ctx, slots)
    }

    /// Mints what a split's slots have accrued to its recipients; see [`instructions::claim_split`].
    pub fn claim_split<'info>(ctx: Context<'info, ClaimSplit<'info>>, slots: Vec<u16>, bumps: Vec<u8>) -> Result<()> {
        instructions::claim_split(ctx, slots, bumps)
    }

    /// Creates a split; see [`instructions::create_split`].
    pub fn create_split(
        ctx: Context<CreateSplit>,
        id: u16,
        authority: Option<Pubkey>,
        shares_bps: Vec<u16>,
    ) -> Result<()> {
        instructions::create_split(ctx, id, authority, shares_bps)
    }

    /// Changes a split; see [`instructions::update_split`].
    pub fn update_split(ctx: Context<UpdateSplit>, new_authority: Option<Pubkey>, shares_bps: Vec<u16>) -> Result<()> {
        instructions::update_split(ctx, new_authority, shares_bps)
    }

    /// Closes a split that owns no node; see [`instructions::close_split`].
    pub fn close_split(ctx: Context<CloseSplit>) -> Result<()> {
        instructions::close_split(ctx)
    }
}
