//! An earlier epoch that is not closed stands in the way of a report.

use solana_keypair::Keypair;
use stipend_client::crank::{Crank, CrankOptions, Outcome};
use stipend_client::ledger::Ledger;
use stipend_client::program::state::Network;
use stipend_client::reader::ReadError;

use super::{Ends, OracleRunner};

/// How long others have to close an epoch, in seconds.
const PATIENCE_SECS: i64 = 20;

/// What stands in the way, and who removes it.
#[derive(Debug, Default)]
pub struct Way {
    /// The epoch that is not closed, and since when it was in the way.
    blocked: Option<(u32, i64)>,
    crank: Option<Crank>,
}

impl OracleRunner {
    /// Takes the steps that keep an epoch closed to reports, unless somebody else does in time. Returns whether any was taken.
    pub(super) fn clear_way(
        &mut self,
        ledger: &mut impl Ledger,
        payer: &Keypair,
        network: &Network,
        now: i64,
    ) -> Result<bool, ReadError> {
        let way = &mut self.memory.way;
        let since = match way.blocked {
            Some((epoch, since)) if epoch == network.open_epoch => since,
            _ => now,
        };
        way.blocked = Some((network.open_epoch, since));
        if matches!(self.ends, Ends::SignOnly) || now.saturating_sub(since) < PATIENCE_SECS {
            return Ok(false);
        }
        let options = CrankOptions { all_reports: true, ..CrankOptions::default() };
        let crank = way.crank.get_or_insert_with(|| Crank::new(self.network, options));
        let step = crank.step(ledger, payer)?;
        for (task, outcome) in &step.outcomes {
            match outcome {
                Outcome::Done(_) => tracing::info!("{task}: done, since nobody else did"),
                Outcome::Outrun(error) => tracing::debug!("{task}: another one was faster: {error}"),
                Outcome::Refused(error) | Outcome::Lost(error) => tracing::warn!("{task}: {error}"),
            }
        }
        Ok(step.outcomes.iter().any(|(_, outcome)| matches!(outcome, Outcome::Done(_))))
    }
}
