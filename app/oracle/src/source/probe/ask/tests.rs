use std::cell::Cell;
use std::io::Write as _;
use std::net::TcpListener;
use std::thread::{self, JoinHandle};

use super::*;

const TIMEOUT: Duration = Duration::from_secs(2);

/// Answers one connection with `head` and `body`, `pause` before each block of the body.
fn serve_once(head: &'static str, body: Vec<Vec<u8>>, pause: Duration) -> (Url, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let url = Url::parse(&format!("http://{}/", listener.local_addr().expect("an address"))).expect("a URL");
    let thread = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("accepted");
        let mut request = [0; 4_096];
        let _ = stream.read(&mut request);
        let _ = stream.write_all(head.as_bytes());
        for block in body {
            thread::sleep(pause);
            if stream.write_all(&block).is_err() {
                return;
            }
        }
    });
    (url, thread)
}

fn target(tcp: Option<&str>, http: Option<Url>) -> Target {
    let tcp = tcp.map(|address| TcpAddress::parse(address).expect("an address"));
    Target { node: "a".to_owned(), tcp, http, download: None }
}

fn asked(target: &Target, timeout: Duration) -> Result<(), Silence> {
    Asker::new().expect("a client").is_up(target, timeout, || {})
}

fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").expect("bound").local_addr().expect("an address").to_string()
}

#[test]
fn a_target_that_accepts_a_connection_is_up_and_one_that_refuses_it_is_down() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let address = listener.local_addr().expect("an address").to_string();

    assert_eq!(asked(&target(Some(&address), None), TIMEOUT), Ok(()));
    assert_eq!(
        asked(&target(Some(&free_address()), None), TIMEOUT),
        Err(Silence::Down("tcp: Connection refused (os error 111)".to_owned()))
    );
}

#[test]
fn an_answer_below_500_is_up_and_a_server_s_own_fault_is_down() {
    for (head, expected) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Ok(())),
        ("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", Ok(())),
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", Ok(())),
        (
            "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
            Err(Silence::Down("http: answered 503 Service Unavailable".to_owned())),
        ),
    ] {
        let (url, server) = serve_once(head, vec![], Duration::ZERO);

        let answer = asked(&target(None, Some(url)), TIMEOUT);

        assert_eq!(answer, expected);
        server.join().expect("served");
    }
}

#[test]
fn a_target_that_says_nothing_is_down_after_the_timeout() {
    // Connections are accepted by the system, but nobody answers.
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let url = Url::parse(&format!("http://{}/", listener.local_addr().expect("an address"))).expect("a URL");
    let start = Instant::now();

    let answer = asked(&target(None, Some(url)), Duration::from_millis(300));

    assert!(matches!(answer, Err(Silence::Down(_))), "{answer:?}");
    assert!((Duration::from_millis(300)..Duration::from_secs(2)).contains(&start.elapsed()));
}

#[test]
fn both_of_two_questions_must_be_answered() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let address = listener.local_addr().expect("an address").to_string();
    let nobody = Url::parse(&format!("http://{}/", free_address())).expect("a URL");

    let answer = asked(&target(Some(&address), Some(nobody)), TIMEOUT);

    assert_eq!(answer, Err(Silence::Down("http: Connection refused (os error 111)".to_owned())));
}

#[test]
fn a_name_without_an_address_is_told_from_a_target_that_is_down() {
    // RFC 6761: names below `.invalid` have no address, ever.
    let asker = Asker::new().expect("a client");
    let resolved = Cell::new(0);
    let on_resolved = || resolved.set(resolved.get() + 1);

    let nowhere = asker.is_up(&target(Some("node.invalid:80"), None), TIMEOUT, on_resolved);
    let by_number = asker.is_up(&target(Some(&free_address()), None), TIMEOUT, on_resolved);

    assert!(
        matches!(&nowhere, Err(Silence::Unresolved(why)) if why.starts_with("tcp: `node.invalid` has no address: "))
    );
    assert!(matches!(by_number, Err(Silence::Down(_))));
    assert_eq!(resolved.get(), 0);

    let port = free_address().rsplit_once(':').expect("a port").1.to_owned();
    let by_name = asker.is_up(&target(Some(&format!("localhost:{port}")), None), TIMEOUT, on_resolved);
    assert!(matches!(by_name, Err(Silence::Down(_))));
    assert_eq!(resolved.get(), 1);
}

#[test]
fn one_reference_that_answers_is_enough() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let up = Reference::parse(&listener.local_addr().expect("an address").to_string()).expect("a reference");
    let down = Reference::parse(&format!("http://{}/", free_address())).expect("a reference");
    let asker = Asker::new().expect("a client");

    assert!(asker.has_answer(&[down.clone(), up], TIMEOUT, || {}));
    assert!(!asker.has_answer(&[down], TIMEOUT, || {}));
}

#[test]
fn a_download_ends_at_the_limit_of_bytes() {
    let body = vec![vec![7; 50_000]; 4];
    let (url, server) = serve_once("HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n", body, Duration::ZERO);
    let limits = DownloadLimits { bytes: 120_000, time: TIMEOUT };

    let download = Asker::new().expect("a client").download(&url, limits).expect("downloaded");

    assert_eq!(download.bytes, 120_000);
    server.join().expect("served");
}

#[test]
fn a_download_ends_at_the_limit_of_time_with_what_came_until_then() {
    let body = vec![vec![7; 1_000]; 20];
    let (url, server) =
        serve_once("HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n", body, Duration::from_millis(100));
    let limits = DownloadLimits { bytes: 20_000, time: Duration::from_millis(550) };

    let download = Asker::new().expect("a client").download(&url, limits).expect("downloaded");

    // A block each 100 ms: five of them in 550 ms, fewer on a busy machine.
    assert!((1_000..=5_000).contains(&download.bytes), "{download:?}");
    assert!(download.time >= limits.time && download.time < TIMEOUT, "{download:?}");
    server.join().expect("served");
}

#[test]
fn a_download_that_is_refused_or_breaks_off_says_why() {
    let limits = DownloadLimits { bytes: 20_000, time: TIMEOUT };
    let asker = Asker::new().expect("a client");
    let (refused, _) = serve_once("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", vec![], Duration::ZERO);
    let (cut, _) = serve_once("HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n", vec![vec![7; 1_000]], Duration::ZERO);

    assert_eq!(asker.download(&refused, limits), Err("answered 403 Forbidden".to_owned()));
    let cut = asker.download(&cut, limits).expect_err("cut short");
    assert!(cut.starts_with("broke off after 1000 bytes: "), "{cut}");
}

#[test]
fn a_speed_is_floored_and_fits() {
    let download = |bytes, millis| Download { bytes, time: Duration::from_millis(millis) }.kbit_per_sec();

    // 10 MB in 800 ms are 100 Mbit/s; 1 byte in 9 ms is 0.88 kbit/s.
    assert_eq!(download(10_000_000, 800), 100_000);
    assert_eq!(download(1, 9), 0);
    assert_eq!(download(u64::MAX, 1), 4_294_967_294);
    assert_eq!(download(0, 0), 0);
}
