//! What happens on the way, on stderr.

use std::io;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{filter_fn, Targets};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// What every target of this project begins with.
const OWN: &str = "stipend";

/// Begins to log. Called once.
///
/// - `is_service`: it is a program that runs on, which tells what it does unasked;
/// - `verbose`: how often `-v` was given: warnings without it, then what is done, then each request. `RUST_LOG`, a list of levels or
///   `target=level`, overrides it.
///
/// Only what this project says itself: other libraries tell whole URLs, and a part of one may be secret.
pub fn begin(is_service: bool, verbose: u8) {
    let level = match verbose.saturating_add(is_service.into()) {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let from_environment: Option<Targets> = std::env::var("RUST_LOG").ok().and_then(|text| text.parse().ok());
    let chosen = from_environment.unwrap_or_else(|| Targets::new().with_target(OWN, level));
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(false)
        .with_target(false)
        .with_filter(chosen)
        .with_filter(filter_fn(|metadata| is_own(metadata.target())));
    // Only a second call could fail.
    let _ = tracing_subscriber::registry().with(layer).try_init();
}

fn is_own(target: &str) -> bool {
    let name = target.split("::").next().unwrap_or_default();
    name == OWN || name.strip_prefix(OWN).is_some_and(|rest| rest.starts_with('_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_project_is_heard() {
        assert!(is_own("stipend") && is_own("stipend::cluster") && is_own("stipend_client::rpc::deliver"));
        assert!(!is_own("reqwest::connect") && !is_own("hyper") && !is_own("stipends"));
    }
}
