//! Step 4: the oracles that the network trusts to measure.

use crate::{
    error::MigrationError,
    m0003_network::find,
    migration::{signed, Action, Migration},
    plan::Plan,
};
use solana_address::Address;
use stipend_client::{
    instruction,
    ledger::Ledger,
    program::{constants::NO_EPOCH, state::Network},
};

/// See [the module](self).
pub struct AddOracles;

const AUTHORITY: &str = "network.authority";

impl<L: Ledger> Migration<L> for AddOracles {
    fn name(&self) -> &'static str {
        "0004 oracles"
    }

    fn look(&self, ledger: &mut L, plan: &Plan) -> Result<Vec<Action>, MigrationError> {
        let missing = missing(ledger, plan)?;
        if missing.is_empty() {
            return Ok(Vec::new());
        }
        let authority = plan.network.authority.keypair(AUTHORITY)?;
        let signatures = 1 + plan.signers(&[authority]).len() as u64;
        let bond = signed(plan.network.params.policy.oracle_bond_lamports);
        let add = |oracle: &Address| Action::new(format!("add oracle {oracle}"), 1, signatures, bond);
        Ok(missing.iter().map(add).collect())
    }

    fn apply(&self, ledger: &mut L, plan: &Plan) -> Result<(), MigrationError> {
        let (payer, authority) = (plan.payer.keypair("payer")?, plan.network.authority.keypair(AUTHORITY)?);
        let network = plan.network_address();
        for oracle in missing(ledger, plan)? {
            let (payer_key, authority_key) = (plan.payer.address(), plan.network.authority.address());
            let add = instruction::add_oracle(&payer_key, &authority_key, &network, &oracle);
            ledger.send(payer, &[add], &plan.signers(&[authority]))?;
        }
        Ok(())
    }
}

/// The plan's oracles that the network does not have.
fn missing<L: Ledger>(ledger: &mut L, plan: &Plan) -> Result<Vec<Address>, MigrationError> {
    let Some(network) = find(ledger, plan.network_address())? else {
        return Ok(plan.oracles.clone());
    };
    let measuring = network.oracles.entries.iter().filter(|oracle| oracle.active_until == NO_EPOCH);
    if let Some(oracle) = measuring.map(|oracle| oracle.key).find(|key| !plan.oracles.contains(key)) {
        return Err(MigrationError::OracleUnplanned { oracle });
    }
    let mut missing = Vec::new();
    for oracle in &plan.oracles {
        if !is_there(&network, oracle)? {
            missing.push(*oracle);
        }
    }
    Ok(missing)
}

fn is_there(network: &Network, oracle: &Address) -> Result<bool, MigrationError> {
    let entries = move || network.oracles.entries.iter().filter(move |entry| entry.key == *oracle);
    if entries().any(|entry| entry.suspended != 0) {
        return Err(MigrationError::OracleSuspended { oracle: *oracle });
    }
    if entries().any(|entry| entry.active_until == NO_EPOCH) {
        return Ok(true);
    }
    match entries().map(|entry| entry.active_until).max() {
        Some(from_epoch) => Err(MigrationError::OracleRemoved { oracle: *oracle, from_epoch }),
        None => Ok(false),
    }
}
