//! Where requests go: one endpoint after another, until one answers.

use super::rate::Rate;
use async_trait::async_trait;
use backon::{BackoffBuilder, ExponentialBuilder};
use serde_json::Value;
use solana_rpc_client::{
    http_sender::HttpSender,
    rpc_sender::{RpcSender, RpcTransportStats},
};
use solana_rpc_client_api::{
    client_error::{reqwest::StatusCode, Error, ErrorKind, Result},
    custom_error::{
        JSON_RPC_SERVER_ERROR_BLOCK_NOT_AVAILABLE, JSON_RPC_SERVER_ERROR_BLOCK_STATUS_NOT_AVAILABLE_YET,
        JSON_RPC_SERVER_ERROR_MIN_CONTEXT_SLOT_NOT_REACHED, JSON_RPC_SERVER_ERROR_NODE_UNHEALTHY,
    },
    request::{RpcError, RpcRequest},
};
use std::{
    error::Error as _,
    sync::{
        atomic::{AtomicBool, AtomicUsize, Ordering},
        Arc,
    },
    time::Duration,
};
use tokio::time::Instant;

/// What a node answers that can't look into itself just now.
const INTERNAL_ERROR: i64 = -32_603;

/// A request is tried again after these waits, each longer by half up to twice: 12 seconds in all, or up to 24.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(4);
const RETRIES: usize = 7;

/// Several endpoints of one cluster. A request that one does not answer goes to the next; rate limits are waited for.
pub(super) struct Endpoints {
    senders: Vec<HttpSender>,
    turn: Turn,
    stop: Arc<AtomicBool>,
    rate: Option<Rate>,
}

/// Which endpoint is in use. Clones are of one.
#[derive(Clone, Debug, Default)]
pub(super) struct Turn(Arc<TurnState>);

#[derive(Debug, Default)]
struct TurnState {
    /// Counts up; the endpoint in use is this modulo their number.
    turn: AtomicUsize,
    endpoints: AtomicUsize,
}

impl Turn {
    /// How many endpoints there are.
    pub(super) fn endpoints(&self) -> usize {
        self.0.endpoints.load(Ordering::Relaxed)
    }

    /// Leaves the endpoint in use for the next one.
    pub(super) fn next(&self) {
        self.0.turn.fetch_add(1, Ordering::Relaxed);
    }
}

impl Endpoints {
    /// - `urls`: at least one; `timeout`: of one request; `stop`: nothing is tried again once it is set; `rate`: of all
    ///   requests.
    pub(super) fn new(
        urls: &[String],
        timeout: Duration,
        turn: Turn,
        stop: Arc<AtomicBool>,
        rate: Option<Rate>,
    ) -> Self {
        let senders: Vec<_> = urls.iter().map(|url| HttpSender::new_with_timeout(url, timeout)).collect();
        turn.0.endpoints.store(senders.len(), Ordering::Relaxed);
        Self { senders, turn, stop, rate }
    }

    fn sender(&self, turn: usize) -> Option<&HttpSender> {
        self.senders.get(turn.checked_rem(self.senders.len())?)
    }
}

#[async_trait]
impl RpcSender for Endpoints {
    async fn send(&self, request: RpcRequest, params: Value) -> Result<Value> {
        let waits = ExponentialBuilder::default()
            .with_min_delay(FIRST_WAIT)
            .with_max_delay(LONGEST_WAIT)
            .with_max_times(RETRIES)
            .with_jitter();
        let mut waits = waits.build();
        loop {
            let turn = self.turn.0.turn.load(Ordering::Relaxed);
            let Some(sender) = self.sender(turn) else {
                return Err(ErrorKind::Custom("no endpoint is named".to_owned()).into());
            };
            if let Some(rate) = &self.rate {
                tokio::time::sleep(rate.take(Instant::now())).await;
            }
            let error = match sender.send(request, params.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => without_url(error),
            };
            let is_again = is_worth_retrying(&error) && !self.stop.load(Ordering::Relaxed);
            let next = if is_again { waits.next() } else { None };
            let Some(wait) = next else {
                return Err(told(error, &sender.url()));
            };
            // Whoever else met the same error has moved on already.
            let in_use = &self.turn.0.turn;
            let _ = in_use.compare_exchange(turn, turn.wrapping_add(1), Ordering::Relaxed, Ordering::Relaxed);
            tracing::debug!(endpoint = %host(&sender.url()), %request, %error, "no answer; trying again");
            tokio::time::sleep(wait).await;
        }
    }

    fn get_transport_stats(&self) -> RpcTransportStats {
        let mut sum = RpcTransportStats::default();
        for stats in self.senders.iter().map(RpcSender::get_transport_stats) {
            sum.request_count += stats.request_count;
            sum.elapsed_time += stats.elapsed_time;
            sum.rate_limited_time += stats.rate_limited_time;
        }
        sum
    }

    fn url(&self) -> String {
        self.senders.first().map(RpcSender::url).unwrap_or_default()
    }
}

/// The error without the endpoint's URL, of which a part may be secret. Everything that is shown or logged is made of these.
fn without_url(mut error: Error) -> Error {
    *error.kind = match *error.kind {
        ErrorKind::Reqwest(error) => ErrorKind::Reqwest(error.without_url()),
        kind => kind,
    };
    error
}

/// The error with the endpoint's host and everything that caused it.
fn told(mut error: Error, url: &str) -> Error {
    let ErrorKind::Reqwest(cause) = error.kind() else {
        return error;
    };
    let mut text = format!("{}: {cause}", host(url));
    let mut deeper = cause.source();
    while let Some(cause) = deeper {
        text.push_str(&format!(": {cause}"));
        deeper = cause.source();
    }
    *error.kind = ErrorKind::Custom(text);
    error
}

/// Whether the same request may be answered later, or by another endpoint. Every request that is sent here may be repeated: a
/// transaction lands once, however often it is sent.
fn is_worth_retrying(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::RpcError(RpcError::RpcResponseError { code, .. }) => matches!(
            *code,
            INTERNAL_ERROR
                | JSON_RPC_SERVER_ERROR_BLOCK_NOT_AVAILABLE
                | JSON_RPC_SERVER_ERROR_BLOCK_STATUS_NOT_AVAILABLE_YET
                | JSON_RPC_SERVER_ERROR_MIN_CONTEXT_SLOT_NOT_REACHED
                | JSON_RPC_SERVER_ERROR_NODE_UNHEALTHY
        ),
        ErrorKind::Reqwest(error) => error.status().is_none_or(|status| {
            status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::REQUEST_TIMEOUT
        }),
        ErrorKind::Io(_) | ErrorKind::Middleware(_) | ErrorKind::SerdeJson(_) | ErrorKind::RpcError(_) => true,
        ErrorKind::SigningError(_) | ErrorKind::TransactionError(_) | ErrorKind::Custom(_) => false,
    }
}

/// Scheme and host of an endpoint, without what may be secret: a key in its path or query, a password.
pub fn host(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    if scheme.is_empty() {
        host.to_owned()
    } else {
        format!("{scheme}://{host}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_shown_without_what_may_be_secret() {
        assert_eq!(host("https://user:password@rpc.example/v1/key?api-key=secret"), "https://rpc.example");
        assert_eq!(host("http://127.0.0.1:8899"), "http://127.0.0.1:8899");
        assert_eq!(host("rpc.example?api-key=secret"), "rpc.example");
    }

    #[test]
    fn a_refusal_is_not_asked_for_again_and_a_lost_answer_is() {
        let response = |code| {
            let data = solana_rpc_client_api::request::RpcResponseErrorData::Empty;
            Error::from(ErrorKind::RpcError(RpcError::RpcResponseError { code, message: String::new(), data }))
        };

        assert!(!is_worth_retrying(&response(-32_602)));
        assert!(is_worth_retrying(&response(-32_005)));
        assert!(is_worth_retrying(&response(-32_016)));
        assert!(is_worth_retrying(&ErrorKind::Io(std::io::Error::other("cut")).into()));
    }
}
