//! Step 1: the program, through the upgradeable loader.
//!
//! What is not there is deployed, what has other bytes is upgraded, and at last the right to upgrade is handed over or given
//! up if the plan says so.

use crate::{
    buffer::Buffer,
    deployment::{wait_past, Deployment, PROGRAM_BYTES, PROGRAM_DATA_HEADER},
    error::MigrationError,
    migration::{signed, Action, Migration},
    plan::{HandOver, Plan},
};
use solana_address::Address;
use solana_keypair::Keypair;
use solana_loader_v3_interface::instruction::{self as loader, MINIMUM_EXTEND_PROGRAM_BYTES};
use solana_signer::Signer;
use stipend_client::ledger::Ledger;

/// See [the module](self).
pub struct DeployProgram;

const PROGRAM: &str = "program.id";
const AUTHORITY: &str = "program.upgrade_authority";

impl<L: Ledger> Migration<L> for DeployProgram {
    fn name(&self) -> &'static str {
        "0001 program"
    }

    fn look(&self, ledger: &mut L, plan: &Plan) -> Result<Vec<Action>, MigrationError> {
        let (id, artifact) = (plan.program.id.address(), plan.program.artifact.as_slice());
        let mut actions = Vec::new();
        let there = Deployment::read(ledger, &id)?;
        match &there {
            None => {
                plan.program.id.keypair(PROGRAM)?;
                let buffer = buffer(plan)?;
                let buffer_rent = ledger.rent_lamports(buffer.space())?;
                let rent = ledger.rent_lamports(PROGRAM_BYTES)?;
                let data_rent = ledger.rent_lamports(PROGRAM_DATA_HEADER + artifact.len())?;
                actions = buffer.look(ledger)?;
                let what = format!("deploy {id} of {} bytes", artifact.len());
                let deposit = signed(rent) + signed(data_rent) - signed(buffer_rent);
                actions.push(Action::new(what, 1, signatures(plan) + 1, deposit));
            }
            Some(there) if !there.is(artifact) => {
                check_ours(there, plan)?;
                if let Some(more) = extension(there, artifact) {
                    let space = PROGRAM_DATA_HEADER + there.bytes.len();
                    let rent = ledger.rent_lamports(space + more as usize)?;
                    let deposit = signed(rent) - signed(ledger.rent_lamports(space)?);
                    actions.push(Action::new(format!("extend {id} by {more} bytes"), 1, 1, deposit));
                }
                let buffer = buffer(plan)?;
                let back = signed(ledger.rent_lamports(buffer.space())?);
                actions.append(&mut buffer.look(ledger)?);
                let what = format!("upgrade {id} to {} bytes", artifact.len());
                actions.push(Action::new(what, 1, signatures(plan), -back));
            }
            Some(_) => {}
        }
        let authority = there.map_or(Some(plan.program.upgrade_authority.address()), |there| there.authority);
        if authority != plan.final_authority() {
            check_authority(&id, authority, plan)?;
            let what = match plan.program.hand_over {
                HandOver::To(next) => format!("hand the right to upgrade over to {next}"),
                HandOver::GiveUp => "give the right to upgrade up, for ever".to_owned(),
                HandOver::Keep => return Err(differs(&id, authority, plan)),
            };
            plan.program.upgrade_authority.keypair(AUTHORITY)?;
            actions.push(Action::new(what, 1, signatures(plan), 0));
        }
        Ok(actions)
    }

    fn apply(&self, ledger: &mut L, plan: &Plan) -> Result<(), MigrationError> {
        let (id, artifact) = (plan.program.id.address(), plan.program.artifact.as_slice());
        let payer = plan.payer.keypair("payer")?;
        match Deployment::read(ledger, &id)? {
            None => {
                let buffer = buffer(plan)?;
                buffer.fill(ledger)?;
                deploy(ledger, plan, &buffer)?;
            }
            Some(there) if !there.is(artifact) => {
                check_ours(&there, plan)?;
                if let Some(more) = extension(&there, artifact) {
                    wait_past(ledger, there.slot)?;
                    ledger.send(payer, &[loader::extend_program(&id, Some(&payer.pubkey()), more)], &[])?;
                }
                let buffer = buffer(plan)?;
                buffer.fill(ledger)?;
                upgrade(ledger, plan, &buffer)?;
            }
            Some(_) => {}
        }
        let Some(there) = Deployment::read(ledger, &id)? else {
            return Err(MigrationError::ProgramClosed { program: id });
        };
        // Nobody could mend other bytes once the right to upgrade is gone: what is left to do says that they differ.
        if there.is(artifact) && there.authority != plan.final_authority() {
            hand_over(ledger, plan)?;
        }
        // The next step calls it.
        wait_past(ledger, there.slot)?;
        Ok(())
    }
}

fn deploy<L: Ledger>(ledger: &mut L, plan: &Plan, buffer: &Buffer) -> Result<(), MigrationError> {
    let (payer, authority) = (plan.payer.keypair("payer")?, plan.program.upgrade_authority.keypair(AUTHORITY)?);
    let program = plan.program.id.keypair(PROGRAM)?;
    let rent = ledger.rent_lamports(PROGRAM_BYTES)?;
    let deploy = loader::deploy_with_max_program_len(
        &payer.pubkey(),
        &program.pubkey(),
        &buffer.address(),
        &authority.pubkey(),
        rent,
        plan.program.artifact.len(),
    )
    .map_err(|error| MigrationError::Malformed { what: "deployment", why: error.to_string() })?;
    ledger.send(payer, &deploy, &signers(payer, &[program, authority]))?;
    tracing::info!(program = %program.pubkey(), "deployed");
    Ok(())
}

fn upgrade<L: Ledger>(ledger: &mut L, plan: &Plan, buffer: &Buffer) -> Result<(), MigrationError> {
    let (payer, authority) = (plan.payer.keypair("payer")?, plan.program.upgrade_authority.keypair(AUTHORITY)?);
    let id = plan.program.id.address();
    if let Some(there) = Deployment::read(ledger, &id)? {
        wait_past(ledger, there.slot)?;
    }
    let upgrade = loader::upgrade(&id, &buffer.address(), &authority.pubkey(), &payer.pubkey());
    ledger.send(payer, &[upgrade], &signers(payer, &[authority]))?;
    tracing::info!(program = %id, "upgraded");
    Ok(())
}

fn hand_over<L: Ledger>(ledger: &mut L, plan: &Plan) -> Result<(), MigrationError> {
    let (payer, authority) = (plan.payer.keypair("payer")?, plan.program.upgrade_authority.keypair(AUTHORITY)?);
    let next = plan.final_authority();
    let set = loader::set_upgrade_authority(&plan.program.id.address(), &authority.pubkey(), next.as_ref());
    ledger.send(payer, &[set], &signers(payer, &[authority]))?;
    Ok(())
}

fn buffer(plan: &Plan) -> Result<Buffer<'_>, MigrationError> {
    let (payer, authority) = (plan.payer.keypair("payer")?, plan.program.upgrade_authority.keypair(AUTHORITY)?);
    Buffer::new(authority, payer, &plan.program.id.address(), &plan.program.artifact)
}

/// That the plan's upgrade authority may upgrade what is there.
fn check_ours(there: &Deployment, plan: &Plan) -> Result<(), MigrationError> {
    if there.authority.is_none() {
        return Err(MigrationError::ProgramFrozen { program: there.program });
    }
    check_authority(&there.program, there.authority, plan)
}

fn check_authority(program: &Address, there: Option<Address>, plan: &Plan) -> Result<(), MigrationError> {
    if there == Some(plan.program.upgrade_authority.address()) {
        Ok(())
    } else {
        Err(differs(program, there, plan))
    }
}

fn differs(program: &Address, there: Option<Address>, plan: &Plan) -> MigrationError {
    let planned = plan.program.upgrade_authority.address();
    MigrationError::UpgradeAuthorityDiffers { program: *program, there, planned }
}

/// Bytes by which the program data must grow, if it must.
fn extension(there: &Deployment, artifact: &[u8]) -> Option<u32> {
    let more = artifact.len().checked_sub(there.bytes.len()).filter(|more| *more > 0)?;
    Some(u32::try_from(more).unwrap_or(u32::MAX).max(MINIMUM_EXTEND_PROGRAM_BYTES))
}

/// Signatures of a transaction of the payer's that the upgrade authority signs too.
fn signatures(plan: &Plan) -> u64 {
    if plan.payer.address() == plan.program.upgrade_authority.address() {
        1
    } else {
        2
    }
}

/// Those of `keys` that sign beside the payer.
fn signers<'a>(payer: &Keypair, keys: &[&'a Keypair]) -> Vec<&'a Keypair> {
    keys.iter().copied().filter(|key| key.pubkey() != payer.pubkey()).collect()
}
