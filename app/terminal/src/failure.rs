//! What a command that did not succeed says, and with which code it exits.

use std::error::Error;
use std::fmt;
use std::process::ExitCode;

use stipend_client::ledger::LedgerError;
use stipend_client::reader::ReadError;

/// Why a command did not succeed, as scripts see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitKind {
    /// Stipend is at fault.
    Bug = 1,
    /// An argument, or a file that an argument names, is at fault. So does `clap` exit.
    Usage = 2,
    /// The cluster can't be reached, or does not answer as a cluster does.
    Cluster = 3,
    /// The program refused an instruction, or a verification what the accounts say.
    Refused = 4,
}

impl From<ExitKind> for ExitCode {
    fn from(kind: ExitKind) -> Self {
        Self::from(kind as u8)
    }
}

/// A command that did not succeed: what it failed to do, and why.
#[derive(Debug)]
pub struct Failure {
    exit_kind: ExitKind,
    doing: String,
    cause: Box<dyn Error + Send + Sync>,
}

impl Failure {
    /// - `doing`: what reads well after "failed to".
    pub fn new(exit_kind: ExitKind, doing: impl Into<String>, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { exit_kind, doing: doing.into(), cause: cause.into() }
    }

    /// A failure that the user can mend: an argument or a file.
    pub fn usage(doing: impl Into<String>, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(ExitKind::Usage, doing, cause)
    }

    /// A step that a ledger stopped.
    pub fn settling(doing: impl Into<String>, cause: impl Into<ReadError>) -> Self {
        let cause = cause.into();
        let exit_kind = match &cause {
            ReadError::Ledger(LedgerError::Refused { .. }) => ExitKind::Refused,
            ReadError::Ledger(
                LedgerError::NotExecuted { .. }
                | LedgerError::NoFunds { .. }
                | LedgerError::Stale { .. }
                | LedgerError::Unreachable { .. }
                | LedgerError::Unknown { .. },
            ) => ExitKind::Cluster,
            ReadError::DeviceUnknown { .. } => ExitKind::Usage,
            ReadError::Missing { .. } | ReadError::Decode { .. } => ExitKind::Cluster,
            ReadError::Ledger(LedgerError::Signing(_) | LedgerError::TooLong { .. }) => ExitKind::Bug,
        };
        Self::new(exit_kind, doing, cause)
    }

    /// As scripts see it.
    pub fn exit_kind(&self) -> ExitKind {
        self.exit_kind
    }
}

/// One line: what failed, and the whole chain of causes.
impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "failed to {}: {}", self.doing, self.cause)?;
        let mut cause = self.cause.source();
        while let Some(deeper) = cause {
            write!(formatter, ": {deeper}")?;
            cause = deeper.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("`a` can't be opened")]
    struct Opening(#[from] std::io::Error);

    #[test]
    fn a_failure_is_one_line_with_all_its_causes() {
        let cause = Opening(std::io::Error::other("no disk"));

        let failure = Failure::usage("read the key", cause);

        assert_eq!(failure.to_string(), "failed to read the key: `a` can't be opened: no disk");
        assert_eq!(failure.exit_kind(), ExitKind::Usage);
    }

    #[test]
    fn what_the_program_refused_is_told_from_a_cluster_that_fails() {
        let refused = LedgerError::Refused { index: 0, code: Some(6_000), reason: "no".to_owned() };
        let not_executed = LedgerError::NotExecuted { reason: "no".to_owned() };

        let refused = Failure::settling("claim", refused);

        assert_eq!(refused.to_string(), "failed to claim: instruction 0 was refused: no");
        assert_eq!(refused.exit_kind(), ExitKind::Refused);
        assert_eq!(Failure::settling("claim", not_executed).exit_kind(), ExitKind::Cluster);
        assert_eq!(
            Failure::settling("claim", LedgerError::TooLong { bytes: 1_233, most: 1_232 }).exit_kind(),
            ExitKind::Bug
        );
    }
}
