//! Metrics over HTTP.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderValue, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;

/// What Prometheus knows the text by.
const OPEN_METRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
const PLAIN: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
/// How long a client may take to send its request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// How long to wait where nobody can be accepted.
const PAUSE: Duration = Duration::from_millis(100);

/// Where metrics are served.
#[derive(Debug, Clone, clap::Args)]
pub struct MetricsArgs {
    /// Tell Prometheus how it goes, at http://ADDRESS/metrics; a port alone is one of this machine's own (127.0.0.1)
    #[arg(long = "metrics", value_name = "[ADDRESS:]PORT", value_parser = parse_address)]
    address: Option<SocketAddr>,
}

/// Why no metrics are served.
#[derive(Debug, thiserror::Error)]
#[error("nobody can listen on {address}: {reason}")]
pub struct MetricsError {
    address: SocketAddr,
    reason: String,
}

fn parse_address(text: &str) -> Result<SocketAddr, &'static str> {
    if let Ok(port) = text.parse() {
        return Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    }
    text.parse().map_err(|_| "an address is a port, or an IP address and a port, as 127.0.0.1:9464")
}

impl MetricsArgs {
    /// Serves the metrics, if they were asked for, as long as the program runs. Returns where.
    pub fn serve(&self, registry: Registry) -> Result<Option<SocketAddr>, MetricsError> {
        let Some(address) = self.address else {
            return Ok(None);
        };
        let failed = |error: std::io::Error| MetricsError { address, reason: error.to_string() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let listener = runtime.block_on(TcpListener::bind(address)).map_err(failed)?;
        let bound = listener.local_addr().map_err(failed)?;
        let registry = Arc::new(registry);
        let serve = move || runtime.block_on(accept(listener, registry));
        thread::Builder::new().name("metrics".to_owned()).spawn(serve).map_err(failed)?;
        tracing::info!("metrics are at http://{bound}/metrics");
        Ok(Some(bound))
    }
}

/// Answers everybody, without an end.
async fn accept(listener: TcpListener, registry: Arc<Registry>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // The process has too many open files, or the client is gone.
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let registry = Arc::clone(&registry);
        tokio::spawn(async move {
            let answer = service_fn(|request| {
                let answer = answer(&request, &registry);
                async move { Ok::<_, Infallible>(answer) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(REQUEST_TIMEOUT)
                .serve_connection(TokioIo::new(stream), answer);
            // Who asked is gone: nobody is left to be told.
            let _ = connection.await;
        });
    }
}

fn answer(request: &Request<Incoming>, registry: &Registry) -> Response<Full<Bytes>> {
    let (status, content_type, text) = if request.uri().path() != "/metrics" {
        (StatusCode::NOT_FOUND, PLAIN, "metrics are at /metrics\n".to_owned())
    } else if !matches!(*request.method(), Method::GET | Method::HEAD) {
        (StatusCode::METHOD_NOT_ALLOWED, PLAIN, "only GET\n".to_owned())
    } else {
        let mut text = String::new();
        match encode(&mut text, registry) {
            Ok(()) => (StatusCode::OK, OPEN_METRICS, text),
            Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, PLAIN, "metrics can't be written\n".to_owned()),
        }
    };
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_alone_is_of_this_machine_only() {
        assert_eq!(parse_address("9464"), Ok("127.0.0.1:9464".parse().expect("an address")));
        assert_eq!(parse_address("0.0.0.0:1"), Ok("0.0.0.0:1".parse().expect("an address")));
        assert!(parse_address("localhost:1").is_err());
    }

    #[test]
    fn metrics_are_served_and_nothing_else() {
        let (registry, metrics) = super::super::ServiceMetrics::register();
        metrics.set_balance(77);
        let args = MetricsArgs { address: Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0)) };

        let address = args.serve(registry).expect("served").expect("asked for");
        let get = |path: &str| reqwest::blocking::get(format!("http://{address}{path}")).expect("answered");

        let found = get("/metrics");
        assert_eq!(found.status(), 200);
        assert!(found.text().expect("text").contains("\nstipend_payer_balance_lamports 77\n"));
        let content_type = reqwest::header::CONTENT_TYPE;
        assert!(get("/metrics").headers()[content_type]
            .to_str()
            .expect("text")
            .starts_with("application/openmetrics-text"));
        assert_eq!(get("/").status(), 404);
        let posted =
            reqwest::blocking::Client::new().post(format!("http://{address}/metrics")).send().expect("answered");
        assert_eq!(posted.status(), 405);
    }
}
