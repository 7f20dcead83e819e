//! Whether the network lets an oracle report.

use std::fmt;

use solana_address::Address;
use stipend_client::program::constants::NO_EPOCH;
use stipend_client::program::state::{Network, Oracle};

/// What the network makes of an oracle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It measures the epoch that is under way.
    Active,
    /// It begins with epoch `from`.
    Waiting {
        /// The first epoch that it measures.
        from: u32,
    },
    /// It was removed, and still measures the epochs before `until`.
    Leaving {
        /// The first epoch that it no longer measures.
        until: u32,
    },
    /// The network does not have it: it was never added, or was removed.
    Unknown,
    /// It was proven to have signed two values for one slot.
    Suspended,
    /// Its bond is below what the rules ask for.
    Underbonded {
        /// What it left.
        bond_lamports: u64,
        /// What the rules ask for.
        required_lamports: u64,
    },
}

impl Standing {
    /// Every name that [`Standing::name`] gives.
    pub const NAMES: [&'static str; 6] = ["active", "waiting", "leaving", "removed", "suspended", "underbonded"];

    /// - `now`: Unix seconds
    pub fn of(network: &Network, key: &Address, now: i64) -> Self {
        let own = || network.oracles.entries.iter().filter(|entry| entry.key == *key);
        if own().any(|entry| entry.suspended != 0) {
            return Self::Suspended;
        }
        let is_needed =
            |entry: &&Oracle| network.open_epoch < entry.active_until && entry.active_from < entry.active_until;
        let Some(last) = own().filter(is_needed).max_by_key(|entry| entry.active_until) else {
            return Self::Unknown;
        };
        if last.active_until != NO_EPOCH {
            return Self::Leaving { until: last.active_until };
        }
        let required_lamports = network.policy_at(network.open_epoch).oracle_bond_lamports;
        if last.bond_lamports < required_lamports {
            return Self::Underbonded { bond_lamports: last.bond_lamports, required_lamports };
        }
        // The epoch that is under way: the open one, or a later one where the network is behind.
        let under_way = now.saturating_sub(network.genesis).checked_div_euclid(network.epoch_secs.into());
        let under_way = under_way.and_then(|epoch| u32::try_from(epoch).ok()).unwrap_or(0).max(network.open_epoch);
        if last.active_from > under_way {
            return Self::Waiting { from: last.active_from };
        }
        Self::Active
    }

    /// The label of metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Waiting { .. } => "waiting",
            Self::Leaving { .. } => "leaving",
            Self::Unknown => "removed",
            Self::Suspended => "suspended",
            Self::Underbonded { .. } => "underbonded",
        }
    }

    /// Whether a person must act before the oracle is of any use again.
    pub fn is_fault(&self) -> bool {
        matches!(self, Self::Unknown | Self::Suspended | Self::Underbonded { .. })
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Active => formatter.write_str("the oracle is active"),
            Self::Waiting { from } => write!(formatter, "the oracle begins to measure with epoch {from}"),
            Self::Leaving { until } => {
                write!(formatter, "the oracle was removed: it measures no epoch from {until} on")
            }
            Self::Unknown => formatter.write_str(
                "the network has no such oracle: it was removed, or never added; it reports nothing until the authority adds it",
            ),
            Self::Suspended => formatter.write_str(
                "the oracle is suspended: it was proven to have signed two values for one slot; its key can't come back, so \
                 ask the authority to add another one",
            ),
            Self::Underbonded { bond_lamports, required_lamports } => write!(
                formatter,
                "the oracle's bond of {bond_lamports} lamports is below the {required_lamports} that the rules ask for; ask the \
                 authority to remove it and add it with the whole bond"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Address = Address::new_from_array([3; 32]);

    /// Epoch 5 is open; epochs of 100 s from 0 on; oracles leave 10 lamports.
    fn network(entries: &[Oracle]) -> Network {
        let mut network: Network = bytemuck::Zeroable::zeroed();
        (network.open_epoch, network.epoch_secs, network.next_policy.from_epoch) = (5, 100, NO_EPOCH);
        network.policy.oracle_bond_lamports = 10;
        network.oracles.entries[..entries.len()].copy_from_slice(entries);
        network
    }

    fn entry() -> Oracle {
        Oracle { key: KEY, active_from: 2, active_until: NO_EPOCH, bond_lamports: 10, ..Oracle::default() }
    }

    #[test]
    fn what_a_network_makes_of_an_oracle_is_told_from_its_entry() {
        let other = Oracle { key: Address::new_from_array([4; 32]), ..entry() };
        for (entries, now, standing) in [
            (vec![other, entry()], 550, Standing::Active),
            (vec![other], 550, Standing::Unknown),
            (vec![], 550, Standing::Unknown),
            (vec![Oracle { active_from: 6, ..entry() }], 550, Standing::Waiting { from: 6 }),
            // The network is behind: epoch 6 is under way, and epoch 5 still open.
            (vec![Oracle { active_from: 6, ..entry() }], 650, Standing::Active),
            (vec![Oracle { active_until: 7, ..entry() }], 550, Standing::Leaving { until: 7 }),
            (vec![Oracle { active_until: 5, ..entry() }], 550, Standing::Unknown),
            // Removed, and added again.
            (vec![Oracle { active_until: 5, ..entry() }, entry()], 550, Standing::Active),
            (vec![Oracle { suspended: 1, active_until: 5, bond_lamports: 0, ..entry() }], 550, Standing::Suspended),
            (
                vec![Oracle { bond_lamports: 9, ..entry() }],
                550,
                Standing::Underbonded { bond_lamports: 9, required_lamports: 10 },
            ),
        ] {
            assert_eq!(Standing::of(&network(&entries), &KEY, now), standing, "{entries:?}");
        }
    }
}
