//! The client and the `stipend` command against a JSON-RPC server in this process.

mod budgets;
mod command;
mod endpoints;
mod formats;
mod paying;
mod server;
