//! The samples of one epoch, to measurements.

use std::collections::BTreeMap;

use stipend_client::measurement::{MeasurementRow, MAX_UPTIME_BPS};

use super::error::Field;
use super::window_set::WindowSet;
use super::{EpochSpan, Measured, Remark};

/// What a window without a sample of a node means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UptimeRule {
    /// A sample says that the node was up, and there are no others: a window in which the source has rows, but none that
    /// says that the node was up, is down. A window without any row of any node is a gap.
    Presence,
    /// A sample says whether the node was up or down: a window without one of the node is a gap.
    UpOrDown,
}

/// How much of an epoch must have been sampled for a field to be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MinCoverage {
    /// 0..=100
    pub percent: u8,
}

impl MinCoverage {
    /// Whether `covered` windows of `of` are enough. None is never enough.
    pub fn is_met(self, covered: u64, of: u32) -> bool {
        covered > 0 && u128::from(covered) * 100 >= u128::from(of) * u128::from(self.percent)
    }
}

#[derive(Debug, Default)]
struct NodeTally {
    /// Windows in which a sample says "up".
    up: WindowSet,
    /// Windows in which a sample says "up" or "down".
    sampled: WindowSet,
    bandwidths: Vec<u32>,
}

/// What has been sampled in one epoch.
#[derive(Debug)]
pub struct SpanTally {
    span: EpochSpan,
    windows: u32,
    rule: UptimeRule,
    /// Windows in which the source has rows, of whichever node.
    with_rows: WindowSet,
    nodes: BTreeMap<String, NodeTally>,
}

impl SpanTally {
    /// - `windows`: how many the epoch has, above 0
    pub fn new(span: EpochSpan, windows: u32, rule: UptimeRule) -> Self {
        Self { span, windows, rule, with_rows: WindowSet::default(), nodes: BTreeMap::new() }
    }

    /// Adds a row of the source.
    ///
    /// - `window`: below the number of windows
    /// - `is_up`: `None` where the row does not say
    pub fn add(&mut self, window: u32, node: &str, is_up: Option<bool>, bandwidth: Option<u32>) {
        self.with_rows.insert(window);
        if is_up.is_none() && bandwidth.is_none() {
            return;
        }
        if !self.nodes.contains_key(node) {
            self.nodes.insert(node.to_owned(), NodeTally::default());
        }
        let Some(tally) = self.nodes.get_mut(node) else { return };
        if let Some(is_up) = is_up {
            tally.sampled.insert(window);
            if is_up {
                tally.up.insert(window);
            }
        }
        tally.bandwidths.extend(bandwidth);
    }

    /// One measurement for every node that was sampled enough.
    pub fn into_measured(self, min_coverage: MinCoverage) -> Measured {
        let mut measured = Measured::default();
        let with_rows = self.with_rows.len();
        let is_source_silent = self.rule == UptimeRule::Presence && !min_coverage.is_met(with_rows, self.windows);
        let has_uptimes = self.nodes.values().any(|tally| tally.sampled.len() > 0);
        if is_source_silent && has_uptimes {
            measured.remarks.push(Remark::SilentSource { covered: with_rows, of: self.windows });
        }
        for (node, tally) in self.nodes {
            let sampled = tally.sampled.len();
            let uptime_bps = match self.rule {
                _ if sampled == 0 => None,
                UptimeRule::Presence if is_source_silent => None,
                UptimeRule::Presence => share_bps(tally.up.len(), with_rows),
                UptimeRule::UpOrDown if min_coverage.is_met(sampled, self.windows) => {
                    share_bps(tally.up.len(), sampled)
                }
                UptimeRule::UpOrDown => {
                    let (field, node) = (Field::Uptime, node.clone());
                    measured.remarks.push(Remark::FewWindows { field, node, covered: sampled, of: self.windows });
                    None
                }
            };
            let bandwidth = lower_median(tally.bandwidths);
            if uptime_bps.is_some() || bandwidth.is_some() {
                measured.rows.push(MeasurementRow { epoch: self.span.epoch, node, uptime_bps, bandwidth });
            }
        }
        measured
    }
}

/// The middle value, the lower of the two where their number is even; `None` where there is none.
///
/// The values are scaled and floored already. That changes nothing: both keep the order, so the median of the floors is
/// the floor of the median.
fn lower_median(mut values: Vec<u32>) -> Option<u32> {
    let middle = values.len().checked_sub(1)? / 2;
    let (_, median, _) = values.select_nth_unstable(middle);
    Some(*median)
}

/// `part` of `whole` in basis points; `None` if `whole` is 0.
///
/// Floor: a part of a basis point is not credited.
fn share_bps(part: u64, whole: u64) -> Option<u16> {
    u16::try_from((part * u64::from(MAX_UPTIME_BPS)).checked_div(whole)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPAN: EpochSpan = EpochSpan { epoch: 7, start: 0, end: 100 };

    fn rows(tally: SpanTally) -> Vec<(String, Option<u16>, Option<u32>)> {
        let measured = tally.into_measured(MinCoverage { percent: 50 });
        measured.rows.into_iter().map(|row| (row.node, row.uptime_bps, row.bandwidth)).collect()
    }

    #[test]
    fn windows_without_a_sample_of_the_node_count_neither_for_it_nor_against_it() {
        let mut tally = SpanTally::new(SPAN, 10, UptimeRule::UpOrDown);
        for window in 0..6 {
            tally.add(window, "a", Some(window != 3), None);
        }

        // 5 of the 6 windows that were sampled: 8,333.3 basis points.
        assert_eq!(rows(tally), [("a".to_owned(), Some(8_333), None)]);
    }

    #[test]
    fn a_node_that_was_down_all_the_time_was_measured() {
        let mut tally = SpanTally::new(SPAN, 100, UptimeRule::UpOrDown);
        for window in 0..100 {
            tally.add(window, "a", Some(false), None);
        }

        assert_eq!(rows(tally), [("a".to_owned(), Some(0), None)]);
    }

    #[test]
    fn a_node_that_was_sampled_too_seldom_is_not_measured_and_it_is_said() {
        let mut tally = SpanTally::new(SPAN, 10, UptimeRule::UpOrDown);
        for window in 0..4 {
            tally.add(window, "a", Some(true), None);
            tally.add(window, "b", Some(true), Some(8));
        }

        let measured = tally.into_measured(MinCoverage { percent: 50 });

        let b = MeasurementRow { epoch: 7, node: "b".to_owned(), uptime_bps: None, bandwidth: Some(8) };
        assert_eq!(measured.rows, [b]);
        let said: Vec<_> = measured.remarks.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "uptime of node \"a\" is not measured: samples in 4 of 10 windows are too few",
                "uptime of node \"b\" is not measured: samples in 4 of 10 windows are too few",
            ]
        );
    }

    #[test]
    fn several_samples_in_a_window_are_one_and_up_wins() {
        let mut tally = SpanTally::new(SPAN, 2, UptimeRule::UpOrDown);
        tally.add(0, "a", Some(false), Some(3));
        tally.add(0, "a", Some(true), Some(1));
        tally.add(1, "a", Some(false), Some(2));
        tally.add(1, "a", None, Some(9));

        // 1 of 2 windows; of 1, 2, 3, 9 the lower of the middle two is 2.
        assert_eq!(rows(tally), [("a".to_owned(), Some(5_000), Some(2))]);
    }

    #[test]
    fn where_only_presence_is_sampled_a_window_in_which_others_have_rows_is_down() {
        let mut tally = SpanTally::new(SPAN, 8, UptimeRule::Presence);
        for window in 0..6 {
            tally.add(window, "a", Some(true), None);
        }
        tally.add(2, "b", Some(true), None);
        // A row without a value says that the source was at work.
        tally.add(6, "b", None, None);

        // Window 7 is a gap: a has 6 of 7, 8,571.4 basis points; b has 1 of 7, 1,428.6.
        assert_eq!(rows(tally), [("a".to_owned(), Some(8_571), None), ("b".to_owned(), Some(1_428), None)]);
    }

    #[test]
    fn a_source_that_was_silent_for_most_of_the_epoch_measures_no_uptime() {
        let mut tally = SpanTally::new(SPAN, 10, UptimeRule::Presence);
        for window in 0..4 {
            tally.add(window, "a", Some(true), None);
            tally.add(window, "b", Some(true), None);
        }

        let measured = tally.into_measured(MinCoverage { percent: 50 });

        assert_eq!(measured.rows, []);
        assert_eq!(measured.remarks, [Remark::SilentSource { covered: 4, of: 10 }]);
    }

    #[test]
    fn coverage_is_met_exactly_at_its_share_and_never_by_nothing() {
        assert!(MinCoverage { percent: 50 }.is_met(5, 10));
        assert!(!MinCoverage { percent: 50 }.is_met(4, 10));
        assert!(MinCoverage { percent: 100 }.is_met(u64::from(u32::MAX), u32::MAX));
        assert!(!MinCoverage { percent: 0 }.is_met(0, 10));
    }
}
