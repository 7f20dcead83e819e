//! Step 3: the network.

use crate::{
    deployment::Deployment,
    error::MigrationError,
    migration::{signed, Action, Migration},
    plan::{Genesis, Plan},
};
use solana_address::Address;
use solana_instruction::Instruction;
use std::fmt::Display;
use stipend_client::{
    account, address, instruction,
    ledger::Ledger,
    program::{constants::NO_EPOCH, instructions::NetworkParams, state::Network},
    reader::Reader,
};

/// See [the module](self).
pub struct CreateNetwork;

const AUTHORITY: &str = "network.authority";

impl<L: Ledger> Migration<L> for CreateNetwork {
    fn name(&self) -> &'static str {
        "0003 network"
    }

    fn look(&self, ledger: &mut L, plan: &Plan) -> Result<Vec<Action>, MigrationError> {
        let network = plan.network_address();
        if let Some(there) = find(ledger, network)? {
            let differences = differences(&there, plan);
            if differences.is_empty() {
                return Ok(Vec::new());
            }
            return Err(MigrationError::NetworkDiffers { network, differences });
        }
        let (mint, id) = (plan.mint.key.address(), plan.network.params.id);
        if id != 0 && find(ledger, address::network(&mint, 0))?.is_none() {
            return Err(MigrationError::FirstNetworkMissing { mint, id });
        }
        let (payer, authority) = (plan.payer.keypair("payer")?, plan.network.authority.keypair(AUTHORITY)?);
        let create = create(ledger, plan)?;
        // What only the program can tell, such as an extension of the mint, it tells before anything is spent on it.
        if ledger.account(&mint)?.is_some() && Deployment::read(ledger, &plan.program.id.address())?.is_some() {
            ledger.simulate(payer, std::slice::from_ref(&create), &plan.signers(&[authority]))?;
        }
        let rent = ledger.rent_lamports(Network::SPACE)?;
        let signatures = 1 + plan.signers(&[authority]).len() as u64;
        Ok(vec![Action::new(format!("create network {network}"), 1, signatures, signed(rent))])
    }

    fn apply(&self, ledger: &mut L, plan: &Plan) -> Result<(), MigrationError> {
        let (payer, authority) = (plan.payer.keypair("payer")?, plan.network.authority.keypair(AUTHORITY)?);
        let create = create(ledger, plan)?;
        ledger.send(payer, &[create], &plan.signers(&[authority]))?;
        Ok(())
    }
}

/// The network's account, if it is there.
pub(crate) fn find<L: Ledger>(ledger: &mut L, network: Address) -> Result<Option<Network>, MigrationError> {
    Ok(Reader::new(ledger, network).optional(network, account::network)?)
}

fn create<L: Ledger>(ledger: &mut L, plan: &Plan) -> Result<Instruction, MigrationError> {
    let now = ledger.now()?;
    let genesis = match plan.network.genesis {
        Genesis::At(genesis) if genesis < now => return Err(MigrationError::GenesisPast { genesis, now }),
        Genesis::At(genesis) => genesis,
        Genesis::In(secs) => now.saturating_add(i64::from(secs)),
    };
    let params = NetworkParams { genesis, ..plan.network.params.clone() };
    let (mint, token_program) = (plan.mint.key.address(), plan.mint.token_program);
    let (payer, authority) = (plan.payer.address(), plan.network.authority.address());
    Ok(instruction::create_network(&payer, &authority, &mint, &token_program, params))
}

/// What the network has otherwise than the plan, a line a field.
fn differences(there: &Network, plan: &Plan) -> Vec<String> {
    let planned = &plan.network.params;
    // What is to come counts: a plan that was changed together with the network says what it will be.
    let policy = if there.next_policy.from_epoch == NO_EPOCH { &there.policy } else { &there.next_policy };
    let (rules, planned_rules) = (policy.params(), planned.policy);
    let (emission, planned_emission) = (policy.emission_params(), planned.emission);

    let mut found = Compared::default();
    found.compare(AUTHORITY, there.authority, plan.network.authority.address());
    found.compare("network.guardian", there.guardian, planned.guardian.unwrap_or_default());
    if let Genesis::At(genesis) = plan.network.genesis {
        found.compare("network.genesis", there.genesis, genesis);
    }
    found.compare("network.epoch_secs", there.epoch_secs, planned.epoch_secs);
    found.compare("network.shard_capacity", there.shard_capacity, planned.shard_capacity);
    found.compare("network.unit", text(&there.unit), text(&planned.unit));
    // Other networks of the mint got a part of it.
    if there.has_shared == 0 || there.emission.cap_atoms > planned.cap_atoms {
        found.compare("network.cap_atoms", there.emission.cap_atoms, planned.cap_atoms);
    }
    found.compare("network.policy.report_secs", rules.report_secs, planned_rules.report_secs);
    found.compare("network.policy.score_secs", rules.score_secs, planned_rules.score_secs);
    found.compare("network.policy.uptime_weight_bps", rules.uptime_weight_bps, planned_rules.uptime_weight_bps);
    found.compare("network.policy.min_uptime_bps", rules.min_uptime_bps, planned_rules.min_uptime_bps);
    let (mode, planned_mode) = (rules.uptime_mode as u8, planned_rules.uptime_mode as u8);
    found.compare("network.policy.uptime_mode", mode, planned_mode);
    found.compare("network.policy.bandwidth_cap", rules.bandwidth_cap, planned_rules.bandwidth_cap);
    found.compare("network.policy.min_boost_bps", rules.min_boost_bps, planned_rules.min_boost_bps);
    found.compare("network.policy.max_boost_bps", rules.max_boost_bps, planned_rules.max_boost_bps);
    found.compare("network.policy.tolerance_bps", rules.tolerance_bps, planned_rules.tolerance_bps);
    found.compare("network.policy.quorum", rules.quorum, planned_rules.quorum);
    let (registrar, planned_registrar) = (rules.registrar, planned_rules.registrar);
    found.compare("network.policy.registrar", registrar.unwrap_or_default(), planned_registrar.unwrap_or_default());
    found.compare("network.policy.bond_lamports", rules.bond_lamports, planned_rules.bond_lamports);
    let (bond, planned_bond) = (rules.oracle_bond_lamports, planned_rules.oracle_bond_lamports);
    found.compare("network.policy.oracle_bond_lamports", bond, planned_bond);
    found.compare("network.policy.mint_limit_atoms", rules.mint_limit_atoms, planned_rules.mint_limit_atoms);
    found.compare("network.policy.max_reward_atoms", rules.max_reward_atoms, planned_rules.max_reward_atoms);
    found.compare("network.policy.dispute_secs", rules.dispute_secs, planned_rules.dispute_secs);
    let (arbiter, planned_arbiter) = (rules.arbiter, planned_rules.arbiter);
    found.compare("network.policy.arbiter", arbiter.unwrap_or_default(), planned_arbiter.unwrap_or_default());
    let name = "network.emission.per_epoch_atoms";
    found.compare(name, emission.per_epoch_atoms, planned_emission.per_epoch_atoms);
    found.compare("network.emission.decay_bps", emission.decay_bps, planned_emission.decay_bps);
    let name = "network.emission.decay_every_epochs";
    found.compare(name, emission.decay_every_epochs, planned_emission.decay_every_epochs);
    found.compare("network.emission.carry_epochs", emission.carry_epochs, planned_emission.carry_epochs);
    found.differences
}

#[derive(Default)]
struct Compared {
    differences: Vec<String>,
}

impl Compared {
    fn compare<T: Display + PartialEq>(&mut self, name: &str, there: T, planned: T) {
        if there != planned {
            self.differences.push(format!("{name} is {there} there and {planned} in the plan"));
        }
    }
}

/// What is measured, without the zeros behind it.
fn text(unit: &[u8]) -> String {
    String::from_utf8_lossy(unit).trim_end_matches('\0').to_owned()
}
