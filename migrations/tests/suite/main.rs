//! The steps on a Solana VM, with the real loader, token programs and Stipend.
//!
//! Nobody holds the key of the committed program ID, so Stipend itself stands at its address from the start, and what the
//! loader does is tested with the same bytes under another ID: the loader does not care which ID is compiled in.

mod all;
mod cluster;
mod mint;
mod network;
mod oracles;
mod plan;
mod program;
mod scene;
mod shards;
