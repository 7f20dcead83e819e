//! One row of a measurement file, and what must hold for it.

use super::RowError;

/// All of an epoch, in basis points.
pub const MAX_UPTIME_BPS: u16 = 10_000;

/// The largest bandwidth that can be reported: all ones mean "not measured" on the chain.
pub const MAX_BANDWIDTH: u32 = u32::MAX - 1;

/// What one oracle measured of one node in one epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeasurementRow {
    /// Counted from the network's genesis.
    pub epoch: u32,
    /// A label for people, see [`check_node_label`].
    pub node: String,
    /// Basis points of the epoch, 0..=[`MAX_UPTIME_BPS`]; `None` where not measured.
    pub uptime_bps: Option<u16>,
    /// 0..=[`MAX_BANDWIDTH`] in the unit that the network names; `None` where not measured.
    pub bandwidth: Option<u32>,
}

impl MeasurementRow {
    /// What orders the rows of a file and must be unique in it.
    pub(super) fn key(&self) -> (u32, &str) {
        (self.epoch, &self.node)
    }

    /// Checks what holds for a row by itself.
    ///
    /// Errors: [`RowError::EmptyNode`], [`RowError::UncleanNode`], [`RowError::UptimeTooLarge`],
    /// [`RowError::BandwidthReserved`], [`RowError::NothingMeasured`].
    pub fn check(&self) -> Result<(), RowError> {
        check_node_label(&self.node)?;
        if let Some(uptime_bps) = self.uptime_bps {
            if uptime_bps > MAX_UPTIME_BPS {
                return Err(RowError::UptimeTooLarge { found: uptime_bps.to_string() });
            }
        }
        if let Some(bandwidth) = self.bandwidth {
            if bandwidth > MAX_BANDWIDTH {
                return Err(RowError::BandwidthReserved);
            }
        }
        if self.uptime_bps.is_none() && self.bandwidth.is_none() {
            return Err(RowError::NothingMeasured);
        }
        Ok(())
    }
}

/// Checks a node's label: any text without control characters, neither empty nor begun or ended by white space, so that
/// two labels that look the same are the same.
pub fn check_node_label(node: &str) -> Result<(), RowError> {
    if node.is_empty() {
        return Err(RowError::EmptyNode);
    }
    if node.trim() != node || node.chars().any(char::is_control) {
        return Err(RowError::UncleanNode { found: node.to_owned() });
    }
    Ok(())
}
