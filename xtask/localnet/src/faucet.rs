//! What answers `requestAirdrop`.

use crate::node::HOST;
use anyhow::{anyhow, Context, Result};
use solana_faucet::faucet::{run_faucet, Faucet};
use solana_keypair::Keypair;
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    thread,
};

/// Starts it in a thread of its own, without a limit on what it gives. Returns where it listens.
///
/// Errors: the port is taken.
pub fn start(key: Keypair, port: u16) -> Result<SocketAddr> {
    let faucet = Arc::new(Mutex::new(Faucet::new(key, None, None, None)));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("failed to start the faucet's runtime")?;
    let (sender, receiver) = crossbeam_channel::bounded(1);
    let serve = move || runtime.block_on(run_faucet(faucet, SocketAddr::new(HOST, port), Some(sender)));
    thread::Builder::new().name("faucet".to_owned()).spawn(serve).context("failed to start the faucet's thread")?;
    let bound = receiver.recv().context("failed to start the faucet")?;
    bound.map_err(|error| anyhow!("{error}; choose another port by --faucet-port"))
}
