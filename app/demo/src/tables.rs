//! The outcome as tables.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::outcome::Outcome;
use crate::figure::{counted, grouped, percent, sol};
use crate::table::{table, words};
use crate::token::tokens;

/// Rows of a long table that are shown unasked.
const FIRST_ROWS: usize = 12;

/// Nodes that fill a transaction of an oracle, nearly.
const FULL_TRANSACTION: u64 = 100;

/// How much of a long table is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Its beginning, and how many rows there are more.
    First,
    /// All of it.
    All,
}

impl Rows {
    fn most(self) -> usize {
        match self {
            Self::First => FIRST_ROWS,
            Self::All => usize::MAX,
        }
    }
}

/// Writes everything.
pub fn write_tables(outcome: &Outcome, rows: Rows, out: &mut dyn Write) -> io::Result<()> {
    write_network(outcome, out)?;
    write_rewards(outcome, rows, out)?;
    write_reasons(outcome, out)?;
    write_balances(outcome, rows, out)?;
    write_costs(outcome, out)
}

fn write_network(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    let network = &outcome.network;
    let [nodes, shards, epochs] =
        [network.nodes.len(), network.shards as usize, outcome.epochs.len()].map(|n| n as u64);
    writeln!(out, "Network  {}", network.address)?;
    writeln!(out, "Mint     {}", network.mint)?;
    for oracle in &network.oracles {
        writeln!(out, "Oracle   {}  {}", oracle.key, oracle.file)?;
    }
    writeln!(
        out,
        "{} in {}, {} of {} s, quorum {} of {}; reports {}",
        counted(nodes, "node"),
        counted(shards, "shard"),
        counted(epochs, "epoch"),
        grouped(network.epoch_secs.into()),
        network.quorum,
        counted(network.oracles.len() as u64, "oracle"),
        if network.relayed { "signed off chain and relayed" } else { "sent by the oracles" },
    )
}

fn write_rewards(outcome: &Outcome, rows: Rows, out: &mut dyn Write) -> io::Result<()> {
    let bandwidth = format!("bandwidth in {}", outcome.network.bandwidth_unit);
    let header = ["epoch", "node", "uptime", &bandwidth, "score", "reward in tokens", "reason"];
    let mut table = table(&header, &[0, 2, 3, 4, 5]);
    let all = outcome.epochs.iter().flat_map(|epoch| epoch.nodes.iter().map(move |node| (epoch.epoch, node)));
    for (epoch, node) in all.take(rows.most()) {
        table.add_row([
            epoch.to_string(),
            node.node.to_owned(),
            node.uptime_bps.map_or("-".to_owned(), percent),
            node.bandwidth.map_or("-".to_owned(), |bandwidth| grouped(bandwidth.into())),
            grouped(node.score.into()),
            tokens(node.reward_atoms),
            words(node.reason),
        ]);
    }
    writeln!(out, "\nRewards\n{table}")?;
    write_rest(outcome.costs.node_epochs, rows, out)
}

/// Of all rewards, also those that are not shown: how many for which reason, and what they came to.
fn write_reasons(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    let mut reasons: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for node in outcome.epochs.iter().flat_map(|epoch| &epoch.nodes) {
        let (count, atoms) = reasons.entry(node.reason).or_default();
        *count += 1;
        *atoms += node.reward_atoms;
    }
    let mut table = table(&["reason", "node-epochs", "rewards in tokens"], &[1, 2]);
    for (reason, (count, atoms)) in reasons {
        table.add_row([words(reason), grouped(count), tokens(atoms)]);
    }
    writeln!(out, "\nReasons, of every node in every epoch\n{table}")
}

fn write_balances(outcome: &Outcome, rows: Rows, out: &mut dyn Write) -> io::Result<()> {
    let mut table = table(&["node", "owner", "tokens"], &[2]);
    for (balance, facts) in outcome.balances.iter().zip(&outcome.network.nodes).take(rows.most()) {
        table.add_row([balance.node.to_owned(), facts.owner.clone(), tokens(balance.atoms)]);
    }
    writeln!(out, "\nBalances after the claims\n{table}")?;
    write_rest(outcome.balances.len() as u64, rows, out)?;
    let atoms = outcome.balances.iter().map(|balance| balance.atoms).sum();
    writeln!(out, "All together: {} tokens", tokens(atoms))
}

fn write_costs(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    let costs = &outcome.costs;
    let mut spent = table(&["transaction", "count", "CU, least", "mean", "most", "fees in lamports"], &[1, 2, 3, 4, 5]);
    for cost in &costs.instructions {
        spent.add_row([
            words(cost.instruction),
            grouped(cost.count),
            grouped(cost.cu_min),
            grouped(cost.cu_total / cost.count.max(1)),
            grouped(cost.cu_max),
            grouped(cost.fee_lamports),
        ]);
    }
    writeln!(out, "\nCosts, one instruction of the program a transaction\n{spent}")?;
    let mut rents = table(&["rent of accounts", "count", "bytes", "lamports"], &[1, 2, 3]);
    for rent in &costs.rents {
        rents.add_row([words(rent.account), grouped(rent.count), grouped(rent.bytes), grouped(rent.lamports)]);
    }
    writeln!(out, "\n{rents}")?;
    writeln!(
        out,
        "A node-epoch, from report to settlement: {:.2} CU, {:.2} lamports of fees",
        costs.per_node_epoch.cu, costs.per_node_epoch.fee_lamports
    )?;
    if (outcome.network.nodes.len() as u64) < FULL_TRANSACTION {
        writeln!(
            out,
            "With so few nodes these are fixed costs: a transaction reports up to 150 nodes, a shard holds 600"
        )?;
    }
    writeln!(out, "Paid in all, fees and rents: {}", sol(costs.paid_lamports))
}

fn write_rest(all: u64, rows: Rows, out: &mut dyn Write) -> io::Result<()> {
    let rest = all.saturating_sub(rows.most() as u64);
    if rest > 0 {
        writeln!(out, "{} more; --all shows every one", counted(rest, "row"))?;
    }
    Ok(())
}
