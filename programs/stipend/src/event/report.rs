//! Reports are opened, filled, bound to evidence, closed.

use anchor_lang::prelude::*;

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
