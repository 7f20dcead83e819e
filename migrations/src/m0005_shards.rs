//! Step 5: shards, and in each the report of every oracle.

use crate::{
    error::MigrationError,
    m0003_network::find,
    migration::{signed, Action, Migration},
    plan::Plan,
};
use solana_address::Address;
use solana_instruction::Instruction;
use stipend_client::{
    address, instruction,
    ledger::Ledger,
    program::state::{Report, Shard, Tail},
    reader::Reader,
    reports::missing_reports_of,
};

/// See [the module](self).
pub struct OpenShards;

/// An account that is to be opened.
enum Missing {
    Shard(u32),
    Report { shard: u32, oracle: Address },
}

impl<L: Ledger> Migration<L> for OpenShards {
    fn name(&self) -> &'static str {
        "0005 shards"
    }

    fn look(&self, ledger: &mut L, plan: &Plan) -> Result<Vec<Action>, MigrationError> {
        let capacity = usize::from(plan.network.params.shard_capacity);
        let no_space = || MigrationError::Malformed { what: "report", why: format!("{capacity} slots are too many") };
        let mut actions = Vec::new();
        for missing in missing(ledger, plan)? {
            let (what, space) = match missing {
                Missing::Shard(index) => (format!("open shard {index}"), Shard::HEADER_SPACE),
                Missing::Report { shard, oracle } => {
                    let what = format!("open report of shard {shard} by oracle {oracle}");
                    (what, Report::checked_space(capacity).ok_or_else(no_space)?)
                }
            };
            actions.push(Action::new(what, 1, 1, signed(ledger.rent_lamports(space)?)));
        }
        Ok(actions)
    }

    fn apply(&self, ledger: &mut L, plan: &Plan) -> Result<(), MigrationError> {
        let payer = plan.payer.keypair("payer")?;
        let (shards, reports): (Vec<_>, Vec<_>) =
            missing(ledger, plan)?.into_iter().partition(|missing| matches!(missing, Missing::Shard(_)));
        for missing in shards {
            ledger.send(payer, &[open(&missing, plan)], &[])?;
        }
        // Reports don't depend on one another.
        let reports: Vec<_> = reports.iter().map(|missing| vec![open(missing, plan)]).collect();
        for receipt in ledger.send_all(payer, &reports, &[]) {
            receipt?;
        }
        Ok(())
    }
}

fn open(missing: &Missing, plan: &Plan) -> Instruction {
    let (payer, network) = (plan.payer.address(), plan.network_address());
    match missing {
        Missing::Shard(index) => instruction::open_shard(&payer, &network, *index),
        Missing::Report { shard, oracle } => {
            instruction::open_report(&payer, &network, &address::shard(&network, *shard), oracle)
        }
    }
}

fn missing<L: Ledger>(ledger: &mut L, plan: &Plan) -> Result<Vec<Missing>, MigrationError> {
    let network = plan.network_address();
    let there = find(ledger, network)?;
    let count = there.as_ref().map_or(0, |there| there.shard_count);
    let is_full = match count.checked_sub(1) {
        None => true,
        Some(last) => {
            let last = Reader::new(ledger, network).shard(last)?;
            last.slots.len() == usize::from(last.header.capacity)
        }
    };
    let possible = count.saturating_add(u32::from(is_full));
    if plan.shards > possible {
        return Err(MigrationError::ShardsNotFull { planned: plan.shards, possible });
    }
    let mut missing: Vec<_> = (count..plan.shards).map(Missing::Shard).collect();
    let shards: Vec<_> = (0..count.max(plan.shards)).map(|index| address::shard(&network, index)).collect();
    for (shard, oracle) in missing_reports_of(ledger, &shards, &plan.oracles)? {
        let index = (0..).zip(&shards).find(|(_, address)| **address == shard);
        missing.extend(index.map(|(shard, _)| Missing::Report { shard, oracle }));
    }
    Ok(missing)
}
