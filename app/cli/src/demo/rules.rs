//! The rules of the demonstration's network.

use stipend_client::program::instructions::NetworkParams;

/// The mint's decimals.
pub const DECIMALS: u8 = 9;
/// Empty epochs in a row whose emission is carried.
const CARRY_EPOCHS: u16 = 8;
/// Scoring windows, in epochs.
const SCORE_EPOCHS: u32 = 7;

/// What the command line chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Unix seconds at which epoch 0 begins.
    pub genesis: i64,
    pub epoch_secs: u32,
    pub emission_atoms: u64,
    pub uptime_weight_bps: u16,
    pub bandwidth_cap: u32,
    pub min_uptime_bps: u16,
    pub quorum: u8,
    pub shard_capacity: u16,
    /// Oracles sign off chain and somebody else relays.
    pub is_relayed: bool,
}

impl Rules {
    /// The parameters of `create_network`, which checks them all: nothing is refused here.
    pub fn to_params(self) -> NetworkParams {
        NetworkParams {
            id: 0,
            genesis: self.genesis,
            epoch_secs: self.epoch_secs,
            report_secs: (self.epoch_secs / 2).max(1),
            score_secs: self.epoch_secs.saturating_mul(SCORE_EPOCHS),
            uptime_weight_bps: self.uptime_weight_bps,
            min_uptime_bps: self.min_uptime_bps,
            bandwidth_cap: self.bandwidth_cap,
            per_epoch_atoms: self.emission_atoms,
            // All that a mint can hold: no emission is too large.
            cap_atoms: u64::MAX,
            decay_bps: 0,
            decay_every_epochs: 0,
            carry_epochs: CARRY_EPOCHS,
            quorum: self.quorum,
            shard_capacity: self.shard_capacity,
            registrar: None,
            bond_lamports: 0,
        }
    }
}
