//! When reports of an epoch are accepted.

use std::cmp::Ordering;

use stipend_client::program::state::Network;

/// The least that is kept of a report window for sending, in seconds, unless a quarter of the window is less. A network with
/// more shards keeps a second for each.
const SENDING_SECS: i64 = 120;

/// Whether the program takes reports of an epoch: only the open one's, for as long as its report window is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// An epoch before it is not closed.
    Later,
    /// Until this Unix second.
    Open(i64),
    Closed,
}

impl Window {
    /// Of an epoch that is over, while there is no pause.
    pub fn of(network: &Network, epoch: u32, now: i64) -> Self {
        match epoch.cmp(&network.open_epoch) {
            Ordering::Less => Self::Closed,
            Ordering::Greater => Self::Later,
            Ordering::Equal => match network.report_end() {
                Ok(end) if now < end => Self::Open(end),
                _ => Self::Closed,
            },
        }
    }
}

/// When an epoch is signed or skipped at the latest, so that there is time to send it: Unix seconds. `None`: it is not the open
/// one yet.
pub fn last_call(network: &Network, epoch: u32, now: i64) -> Option<i64> {
    let sending_secs = SENDING_SECS.max(network.shard_count.into());
    match Window::of(network, epoch, now) {
        Window::Later => None,
        Window::Open(end) => {
            let window_secs = i64::from(network.policy_at(epoch).report_secs);
            Some(end.saturating_sub((window_secs / 4).min(sending_secs)))
        }
        Window::Closed => Some(now),
    }
}
