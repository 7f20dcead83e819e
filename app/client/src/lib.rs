//! The client library of Stipend: what oracles, operators, cranks and deployers do, without the command line.
//!
//! - [`address`]: where the program's accounts are
//! - [`instruction`]: builders, one for each instruction
//! - [`account`]: what the program's accounts say
//! - [`measurement`], [`csv_rows`]: files of measurements, and the CSV that they are made from
//! - [`batch`]: measurements signed by an oracle, ready to be relayed by anybody
//! - [`config`]: what Solana's own tools keep
//! - [`slots`]: the file that says where each node's slot is
//! - [`rules`], [`mod@unit`]: the rules of a new network, and the units that they are in
//! - [`ledger`]: where transactions are sent: [`rpc`], a cluster; `embedded` (a feature), one in this process; [`metered`] counts
//!   what they cost
//! - [`reader`]: what a network's accounts say, wherever they are read; [`snapshot`], a folder of them
//! - [`network_client`]: the steps that keep a network going, over any ledger; with [`registration`], [`reports`], [`claim`] and
//!   [`closing`], which plan the larger ones
//! - [`verify`], [`explain`]: an epoch rebuilt, and a node's reward in its parts, from accounts alone
//! - [`simulate`]: what other rules would have paid
//! - [`crank`], [`relay`]: what programs that run on do, beside others and again and again

pub mod account;
pub mod address;
pub mod batch;
pub mod claim;
pub mod closing;
pub mod config;
pub mod crank;
pub mod csv_rows;
#[cfg(feature = "embedded")]
pub mod embedded;
pub mod explain;
pub mod instruction;
pub mod ledger;
pub mod measurement;
pub mod metered;
pub mod network_client;
pub mod reader;
pub mod registration;
pub mod relay;
pub mod reports;
pub mod rpc;
pub mod rules;
pub mod simulate;
pub mod slots;
pub mod snapshot;
pub mod unit;
pub mod verify;

pub use stipend as program;
