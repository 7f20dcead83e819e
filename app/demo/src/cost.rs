//! What a demonstration cost: compute units and fees of every transaction, and the rent of every account.

use serde::Serialize;
use stipend_client::metered::InstructionCost;

/// The steps that every epoch takes again.
const STEPS_OF_AN_EPOCH: [&str; 4] = ["submit_report", "score_shard", "close_epoch", "settle_shard"];

/// All costs.
#[derive(Debug, Serialize)]
pub struct Costs {
    pub instructions: Vec<Instruction>,
    pub rents: Vec<Rent>,
    /// Nodes times epochs.
    pub node_epochs: u64,
    pub per_node_epoch: PerNodeEpoch,
    /// What left the wallets that paid: all fees and rents.
    pub paid_lamports: u64,
}

/// All transactions that end in one kind of instruction.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Instruction {
    pub instruction: &'static str,
    pub count: u64,
    pub cu_min: u64,
    pub cu_max: u64,
    pub cu_total: u64,
    pub fee_lamports: u64,
}

/// All accounts of one kind.
#[derive(Debug, Serialize)]
pub struct Rent {
    pub account: &'static str,
    pub count: u64,
    pub bytes: u64,
    pub lamports: u64,
}

/// What one more node costs an epoch: report, score, close, settle, shared among the nodes.
#[derive(Debug, PartialEq, Serialize)]
pub struct PerNodeEpoch {
    pub cu: f64,
    pub fee_lamports: f64,
}

impl From<&InstructionCost> for Instruction {
    fn from(cost: &InstructionCost) -> Self {
        Self {
            instruction: cost.instruction,
            count: cost.count,
            cu_min: cost.min_compute_units,
            cu_max: cost.max_compute_units,
            cu_total: cost.total_compute_units,
            fee_lamports: cost.fee_lamports,
        }
    }
}

impl Rent {
    pub fn none(account: &'static str) -> Self {
        Self { account, count: 0, bytes: 0, lamports: 0 }
    }

    /// Counts one more account.
    pub fn add(&mut self, bytes: usize, lamports: u64) {
        self.count += 1;
        self.bytes += bytes as u64;
        self.lamports += lamports;
    }
}

impl PerNodeEpoch {
    pub fn new(instructions: &[Instruction], node_epochs: u64) -> Self {
        let steps = || instructions.iter().filter(|cost| STEPS_OF_AN_EPOCH.contains(&cost.instruction));
        Self {
            cu: share(steps().map(|cost| cost.cu_total).sum(), node_epochs),
            fee_lamports: share(steps().map(|cost| cost.fee_lamports).sum(), node_epochs),
        }
    }
}

/// To hundredths.
fn share(total: u64, parts: u64) -> f64 {
    (total as f64 * 100.0 / parts as f64).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_costs_its_four_steps_and_nothing_else() {
        let cost = |instruction, cu_total| Instruction {
            instruction,
            count: 1,
            cu_min: cu_total,
            cu_max: cu_total,
            cu_total,
            fee_lamports: 5_000,
        };
        let all = [
            cost("register_node", 1_000_000),
            cost("submit_report", 100),
            cost("score_shard", 20),
            cost("close_epoch", 3),
            cost("settle_shard", 4),
            cost("claim", 1_000_000),
        ];

        // 127 / 12 = 10.583; 20,000 / 12 = 1,666.666
        assert_eq!(PerNodeEpoch::new(&all, 12), PerNodeEpoch { cu: 10.58, fee_lamports: 1_666.67 });
    }
}
