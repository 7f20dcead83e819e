//! What the program tells the outside: one event for every change of state, with what was before where something was.
//!
//! `policy_from_epoch` names the policy that was used, by the first epoch that it holds for.

mod epoch;
mod network;
mod node;
mod oracle;
mod report;
mod shard;

pub use {epoch::*, network::*, node::*, oracle::*, report::*, shard::*};

use crate::{check::OrRefuse, error::StipendError};
use anchor_lang::{prelude::*, solana_program::log::sol_log_data};

/// Bytes of the longest event: [`PolicyUpdated`], with a registrar in both policies.
const LONGEST: usize = 240;

/// Logs an event as Anchor's clients expect it, from the stack: the heap holds about a hundred events, and is never freed.
///
/// Errors: [`StipendError::InvariantBroken`] if it is longer than the longest.
pub fn log<T: AnchorSerialize + Discriminator>(event: &T) -> Result<()> {
    let mut line = Line::new(T::DISCRIMINATOR);
    event.serialize(&mut line).ok().or_refuse(StipendError::InvariantBroken)?;
    line.log()
}

/// An event's bytes. What is written is copied out of line, so that an event costs the program a call for each field.
struct Line {
    bytes: [u8; LONGEST],
    len: usize,
}

impl Line {
    #[inline(never)]
    fn new(discriminator: &[u8]) -> Self {
        let mut line = Self { bytes: [0; LONGEST], len: 0 };
        line.put(discriminator);
        line
    }

    /// Past the end nothing is written, which [`Self::log`] finds.
    #[inline(never)]
    fn put(&mut self, bytes: &[u8]) {
        let end = self.len.saturating_add(bytes.len());
        if let Some(place) = self.bytes.get_mut(self.len..end) {
            place.copy_from_slice(bytes);
        }
        self.len = end;
    }

    #[inline(never)]
    fn log(&self) -> Result<()> {
        sol_log_data(&[self.bytes.get(..self.len).or_refuse(StipendError::InvariantBroken)?]);
        Ok(())
    }
}

impl std::io::Write for Line {
    #[inline(always)]
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.put(bytes);
        Ok(bytes.len())
    }

    #[inline(always)]
    fn write_all(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.put(bytes);
        Ok(())
    }

    #[inline(always)]
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{EmissionParams, PolicyParams};

    #[test]
    fn the_longest_event_fits() {
        let registrar = Some(Pubkey::new_from_array([1; 32]));
        let policy = PolicyParams { registrar, ..PolicyParams::default() };
        let event = PolicyUpdated {
            network: Pubkey::default(),
            from_epoch: 0,
            old_policy: policy,
            old_emission: EmissionParams::default(),
            new_policy: policy,
            new_emission: EmissionParams::default(),
        };

        assert!(anchor_lang::Event::data(&event).len() <= LONGEST);
        assert!(log(&event).is_ok());
    }
}
