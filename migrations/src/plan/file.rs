//! The fields of a plan as the file has them. What each means stands in `migrations/plans/localnet.toml`.

use serde::Deserialize;
use solana_address::Address;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanFile {
    pub payer: String,
    pub program: ProgramFile,
    pub mint: MintFile,
    pub network: NetworkFile,
    pub oracles: OraclesFile,
    pub shards: ShardsFile,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProgramFile {
    pub id: String,
    pub artifact: String,
    pub upgrade_authority: String,
    pub hand_over_to: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MintFile {
    pub key: String,
    pub token_program: TokenProgram,
    pub decimals: u8,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) enum TokenProgram {
    #[serde(rename = "spl-token")]
    SplToken,
    #[serde(rename = "token-2022")]
    Token2022,
}

impl TokenProgram {
    pub fn address(self) -> Address {
        match self {
            Self::SplToken => spl_token_interface::ID,
            Self::Token2022 => Address::from_str_const("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb"),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NetworkFile {
    pub id: u16,
    pub authority: String,
    pub guardian: Option<String>,
    pub genesis: Option<toml::value::Datetime>,
    pub genesis_in_secs: Option<u32>,
    pub epoch_secs: u32,
    pub shard_capacity: u16,
    pub unit: String,
    pub cap_atoms: u64,
    pub policy: PolicyFile,
    pub emission: EmissionFile,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyFile {
    pub report_secs: u32,
    pub score_secs: u32,
    pub uptime_weight_bps: u16,
    pub min_uptime_bps: u16,
    pub uptime_mode: UptimeModeFile,
    pub bandwidth_cap: u32,
    pub min_boost_bps: u16,
    pub max_boost_bps: u16,
    pub tolerance_bps: u16,
    pub quorum: u8,
    pub registrar: Option<String>,
    pub bond_lamports: u64,
    pub oracle_bond_lamports: u64,
    pub mint_limit_atoms: u64,
    pub max_reward_atoms: u64,
    pub dispute_secs: u32,
    pub arbiter: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum UptimeModeFile {
    Multiply,
    Gate,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EmissionFile {
    pub per_epoch_atoms: u64,
    pub decay_bps: u16,
    pub decay_every_epochs: u32,
    pub carry_epochs: u16,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OraclesFile {
    pub keys: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ShardsFile {
    pub count: u32,
}
