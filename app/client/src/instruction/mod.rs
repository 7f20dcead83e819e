//! Builders, one for each instruction of the program, by what they act on.

mod mint;
mod name;
mod network;
mod node;
mod oracle;
mod report;
mod settlement;
mod shard;
mod split;

pub use mint::*;
pub use name::*;
pub use network::*;
pub use node::*;
pub use oracle::*;
pub use report::*;
pub use settlement::*;
pub use shard::*;
pub use split::*;

use anchor_lang::{InstructionData, ToAccountMetas};
use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction};
use spl_associated_token_account_interface::instruction::create_associated_token_account_idempotent;
use stipend::ID;

/// Most compute units that a transaction may ask for.
pub const MAX_COMPUTE_UNITS: u32 = 1_400_000;

/// Most bytes of accounts that a transaction may load.
pub const MAX_LOADED_BYTES: u32 = 64 << 20;

/// Compute units left for a rejection: Anchor formats and logs the error, which can take more than the instruction itself.
const ERROR_UNITS: u64 = 20_000;

/// Bytes by which the accounts of a transaction may grow between its simulation and its landing: more than a full shard.
const LOADED_ROOM: u32 = 64 << 10;

/// First byte of the instruction that limits compute units.
const SET_LIMIT: u8 = 2;

const COMPUTE_BUDGET: Address = Address::from_str_const("ComputeBudget111111111111111111111111111111");

/// Lets the transaction that it is in use more than the default 200,000 compute units an instruction.
pub fn compute_unit_limit(units: u32) -> Instruction {
    let mut data = vec![SET_LIMIT];
    data.extend_from_slice(&units.to_le_bytes());
    Instruction { program_id: COMPUTE_BUDGET, accounts: Vec::new(), data }
}

/// Whether an instruction is a limit of compute units.
pub fn is_compute_unit_limit(instruction: &Instruction) -> bool {
    instruction.program_id == COMPUTE_BUDGET && instruction.data.first() == Some(&SET_LIMIT)
}

/// Compute-unit limit of a transaction that used `seen` units in a simulation: a fifth more, since accounts may change before it
/// lands, and enough to name the error if it is rejected then. At most [`MAX_COMPUTE_UNITS`].
pub fn limit_units(seen: u64) -> u32 {
    let limit = seen.saturating_add(seen / 5).saturating_add(ERROR_UNITS);
    u32::try_from(limit).unwrap_or(MAX_COMPUTE_UNITS).min(MAX_COMPUTE_UNITS)
}

/// Limit of loaded bytes of a transaction that loaded `seen` in a simulation: a quarter more and a shard's worth, since accounts
/// may grow before it lands. At most [`MAX_LOADED_BYTES`].
pub fn limit_loaded_bytes(seen: u32) -> u32 {
    seen.saturating_add(seen / 4).saturating_add(LOADED_ROOM).min(MAX_LOADED_BYTES)
}

/// Opens an owner's associated token account, if it is not there.
pub fn open_associated_token(payer: &Address, owner: &Address, mint: &Address, token_program: &Address) -> Instruction {
    create_associated_token_account_idempotent(payer, owner, mint, token_program)
}

fn build(accounts: impl ToAccountMetas, data: impl InstructionData) -> Instruction {
    Instruction { program_id: ID, accounts: accounts.to_account_metas(None), data: data.data() }
}

/// The reports of a shard, in the order of the oracles.
fn reports<'a>(shard: &'a Address, oracles: &'a [Address]) -> impl Iterator<Item = AccountMeta> + 'a {
    oracles.iter().map(|oracle| AccountMeta::new_readonly(crate::address::report(shard, oracle), false))
}
