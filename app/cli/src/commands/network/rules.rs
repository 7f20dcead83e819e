//! The rules of a network, as options.

use std::str::FromStr;

use solana_address::Address;
use stipend_client::program::state::{EmissionParams, PolicyParams, UptimeMode};

/// Somebody, or nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Somebody(pub Option<Address>);

/// Why a text names nobody that can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither an address in base58 nor `none`")]
pub struct SomebodyError;

impl FromStr for Somebody {
    type Err = SomebodyError;

    fn from_str(text: &str) -> Result<Self, SomebodyError> {
        match text {
            "none" => Ok(Self(None)),
            _ => text.parse().map(|address| Self(Some(address))).map_err(|_| SomebodyError),
        }
    }
}

/// What of the rules is named.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct RulesArgs {
    /// How long an epoch's reports are taken, from when it is over and open: an epoch at the most
    #[arg(long, value_name = "SECS", help_heading = "Rules")]
    report_secs: Option<u32>,
    /// How long closing an epoch waits for shards that are not scored: more than the report window; 30 days or two epochs at the most
    #[arg(long, value_name = "SECS", help_heading = "Rules")]
    score_secs: Option<u32>,
    /// Weight of uptime in a score; bandwidth has the rest of 10,000
    #[arg(long, value_name = "BPS", help_heading = "Rules")]
    uptime_weight_bps: Option<u16>,
    /// Uptime below this scores nothing
    #[arg(long, value_name = "BPS", help_heading = "Rules")]
    min_uptime_bps: Option<u16>,
    /// What uptime does once it has reached the minimum: it multiplies the score, or the node scores as if it were fully up
    #[arg(long, value_name = "MODE", value_parser = uptime_mode_of, help_heading = "Rules")]
    uptime_mode: Option<UptimeMode>,
    /// Bandwidth past this earns nothing more
    #[arg(long, value_name = "BANDWIDTH", help_heading = "Rules")]
    bandwidth_cap: Option<u32>,
    /// Least boost of a node; 10,000 is none
    #[arg(long, value_name = "BPS", help_heading = "Rules")]
    min_boost_bps: Option<u16>,
    /// Greatest boost of a node
    #[arg(long, value_name = "BPS", help_heading = "Rules")]
    max_boost_bps: Option<u16>,
    /// How far an oracle's value may lie from the median before its record counts it
    #[arg(long, value_name = "BPS", help_heading = "Rules")]
    tolerance_bps: Option<u16>,
    /// Oracles that must have measured a value for it to count: more than half of all
    #[arg(long, value_name = "ORACLES", help_heading = "Rules")]
    quorum: Option<u8>,
    /// Who co-signs registrations and may evict; `none` for nobody
    #[arg(long, value_name = "ADDRESS", help_heading = "Rules")]
    registrar: Option<Somebody>,
    /// What each registration leaves as a bond
    #[arg(long, value_name = "LAMPORTS", help_heading = "Rules")]
    bond_lamports: Option<u64>,
    /// What each oracle leaves as a bond
    #[arg(long, value_name = "LAMPORTS", help_heading = "Rules")]
    oracle_bond_lamports: Option<u64>,
    /// What claims may mint in one epoch's length of time; 0 for no limit
    #[arg(long, value_name = "ATOMS", help_heading = "Rules")]
    mint_limit_atoms: Option<u64>,
    /// What a node with full uptime, full quality and no boost may earn in an epoch; 0 for no ceiling
    #[arg(long, value_name = "ATOMS", help_heading = "Rules")]
    max_reward_atoms: Option<u64>,
    /// How long the arbiter may void scores of an epoch that is closed, and settling it waits; 0 for never
    #[arg(long, value_name = "SECS", help_heading = "Rules")]
    dispute_secs: Option<u32>,
    /// Who may void scores in that time; `none` for nobody
    #[arg(long, value_name = "ADDRESS", help_heading = "Rules")]
    arbiter: Option<Somebody>,
}

/// `multiply` or `gate`.
fn uptime_mode_of(text: &str) -> Result<UptimeMode, &'static str> {
    match text {
        "multiply" => Ok(UptimeMode::Multiply),
        "gate" => Ok(UptimeMode::Gate),
        _ => Err("neither `multiply` nor `gate`"),
    }
}

impl RulesArgs {
    /// `rules` with what is named changed.
    pub fn apply_to(&self, rules: PolicyParams) -> PolicyParams {
        PolicyParams {
            report_secs: self.report_secs.unwrap_or(rules.report_secs),
            score_secs: self.score_secs.unwrap_or(rules.score_secs),
            uptime_weight_bps: self.uptime_weight_bps.unwrap_or(rules.uptime_weight_bps),
            min_uptime_bps: self.min_uptime_bps.unwrap_or(rules.min_uptime_bps),
            uptime_mode: self.uptime_mode.unwrap_or(rules.uptime_mode),
            bandwidth_cap: self.bandwidth_cap.unwrap_or(rules.bandwidth_cap),
            min_boost_bps: self.min_boost_bps.unwrap_or(rules.min_boost_bps),
            max_boost_bps: self.max_boost_bps.unwrap_or(rules.max_boost_bps),
            tolerance_bps: self.tolerance_bps.unwrap_or(rules.tolerance_bps),
            quorum: self.quorum.unwrap_or(rules.quorum),
            registrar: self.registrar.map_or(rules.registrar, |registrar| registrar.0),
            bond_lamports: self.bond_lamports.unwrap_or(rules.bond_lamports),
            oracle_bond_lamports: self.oracle_bond_lamports.unwrap_or(rules.oracle_bond_lamports),
            mint_limit_atoms: self.mint_limit_atoms.unwrap_or(rules.mint_limit_atoms),
            max_reward_atoms: self.max_reward_atoms.unwrap_or(rules.max_reward_atoms),
            dispute_secs: self.dispute_secs.unwrap_or(rules.dispute_secs),
            arbiter: self.arbiter.map_or(rules.arbiter, |arbiter| arbiter.0),
        }
    }
}

/// What of the emission is named, but for its amount.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct DecayArgs {
    /// What a decay step takes away
    #[arg(long, value_name = "BPS", help_heading = "Emission")]
    decay_bps: Option<u16>,
    /// Epochs between two decay steps; 0 is never
    #[arg(long, value_name = "EPOCHS", help_heading = "Emission")]
    decay_every_epochs: Option<u32>,
    /// Empty epochs in a row whose emission is carried
    #[arg(long, value_name = "EPOCHS", help_heading = "Emission")]
    carry_epochs: Option<u16>,
}

impl DecayArgs {
    /// `emission` with what is named changed.
    pub fn apply_to(&self, emission: EmissionParams) -> EmissionParams {
        EmissionParams {
            per_epoch_atoms: emission.per_epoch_atoms,
            decay_bps: self.decay_bps.unwrap_or(emission.decay_bps),
            decay_every_epochs: self.decay_every_epochs.unwrap_or(emission.decay_every_epochs),
            carry_epochs: self.carry_epochs.unwrap_or(emission.carry_epochs),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stipend_client::rules::{default_emission, default_rules};

    #[test]
    fn only_what_is_named_changes() {
        let registrar = Some(Address::new_from_array([7; 32]));
        let rules = PolicyParams { registrar, ..default_rules(86_400) };

        assert_eq!(RulesArgs::default().apply_to(rules), rules);
        let named = RulesArgs { quorum: Some(3), registrar: Some(Somebody(None)), ..RulesArgs::default() };
        assert_eq!(named.apply_to(rules), PolicyParams { quorum: 3, registrar: None, ..rules });
        let slower = DecayArgs { carry_epochs: Some(0), ..DecayArgs::default() };
        assert_eq!(slower.apply_to(default_emission(7)), EmissionParams { carry_epochs: 0, ..default_emission(7) });
    }

    #[test]
    fn somebody_is_an_address_or_none() {
        assert_eq!("none".parse(), Ok(Somebody(None)));
        let system: Result<Somebody, _> = "11111111111111111111111111111111".parse();
        assert_eq!(system, Ok(Somebody(Some(Address::default()))));
        assert_eq!("nobody".parse::<Somebody>(), Err(SomebodyError));
    }
}
