//! The rules and the dashboard name what is there.

use std::collections::BTreeSet;

use prometheus_client::encoding::text::encode;

use super::*;

const ALERTS: &str = include_str!("../../../../monitoring/alerts.yml");
const DASHBOARD: &str = include_str!("../../../../monitoring/dashboard.json");

/// The names of all metrics, as Prometheus stores them.
fn known() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for registry in [CrankMetrics::register().0, OracleMetrics::register().0] {
        let mut text = String::new();
        encode(&mut text, &registry).expect("written");
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        names.extend(samples.filter_map(|line| Some(line.split(['{', ' ']).next()?.to_owned())));
    }
    names
}

/// Every word of `text` that begins as a metric's name does.
fn named(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
    words.filter(|word| word.starts_with("stipend_")).map(str::to_owned).collect()
}

#[test]
fn the_rules_and_the_dashboard_name_only_metrics_that_exist() {
    let known = known();

    for (file, text) in [("alerts.yml", ALERTS), ("dashboard.json", DASHBOARD)] {
        let named = named(text);
        assert!(named.len() > 5, "{file} names {named:?}");
        let unknown: Vec<_> = named.difference(&known).collect();
        assert!(unknown.is_empty(), "{file} names {unknown:?}; there are {known:?}");
    }
}

#[test]
fn the_dashboard_shows_every_metric() {
    let shown = named(DASHBOARD);

    let hidden: Vec<_> = known().into_iter().filter(|name| !shown.contains(name)).collect();

    assert!(hidden.is_empty(), "{hidden:?}");
}

#[test]
fn every_outcome_and_kind_of_error_is_zero_before_it_happens() {
    let (registry, _) = OracleMetrics::register();
    let mut text = String::new();
    encode(&mut text, &registry).expect("written");

    for line in [
        "stipend_oracle_epochs_total{outcome=\"missed\"} 0",
        "stipend_oracle_reports_total{outcome=\"refused\"} 0",
        "stipend_errors_total{kind=\"source\"} 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in {text}");
    }
}
