//! The proxy does what its faults are called: a test through it would prove nothing if it did not.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread,
};
use stipend_cluster_tests::{Fault, Plan, Proxy};

const BODY: &str = r#"{"jsonrpc":"2.0","id":1,"method":"getSlot","params":[]}"#;
const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n 123456789";

/// Answers each connection with [`ANSWER`], and returns its URL and what counts its requests.
fn upstream() -> (String, std::sync::mpsc::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, received) = std::sync::mpsc::channel();
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let mut request = Vec::new();
            let mut some = [0; 1_024];
            while !request.ends_with(BODY.as_bytes()) {
                let count = client.read(&mut some).unwrap();
                request.extend_from_slice(&some[..count]);
            }
            if sender.send(()).is_err() {
                break;
            }
            client.write_all(ANSWER.as_bytes()).unwrap();
        }
    });
    (url, received)
}

/// What a client gets, until the connection ends.
fn ask(proxy: &Proxy) -> String {
    let mut stream = TcpStream::connect(proxy.url().trim_start_matches("http://")).unwrap();
    let length = BODY.len();
    write!(stream, "POST / HTTP/1.1\r\nContent-Length: {length}\r\n\r\n{BODY}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// What a client gets through a proxy with one fault, and how many requests arrived.
fn meet(fault: Fault) -> (String, usize) {
    let (url, received) = upstream();
    let proxy = Proxy::start(&url, 1, Plan::all(fault, 1_000));
    let answer = ask(&proxy);
    assert_eq!((proxy.faults(fault), proxy.requests("getSlot"), proxy.all_requests()), (1, 1, 1));
    (answer, received.try_iter().count())
}

#[test]
fn a_dropped_request_never_arrives() {
    assert_eq!(meet(Fault::Dropped), (String::new(), 0));
}

#[test]
fn a_dropped_answer_leaves_the_request_done() {
    assert_eq!(meet(Fault::AnswerDropped), (String::new(), 1));
}

#[test]
fn a_cut_answer_ends_half_way() {
    let (answer, arrived) = meet(Fault::Cut);

    // 38 bytes of head and 10 of body: the first 24.
    assert_eq!((answer.as_str(), arrived), ("HTTP/1.1 200 OK\r\nContent", 1));
}

#[test]
fn too_many_requests_are_told_when_to_come_again() {
    let (answer, arrived) = meet(Fault::TooMany);

    assert!(answer.starts_with("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\n"), "{answer}");
    assert_eq!(arrived, 0);
}

#[test]
fn an_endpoint_that_is_not_available_says_so() {
    let (answer, arrived) = meet(Fault::Unavailable);

    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert_eq!(arrived, 0);
}

#[test]
fn a_delayed_request_is_answered_whole() {
    assert_eq!(meet(Fault::Delayed), (ANSWER.to_owned(), 1));
}

#[test]
fn a_frozen_endpoint_answers_again_what_it_answered_first() {
    let (url, received) = upstream();
    let proxy = Proxy::start(&url, 1, Plan::all(Fault::Frozen, 1_000));

    let answers = [ask(&proxy), ask(&proxy)];

    assert_eq!(answers[0], answers[1]);
    assert!(answers[0].ends_with("\r\n\r\n123456789"), "{}", answers[0]);
    assert_eq!((proxy.faults(Fault::Frozen), received.try_iter().count()), (2, 1));
}

#[test]
fn other_methods_meet_no_fault() {
    let (url, received) = upstream();
    let proxy = Proxy::start(&url, 1, Plan::of("sendTransaction", Fault::Dropped, 1_000));

    assert_eq!(ask(&proxy), ANSWER);

    assert_eq!((proxy.faults(Fault::Dropped), received.try_iter().count()), (0, 1));
}

#[test]
fn the_same_seed_picks_the_same_requests() {
    let picks = |seed| {
        let (url, _received) = upstream();
        let proxy = Proxy::start(&url, seed, Plan::all(Fault::Unavailable, 500));
        (0..32).map(|_| ask(&proxy).contains(" 503 ")).collect::<Vec<_>>()
    };

    assert_eq!(picks(7), picks(7));
    assert_ne!(picks(7), picks(8));
}
