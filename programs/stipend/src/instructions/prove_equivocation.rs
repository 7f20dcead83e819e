use crate::{
    constants::*,
    deposit,
    error::StipendError,
    event::OracleSuspended,
    instruction::SubmitReport,
    math::checked_share,
    signature::{self, INSTRUCTIONS_SYSVAR_ID},
    state::*,
};
use anchor_lang::{prelude::*, Discriminator};

/// Accounts of [`prove_equivocation`].
#[derive(Accounts)]
pub struct ProveEquivocation<'info> {
    /// Who proves it, and gets a part of the bond.
    #[account(mut)]
    pub prover: Signer<'info>,
    /// The network, which holds the bond.
    #[account(mut)]
    pub network: AccountLoader<'info, Network>,
    /// The report that both statements name.
    #[account(has_one = network @ StipendError::ReportNetworkMismatch)]
    pub report: AccountLoader<'info, Report>,
    /// CHECK: where the rest of the bond is burnt, by its address.
    #[account(mut, address = INCINERATOR_ID)]
    pub incinerator: UncheckedAccount<'info>,
    /// CHECK: the instructions sysvar, by its address.
    #[account(address = INSTRUCTIONS_SYSVAR_ID)]
    pub instructions: UncheckedAccount<'info>,
}

/// Suspends an oracle that signed two different values for the same network, shard, epoch, slot and field.
///
/// - `is_recorded`: false if the two ed25519 instructions directly before this one are the two statements; true if the one
///   directly before it contradicts what the report's account holds, which the oracle signed when it was taken.
///
/// A statement is the data of a `submit_report`, and its ed25519 instruction holds it itself. Reports that an oracle sent in
/// transactions that it signed as such are no statements; they can be proven against as long as the account holds them.
///
/// Who: anybody. What changes: the oracle measures no more, from the open epoch on, which voids its reports of shards that
/// are not scored; its bond is gone, half of it to whoever proved it and the rest burnt, so that nobody gains by being
/// caught by a friend.
/// Errors: [`StipendError::ReportNetworkMismatch`], [`StipendError::StatementMalformed`],
/// [`StipendError::NotEquivocation`], [`StipendError::Ed25519KeyMismatch`], [`StipendError::DomainMismatch`],
/// [`StipendError::ReportMismatch`], those of [`signature::statement`] and [`OracleSet::suspend`].
pub fn prove_equivocation(ctx: Context<ProveEquivocation>, is_recorded: bool) -> Result<()> {
    let accounts = ctx.accounts;
    let suspended = {
        let mut network = accounts.network.load_mut()?;
        let report_data = accounts.report.as_ref().try_borrow_data()?;
        let (report, entries) = Report::split(&report_data)?;
        let one = accounts.statement(1, &network, report)?;
        let other = if is_recorded { None } else { Some(accounts.statement(2, &network, report)?) };
        let record = Batch {
            epoch: report.epoch,
            total: report.total,
            first_slot: 0,
            measurements: bytemuck::cast_slice(entries),
        };
        let (one, other) = (batch(&one), other.as_ref().map_or(record, batch));
        require_eq!(one.epoch, other.epoch, StipendError::NotEquivocation);
        let (slot, first, second) = contradiction(&one, &other).ok_or(StipendError::NotEquivocation)?;

        let open_epoch = network.open_epoch;
        let bond_lamports = network.oracles.suspend(&report.oracle, open_epoch)?;
        network.invariant()?;
        // Floor: the prover loses the fraction, which is burnt.
        let reward_lamports = checked_share(bond_lamports, PROVER_SHARE_BPS).ok_or(StipendError::ArithmeticOverflow)?;
        OracleSuspended {
            network: accounts.network.key(),
            oracle: report.oracle,
            shard: report.shard,
            epoch: one.epoch,
            slot,
            one: bytemuck::cast(first),
            other: bytemuck::cast(second),
            prover: accounts.prover.key(),
            reward_lamports,
            burnt_lamports: bond_lamports.checked_sub(reward_lamports).ok_or(StipendError::ArithmeticOverflow)?,
        }
    };
    deposit::move_lamports(accounts.network.as_ref(), &accounts.incinerator, suspended.burnt_lamports)?;
    deposit::pay_back(accounts.network.as_ref(), &accounts.prover, suspended.reward_lamports)?;
    emit!(suspended);
    Ok(())
}

impl ProveEquivocation<'_> {
    /// What the report's oracle signed for it, in the ed25519 instruction `back` instructions before this one.
    fn statement(&self, back: u16, network: &Network, report: &Report) -> Result<SubmitReport> {
        let sysvar = self.instructions.try_borrow_data()?;
        let (key, message) = signature::statement(&sysvar, back)?;
        require_keys_eq!(*key, report.oracle, StipendError::Ed25519KeyMismatch);
        // As Anchor reads them when the report is submitted: what stands behind the arguments saves nobody.
        let args = message.strip_prefix(SubmitReport::DISCRIMINATOR);
        let args = args.and_then(|mut args| SubmitReport::deserialize(&mut args).ok());
        let args = args.ok_or(StipendError::StatementMalformed)?;
        require_keys_eq!(args.report, self.report.key(), StipendError::ReportMismatch);
        require!(args.domain == network.domain, StipendError::DomainMismatch);
        Ok(args)
    }
}

/// The batch that a statement holds.
fn batch(args: &SubmitReport) -> Batch<'_> {
    Batch { epoch: args.epoch, total: args.total, first_slot: args.first_slot, measurements: &args.measurements.0 }
}
