//! Reports are opened, filled, bound to evidence, closed.

use anchor_lang::{prelude::*, solana_program::log::sol_log_data};

/// An oracle can report a shard.
#[event]
pub struct ReportOpened {
    /// The shard.
    pub shard: Pubkey,
    /// The oracle's key.
    pub oracle: Pubkey,
    /// The report's account.
    pub report: Pubkey,
    /// Who paid its rent.
    pub payer: Pubkey,
}

/// A report is gone, and its rent is paid back.
#[event]
pub struct ReportClosed {
    /// The shard.
    pub shard: Pubkey,
    /// The oracle's key.
    pub oracle: Pubkey,
    /// The report's account.
    pub report: Pubkey,
}

/// A batch of an oracle's measurements was taken.
#[event]
pub struct ReportReceived {
    /// The report's account.
    pub report: Pubkey,
    /// The epoch that was measured.
    pub epoch: u32,
    /// Names the policy.
    pub policy_from_epoch: u32,
    /// Slots received before.
    pub old_received: u16,
    /// Slots received now.
    pub new_received: u16,
    /// Slots that the oracle measured.
    pub total: u16,
}

impl ReportReceived {
    /// The start of the SHA-256 of "event:ReportReceived".
    const TAG: [u8; 8] = [223, 86, 83, 43, 182, 185, 248, 24];
    /// Of the discriminator and what Borsh makes of the event.
    const BYTES: usize = 54;

    /// As [`log`], for the event that comes a thousand times as often as all others: without the general way's cost.
    #[inline(always)]
    pub fn log(&self) {
        if let Some(bytes) = bytemuck::bytes_of(&self.words()).get(..Self::BYTES) {
            sol_log_data(&[bytes]);
        }
    }

    /// The bytes, in words that the VM stores in one step, and two bytes more.
    #[inline(always)]
    fn words(&self) -> [u64; 7] {
        let [a, b, c, d]: [u64; 4] = bytemuck::pod_read_unaligned(self.report.as_ref());
        let epochs = u64::from(self.epoch) | u64::from(self.policy_from_epoch) << 32;
        let counts = u64::from(self.old_received) | u64::from(self.new_received) << 16 | u64::from(self.total) << 32;
        [u64::from_le_bytes(Self::TAG), a, b, c, d, epochs, counts]
    }
}

/// An oracle bound itself to its raw data.
#[event]
pub struct EvidenceCommitted {
    /// The report's account.
    pub report: Pubkey,
    /// The epoch that was measured.
    pub epoch: u32,
    /// Hash of the raw data.
    pub evidence: [u8; 32],
    /// Names the policy whose report window was open.
    pub policy_from_epoch: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_logged_as_borsh_writes_it() {
        let event = ReportReceived {
            report: Pubkey::new_from_array([7; 32]),
            epoch: 0x0102_0304,
            policy_from_epoch: 0x0506_0708,
            old_received: 0x090a,
            new_received: 0x0b0c,
            total: 0x0d0e,
        };

        assert_eq!(bytemuck::bytes_of(&event.words())[..54], anchor_lang::Event::data(&event));
    }
}
