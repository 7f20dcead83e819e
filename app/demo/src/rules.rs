//! The rules of the demonstration's network.

use stipend_client::program::constants::NO_BOOST_BPS;
use stipend_client::program::instructions::NetworkParams;
use stipend_client::program::state::{EmissionParams, PolicyParams, UptimeMode};

use stipend_client::rules::default_score_secs;
use stipend_client::unit::Unit;

/// Empty epochs in a row whose emission is carried.
const CARRY_EPOCHS: u16 = 8;

/// What the command line chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Unix seconds at which epoch 0 begins.
    pub genesis: i64,
    /// Length of an epoch, in seconds.
    pub epoch_secs: u32,
    /// Atoms that an epoch emits.
    pub emission_atoms: u64,
    /// Uptime's weight in a score, in basis points; bandwidth has the rest.
    pub uptime_weight_bps: u16,
    /// Bandwidth above this earns nothing more.
    pub bandwidth_cap: u32,
    /// Uptime below this scores nothing, in basis points.
    pub min_uptime_bps: u16,
    /// Oracles that must have measured a value.
    pub quorum: u8,
    /// Slots of a shard.
    pub shard_capacity: u16,
    /// What bandwidth is measured in.
    pub unit: Unit,
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
            shard_capacity: self.shard_capacity,
            unit: self.unit.to_bytes(),
            guardian: None,
            // All that a mint can hold: no emission is too large.
            cap_atoms: u64::MAX,
            policy: PolicyParams {
                report_secs: (self.epoch_secs / 2).max(1),
                score_secs: default_score_secs(self.epoch_secs),
                uptime_weight_bps: self.uptime_weight_bps,
                min_uptime_bps: self.min_uptime_bps,
                uptime_mode: UptimeMode::Multiply,
                bandwidth_cap: self.bandwidth_cap,
                min_boost_bps: NO_BOOST_BPS,
                max_boost_bps: NO_BOOST_BPS,
                tolerance_bps: 0,
                quorum: self.quorum,
                registrar: None,
                bond_lamports: 0,
                oracle_bond_lamports: 0,
                mint_limit_atoms: 0,
                max_reward_atoms: 0,
                dispute_secs: 0,
                arbiter: None,
            },
            emission: EmissionParams {
                per_epoch_atoms: self.emission_atoms,
                decay_bps: 0,
                decay_every_epochs: 0,
                carry_epochs: CARRY_EPOCHS,
            },
        }
    }
}
