//! Tests on a real validator: `cargo xtask cluster-test`.

mod dry;
mod formats;
mod lifecycle;
mod long;
mod migrate;
mod network;
mod oracles;
mod play;
mod proxy;
mod rpc;
