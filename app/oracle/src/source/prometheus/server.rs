//! Asks the server, and asks again where that may help.

use std::io::Read as _;
use std::thread;
use std::time::{Duration, Instant};

use reqwest::blocking::{Client, Response};
use reqwest::header::RETRY_AFTER;
use reqwest::{StatusCode, Url};

use super::answer::{Answer, Series};
use super::WindowQuery;
use crate::source::error::Field;

const ATTEMPTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause that the server may ask for.
const MAX_PAUSE: Duration = Duration::from_secs(30);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// The longest answer that is read.
const MAX_ANSWER_BYTES: u64 = 512 << 20;
/// As much of a server's words as is shown.
const MAX_SHOWN_CHARS: usize = 300;

/// Why a server says nothing of an epoch, or nothing to rely on.
#[derive(Debug, thiserror::Error)]
pub enum PrometheusError {
    #[error("the Prometheus URL is not one: {reason}; it begins with http:// or https://")]
    Url { reason: String },
    #[error(
        "`{query}` asks for one moment, where Prometheus fills a gap with what was before it; ask for a window, as in \
         `avg_over_time(up[$window])`"
    )]
    NoRange { query: String },
    #[error("the HTTP client can't be made")]
    Client { source: reqwest::Error },
    #[error("{server} did not answer all that was asked in time")]
    Late { server: String },
    #[error("{server} did not answer, {ATTEMPTS} times over")]
    Unreachable { server: String, source: reqwest::Error },
    #[error("{server} was busy or broken, {ATTEMPTS} times over: {status}: {message}")]
    Busy { server: String, status: StatusCode, message: String },
    #[error("{server} refused the query `{query}`: {status}: {message}")]
    Refused { server: String, query: String, status: StatusCode, message: String },
    #[error("{server} warns that its answer to `{query}` is not all there is: {warnings}")]
    Warned { server: String, query: String, warnings: String },
    #[error("{server} broke off its answer, {ATTEMPTS} times over: {reason}")]
    BrokenOff { server: String, reason: String },
    #[error("{server} does not answer as Prometheus does: {reason}")]
    BadAnswer { server: String, reason: String },
    #[error(
        "{server} answers with more than {} MiB; aggregate in the query, or ask in longer windows with --step-secs",
        MAX_ANSWER_BYTES >> 20
    )]
    TooLong { server: String },
    #[error("no series of {field} has the label `{label}`, {series} for one; keep it in the query, or name another with --node-label")]
    NoLabel { field: Field, series: String, label: String },
}

/// A server and how to reach it.
pub struct Server {
    client: Client,
    url: Url,
    /// The URL without what is secret in it.
    shown: String,
    first_pause: Duration,
}

impl Server {
    /// - `url`: with the path before `/api/v1`, if there is one, and with user and password, if they are asked for
    pub fn new(url: &str) -> Result<Self, PrometheusError> {
        let bad_url = |reason: String| PrometheusError::Url { reason };
        let mut url = Url::parse(url).map_err(|error| bad_url(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad_url(format!("`{}` is another scheme", url.scheme())));
        }
        url.set_query(None);
        url.set_fragment(None);
        let mut shown = url.clone();
        // Neither can fail where there is a host, and with these schemes there is one.
        let _ = shown.set_username("");
        let _ = shown.set_password(None);
        match url.path_segments_mut() {
            Ok(mut segments) => segments.pop_if_empty().extend(["api", "v1", "query_range"]),
            Err(()) => return Err(bad_url("it has no path".to_owned())),
        };
        let client = Client::builder()
            .user_agent(concat!("stipend/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|source| PrometheusError::Client { source })?;
        Ok(Self { client, url, shown: format!("Prometheus at {shown}"), first_pause: FIRST_PAUSE })
    }

    #[cfg(test)]
    pub fn with_first_pause(self, first_pause: Duration) -> Self {
        Self { first_pause, ..self }
    }

    /// The values of `query` in the windows `first` to `last`, both included, of the epoch that begins at `epoch_start`.
    ///
    /// Errors: also [`PrometheusError::Late`], which comes at `deadline`.
    pub fn query_range(
        &self,
        query: &WindowQuery,
        epoch_start: i64,
        first: u32,
        last: u32,
        step_secs: u32,
        deadline: Instant,
    ) -> Result<Vec<Series>, PrometheusError> {
        let last_milli = |window: u32| {
            let window_end = (i128::from(window) + 1) * i128::from(step_secs) + i128::from(epoch_start);
            window_end * 1_000 - 1
        };
        let (start, end) = (last_milli(first), last_milli(last));
        let parameters = [
            ("query", query.sent().to_owned()),
            ("start", secs_text(start)),
            ("end", secs_text(end)),
            ("step", step_secs.to_string()),
        ];

        let answer = self.ask(query.text(), &parameters, deadline)?;
        let bad_answer = |reason: String| PrometheusError::BadAnswer { server: self.shown.clone(), reason };
        let data = answer.data.ok_or_else(|| bad_answer("there is no `data`".to_owned()))?;
        data.result
            .into_iter()
            .map(|raw| {
                let values = raw.values.into_iter().map(|(unix_secs, value)| {
                    let window = window_at(unix_secs, start, step_secs, first, last);
                    window
                        .map(|window| (window, value))
                        .ok_or_else(|| bad_answer(format!("time {unix_secs} was not asked for")))
                });
                Ok(Series { labels: raw.metric, values: values.collect::<Result<_, _>>()? })
            })
            .collect()
    }

    fn ask(&self, query: &str, parameters: &[(&str, String)], deadline: Instant) -> Result<Answer, PrometheusError> {
        let mut pause = self.first_pause;
        let mut attempt = 1;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(PrometheusError::Late { server: self.shown.clone() });
            }
            let (failure, asked_pause) = match self.ask_once(query, parameters, left.min(ANSWER_TIMEOUT)) {
                Ok(answer) => return Ok(answer),
                Err((failure, Again::Never)) => return Err(failure),
                Err((failure, Again::After(asked_pause))) => (failure, asked_pause),
            };
            if attempt == ATTEMPTS {
                return Err(failure);
            }
            tracing::warn!(attempt, "{failure}");
            let left = deadline.saturating_duration_since(Instant::now());
            thread::sleep(asked_pause.unwrap_or(pause).min(MAX_PAUSE).min(left));
            pause = pause.saturating_mul(2);
            attempt += 1;
        }
    }

    fn ask_once(
        &self,
        query: &str,
        parameters: &[(&str, String)],
        timeout: Duration,
    ) -> Result<Answer, (PrometheusError, Again)> {
        let server = || self.shown.clone();
        let response =
            self.client.get(self.url.clone()).query(parameters).timeout(timeout).send().map_err(|source| {
                (PrometheusError::Unreachable { server: server(), source: source.without_url() }, Again::After(None))
            })?;
        let (status, asked_pause) = (response.status(), retry_after(&response));
        let mut bytes = Vec::new();
        response.take(MAX_ANSWER_BYTES + 1).read_to_end(&mut bytes).map_err(|error| {
            (PrometheusError::BrokenOff { server: server(), reason: error.to_string() }, Again::After(None))
        })?;
        if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
            let message = refusal(&bytes);
            return Err((PrometheusError::Busy { server: server(), status, message }, Again::After(asked_pause)));
        }
        self.answer(query, status, &bytes).map_err(|error| (error, Again::Never))
    }

    fn answer(&self, query: &str, status: StatusCode, bytes: &[u8]) -> Result<Answer, PrometheusError> {
        let (server, query) = (self.shown.clone(), query.to_owned());
        if bytes.len() as u64 > MAX_ANSWER_BYTES {
            return Err(PrometheusError::TooLong { server });
        }
        if !status.is_success() {
            return Err(PrometheusError::Refused { server, query, status, message: refusal(bytes) });
        }
        let answer: Answer = serde_json::from_slice(bytes)
            .map_err(|error| PrometheusError::BadAnswer { server: server.clone(), reason: error.to_string() })?;
        if answer.status != "success" {
            return Err(PrometheusError::Refused { server, query, status, message: refusal(bytes) });
        }
        if !answer.warnings.is_empty() {
            let warnings = shown(&answer.warnings.join("; "));
            return Err(PrometheusError::Warned { server, query, warnings });
        }
        Ok(answer)
    }
}

/// Whether to ask again.
enum Again {
    Never,
    /// After the pause that the server asked for, if it did.
    After(Option<Duration>),
}

/// The pause that the server asks for, where it does so in seconds.
fn retry_after(response: &Response) -> Option<Duration> {
    let secs = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(secs))
}

/// The server's own words for what is wrong.
fn refusal(bytes: &[u8]) -> String {
    match serde_json::from_slice::<Answer>(bytes) {
        Ok(Answer { error: Some(error), .. }) => shown(&error),
        _ => shown(&String::from_utf8_lossy(bytes)),
    }
}

/// One line for a terminal, whatever the server sends.
fn shown(text: &str) -> String {
    let line: String = text.trim().chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    match line.char_indices().nth(MAX_SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None if line.is_empty() => "without a word".to_owned(),
        None => line,
    }
}

fn secs_text(millis: i128) -> String {
    format!("{}.{:03}", millis.div_euclid(1_000), millis.rem_euclid(1_000))
}

/// The window that was asked for with the time `unix_secs`; `None` if none was.
///
/// - `start`: the time of the window `first`, in milliseconds
fn window_at(unix_secs: f64, start: i128, step_secs: u32, first: u32, last: u32) -> Option<u32> {
    // A time of today in seconds is exact to less than a microsecond in an f64.
    let millis = (unix_secs * 1_000.0).round() as i128;
    let steps = millis.checked_sub(start)?.checked_div_euclid(i128::from(step_secs) * 1_000)?;
    let window = first.checked_add(u32::try_from(steps).ok()?)?;
    (window <= last).then_some(window)
}
