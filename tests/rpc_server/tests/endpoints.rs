//! Endpoints that are dead, slow, throttled or tell half of it.

use solana_account::Account;
use solana_address::Address;
use std::time::{Duration, Instant};
use stipend_client::{
    ledger::{Accounts, LedgerError},
    rpc::{RpcLedger, RpcOptions},
};
use stipend_rpc_server::{Cluster, Endpoint, Fault, SharedCluster};

const NOW: i64 = 1_800_000_000;

/// A cluster with ten accounts and two endpoints, and a ledger that begins with the first.
struct Scene {
    addresses: Vec<Address>,
    first: Endpoint,
    second: Endpoint,
    ledger: RpcLedger,
}

impl Scene {
    fn new() -> Self {
        let mut cluster = Cluster::new(NOW);
        let addresses: Vec<_> = (1..=10).map(|byte| Address::new_from_array([byte; 32])).collect();
        for (lamports, address) in (1_000_000..).zip(&addresses) {
            cluster.set_account(*address, Account { lamports, ..Account::default() });
        }
        let cluster = SharedCluster::new(cluster);
        let [first, second] = [Endpoint::start(&cluster), Endpoint::start(&cluster)];
        let options = RpcOptions { timeout: Duration::from_secs(5), ..RpcOptions::default() };
        let ledger = RpcLedger::new(&[first.url(), second.url()], options).unwrap();
        Self { addresses, first, second, ledger }
    }

    /// Reads all accounts, and asserts that all are answered.
    #[track_caller]
    fn assert_read(&mut self) {
        let found = self.ledger.accounts(&self.addresses).unwrap();
        let lamports: Vec<_> = found.into_iter().map(|account| account.unwrap().lamports).collect();
        assert_eq!(lamports, (1_000_000..1_000_010).collect::<Vec<_>>());
    }
}

#[test]
fn a_dead_endpoint_is_left_for_the_next() {
    let mut scene = Scene::new();
    scene.first.set_fault(Fault::Dead);

    scene.assert_read();
    let asked = scene.first.traffic().requests;
    scene.assert_read();

    assert!(asked > 0);
    // And not asked again as long as the other one answers.
    assert_eq!((scene.first.traffic().requests, scene.second.traffic().requests), (asked, 2));
}

#[test]
fn an_endpoint_that_answers_too_late_is_left_for_the_next() {
    let mut scene = Scene::new();
    scene.first.set_fault(Fault::Slow { wait: Duration::from_secs(600) });

    scene.assert_read();

    assert_eq!((scene.first.traffic().requests, scene.second.traffic().requests), (1, 1));
}

#[test]
fn a_throttled_endpoint_is_asked_again_when_it_said_so() {
    let mut scene = Scene::new();
    for endpoint in [&scene.first, &scene.second] {
        endpoint.set_fault(Fault::Throttled { requests: 2 });
    }
    let start = Instant::now();

    scene.assert_read();

    let requests = scene.first.traffic().requests + scene.second.traffic().requests;
    // Two refusals at the least are met, four at the most; each says to wait for a second.
    assert!((3..=5).contains(&requests), "{requests} requests");
    assert!(start.elapsed() >= Duration::from_secs(1), "{:?}", start.elapsed());
}

#[test]
fn a_part_of_an_answer_is_never_taken_for_the_whole() {
    let mut scene = Scene::new();
    for endpoint in [&scene.first, &scene.second] {
        endpoint.set_fault_of("getMultipleAccounts", Fault::Partial);
    }

    let read = scene.ledger.accounts(&scene.addresses);

    let Err(LedgerError::Unreachable { reason }) = read else { panic!("{read:?}") };
    assert!(reason.contains("10 accounts were asked for, and the answer has 5"), "{reason}");
}
