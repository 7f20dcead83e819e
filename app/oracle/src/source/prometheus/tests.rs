//! Against a server of the tests' own, for what a real one is hard to be brought to say; what a real one says is in
//! `tests/prometheus.rs`.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;
use crate::source::later;
use crate::source::test_server::{Asked, TestServer};

/// Epoch 1 of 40 s, from 1,000 s on, in windows of 10 s: the server is asked for 1009.999, 1019.999, 1029.999, 1039.999.
const SPAN: EpochSpan = EpochSpan { epoch: 1, start: 1_000, end: 1_040 };

/// A server on loopback that gives the prepared answers in turn, and keeps what it was asked.
struct Scripted {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
    server: TestServer,
}

impl Scripted {
    fn new(answers: Vec<(u16, String)>) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&asked);
        let mut answers = answers.into_iter();
        let server = TestServer::start(move |Asked { path, authorization }| {
            keep.lock().expect("not poisoned").push(format!("{authorization} {path}"));
            let (status, body) = answers.next().unwrap_or((500, "no answer is left".to_owned()));
            (status, body.into_bytes())
        });
        Self { url: format!("http://user:secret@{}/base/", server.address), asked, server }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("not poisoned").clone()
    }
}

fn source(url: &str, uptime: Option<&str>, bandwidth: Option<&str>, step_secs: u32) -> Prometheus {
    let query = |text: &str| WindowQuery::new(text, step_secs).expect("a query");
    let rules = PrometheusRules {
        uptime_query: uptime.map(query),
        bandwidth_query: bandwidth.map(query),
        node_label: "node".to_owned(),
        step_secs,
        min_coverage: MinCoverage { percent: 50 },
    };
    Prometheus::new(Server::new(url).expect("a server").with_first_pause(Duration::from_millis(1)), rules)
}

fn success(series: &str) -> (u16, String) {
    (200, format!("{{\"status\":\"success\",\"data\":{{\"resultType\":\"matrix\",\"result\":[{series}]}}}}"))
}

fn series(labels: &str, values: &[(f64, &str)]) -> String {
    let values: Vec<_> = values.iter().map(|(secs, value)| format!("[{secs},\"{value}\"]")).collect();
    format!("{{\"metric\":{{{labels}}},\"values\":[{}]}}", values.join(","))
}

fn row(node: &str, uptime_bps: Option<u16>, bandwidth: Option<u32>) -> MeasurementRow {
    MeasurementRow { epoch: 1, node: node.to_owned(), uptime_bps, bandwidth }
}

/// What the source makes of one answer to a query for uptime.
fn measure_uptime(answers: Vec<(u16, String)>) -> (Result<Measured, String>, usize) {
    let server = Scripted::new(answers);
    let measured = source(&server.url, Some("up[$window]"), None, 10).measure(&SPAN, later());
    let port = server.server.address.to_string();
    (measured.map_err(|error| error.to_string().replace(&port, "HOST")), server.asked().len())
}

fn uptime_of(series: &[String]) -> Result<Measured, String> {
    measure_uptime(vec![success(&series.join(","))]).0
}

#[test]
fn each_window_is_asked_for_at_its_last_millisecond() {
    let a = |values: &[(f64, &str)]| series("\"__name__\":\"up\",\"node\":\"a\"", values);
    let server = Scripted::new(vec![
        success(&a(&[(1009.999, "1"), (1019.999, "0"), (1039.999, "1")])),
        success(&a(&[(1019.999, "1500.5"), (1029.999, "1000")])),
    ]);

    let measured = source(&server.url, Some("up{job=\"x\"}[$window]"), Some("rate(b[1m])"), 10).measure(&SPAN, later());

    // 2 of the 3 windows that have a value; (1500.5 + 1000) / 2 = 1250.25.
    assert_eq!(
        measured.expect("measured"),
        Measured { rows: vec![row("a", Some(6_666), Some(1_250))], remarks: vec![] }
    );
    // `user:secret` in base64.
    let range = "start=1009.999&end=1039.999&step=10";
    assert_eq!(
        server.asked(),
        [
            format!("Basic dXNlcjpzZWNyZXQ= /base/api/v1/query_range?query=up%7Bjob%3D%22x%22%7D%5B9999ms%5D&{range}"),
            format!("Basic dXNlcjpzZWNyZXQ= /base/api/v1/query_range?query=rate%28b%5B1m%5D%29&{range}"),
        ]
    );
}

#[test]
fn a_long_epoch_is_asked_for_in_parts() {
    let span = EpochSpan { epoch: 0, start: 0, end: 2_500 };
    let part = |secs: &[f64]| {
        let values: Vec<_> = secs.iter().map(|secs| (*secs, "1")).collect();
        success(&series("\"node\":\"a\"", &values))
    };
    let server = Scripted::new(vec![part(&[0.999, 999.999]), part(&[1000.999]), part(&[2499.999])]);
    let mut source = source(&server.url, None, Some("b[1m]"), 1);
    source.rules.min_coverage = MinCoverage { percent: 0 };

    let measured = source.measure(&span, later()).expect("measured");

    assert_eq!(measured.rows, [MeasurementRow { epoch: 0, ..row("a", None, Some(1)) }]);
    let ranges: Vec<_> =
        server.asked().iter().filter_map(|asked| Some(asked.split_once("&start=")?.1.to_owned())).collect();
    assert_eq!(ranges, ["0.999&end=999.999&step=1", "1000.999&end=1999.999&step=1", "2000.999&end=2499.999&step=1",]);
}

#[test]
fn what_is_wrong_with_one_node_leaves_the_others_measured() {
    let good = series("\"node\":\"good\"", &[(1009.999, "1"), (1019.999, "1")]);
    let sparse = series("\"node\":\"sparse\"", &[(1009.999, "1"), (1019.999, "NaN")]);
    let wild = series("\"node\":\"wild\"", &[(1009.999, "1"), (1019.999, "37")]);
    let twice = [("x", 1009.999), ("y", 1009.999)].map(|(port, secs)| {
        series(&format!("\"node\":\"twice\",\"port\":\"{port}\""), &[(secs, "1"), (1019.999, "1")])
    });
    let moved = [("x", 1009.999), ("y", 1029.999)]
        .map(|(port, secs)| series(&format!("\"node\":\"moved\",\"port\":\"{port}\""), &[(secs, "1")]));
    let nameless = series("\"__name__\":\"up\",\"port\":\"z\"", &[(1009.999, "1")]);
    let blank = series("\"node\":\" \"", &[(1009.999, "1")]);

    let all = [vec![nameless, blank, good, sparse, wild], twice.to_vec(), moved.to_vec()].concat();
    let measured = uptime_of(&all).expect("measured");

    // Two series of one node that follow each other, as when it is moved to another port, are one.
    assert_eq!(measured.rows, [row("good", Some(10_000), None), row("moved", Some(10_000), None)]);
    let said: Vec<_> = measured.remarks.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "a series of uptime is left out: up{port=\"z\"} has no label `node`",
            "a series of uptime is left out: node \" \" has a control character, or white space at an end; a label is plain \
             text",
            "uptime of node \"sparse\" is not measured: samples in 1 of 4 windows are too few",
            "uptime of node \"twice\" is not measured: two series are of this node; aggregate them in the query",
            "uptime of node \"wild\" is not measured: 37 is above 1, which is all of a window",
        ]
    );
}

#[test]
fn a_query_without_the_label_is_refused() {
    let nameless = series("\"__name__\":\"up\",\"instance\":\"h:1\"", &[(1009.999, "1")]);

    assert_eq!(
        uptime_of(&[nameless]),
        Err("no series of uptime has the label `node`, up{instance=\"h:1\"} for one; keep it in the query, or name another \
             with --node-label"
            .to_owned())
    );
}

#[test]
fn a_server_that_has_nothing_measures_nothing() {
    assert_eq!(uptime_of(&[]), Ok(Measured::default()));
}

#[test]
fn a_busy_server_is_asked_again_and_not_for_ever() {
    let a = || success(&series("\"node\":\"a\"", &[(1009.999, "1"), (1019.999, "1")]));
    let busy =
        |status| (status, "{\"status\":\"error\",\"errorType\":\"x\",\"error\":\"too many\\nqueries\"}".to_owned());

    let (recovered, asked) = measure_uptime(vec![busy(429), busy(503), busy(502), (500, String::new()), a()]);
    let (given_up, asked_in_vain) = measure_uptime(vec![busy(429); 9]);

    assert_eq!(recovered.expect("measured").rows, [row("a", Some(10_000), None)]);
    assert_eq!(asked, 5);
    assert_eq!(
        given_up,
        Err(
            "Prometheus at http://HOST/base/ was busy or broken, 5 times over: 429 Too Many Requests: too many queries"
                .to_owned()
        )
    );
    assert_eq!(asked_in_vain, 5);
}

#[test]
fn a_server_that_is_not_there_is_named_without_the_password() {
    // A port that nobody has now.
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("bound").local_addr().expect("an address");

    let refused = source(&format!("http://user:secret@{free}"), Some("up[$window]"), None, 10).measure(&SPAN, later());

    let refused = format!("{:#}", anyhow::Error::new(refused.expect_err("refused")));
    assert!(refused.starts_with(&format!("Prometheus at http://{free}/ did not answer, 5 times over: ")), "{refused}");
    assert!(!refused.contains("secret"), "{refused}");
}

#[test]
fn an_answer_that_can_not_be_relied_on_is_refused_at_once() {
    let at = "Prometheus at http://HOST/base/";
    for (answer, refusal) in [
        (
            (400, "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"parse error\"}".to_owned()),
            format!("{at} refused the query `up[$window]`: 400 Bad Request: parse error"),
        ),
        ((401, String::new()), format!("{at} refused the query `up[$window]`: 401 Unauthorized: without a word")),
        (
            (200, "{\"status\":\"error\",\"error\":\"no\"}".to_owned()),
            format!("{at} refused the query `up[$window]`: 200 OK: no"),
        ),
        (
            (200, "<html>".to_owned()),
            format!("{at} does not answer as Prometheus does: expected value at line 1 column 1"),
        ),
        (
            (200, "{\"status\":\"success\"}".to_owned()),
            format!("{at} does not answer as Prometheus does: there is no `data`"),
        ),
        (
            (200, "{\"status\":\"success\",\"data\":{\"result\":[]},\"warnings\":[\"a store is away\"]}".to_owned()),
            format!("{at} warns that its answer to `up[$window]` is not all there is: a store is away"),
        ),
        (
            success(&series("\"node\":\"a\"", &[(1039.999, "1"), (1049.999, "1")])),
            format!("{at} does not answer as Prometheus does: time 1049.999 was not asked for"),
        ),
        (
            success(&series("\"node\":\"a\"", &[(999.999, "1")])),
            format!("{at} does not answer as Prometheus does: time 999.999 was not asked for"),
        ),
    ] {
        let (measured, asked) = measure_uptime(vec![answer]);

        assert_eq!(measured, Err(refusal));
        assert_eq!(asked, 1);
    }
}

#[test]
fn a_url_that_is_not_one_is_refused_and_not_shown() {
    for (url, reason) in [
        ("prometheus:9090", "`prometheus` is another scheme"),
        ("//secret", "relative URL without a base"),
        ("http://", "empty host"),
    ] {
        let refused = Server::new(url).err().map(|error| error.to_string());

        let expected = format!("the Prometheus URL is not one: {reason}; it begins with http:// or https://");
        assert_eq!(refused, Some(expected));
    }
}

#[test]
fn windows_that_do_not_fill_the_epoch_are_refused() {
    let refused = source("http://127.0.0.1:1", Some("up[$window]"), None, 7)
        .measure(&SPAN, later())
        .map_err(|error| error.to_string());

    assert_eq!(
        refused,
        Err(
            "an epoch of 40 s is not a whole number of windows of 7 s; choose --step-secs so that it divides the epoch"
                .to_owned()
        )
    );
}

#[test]
fn a_server_that_is_always_busy_is_given_up_at_the_deadline_and_not_asked_after_it() {
    let server = Scripted::new(vec![]);

    let late = source(&server.url, Some("up[$window]"), None, 10).measure(&SPAN, Instant::now());

    let error = late.map_err(|error| error.to_string()).expect_err("too late");
    assert!(error.ends_with("did not answer all that was asked in time"), "{error}");
    assert_eq!(server.asked().len(), 0);
}
