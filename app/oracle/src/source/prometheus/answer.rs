//! What the server answers.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The whole answer, good or bad.
#[derive(Deserialize)]
pub struct Answer {
    pub status: String,
    #[serde(default)]
    pub data: Option<Data>,
    #[serde(default)]
    pub error: Option<String>,
    #[serde(default)]
    pub warnings: Vec<String>,
}

#[derive(Deserialize)]
pub struct Data {
    pub result: Vec<RawSeries>,
}

#[derive(Deserialize)]
pub struct RawSeries {
    pub metric: BTreeMap<String, String>,
    /// Unix seconds and the value as text. A series of histograms has none.
    #[serde(default)]
    pub values: Vec<(f64, String)>,
}

/// A series of the epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    pub labels: BTreeMap<String, String>,
    /// By window of the epoch.
    pub values: Vec<(u32, String)>,
}

impl Series {
    /// As Prometheus writes it.
    pub fn name(&self) -> String {
        let labels: Vec<_> = self
            .labels
            .iter()
            .filter(|(label, _)| *label != "__name__")
            .map(|(label, value)| format!("{label}={value:?}"))
            .collect();
        format!("{}{{{}}}", self.labels.get("__name__").map_or("", String::as_str), labels.join(","))
    }
}
