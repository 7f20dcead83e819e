//! Seeds of the program's addresses and the bounds of everything that a network chooses.

use anchor_lang::prelude::*;

/// Seed of a [`Network`](crate::state::Network): `["network", mint, id]`, id as u16 little-endian.
#[constant]
pub const NETWORK_SEED: &[u8] = b"network";
/// Seed of a [`Split`](crate::state::Split): `["split", creator, id]`, id as u16 little-endian.
#[constant]
pub const SPLIT_SEED: &[u8] = b"split";
/// Seed of the mint authority: `["mint_authority", mint]`.
#[constant]
pub const MINT_AUTHORITY_SEED: &[u8] = b"mint_authority";
/// Seed of a [`Shard`](crate::state::Shard): `["shard", network, index]`, index as u32 little-endian.
#[constant]
pub const SHARD_SEED: &[u8] = b"shard";
/// Seed of a [`Report`](crate::state::Report): `["report", shard, oracle]`.
#[constant]
pub const REPORT_SEED: &[u8] = b"report";
/// Seed of a [`Directory`](crate::state::Directory): `["directory", network, first byte of the devices' keys]`.
#[constant]
pub const DIRECTORY_SEED: &[u8] = b"directory";

/// Version of every account's layout.
pub const ACCOUNT_VERSION: u8 = 1;

/// Entries of a network's oracle set.
pub const MAX_ORACLES: usize = 16;
/// Slots that a shard may have at the most: what one transaction of version 1 (4,096 bytes) reports, when the oracle signs it
/// and another key pays for it.
pub const MAX_SHARD_SLOTS: u16 = 600;
/// Shards that a network may have at the most: a directory's entry names a shard in 16 bits.
pub const MAX_SHARDS: u32 = 1 << 16;
/// Slots that one relayed report may hold: two of them that contradict each other fit one transaction of version 1, so
/// equivocation can always be proven.
pub const MAX_RELAYED_SLOTS: usize = 280;
/// Recipients of a split at the most.
pub const MAX_RECIPIENTS: usize = 8;
/// Closed epochs that a network remembers.
pub const RING_EPOCHS: usize = 32;
/// Epochs that one `close_epoch` closes at the most: well within the compute units that an instruction has unasked.
pub const MAX_CLOSES: usize = RING_EPOCHS;

/// Longest epoch, in seconds: a leap year.
pub const MAX_EPOCH_SECS: u32 = 366 * 86_400;
/// Farthest that a genesis may lie ahead, in seconds; catches a time given in milliseconds.
pub const MAX_GENESIS_AHEAD_SECS: i64 = 366 * 86_400;
/// Scoring windows may always be this long, in seconds: 30 days.
pub const LONG_SCORE_SECS: u32 = 30 * 86_400;
/// How long a guardian's pause lasts, and how long after it the guardian can't pause again, in seconds: 7 days.
pub const GUARDIAN_PAUSE_SECS: i64 = 7 * 86_400;
/// When a pause ends that the authority made: not by itself.
pub const NO_END: i64 = i64::MAX;
/// Claims may mint at least one of this many parts of what is owed, in each epoch's length of time.
pub const LEAST_MINT_LIMIT_PARTS: u64 = 32;
/// Most empty epochs in a row whose emission is carried on.
pub const MAX_CARRY_EPOCHS: u16 = 1_000;

/// Boost of a new node, in basis points: none.
pub const NO_BOOST_BPS: u16 = 10_000;
/// An epoch number that no epoch has.
pub const NO_EPOCH: u32 = u32::MAX;

/// Share of a forfeited bond that whoever proved the equivocation gets, in basis points; the rest is burnt.
pub const PROVER_SHARE_BPS: u16 = 5_000;
/// Where lamports go that are to be nobody's: the runtime takes them away at the end of each slot.
pub const INCINERATOR_ID: Pubkey = pubkey!("1nc1nerator11111111111111111111111111111111");
