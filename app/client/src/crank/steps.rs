//! Which steps a network's accounts allow, by their headers alone: one rule for cranks, for the status and for whoever takes the
//! steps one by one.

use super::Task;
use crate::reader::ShardHead;
use stipend::{
    constants::NO_EPOCH,
    state::{Network, Shard},
};

/// What anybody may do for a network at one moment. Shards are named by their index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    /// What can be settled.
    pub settle: Vec<Task>,
    /// What can be judged.
    pub judge: Vec<Task>,
    /// Shards that can be scored for the open epoch: at once if [`Self::is_window_over`], else those whose reports are complete.
    pub score: Vec<u32>,
    /// Whether no report of the open epoch is waited for any more.
    pub is_window_over: bool,
    /// Whether a shard is still to be scored for the open epoch, at once or after another step.
    pub is_scoring: bool,
    /// Whether the open epoch can be closed, be all shards scored or not.
    pub is_closable: bool,
}

impl Steps {
    /// - `heads`: of all shards; `now`: Unix seconds of the cluster's clock.
    /// - `is_held`: tasks that nothing else waits for.
    pub fn new(network: &Network, heads: &[ShardHead], now: i64, is_held: impl Fn(&Task) -> bool) -> Self {
        let epoch = network.open_epoch;
        let is_over = network.end(epoch).is_ok_and(|end| now >= end);
        let mut steps = Self {
            is_window_over: network.report_end().is_ok_and(|end| now >= end),
            is_closable: network.is_closable(now).unwrap_or(false),
            ..Self::default()
        };
        for header in heads.iter().map(|head| &head.header) {
            let shard = header.index;
            let settle = header.is_unsettled().then_some(Task::Settle { shard, epoch: header.scored_epoch });
            let judge = unjudged_epoch(header).map(|epoch| Task::Judge { shard, epoch });
            if is_over && !network.is_paused(now) && is_unscored(header, epoch) {
                let score = Task::Score { shard, epoch };
                // A shard's reports are wiped by those of the next epoch, and its medians by the next scores.
                let next = settle.or(judge.filter(|judge| !is_held(judge))).unwrap_or(score);
                if next == score {
                    steps.score.push(shard);
                }
                steps.is_scoring |= !is_held(&next);
            }
            steps.settle.extend(settle.filter(|_| is_settleable(network, header, now)));
            steps.judge.extend(judge);
        }
        steps
    }
}

/// Whether a shard that earns is still to be scored for `epoch`.
pub fn is_unscored(header: &Shard, epoch: u32) -> bool {
    !header.is_dormant() && header.next_epoch <= epoch
}

/// Whether a shard's scores can be turned into atoms: they are of an epoch that is closed, and can't be voided any more.
pub fn is_settleable(network: &Network, header: &Shard, now: i64) -> bool {
    let closed = network.ring.iter().find(|closed| closed.epoch == header.scored_epoch);
    header.is_unsettled() && closed.is_some_and(|closed| closed.dispute_end <= now)
}

/// The epoch that a shard was scored for, if its reports are not yet compared with the medians.
pub fn unjudged_epoch(header: &Shard) -> Option<u32> {
    let epoch = header.scored_epoch;
    (epoch != NO_EPOCH && epoch >= header.next_judged_epoch).then_some(epoch)
}
