//! `stipend network close`

use std::io::{self, Write};

use serde::Serialize;
use solana_address::Address;
use solana_signer::Signer as _;
use stipend_client::instruction;
use stipend_client::program::state::{Network, Oracle, Report, Slot, SlotState};
use stipend_client::reader::{reports_of, Reader, ShardState};

use crate::cluster::{carry_out, AuthorityArgs, ClusterArgs, ConsentArgs, Done, NetworkArgs, PayerArgs, Step};
use crate::failure::{ExitKind, Failure};
use crate::figure::{counted, sol};
use crate::print::{print, Format};

const DOING: &str = "close the network";
/// Slots that are taken off a shard in one transaction: each names who paid for it.
const SLOTS_AT_ONCE: usize = 20;
/// Reports that are closed in one transaction.
const REPORTS_AT_ONCE: usize = 6;

/// What the help says below the options.
const NOTES: &str = "Everybody must have been paid: nodes retire and are closed first, by `stipend node`. Vacant slots, reports, shards and \
    bonds of removed oracles go back to whoever paid for them. With the first network of a mint, nobody can mint any more, unless no \
    epoch was ever closed.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub struct Args {
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    authority: AuthorityArgs,
    #[command(flatten)]
    payer: PayerArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
    #[command(flatten)]
    consent: ConsentArgs,
    /// What to print on stdout
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

/// The JSON object; its fields are documented in `app/cli/README.md`.
#[derive(Debug, Serialize)]
struct Outcome {
    network: String,
    mint: String,
    done: Done,
}

/// Why a network can't be closed yet.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
enum InUse {
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
    args.consent.check(DOING)?;
    args.output.check_no_list()?;
    let payer = args.payer.read(&args.cluster)?;
    let authority = args.authority.read(&payer)?;
    let mut ledger = args.cluster.connect()?;
    let address = args.network.find(&mut ledger)?;
    let settling = |error| Failure::settling(DOING, error);
    let network = Reader::new(&mut ledger, address).network().map_err(settling)?;
    let shards = Reader::new(&mut ledger, address).first_shards(network.shard_count).map_err(settling)?;
    check(&network, &shards).map_err(|cause| Failure::new(ExitKind::Refused, DOING, cause))?;
    let mut steps = Vec::new();
    for shard in shards.iter().rev() {
        let reports = reports_of(&mut ledger, &shard.address).map_err(settling)?;
        steps.extend(clear(&address, shard, &reports));
    }
    steps.extend(withdraw(&address, &network));
    let close = instruction::close_network(
        &authority.pubkey(),
        &network.mint,
        network.id,
        &network.payer,
        &network.token_program,
    );
    steps.push(Step::new(format!("close the network; {} gets its rent", network.payer), vec![close]));
    let done = carry_out(&mut ledger, &payer, DOING, &steps, &[&authority], &args.consent)?;
    let outcome = Outcome { network: address.to_string(), mint: network.mint.to_string(), done };
    print(stdout, args.output, &outcome, |out: &mut dyn Write| -> io::Result<()> {
        let is = if outcome.done.sent { "is closed" } else { "could be closed; nothing was sent" };
        writeln!(out, "Network {} {is}", outcome.network)
    })
}

/// What only others, or time, can mend.
fn check(network: &Network, shards: &[ShardState]) -> Result<(), InUse> {
    if network.slot_count > 0 {
        let verb = if network.slot_count == 1 { "is" } else { "are" };
        return Err(InUse::Nodes(format!("{} {verb}", counted(network.slot_count, "node"))));
    }
    if network.other_networks > 0 {
        let verb = if network.other_networks == 1 { "is" } else { "are" };
        return Err(InUse::Others(format!("{} {verb}", counted(network.other_networks.into(), "network"))));
    }
    for shard in shards {
        let lately = |slot: &&Slot| slot.state == SlotState::Vacant as u8 && slot.change_epoch >= network.open_epoch;
        if let Some(slot) = shard.slots.iter().find(lately) {
            return Err(InUse::Vacated(slot.change_epoch));
        }
        if shard.header.next_epoch > network.open_epoch {
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

/// What pays the bonds back that are not held.
fn withdraw(address: &Address, network: &Network) -> Vec<Step> {
    let bonded = network.oracles.entries.iter().filter(|oracle| oracle.bond_lamports > 0);
    let step = |oracle: &Oracle| {
        let effect = format!("pay the bond of {} back to {}", sol(oracle.bond_lamports), oracle.payer);
        Step::new(effect, vec![instruction::withdraw_bond(address, &oracle.payer, &oracle.key)])
    };
    bonded.map(step).collect()
}
