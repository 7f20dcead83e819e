//! The validator itself, on loopback only.
//!
//! What `solana-test-validator` starts, but for its addresses: that one takes requests from every network that the machine is on.

use crate::genesis::Keys;
use agave_snapshots::{paths::BANK_SNAPSHOTS_DIR, snapshot_config::SnapshotConfig, SnapshotInterval};
use anyhow::{anyhow, Context, Result};
use solana_accounts_db::{
    accounts_db::{AccountsDbConfig, ACCOUNTS_DB_CONFIG_FOR_TESTING},
    accounts_index::{AccountsIndexConfig, ScanFilter},
    utils::create_accounts_run_and_snapshot_dirs,
};
use solana_core::validator::{Validator, ValidatorConfig, ValidatorTpuConfig};
use solana_gossip::{cluster_info::NodeConfig, node::Node};
use solana_net_utils::{multihomed_sockets::BindIpAddrs, SocketAddrSpace, VALIDATOR_PORT_RANGE};
use solana_rpc::rpc::JsonRpcConfig;
use solana_signer::Signer;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    num::{NonZeroU64, NonZeroUsize},
    path::Path,
    sync::{Arc, RwLock},
};

/// Everything is bound here.
pub const HOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A snapshot is taken about every 40 seconds; what came after it is replayed at the next start.
const SNAPSHOT_SLOTS: NonZeroU64 = NonZeroU64::new(100).expect("not zero");
/// About an hour of an idle cluster's blocks, 600 MB: how long a transaction can be looked up.
const KEPT_SHREDS: u64 = 500_000;
const RPC_THREADS: usize = 2;
const ONE: NonZeroUsize = NonZeroUsize::new(1).expect("not zero");
/// Ports of gossip, votes and transactions are the first free ones of a range.
const ANY_PORT: u16 = 0;

/// Starts the validator on a ledger that exists. Returns as soon as its threads run.
///
/// - `rpc_port`: of JSON-RPC; the next one is that of its subscriptions, as Solana's clients expect.
///
/// Errors: the ledger can't be read, or a port is taken.
pub fn start(ledger: &Path, keys: Keys, rpc_port: u16, faucet: SocketAddr) -> Result<Validator> {
    let rpc = SocketAddr::new(HOST, rpc_port);
    let subscriptions = SocketAddr::new(HOST, rpc_port.checked_add(1).context("--rpc-port is 65,534 at the most")?);
    let mut node = Node::new_with_external_ip(
        &keys.validator.pubkey(),
        NodeConfig {
            advertised_ip: HOST,
            gossip_port: ANY_PORT,
            port_range: VALIDATOR_PORT_RANGE,
            bind_ip_addrs: BindIpAddrs::new(vec![HOST]).map_err(|error| anyhow!("failed to use {HOST}: {error}"))?,
            public_tpu_addr: None,
            public_tpu_forwards_addr: None,
            public_tvu_addr: None,
            num_tvu_receive_sockets: ONE,
            num_tvu_retransmit_sockets: ONE,
            num_quic_endpoints: ONE,
        },
    );
    node.info.set_rpc(rpc).context("failed to name the RPC address")?;
    node.info.set_rpc_pubsub(subscriptions).context("failed to name the subscriptions' address")?;

    let config = config(ledger, rpc, subscriptions, faucet)?;
    let vote = keys.vote.pubkey();
    let voters = Arc::new(RwLock::new(vec![Arc::new(keys.vote)]));
    let validator = Validator::new(
        node,
        Arc::new(keys.validator),
        ledger,
        &vote,
        voters,
        Vec::new(),
        &config,
        None,
        Arc::default(),
        SocketAddrSpace::Unspecified,
        ValidatorTpuConfig::new_for_tests(),
        Arc::default(),
        None,
    );
    validator.map_err(|error| anyhow!("failed to start the validator: {error:#}"))
}

fn config(ledger: &Path, rpc: SocketAddr, subscriptions: SocketAddr, faucet: SocketAddr) -> Result<ValidatorConfig> {
    let (accounts, _) = create_accounts_run_and_snapshot_dirs(ledger.join("accounts"))
        .with_context(|| format!("failed to make the folder of accounts in {}", ledger.display()))?;
    Ok(ValidatorConfig {
        account_paths: vec![accounts],
        accounts_db_config: AccountsDbConfig {
            index: Some(AccountsIndexConfig::default()),
            scan_filter_for_shrinking: ScanFilter::All,
            ..ACCOUNTS_DB_CONFIG_FOR_TESTING
        },
        rpc_addrs: Some((rpc, subscriptions)),
        rpc_config: JsonRpcConfig {
            enable_rpc_transaction_history: true,
            enable_extended_tx_metadata_storage: true,
            faucet_addr: Some(faucet),
            rpc_threads: RPC_THREADS,
            rpc_blocking_threads: RPC_THREADS,
            ..JsonRpcConfig::default_for_test()
        },
        // It produced every block itself.
        run_verification: false,
        snapshot_config: SnapshotConfig {
            full_snapshot_archive_interval: SnapshotInterval::Slots(SNAPSHOT_SLOTS),
            incremental_snapshot_archive_interval: SnapshotInterval::Disabled,
            bank_snapshots_dir: ledger.join(BANK_SNAPSHOTS_DIR),
            full_snapshot_archives_dir: ledger.to_path_buf(),
            incremental_snapshot_archives_dir: ledger.to_path_buf(),
            use_registered_io_uring_buffers: false,
            use_direct_io: false,
            ..SnapshotConfig::default()
        },
        max_ledger_shreds: Some(KEPT_SHREDS),
        no_wait_for_vote_to_start_leader: true,
        ..ValidatorConfig::default_for_test()
    })
}
