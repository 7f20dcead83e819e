//! What `stipend-migrate` does, on any ledger.

use crate::{
    check::compare,
    error::MigrationError,
    migration::{review, run},
    plan::Plan,
};
use std::io::{self, Write};
use stipend_client::{
    ledger::{Ledger, LedgerError},
    reader::ReadError,
};

/// Why the command did not do it all, as scripts see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitKind {
    /// Stipend is at fault.
    Bug = 1,
    /// An argument or the plan is.
    Usage = 2,
    /// The cluster can't be reached, or the payer can't pay.
    Cluster = 3,
    /// A program refused, or what is there differs from the plan.
    Refused = 4,
}

/// Why the command did not do it all.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// A step can't be taken.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// Nobody said yes.
    #[error("nothing was sent; pass --yes, or answer `yes` at a terminal")]
    NoConsent,
    /// The cluster runs something else than the artifact.
    #[error("the cluster does not run the artifact; its bytes were made from other sources, or it is not deployed")]
    NotTheArtifact,
    /// The result can't be printed.
    #[error("the result can't be printed")]
    Print(#[from] io::Error),
}

impl CommandError {
    /// The exit code's meaning.
    pub fn exit_kind(&self) -> ExitKind {
        match self {
            Self::Migration(error) => exit_kind(error),
            Self::NoConsent | Self::Print(_) => ExitKind::Usage,
            Self::NotTheArtifact => ExitKind::Refused,
        }
    }
}

fn exit_kind(error: &MigrationError) -> ExitKind {
    match error {
        MigrationError::Plan(_) | MigrationError::KeyMissing { .. } | MigrationError::ProgramIdDiffers { .. } => {
            ExitKind::Usage
        }
        MigrationError::Ledger(error) | MigrationError::Read(ReadError::Ledger(error)) => match error {
            LedgerError::Refused { .. } => ExitKind::Refused,
            LedgerError::Signing(_) | LedgerError::TooLong { .. } => ExitKind::Bug,
            _ => ExitKind::Cluster,
        },
        MigrationError::Read(_)
        | MigrationError::NotEnough { .. }
        | MigrationError::BufferIncomplete { .. }
        | MigrationError::Unfinished { .. } => ExitKind::Cluster,
        MigrationError::Malformed { .. } => ExitKind::Bug,
        MigrationError::NotUpgradeable { .. }
        | MigrationError::ProgramClosed { .. }
        | MigrationError::ProgramFrozen { .. }
        | MigrationError::UpgradeAuthorityDiffers { .. }
        | MigrationError::BufferForeign { .. }
        | MigrationError::MintMissing { .. }
        | MigrationError::NotAMint { .. }
        | MigrationError::MintDecimalsDiffer { .. }
        | MigrationError::MintFreezable { .. }
        | MigrationError::MintAuthorityDiffers { .. }
        | MigrationError::FirstNetworkMissing { .. }
        | MigrationError::GenesisPast { .. }
        | MigrationError::NetworkDiffers { .. }
        | MigrationError::OracleUnplanned { .. }
        | MigrationError::OracleRemoved { .. }
        | MigrationError::OracleSuspended { .. }
        | MigrationError::ShardsNotFull { .. } => ExitKind::Refused,
    }
}

/// Shows what all steps will do and cost, asks, and takes them.
///
/// - `consent`: asked once, when there is anything to do.
pub fn migrate<L: Ledger + 'static>(
    ledger: &mut L,
    plan: &Plan,
    consent: impl FnOnce() -> io::Result<bool>,
    stdout: &mut dyn Write,
) -> Result<(), CommandError> {
    let review = review(ledger, plan)?;
    write!(stdout, "{review}")?;
    if !review.is_done() {
        if !consent()? {
            return Err(CommandError::NoConsent);
        }
        for step in run(ledger, plan)? {
            writeln!(stdout, "done: {step}")?;
        }
    }
    writeln!(stdout, "program  {}", plan.program.id.address())?;
    writeln!(stdout, "mint     {}", plan.mint.key.address())?;
    writeln!(stdout, "network  {}", plan.network_address())?;
    Ok(stdout.flush()?)
}

/// Compares the cluster's program with the plan's artifact.
pub fn check<L: Ledger>(ledger: &mut L, plan: &Plan, stdout: &mut dyn Write) -> Result<(), CommandError> {
    let comparison = compare(ledger, &plan.program.id.address(), &plan.program.artifact)?;
    write!(stdout, "{comparison}")?;
    stdout.flush()?;
    if comparison.is_same() {
        Ok(())
    } else {
        Err(CommandError::NotTheArtifact)
    }
}
