//! The server does what a cluster does: a test against it would prove nothing if it did not.

use serde_json::{json, Value};
use solana_account::Account;
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;
use solana_system_interface::instruction::transfer;
use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::Arc,
};
use stipend_client::{
    ledger::{Ledger, LedgerError},
    reader::Reader,
    rpc::{RpcLedger, RpcOptions},
    verify::verify,
};
use stipend_rpc_server::{Cluster, Endpoint, Fault, LargeNetwork, SharedCluster, Size, Traffic};

const NOW: i64 = 1_800_000_000;
const SOL: u64 = 1_000_000_000;

/// Asks one question, and returns the answer and the bytes of both bodies.
fn ask(endpoint: &Endpoint, method: &str, params: Value) -> (Value, usize, usize) {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
    let mut stream = TcpStream::connect(endpoint.url().trim_start_matches("http://")).unwrap();
    write!(stream, "POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, answered) = answer.split_once("\r\n\r\n").expect("a head and a body");
    (serde_json::from_str(answered).unwrap(), body.len(), answered.len())
}

fn cluster_with(data: &[u8]) -> (SharedCluster, Address) {
    let mut cluster = Cluster::new(NOW);
    let address = Address::new_from_array([9; 32]);
    let account = Account { lamports: SOL, data: data.to_vec(), owner: stipend::ID, ..Account::default() };
    cluster.set_account(address, account);
    (SharedCluster::new(cluster), address)
}

#[test]
fn a_slice_of_an_account_is_answered_alone() {
    let (cluster, address) = cluster_with(b"0123456789");
    let endpoint = Endpoint::start(&cluster);
    let config = json!({"encoding": "base64", "dataSlice": {"offset": 2, "length": 3}});

    let (answer, ..) = ask(&endpoint, "getAccountInfo", json!([address.to_string(), config]));

    // "234"
    assert_eq!(answer["result"]["value"]["data"], json!(["MjM0", "base64"]));
    assert_eq!(answer["result"]["value"]["space"], 10);
}

#[test]
fn a_compressed_answer_is_smaller() {
    let (cluster, address) = cluster_with(&[7; 10_000]);
    let endpoint = Endpoint::start(&cluster);
    let asked = |encoding: &str| {
        let params = json!([[address.to_string()], {"encoding": encoding}]);
        ask(&endpoint, "getMultipleAccounts", params).2
    };

    // 10,000 bytes are 13,336 characters of base64.
    assert!(asked("base64") > 13_336);
    assert!(asked("base64+zstd") < 1_000);
}

#[test]
fn accounts_are_found_by_what_is_in_them() {
    let (cluster, address) = cluster_with(b"0123456789");
    let endpoint = Endpoint::start(&cluster);
    let find = |offset: u64| {
        // "34" in base58.
        let filter = json!({"memcmp": {"offset": offset, "bytes": "4u1"}});
        let params = json!([stipend::ID.to_string(), {"encoding": "base64", "filters": [filter]}]);
        ask(&endpoint, "getProgramAccounts", params).0["result"].clone()
    };

    assert_eq!(find(3)[0]["pubkey"], address.to_string());
    assert_eq!(find(4), json!([]));
}

#[test]
fn more_accounts_than_a_node_answers_at_once_are_refused() {
    let (cluster, address) = cluster_with(b"");
    let endpoint = Endpoint::start(&cluster);

    let (answer, ..) = ask(&endpoint, "getMultipleAccounts", json!([vec![address.to_string(); 101]]));

    assert_eq!(answer["error"]["code"], -32_602);
}

#[test]
fn requests_and_the_bytes_of_their_bodies_are_counted_by_method() {
    let (cluster, address) = cluster_with(b"0123456789");
    let endpoint = Endpoint::start(&cluster);

    let (_, sent_bytes, answered_bytes) = ask(&endpoint, "getBalance", json!([address.to_string()]));
    ask(&endpoint, "getSlot", json!([]));

    assert_eq!(endpoint.traffic_of("getBalance"), Traffic { requests: 1, sent_bytes, answered_bytes });
    assert_eq!(endpoint.traffic().requests, 2);
}

#[test]
fn a_transaction_lands_and_is_told_with_what_it_cost() {
    let cluster = SharedCluster::new(Cluster::new(NOW));
    let endpoint = Endpoint::start(&cluster);
    let mut ledger = RpcLedger::new(&[endpoint.url()], RpcOptions::default()).unwrap();
    let (payer, poor, to) = (Keypair::new(), Keypair::new(), Keypair::new().pubkey());
    ledger.airdrop(&payer.pubkey(), 10 * SOL).unwrap();
    ledger.airdrop(&poor.pubkey(), SOL).unwrap();

    let receipt = ledger.send(&payer, &[transfer(&payer.pubkey(), &to, SOL)], &[]).unwrap();
    let refused = ledger.send(&payer, &[transfer(&poor.pubkey(), &to, 2 * SOL)], &[&poor]);

    assert_eq!(receipt.fee_lamports, 5_000);
    assert_eq!(ledger.balance(&to).unwrap(), SOL);
    assert_eq!(ledger.balance(&payer.pubkey()).unwrap(), 9 * SOL - 5_000);
    // 1: the system program's ResultWithNegativeLamports.
    assert!(matches!(refused, Err(LedgerError::Refused { index: 0, code: Some(1), .. })), "{refused:?}");
}

#[test]
fn a_frozen_endpoint_answers_the_state_of_one_moment_for_ever() {
    let (cluster, address) = cluster_with(b"old");
    let [frozen, good] = [Endpoint::start(&cluster), Endpoint::start(&cluster)];
    frozen.set_fault(Fault::Frozen);
    let slot = |endpoint: &Endpoint| ask(endpoint, "getSlot", json!([])).0["result"].as_u64().unwrap();
    let lamports = |endpoint: &Endpoint| {
        ask(endpoint, "getBalance", json!([address.to_string()])).0["result"]["value"].as_u64().unwrap()
    };
    let before = [slot(&frozen), slot(&frozen)];

    cluster.lock().airdrop(&address, SOL);
    let asked = slot(&good);

    assert_eq!(before, [slot(&frozen); 2]);
    assert!(asked > before[0], "{asked}");
    assert_eq!([lamports(&frozen), lamports(&good)], [SOL, 2 * SOL]);
    // Nor does it answer who has seen more.
    let config = json!({"encoding": "base64", "minContextSlot": asked});
    let (answer, ..) = ask(&frozen, "getAccountInfo", json!([address.to_string(), config]));
    assert_eq!(answer["error"]["code"], -32_016);
}

#[test]
fn a_large_network_is_one_that_the_program_made() {
    let size = Size { shards: 5, slots: 70, oracles: 3 };
    let network = Arc::new(LargeNetwork::new(size, NOW, 2));
    let cluster = SharedCluster::new(Cluster::with_large_network(network.begins(2), network.clone()));
    let endpoint = Endpoint::start(&cluster);
    let mut ledger = RpcLedger::new(&[endpoint.url()], RpcOptions::default()).unwrap();

    let found = verify(&mut ledger, &network.address(), 1).unwrap();

    assert_eq!((found.mismatches.len(), found.gaps.len(), found.shards.len()), (0, 0, 5), "{:?}", found.mismatches);
    assert!(found.shards.iter().all(|shard| shard.has_medians && shard.is_settled));
    let mut reader = Reader::new(&mut ledger, network.address());
    let nodes = reader.nodes().unwrap();
    assert_eq!(nodes.len(), 350);
    let node = reader.node(&network.device(3, 69)).unwrap();
    assert_eq!((node.shard, node.slot), (3, 69));
    assert_eq!(reader.shard(3).unwrap().slots[69].owner, network.owner(3, 69));
}
