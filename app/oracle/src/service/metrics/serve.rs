//! Metrics over HTTP.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::thread;

use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use tiny_http::{Header, Method, Request, Response, Server};

/// What Prometheus knows the text by.
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

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
        let failed = |reason: String| MetricsError { address, reason };
        let server = Server::http(address).map_err(|error| failed(error.to_string()))?;
        let bound = server.server_addr().to_ip().unwrap_or(address);
        let serve = move || {
            for request in server.incoming_requests() {
                // Who asked is gone: the next one is answered.
                let _ = answer(request, &registry);
            }
        };
        thread::Builder::new().name("metrics".to_owned()).spawn(serve).map_err(|error| failed(error.to_string()))?;
        tracing::info!("metrics are at http://{bound}/metrics");
        Ok(Some(bound))
    }
}

fn answer(request: Request, registry: &Registry) -> std::io::Result<()> {
    if request.url() != "/metrics" {
        return request.respond(Response::from_string("metrics are at /metrics\n").with_status_code(404));
    }
    if !matches!(request.method(), Method::Get | Method::Head) {
        return request.respond(Response::from_string("only GET\n").with_status_code(405));
    }
    let mut text = String::new();
    if encode(&mut text, registry).is_err() {
        return request.respond(Response::from_string("metrics can't be written\n").with_status_code(500));
    }
    let response = Response::from_string(text);
    match Header::from_bytes("Content-Type", CONTENT_TYPE) {
        Ok(header) => request.respond(response.with_header(header)),
        Err(()) => request.respond(response),
    }
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
        assert_eq!(get("/").status(), 404);
    }
}
