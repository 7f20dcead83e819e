//! Tests on a real validator: `cargo xtask cluster-test`.

mod migrate;
mod network;
mod oracles;
mod play;
mod proxy;
mod rpc;
