//! Tests on a real validator: `cargo xtask cluster-test`.

mod proxy;
mod rpc;
