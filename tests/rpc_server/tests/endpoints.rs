//! Endpoints that are dead, slow, throttled or tell half of it.

use solana_account::Account;
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::{
    sync::atomic::Ordering,
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use stipend_client::{
    ledger::{Accounts, Ledger, LedgerError},
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

fn unix_now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

/// A cluster whose clock was right an hour ago, and two endpoints; the first one stays there.
fn frozen_and_live() -> (SharedCluster, Endpoint, Endpoint) {
    let cluster = SharedCluster::new(Cluster::new(unix_now() - 3_600));
    let [first, second] = [Endpoint::start(&cluster), Endpoint::start(&cluster)];
    first.set_fault(Fault::Frozen);
    cluster.lock().warp_to(unix_now());
    (cluster, first, second)
}

#[test]
fn an_endpoint_that_stands_still_is_left_for_the_next() {
    let (_cluster, first, second) = frozen_and_live();
    let mut ledger = RpcLedger::new(&[first.url(), second.url()], RpcOptions::default()).unwrap();

    let now = ledger.now().unwrap();
    let asked = first.traffic().requests;
    ledger.now().unwrap();

    assert!((unix_now() - now) < 600, "{now}");
    // And not asked again.
    assert_eq!((first.traffic().requests, second.traffic().requests), (asked, 2));
}

#[test]
fn a_clock_that_does_not_go_on_is_left_for_the_next_endpoint() {
    let begin = unix_now();
    let cluster = SharedCluster::new(Cluster::new(begin));
    let [first, second] = [Endpoint::start(&cluster), Endpoint::start(&cluster)];
    let options = RpcOptions { max_still: Duration::ZERO, ..RpcOptions::default() };
    let mut ledger = RpcLedger::new(&[first.url(), second.url()], options).unwrap();
    first.set_fault(Fault::Frozen);

    let before = ledger.now().unwrap();
    cluster.lock().warp_to(begin + 10);
    let after = ledger.now().unwrap();

    assert_eq!((before, after), (begin, begin + 10));
}

#[test]
fn endpoints_that_all_stand_still_are_an_error_of_their_own() {
    let (_cluster, first, _second) = frozen_and_live();
    let mut ledger = RpcLedger::new(&[first.url()], RpcOptions::default()).unwrap();

    let stale = ledger.now();

    let Err(LedgerError::Stale { lag_secs, max_lag_secs: 600 }) = stale else { panic!("{stale:?}") };
    assert!((3_600..4_000).contains(&lag_secs), "{lag_secs}");
}

#[test]
fn what_was_sent_to_an_endpoint_that_stands_still_is_given_up_and_told() {
    let cluster = SharedCluster::new(Cluster::new(unix_now()));
    let payer = Keypair::new();
    cluster.lock().airdrop(&payer.pubkey(), 1_000_000_000);
    let endpoint = Endpoint::start(&cluster);
    endpoint.set_fault(Fault::Frozen);
    let options = RpcOptions { patience: Duration::from_millis(1), ..RpcOptions::default() };
    let mut ledger = RpcLedger::new(&[endpoint.url()], options).unwrap();
    let transfer = solana_system_interface::instruction::transfer(&payer.pubkey(), &Address::from([9; 32]), 1_000_000);

    let sent = ledger.send(&payer, &[transfer], &[]);

    let Err(LedgerError::Unknown { reason, .. }) = sent else { panic!("{sent:?}") };
    assert_eq!(reason, "the endpoint answers, and has no new blocks");
}

#[test]
fn a_program_that_is_to_end_does_not_wait_for_what_it_sent() {
    let cluster = SharedCluster::new(Cluster::new(unix_now()));
    let payer = Keypair::new();
    cluster.lock().airdrop(&payer.pubkey(), 1_000_000_000);
    let endpoint = Endpoint::start(&cluster);
    endpoint.set_fault(Fault::Frozen);
    let options = RpcOptions::default();
    let stop = options.stop.clone();
    let mut ledger = RpcLedger::new(&[endpoint.url()], options).unwrap();
    let transfer = solana_system_interface::instruction::transfer(&payer.pubkey(), &Address::from([9; 32]), 1_000_000);

    let sent = thread::scope(|scope| {
        let sending = scope.spawn(|| ledger.send(&payer, &[transfer], &[]));
        // Asked for once the transaction is out: nothing else would end the wait within two minutes.
        while endpoint.traffic_of("sendTransaction").requests == 0 {
            thread::yield_now();
        }
        stop.store(true, Ordering::Relaxed);
        sending.join().unwrap()
    });

    let Err(LedgerError::Unknown { reason, .. }) = sent else { panic!("{sent:?}") };
    assert_eq!(reason, "the program was asked to end");
}
