//! A query whose value at the end of a window is that of the window.

use super::PrometheusError;

/// What stands for the length of a window in a query.
const WINDOW: &str = "$window";

/// PromQL with a range in it.
///
/// A selector without one takes the last value of up to five minutes before, and so fills gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowQuery {
    text: String,
    sent: String,
}

impl WindowQuery {
    /// - `text`: as the user wrote it
    /// - `step_secs`: the length of a window
    pub fn new(text: &str, step_secs: u32) -> Result<Self, PrometheusError> {
        if !has_range(text) {
            return Err(PrometheusError::NoRange { query: text.to_owned() });
        }
        // A range includes both of its ends: one that is a millisecond shorter is [start, end) of the window.
        let millis = (u64::from(step_secs) * 1_000).saturating_sub(1);
        Ok(Self { text: text.to_owned(), sent: text.replace(WINDOW, &format!("{millis}ms")) })
    }

    /// As the user wrote it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// As the server is asked.
    pub fn sent(&self) -> &str {
        &self.sent
    }
}

/// Whether there is a `[` outside of what is quoted.
fn has_range(query: &str) -> bool {
    let mut quote = None;
    let mut chars = query.chars();
    while let Some(char) = chars.next() {
        match quote {
            None if char == '[' => return true,
            None if "\"'`".contains(char) => quote = Some(char),
            Some(open) if char == open => quote = None,
            // A raw string has no escapes.
            Some('"' | '\'') if char == '\\' => {
                chars.next();
            }
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_put_into_the_query() {
        let query = WindowQuery::new("avg_over_time(up[$window]) * rate(x[$window])", 60).expect("a query");

        assert_eq!(query.sent(), "avg_over_time(up[59999ms]) * rate(x[59999ms])");
    }

    #[test]
    fn a_query_without_a_range_is_refused() {
        for query in ["up", "up{path=\"[\"}", "up{path=\"\\\"[\"}", "up{a='[',b=`\\`,c=\"[\"}"] {
            let refused = WindowQuery::new(query, 60).map_err(|error| error.to_string());

            assert_eq!(
                refused,
                Err(format!(
                    "`{query}` asks for one moment, where Prometheus fills a gap with what was before it; ask for a window, as \
                     in `avg_over_time(up[$window])`"
                ))
            );
        }
        assert!(WindowQuery::new("up{path=\"x\"}[5m]", 60).is_ok());
    }
}
