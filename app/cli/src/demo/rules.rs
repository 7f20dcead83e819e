//! The rules of the demonstration's network.

use std::str::FromStr;

use stipend_client::program::constants::NO_BOOST_BPS;
use stipend_client::program::instructions::NetworkParams;
use stipend_client::program::state::{EmissionParams, PolicyParams};

use crate::commands::network::rules::default_score_secs;

/// The mint's decimals.
pub const DECIMALS: u8 = 9;
/// Empty epochs in a row whose emission is carried.
const CARRY_EPOCHS: u16 = 8;

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
                bandwidth_cap: self.bandwidth_cap,
                min_boost_bps: NO_BOOST_BPS,
                max_boost_bps: NO_BOOST_BPS,
                tolerance_bps: 0,
                quorum: self.quorum,
                registrar: None,
                bond_lamports: 0,
                oracle_bond_lamports: 0,
                mint_limit_atoms: 0,
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

/// What bandwidth is measured in: 1 to 16 printable ASCII characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit([u8; 16]);

/// Why a text is no unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a unit is 1 to 16 printable ASCII characters, for example \"kbit/s\"")]
pub struct UnitError;

impl FromStr for Unit {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let mut bytes = [0; 16];
        let is_printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let label = bytes.get_mut(..text.len()).filter(|label| !label.is_empty() && is_printable).ok_or(UnitError)?;
        label.copy_from_slice(text.as_bytes());
        Ok(Self(bytes))
    }
}

impl Unit {
    /// Filled up with zeros, as a network has it.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

/// The unit that a network's account has, as text.
pub fn unit_text(bytes: &[u8; 16]) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_a_short_label() {
        let unit = |text: &str| text.parse::<Unit>().map(|unit| unit_text(&unit.to_bytes()));

        assert_eq!(unit("kbit/s").as_deref(), Ok("kbit/s"));
        assert_eq!(unit("GPU hours / week").as_deref(), Ok("GPU hours / week"));
        assert_eq!(unit(""), Err(UnitError));
        assert_eq!(unit("GPU hours / month"), Err(UnitError));
        assert_eq!(unit("Gbit\n"), Err(UnitError));
        assert_eq!(unit("µs"), Err(UnitError));
    }
}
