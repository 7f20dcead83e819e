//! Which transactions are sent, with which limits, and at what price.

use solana_address::Address;
use solana_keypair::Keypair;
use solana_message::VersionedMessage;
use solana_signer::Signer;
use solana_system_interface::instruction::transfer;
use std::time::{SystemTime, UNIX_EPOCH};
use stipend_client::{
    ledger::{Deadline, Ledger, LedgerError, TransactionFormat},
    rpc::{Priority, RpcLedger, RpcOptions, Transactions},
};
use stipend_rpc_server::{Cluster, Endpoint, SharedCluster};

const NOW: i64 = 1_800_000_000;
const SOL: u64 = 1_000_000_000;

/// A payer of a cluster, and who is paid.
struct Scene {
    cluster: SharedCluster,
    endpoint: Endpoint,
    payer: Keypair,
    to: Address,
}

impl Scene {
    fn new(takes_version_1: bool) -> Self {
        let mut cluster = Cluster::new(NOW);
        if !takes_version_1 {
            cluster.reject_version_1();
        }
        let payer = Keypair::new();
        cluster.airdrop(&payer.pubkey(), 100 * SOL);
        let cluster = SharedCluster::new(cluster);
        let endpoint = Endpoint::start(&cluster);
        Self { cluster, endpoint, payer, to: Address::new_unique() }
    }

    fn ledger(&self, options: RpcOptions) -> RpcLedger {
        RpcLedger::new(&[self.endpoint.url()], options).unwrap()
    }

    /// Sends two transactions; returns what landed.
    fn sent(&self, ledger: &mut RpcLedger) -> Vec<VersionedMessage> {
        for lamports in [SOL, 2 * SOL] {
            ledger.send(&self.payer, &[transfer(&self.payer.pubkey(), &self.to, lamports)], &[]).unwrap();
        }
        let cluster = self.cluster.lock();
        cluster.paid_by(&self.payer.pubkey()).into_iter().map(|landed| landed.message.clone()).collect()
    }
}

/// Priority fees of transactions of version 1, in lamports.
fn priorities(messages: &[VersionedMessage]) -> Vec<Option<u64>> {
    let priority = |message: &VersionedMessage| match message {
        VersionedMessage::V1(message) => message.config.priority_fee,
        other => panic!("{other:?}"),
    };
    messages.iter().map(priority).collect()
}

#[test]
fn a_cluster_that_takes_version_1_is_asked_once_and_sent_it_with_both_limits() {
    let scene = Scene::new(true);
    let mut ledger = scene.ledger(RpcOptions::default());

    let sent = scene.sent(&mut ledger);

    assert_eq!(ledger.transaction_format(), TransactionFormat::V1);
    assert_eq!(sent.len(), 2);
    for message in &sent {
        let VersionedMessage::V1(message) = message else { panic!("{message:?}") };
        // A transfer takes 150 units: a fifth more, and 20,000 for an error. Three accounts of 64 bytes and the system program's 21
        // are 213: a quarter more, and 65,536 for what may grow.
        assert_eq!(message.config.compute_unit_limit, Some(20_180));
        assert_eq!(message.config.loaded_accounts_data_size_limit, Some(65_536 + 213 + 53));
        assert_eq!(message.config.priority_fee, None);
    }
    // Each of the two, and the question.
    assert_eq!(scene.endpoint.traffic_of("simulateTransaction").requests, 3);
}

#[test]
fn a_cluster_that_refuses_version_1_is_asked_once_and_sent_small_transactions_with_both_limits() {
    let scene = Scene::new(false);
    let mut ledger = scene.ledger(RpcOptions::default());

    let sent = scene.sent(&mut ledger);

    assert_eq!(ledger.transaction_format(), TransactionFormat::Small);
    assert_eq!(sent.len(), 2);
    for message in &sent {
        let VersionedMessage::V0(message) = message else { panic!("{message:?}") };
        // The compute budget program is loaded too.
        let limits: Vec<_> = message.instructions[1..].iter().map(|one| one.data[0]).collect();
        assert_eq!(limits, [2, 4]);
        assert_eq!(message.instructions[1].data[1..], 20_360u32.to_le_bytes());
    }
    assert_eq!(scene.endpoint.traffic_of("simulateTransaction").requests, 3);
}

#[test]
fn a_format_that_is_named_is_not_asked_for() {
    let scene = Scene::new(true);
    let only = |format| RpcOptions { transactions: Transactions::Only(format), ..RpcOptions::default() };

    let small = scene.sent(&mut scene.ledger(only(TransactionFormat::Small)));

    assert!(small.iter().all(|message| matches!(message, VersionedMessage::V0(_))), "{small:?}");
    assert_eq!(scene.endpoint.traffic_of("simulateTransaction").requests, 2);
}

#[test]
fn what_only_version_1_has_room_for_is_refused_with_the_option_where_the_cluster_does_not_take_it() {
    let scene = Scene::new(false);
    let mut ledger = scene.ledger(RpcOptions::default());
    let many: Vec<_> = (0..40).map(|_| transfer(&scene.payer.pubkey(), &Address::new_unique(), SOL)).collect();

    let refused = ledger.send(&scene.payer, &many, &[]).unwrap_err();

    let LedgerError::TooLong { most: 1_232, .. } = refused else { panic!("{refused:?}") };
    assert!(refused.to_string().ends_with("(--transactions)"), "{refused}");
}

#[test]
fn a_price_has_a_floor_where_nobody_pays_any_and_rises_towards_a_deadline() {
    let scene = Scene::new(true);
    let priority = Priority::Auto { floor: 100_000, ceiling: u64::MAX };
    let mut ledger = scene.ledger(RpcOptions { priority, ..RpcOptions::default() });

    let calm = priorities(&scene.sent(&mut ledger));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
    ledger.set_deadline(Some(Deadline { from: now - 90, due: now + 10 }));
    let urgent = priorities(&scene.sent(&mut ledger)).into_iter().max().unwrap();

    // 20,180 units at 0.1 lamports.
    assert_eq!(calm, [Some(2_018), Some(2_018)]);
    // A tenth of the time is left, or less.
    assert!(urgent.is_some_and(|lamports| lamports >= 20_180), "{urgent:?}");
}
