//! Which instruction the data names, and its arguments.
//!
//! Anchor's own dispatch builds and checks accounts in generated code, which was three quarters of the program and a quarter of
//! a claim; here each instruction checks its accounts itself (see [`account`](mod@crate::account)).

use crate::{
    args::{arg, bytes},
    check::refuse_anchor,
    instruction as declared, instructions,
    state::{EmissionParams, PolicyParams},
};
use anchor_lang::{prelude::*, Discriminator};

/// Runs the instruction that the data names; `submit_report` has its own way in.
///
/// Errors: Anchor's `InstructionFallbackNotFound`, `InstructionDidNotDeserialize`, and those of the instruction.
#[inline(never)]
pub fn dispatch(accounts: &[AccountInfo], data: &[u8]) -> Result<()> {
    let Some((tag, mut rest)) = data.split_first_chunk::<8>() else {
        return Err(refuse_anchor(ErrorCode::InstructionFallbackNotFound));
    };
    let args = &mut rest;
    match &tag[..] {
        declared::CreateNetwork::DISCRIMINATOR => instructions::create_network(accounts, &arg(args)?),
        declared::CloseNetwork::DISCRIMINATOR => instructions::close_network(accounts),
        declared::ProposeAuthority::DISCRIMINATOR => instructions::propose_authority(accounts, arg(args)?),
        declared::AcceptAuthority::DISCRIMINATOR => instructions::accept_authority(accounts),
        declared::SetGuardian::DISCRIMINATOR => instructions::set_guardian(accounts, arg(args)?),
        declared::Pause::DISCRIMINATOR => instructions::pause(accounts),
        declared::Resume::DISCRIMINATOR => instructions::resume(accounts),
        declared::UpdatePolicy::DISCRIMINATOR => {
            let (from_epoch, params, emission): (u32, PolicyParams, Option<EmissionParams>) =
                (arg(args)?, arg(args)?, arg(args)?);
            instructions::update_policy(accounts, from_epoch, &params, emission.as_ref())
        }
        declared::AddOracle::DISCRIMINATOR => instructions::add_oracle(accounts, arg(args)?),
        declared::RemoveOracle::DISCRIMINATOR => instructions::remove_oracle(accounts, arg(args)?, arg(args)?),
        declared::ProveEquivocation::DISCRIMINATOR => instructions::prove_equivocation(accounts, arg(args)?),
        declared::WithdrawBond::DISCRIMINATOR => instructions::withdraw_bond(accounts, arg(args)?),
        declared::OpenShard::DISCRIMINATOR => instructions::open_shard(accounts),
        declared::ShrinkShard::DISCRIMINATOR => instructions::shrink_shard(accounts),
        declared::CloseShard::DISCRIMINATOR => instructions::close_shard(accounts),
        declared::OpenReport::DISCRIMINATOR => instructions::open_report(accounts, arg(args)?),
        declared::CloseReport::DISCRIMINATOR => instructions::close_report(accounts),
        declared::RegisterNode::DISCRIMINATOR => instructions::register_node(accounts, arg(args)?, arg(args)?),
        declared::TransferNode::DISCRIMINATOR => instructions::transfer_node(accounts, arg(args)?),
        declared::SetBoost::DISCRIMINATOR => instructions::set_boost(accounts, arg(args)?),
        declared::RetireNode::DISCRIMINATOR => instructions::retire_node(accounts, arg(args)?),
        declared::CloseNode::DISCRIMINATOR => instructions::close_node(accounts),
        declared::CommitEvidence::DISCRIMINATOR => {
            instructions::commit_evidence(accounts, arg(args)?, arg(args)?, arg(args)?, arg(args)?)
        }
        declared::ScoreShard::DISCRIMINATOR => instructions::score_shard(accounts, arg(args)?),
        declared::JudgeShard::DISCRIMINATOR => instructions::judge_shard(accounts, arg(args)?),
        declared::CloseEpoch::DISCRIMINATOR => instructions::close_epoch(accounts),
        declared::SettleShard::DISCRIMINATOR => instructions::settle_shard(accounts),
        declared::Claim::DISCRIMINATOR => instructions::claim(accounts, bytes(args)?),
        _ => Err(refuse_anchor(ErrorCode::InstructionFallbackNotFound)),
    }
}
