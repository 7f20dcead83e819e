use super::{ReportArgs, SUBMIT_REPORT_DISCRIMINATOR};
use crate::{
    account::{borrow, check, check_address, check_payer, check_writable, open, read, take, write},
    check::OrRefuse,
    constants::*,
    ensure,
    error::StipendError,
    event::{self, OracleSuspended},
    math::checked_share,
    rent,
    signature::{self, INSTRUCTIONS_SYSVAR_ID},
    state::*,
};
use anchor_lang::prelude::*;

/// Accounts of [`prove_equivocation`].
#[derive(Accounts)]
pub struct ProveEquivocation<'info> {
    /// Who proves it, and gets a part of the bond.
    #[account(mut)]
    pub prover: Signer<'info>,
    /// The network, which holds the bond.
    #[account(mut)]
    pub network: AccountLoader<'info, Network>,
    /// The [`Shard`] of the report.
    pub shard: AccountLoader<'info, Shard>,
    /// The [`Report`] that both statements name.
    pub report: AccountLoader<'info, Report>,
    /// CHECK: where the rest of the bond is burnt, by its address.
    #[account(mut, address = INCINERATOR_ID @ StipendError::IncineratorMismatch)]
    pub incinerator: UncheckedAccount<'info>,
    /// CHECK: the instructions sysvar, by its address.
    #[account(address = INSTRUCTIONS_SYSVAR_ID)]
    pub instructions: UncheckedAccount<'info>,
}

/// Suspends an oracle that signed two different values for the same network, shard, epoch and slot.
///
/// - `is_recorded`: false if the two ed25519 instructions directly before this one are the two statements; true if the one
///   directly before it contradicts what the report's account holds, which the oracle signed when it was taken. Two long
///   batches don't fit one transaction; one of up to 113 nodes and the record do, and with a lookup table for the accounts
///   any that can be relayed.
///
/// A statement is the data of a `submit_report`, and its ed25519 instruction holds it itself.
///
/// Who: anybody. What changes: the oracle measures no more, from the open epoch on, which voids its reports of shards that
/// are not scored; its bond is gone, half of it to whoever proved it and the rest burnt, so that nobody gains by being
/// caught by a friend.
/// Errors: [`StipendError::StatementMalformed`], [`StipendError::NotEquivocation`], [`StipendError::Ed25519KeyMismatch`],
/// [`StipendError::DomainMismatch`], [`StipendError::ReportMismatch`], [`StipendError::ReportShardMismatch`],
/// [`StipendError::ShardNetworkMismatch`], [`StipendError::IncineratorMismatch`], those of [`signature::statement`] and
/// [`OracleSet::suspend`].
pub fn prove_equivocation(accounts: &[AccountInfo], is_recorded: bool) -> Result<()> {
    let [prover, network_info, shard_info, report_info, incinerator, instructions] = take(accounts)?;
    check_payer(prover)?;
    check::<Network>(network_info)?;
    check::<Shard>(shard_info)?;
    check::<Report>(report_info)?;
    check_writable(incinerator)?;
    check_address(incinerator, &INCINERATOR_ID, StipendError::IncineratorMismatch)?;
    check_address(instructions, &INSTRUCTIONS_SYSVAR_ID, StipendError::InstructionsMismatch)?;
    let mut suspended = {
        let mut network = write::<Network>(network_info)?;
        let network_of_shard = read::<Shard>(shard_info)?.network;
        check_address(network_info, &network_of_shard, StipendError::ShardNetworkMismatch)?;
        let report_data = open(report_info)?;
        let (report, entries) = Report::split(&report_data)?;
        check_address(shard_info, &report.shard, StipendError::ReportShardMismatch)?;

        let sysvar = borrow(instructions)?;
        let one = statement(&sysvar, 1, &network, report_info.key, &report.oracle)?;
        let other = if is_recorded {
            let measurements = bytemuck::cast_slice(entries);
            Batch { epoch: report.epoch, total: report.total, first_slot: 0, measurements }
        } else {
            statement(&sysvar, 2, &network, report_info.key, &report.oracle)?
        };
        ensure!(one.epoch == other.epoch, StipendError::NotEquivocation);
        let (slot, first, second) = contradiction(&one, &other).or_refuse(StipendError::NotEquivocation)?;

        let open_epoch = network.open_epoch;
        let bond_lamports = network.oracles.suspend(&report.oracle, open_epoch)?;
        network.invariant()?;
        OracleSuspended {
            network: *network_info.key,
            oracle: report.oracle,
            shard: report.shard,
            epoch: one.epoch,
            slot,
            one: bytemuck::cast(first),
            other: bytemuck::cast(second),
            prover: *prover.key,
            reward_lamports: 0,
            burnt_lamports: bond_lamports,
        }
    };
    // Floor: the prover loses the fraction, which is burnt.
    let share_lamports = checked_share(suspended.burnt_lamports, PROVER_SHARE_BPS);
    suspended.reward_lamports = share_lamports.or_refuse(StipendError::ArithmeticOverflow)?;
    suspended.burnt_lamports =
        suspended.burnt_lamports.checked_sub(suspended.reward_lamports).or_refuse(StipendError::ArithmeticOverflow)?;
    rent::pay_out(network_info, prover, suspended.reward_lamports)?;
    rent::pay_out(network_info, incinerator, suspended.burnt_lamports)?;
    event::log(&suspended)
}

/// The batch that `oracle` signed for this report, in the ed25519 instruction `back` instructions before this one.
fn statement<'a>(
    sysvar: &'a [u8],
    back: u16,
    network: &Network,
    report: &Pubkey,
    oracle: &Pubkey,
) -> Result<Batch<'a>> {
    let (key, message) = signature::statement(sysvar, back)?;
    ensure!(key == oracle, StipendError::Ed25519KeyMismatch);
    let args = message.strip_prefix(&SUBMIT_REPORT_DISCRIMINATOR).and_then(ReportArgs::parse);
    let args = args.or_refuse(StipendError::StatementMalformed)?;
    ensure!(args.report == report, StipendError::ReportMismatch);
    ensure!(*args.domain == network.domain, StipendError::DomainMismatch);
    Ok(args.batch)
}
