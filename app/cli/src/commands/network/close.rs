//! `stipend network close`

use std::io::Write;

use serde::Serialize;
use solana_address::Address;
use solana_signer::Signer as _;
use stipend_client::instruction;
use stipend_client::ledger::Search;
use stipend_client::program::state::{Network, Oracle, Report, Slot};
use stipend_client::reader::{reports_of, DirectoryState, Reader, ShardState};

use crate::cluster::{AuthorityArgs, Done, NetworkArgs, SessionArgs, Step};
use crate::failure::{ExitKind, Failure};
use crate::figure::{counted, sol};

const DOING: &str = "close the network";
/// Slots that are taken off a shard in one transaction: each names who paid for it.
const SLOTS_AT_ONCE: usize = 20;
/// Directories that are closed in one transaction.
const DIRECTORIES_AT_ONCE: usize = 12;
/// Reports that are closed in one transaction.
const REPORTS_AT_ONCE: usize = 6;

/// What the help says below the options.
const NOTES: &str = "Everybody must have been paid: nodes retire and are closed first, by `stipend node`. Vacant slots, reports, shards, \
    directories and bonds of removed oracles go back to whoever paid for them. With the first network of a mint, nobody can mint any more, unless no \
    epoch was ever closed.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub struct Args {
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    authority: AuthorityArgs,
    #[command(flatten)]
    session: SessionArgs,
}

/// The JSON object; its fields are documented in `app/cli/README.md`.
#[derive(Debug, Serialize)]
struct Outcome {
    network: String,
    mint: String,
    done: Done,
}

/// Why a network can't be closed, or not yet.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
enum InUse {
    #[error("{0} is not the network's authority; sign with the authority: --authority")]
    Authority(Address),
    #[error("{0} left; retire, pay and close them first")]
    Nodes(String),
    #[error("a slot was vacated in epoch {0}, which a report may still name; close that epoch first")]
    Vacated(u32),
    #[error("the bond of oracle {0} is held; remove the oracle, and close an epoch that it does not measure")]
    Bond(Address),
    #[error("{0} on the same mint; close the other one first")]
    Others(String),
    #[error("shard {0} is scored for the open epoch; close that epoch first")]
    Scored(u32),
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    let mut session = args.session.open(DOING)?;
    let authority = args.authority.read(&session.payer)?;
    let (address, _) = args.network.read(&mut session.ledger)?;
    let (mint, steps) = plan(&mut session.ledger, &address, &authority.pubkey())?;
    let done = session.carry_out(&steps, &[&authority])?;
    let outcome = Outcome { network: address.to_string(), mint: mint.to_string(), done };
    session.print(stdout, &outcome, |out| {
        let is = if outcome.done.sent { "is closed" } else { "could be closed; nothing was sent" };
        writeln!(out, "Network {} {is}", outcome.network)
    })
}

/// The mint, and all that is to be done, in its order.
fn plan(ledger: &mut impl Search, address: &Address, authority: &Address) -> Result<(Address, Vec<Step>), Failure> {
    let settling = |error| Failure::settling(DOING, error);
    let network = Reader::new(ledger, *address).network().map_err(settling)?;
    let shards = Reader::new(ledger, *address).first_shards(network.shard_count).map_err(settling)?;
    check(&network, &shards, authority).map_err(|cause| Failure::new(ExitKind::Refused, DOING, cause))?;
    let mut steps = Vec::new();
    for shard in shards.iter().rev() {
        let reports = reports_of(ledger, &network, &shard.address, &shard.header).map_err(settling)?;
        steps.extend(clear(address, shard, &reports));
    }
    let directories = Reader::new(ledger, *address).directories().map_err(settling)?;
    steps.extend(directories.chunks(DIRECTORIES_AT_ONCE).map(|some| close_directories(address, some)));
    steps.extend(withdraw(address, &network));
    let close =
        instruction::close_network(authority, &network.mint, network.id, &network.payer, &network.token_program);
    steps.push(Step::new(format!("close the network; {} gets its rent", network.payer), vec![close]));
    Ok((network.mint, steps))
}

/// What only others, or time, can mend.
///
/// All but the last step are anybody's: who could not take the last one is to learn it before the first.
fn check(network: &Network, shards: &[ShardState], authority: &Address) -> Result<(), InUse> {
    if network.authority != *authority {
        return Err(InUse::Authority(*authority));
    }
    let nodes = shards.iter().flat_map(|shard| &shard.slots).filter(|slot| !slot.is_vacant()).count() as u64;
    if nodes > 0 {
        let verb = if nodes == 1 { "is" } else { "are" };
        return Err(InUse::Nodes(format!("{} {verb}", counted(nodes, "node"))));
    }
    if network.other_networks > 0 {
        let verb = if network.other_networks == 1 { "is" } else { "are" };
        return Err(InUse::Others(format!("{} {verb}", counted(network.other_networks.into(), "network"))));
    }
    for shard in shards {
        let lately = |slot: &&Slot| slot.until >= network.open_epoch;
        if let Some(slot) = shard.slots.iter().find(lately) {
            return Err(InUse::Vacated(slot.until));
        }
        if !shard.header.is_dormant() && shard.header.next_epoch > network.open_epoch {
            return Err(InUse::Scored(shard.header.index));
        }
    }
    let is_held = |bonded: &&Oracle| bonded.bond_lamports > 0 && network.open_epoch <= bonded.active_until;
    match network.oracles.entries.iter().find(is_held) {
        Some(oracle) => Err(InUse::Bond(oracle.key)),
        None => Ok(()),
    }
}

/// What takes a shard away that has no tenant.
fn clear(network: &Address, shard: &ShardState, reports: &[Report]) -> Vec<Step> {
    let (index, address) = (shard.header.index, &shard.address);
    let mut steps = Vec::new();
    let payers: Vec<_> = shard.slots.iter().rev().map(|slot| slot.owner).collect();
    for payers in payers.chunks(SLOTS_AT_ONCE) {
        let effect = format!("take {} off shard {index}", counted(payers.len() as u64, "vacant slot"));
        steps.push(Step::new(effect, vec![instruction::shrink_shard(network, address, payers)]));
    }
    for reports in reports.chunks(REPORTS_AT_ONCE) {
        let close = |report: &Report| instruction::close_report(network, address, &report.oracle, &report.payer);
        let effect = format!("close {} of shard {index}", counted(reports.len() as u64, "report"));
        steps.push(Step::new(effect, reports.iter().map(close).collect()));
    }
    let close = instruction::close_shard(network, address, &shard.header.payer);
    steps.push(Step::new(format!("close shard {index}"), vec![close]));
    steps
}

/// What closes directories without a device.
fn close_directories(network: &Address, directories: &[DirectoryState]) -> Step {
    let close = |directory: &DirectoryState| {
        // Any device of this directory names it.
        let device = Address::from([directory.header.first_byte; 32]);
        instruction::close_directory(network, &device, &directory.header.payer)
    };
    let effect = format!("close {}", counted(directories.len() as u64, "directory"));
    Step::new(effect, directories.iter().map(close).collect())
}

/// What pays the bonds back that are not held.
fn withdraw(address: &Address, network: &Network) -> Vec<Step> {
    let bonded = network.oracles.entries.iter().filter(|oracle| oracle.bond_lamports > 0);
    let step = |oracle: &Oracle| {
        let effect = format!("pay the bond of {} back to {}", sol(oracle.bond_lamports), oracle.payer);
        Step::new(effect, vec![instruction::withdraw_bond(address, &oracle.payer, &oracle.key)])
    };
    bonded.map(step).collect()
}

#[cfg(all(test, feature = "demo"))]
mod tests {
    use solana_keypair::Keypair;
    use stipend_client::embedded::EmbeddedLedger;
    use stipend_client::ledger::{Accounts as _, Ledger as _, TransactionFormat};
    use stipend_client::settlement::Settlement;

    use super::super::create::tests::opened;
    use super::super::open_reports;
    use super::*;

    const ORACLE: Address = Address::new_from_array([1; 32]);

    /// A network with an oracle, its bond, and a node's shard with all reports open.
    fn in_use() -> (EmbeddedLedger, Address, Keypair) {
        let (mut ledger, address, payer) = opened(&["--oracle-bond-lamports", "7000000"]);
        let key = payer.pubkey();
        let add = instruction::add_oracle(&key, &key, &address, &ORACLE);
        ledger.send(&payer, &[add], &[]).expect("added");
        let mut settlement = Settlement::new(&mut ledger, &payer, address);
        settlement.register(&Keypair::new_from_array([2; 32]), None, &key).expect("registered");
        let network = settlement.network().expect("a network");
        let missing = open_reports::missing_reports(&mut ledger, &address, &network).expect("read");
        assert_eq!(missing, [(stipend_client::address::shard(&address, 0), ORACLE)]);
        for step in open_reports::steps(TransactionFormat::Small, &key, &address, &missing) {
            ledger.send(&payer, &step.instructions, &[]).expect("opened");
        }
        assert_eq!(open_reports::missing_reports(&mut ledger, &address, &network).expect("read"), []);
        (ledger, address, payer)
    }

    fn refusal(ledger: &mut EmbeddedLedger, address: &Address, payer: &Keypair) -> String {
        let refused = plan(ledger, address, &payer.pubkey()).expect_err("in use");
        assert_eq!(refused.exit_kind(), ExitKind::Refused);
        refused.to_string()
    }

    #[test]
    fn a_network_is_closed_with_all_that_is_left_of_it_once_nobody_needs_it() {
        let (mut ledger, address, payer) = in_use();
        let (key, device) = (payer.pubkey(), Keypair::new_from_array([2; 32]).pubkey());
        assert_eq!(
            refusal(&mut ledger, &address, &payer),
            "failed to close the network: 1 node is left; retire, pay and close them first"
        );

        // Before the genesis: the node leaves, and so does the oracle, at once.
        let shard = stipend_client::address::shard(&address, 0);
        let retire = instruction::retire_node(&key, &address, &shard, &device, [0; 32]);
        let close = instruction::close_node(&address, &shard, &device, &key);
        let remove = instruction::remove_oracle(&key, &address, &ORACLE, true);
        ledger.send(&payer, &[retire, remove], &[]).expect("left");
        // Epoch 0 is closed without them: it began 300 s behind the VM's first moment, and lasts a day.
        ledger.warp_to(1_700_000_300 + 86_400 + 43_200);
        let mut settlement = Settlement::new(&mut ledger, &payer, address);
        settlement.close_until(0).expect("closed");
        ledger.send(&payer, &[close], &[]).expect("closed");
        assert_eq!(
            refusal(&mut ledger, &address, &payer),
            "failed to close the network: a slot was vacated in epoch 1, which a report may still name; close that epoch first"
        );
        ledger.warp_to(1_700_000_300 + 2 * 86_400 + 43_200);
        Settlement::new(&mut ledger, &payer, address).close_until(1).expect("closed");

        let stranger = plan(&mut ledger, &address, &ORACLE).expect_err("not the authority's");
        assert_eq!(
            (stranger.exit_kind(), stranger.to_string()),
            (
                ExitKind::Refused,
                format!("failed to close the network: {ORACLE} is not the network's authority; sign with the authority: --authority")
            )
        );

        let (mint, steps) = plan(&mut ledger, &address, &key).expect("a plan");
        for step in &steps {
            ledger.send(&payer, &step.instructions, &[]).expect("done");
        }

        let effects: Vec<_> = steps.iter().map(|step| step.effect.clone()).collect();
        assert_eq!(
            effects,
            [
                "take 1 vacant slot off shard 0".to_owned(),
                "close 1 report of shard 0".to_owned(),
                "close shard 0".to_owned(),
                "close 1 directory".to_owned(),
                format!("pay the bond of 0.007000000 SOL back to {key}"),
                format!("close the network; {key} gets its rent"),
            ]
        );
        assert!(ledger.account(&address).expect("read").is_none());
        assert!(ledger.account(&mint).expect("read").is_some());
    }
}
