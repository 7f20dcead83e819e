//! The prober against listeners on loopback, in epochs of a few seconds.

use std::fs;
use std::net::TcpListener;

use stipend_client::measurement::MeasurementRow;

use super::targets::TcpAddress;
use super::*;
use crate::source::later;
use crate::source::test_server::TestServer;

fn rules(references: Vec<Reference>) -> ProbeRules {
    ProbeRules {
        interval: Duration::from_secs(1),
        timeout: Duration::from_millis(200),
        concurrency: 8,
        references,
        download_interval: Duration::from_secs(2),
        download_limits: DownloadLimits { bytes: 100_000, time: Duration::from_millis(300) },
        min_coverage: MinCoverage { percent: 50 },
    }
}

fn target(node: &str, address: &str) -> Target {
    Target { node: node.to_owned(), tcp: TcpAddress::parse(address).ok(), http: None, download: None }
}

fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let address = listener.local_addr().expect("an address").to_string();
    (listener, address)
}

fn free_address() -> String {
    listen().1
}

fn unix_secs() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(now.as_secs()).expect("before the year 292 billion")
}

/// Epochs of `epoch_secs`, the first of which begins in the next second but one.
fn clock(epoch_secs: u32) -> EpochClock {
    EpochClock { genesis: unix_secs() + 2, epoch_secs }
}

fn sleep_until(unix: i64) {
    let until = UNIX_EPOCH + Duration::from_secs(u64::try_from(unix).expect("after 1970"));
    thread::sleep(until.duration_since(SystemTime::now()).unwrap_or_default());
}

fn row(epoch: u32, node: &str, uptime_bps: Option<u16>) -> MeasurementRow {
    MeasurementRow { epoch, node: node.to_owned(), uptime_bps, bandwidth: None }
}

fn measure(prober: &mut Prober, clock: &EpochClock, epoch: u32) -> Vec<MeasurementRow> {
    let span = clock.span(epoch);
    sleep_until(span.end);
    prober.measure(&span, later()).expect("measured").rows
}

#[test]
fn who_answers_is_up_and_who_does_not_is_down() {
    let folder = tempfile::tempdir().expect("a folder");
    let ((_up, up), clock) = (listen(), clock(3));
    let targets = vec![target("a", &up), target("b", &free_address())];
    let mut prober = Prober::start(clock, targets, rules(vec![]), folder.path()).expect("started");

    let rows = measure(&mut prober, &clock, 0);

    assert_eq!(rows, [row(0, "a", Some(10_000)), row(0, "b", Some(0))]);
    let log = fs::read_to_string(folder.path().join("epoch-0000000000.jsonl")).expect("readable");
    assert_eq!(log.lines().count(), 6);
    assert_eq!(log.matches("\"why\":\"tcp: Connection refused (os error 111)\"").count(), 3);
}

#[test]
fn where_nobody_answers_and_there_is_no_reference_nothing_is_measured() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = clock(2);
    let targets = vec![target("a", &free_address()), target("b", &free_address())];
    let mut prober = Prober::start(clock, targets, rules(vec![]), folder.path()).expect("started");

    assert_eq!(measure(&mut prober, &clock, 0), []);
}

#[test]
fn where_a_reference_answers_nodes_may_all_be_down() {
    let folder = tempfile::tempdir().expect("a folder");
    let ((_reference, reference), clock) = (listen(), clock(2));
    let references = vec![Reference::parse(&reference).expect("a reference")];
    let targets = vec![target("a", &free_address())];
    let mut prober = Prober::start(clock, targets, rules(references), folder.path()).expect("started");

    assert_eq!(measure(&mut prober, &clock, 0), [row(0, "a", Some(0))]);
}

#[test]
fn where_no_reference_answers_nothing_is_measured_of_those_that_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let ((_up, up), clock) = (listen(), clock(2));
    let references = vec![Reference::parse(&free_address()).expect("a reference")];
    let mut prober = Prober::start(clock, vec![target("a", &up)], rules(references), folder.path()).expect("started");

    assert_eq!(measure(&mut prober, &clock, 0), []);
}

#[test]
fn a_name_counts_as_down_only_while_other_names_have_addresses() {
    let ((_up, up), (_reference, reference)) = (listen(), listen());
    let port = reference.rsplit_once(':').expect("a port").1;
    let targets = || vec![target("a", &up), target("nowhere", "node.invalid:80")];
    let by_number = vec![Reference::parse(&reference).expect("a reference")];
    let by_name = vec![Reference::parse(&format!("localhost:{port}")).expect("a reference")];
    let (folder, other_folder) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let clock = clock(2);

    let mut without_names = Prober::start(clock, targets(), rules(by_number), folder.path()).expect("started");
    let mut with_names = Prober::start(clock, targets(), rules(by_name), other_folder.path()).expect("started");

    assert_eq!(measure(&mut without_names, &clock, 0), [row(0, "a", Some(10_000))]);
    assert_eq!(measure(&mut with_names, &clock, 0), [row(0, "a", Some(10_000)), row(0, "nowhere", Some(0))]);
}

#[test]
fn a_prober_that_is_started_again_goes_on_and_the_time_between_is_a_gap() {
    let folder = tempfile::tempdir().expect("a folder");
    let ((_up, up), clock) = (listen(), clock(6));
    let targets = || vec![target("a", &up), target("b", &free_address())];
    let first = Prober::start(clock, targets(), rules(vec![]), folder.path()).expect("started");
    sleep_until(clock.genesis + 2);
    drop(first);
    // What a kill would leave.
    let path = folder.path().join("epoch-0000000000.jsonl");
    let mut cut_short = fs::read(&path).expect("readable");
    cut_short.extend_from_slice(b"{\"time\":17");
    fs::write(&path, cut_short).expect("written");
    sleep_until(clock.genesis + 3);

    let mut second = Prober::start(clock, targets(), rules(vec![]), folder.path()).expect("started");
    let rows = measure(&mut second, &clock, 0);

    // Windows 0 and 1 by the first, 4 and 5 at the least by the second; none between counts against a.
    assert_eq!(rows, [row(0, "a", Some(10_000)), row(0, "b", Some(0))]);
    let lines = fs::read_to_string(&path).expect("readable").lines().count();
    assert!((6..=10).contains(&lines), "{lines} lines");
}

#[test]
fn downloads_become_bandwidth() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = TestServer::start(|asked| (if asked.path == "/good" { 200 } else { 404 }, vec![7; 50_000]));
    let url = |path| reqwest::Url::parse(&format!("http://{}/{path}", server.address)).ok();
    let clock = clock(4);
    let downloaded = |node: &str, path| Target { tcp: None, download: url(path), ..target(node, "") };
    let targets = vec![downloaded("a", "good"), downloaded("b", "gone")];
    let (_reference, reference) = listen();
    let references = vec![Reference::parse(&reference).expect("a reference")];
    let mut prober = Prober::start(clock, targets, rules(references), folder.path()).expect("started");

    // A download each 2 s, of which the first may be before the epoch: epoch 1 has one at the least.
    let rows = measure(&mut prober, &clock, 1);

    let [a, b] = rows.as_slice() else { panic!("{rows:?}") };
    // 50,000 bytes are 400 kbit: in at most 300 ms that is 1,333 kbit/s at the least.
    assert!(a.bandwidth.is_some_and(|kbit_per_sec| kbit_per_sec >= 1_333), "{a:?}");
    assert_eq!((a.uptime_bps, b.uptime_bps, b.bandwidth), (None, None, Some(0)));
}

#[test]
fn what_can_not_be_asked_in_time_is_refused_at_the_start() {
    let targets = |count: usize, has_download: bool| -> Vec<_> {
        let download = has_download.then(|| reqwest::Url::parse("http://127.0.0.1/").ok()).flatten();
        (0..count).map(|n| Target { download: download.clone(), ..target(&format!("n{n}"), "127.0.0.1:1") }).collect()
    };
    let check = |rules: ProbeRules, targets: &[Target]| rules.check(targets).map_err(|error| error.to_string());
    let reference = || vec![Reference::parse("127.0.0.1:1").expect("a reference")];
    let slow = DownloadLimits { bytes: 1, time: Duration::from_millis(600) };

    // Three turns of eight targets and two of references, 200 ms each, are a second.
    assert_eq!(check(rules(vec![]), &targets(24, false)), Ok(()));
    assert_eq!(
        check(rules(vec![]), &targets(25, false)),
        Err("asking 25 targets, 8 at a time, may take 1.2 s of a window of 1 s; raise --probe-concurrency or \
             --probe-interval-secs, or lower --probe-timeout-secs"
            .to_owned())
    );
    assert_eq!(
        check(rules(vec![]), &targets(1, false)),
        Err("a single target that is down can't be told from a prober that is; name a --reference".to_owned())
    );
    assert_eq!(check(rules(reference()), &targets(1, false)), Ok(()));
    assert_eq!(
        check(ProbeRules { download_limits: slow, ..rules(vec![]) }, &targets(2, true)),
        Err("a download of 0.6 s does not fit into a window of 1 s beside two timeouts; raise --probe-interval-secs, or \
             lower --download-secs"
            .to_owned())
    );
    // Between 200 ms and 500 ms of a window a download of 300 ms can begin twice; in 2 s there are two windows.
    assert_eq!(check(rules(vec![]), &targets(4, true)), Ok(()));
    assert_eq!(
        check(rules(vec![]), &targets(5, true)),
        Err("5 downloads, one after the other, don't fit into 2 s; raise --download-interval-secs, or lower \
             --download-secs"
            .to_owned())
    );
}
