//! `stipend claim`

use std::collections::HashSet;
use std::io::{self, Write};

use serde::Serialize;
use solana_address::Address;
use stipend_client::account;
use stipend_client::explain::{explain, ExplainError};
use stipend_client::ledger::{Accounts as _, Ledger as _};
use stipend_client::reader::ReadError;
use stipend_client::rpc::RpcLedger;
use stipend_client::settlement::{ClaimPlan, Settlement};

use crate::cluster::{ClusterArgs, ConsentArgs, NetworkArgs, PayerArgs};
use crate::failure::Failure;
use crate::figure::{counted, sol};
use crate::print::{print, Format};

const DOING: &str = "claim";
/// Bytes of a token account without extensions.
const TOKEN_ACCOUNT_BYTES: usize = 165;

#[derive(Debug, clap::Args)]
#[group(id = "whose", required = true, multiple = false, args = ["all", "owner", "node"])]
pub struct Args {
    /// Of every owner
    #[arg(long)]
    all: bool,
    /// Of this owner's nodes
    #[arg(long, value_name = "ADDRESS")]
    owner: Option<Address>,
    /// Of these nodes: devices' keys, or addresses of nodes' accounts
    #[arg(long, value_name = "NODE", num_args = 1..)]
    node: Vec<Address>,
    /// Leave out owners whose token account is still to be opened
    #[arg(long)]
    no_open: bool,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    payer: PayerArgs,
    #[command(flatten)]
    consent: ConsentArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
    /// What to print on stdout
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

/// The JSON object; its fields are documented in `app/cli/README.md`.
#[derive(Debug, Serialize)]
struct Outcome {
    network: String,
    sent: bool,
    decimals: u8,
    transactions: usize,
    refused_transactions: usize,
    fee_lamports: u64,
    owners: Vec<Paid>,
}

#[derive(Debug, Serialize)]
struct Paid {
    owner: String,
    token_account: String,
    slots: usize,
    accrued_atoms: u128,
    /// By which the token account grew.
    paid_atoms: u64,
    paid_tokens: String,
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    let payer = args.payer.read(&args.cluster)?;
    let mut ledger = args.cluster.connect()?;
    let network = args.network.find(&mut ledger)?;
    let failed = |error: ReadError| Failure::settling(DOING, error);
    let mut places = HashSet::new();
    for name in &args.node {
        let found = explain(&mut ledger, &network, name).map_err(|error| match error {
            ExplainError::Read(error) => failed(error),
            other => Failure::usage(DOING, other),
        })?;
        places.insert((found.shard, found.node.slot));
    }

    let mut settlement = Settlement::new(&mut ledger, &payer, network);
    let state = settlement.network().map_err(failed)?;
    let shards = settlement.shards().map_err(failed)?;
    let plan = |settlement: &mut Settlement<'_, RpcLedger>, refused: &HashSet<Address>| {
        let plan = settlement.plan_claims(&shards, |shard, slot, owner| {
            let is_named = places.is_empty() || places.contains(&(shard.header.index, slot));
            is_named && args.owner.is_none_or(|wanted| wanted == *owner) && !refused.contains(owner)
        });
        plan.map_err(failed)
    };
    let mut claims = plan(&mut settlement, &HashSet::new())?;
    if args.no_open {
        let closed: HashSet<_> =
            claims.owners.iter().filter(|(_, claim)| claim.opens).map(|(owner, _)| *owner).collect();
        claims = plan(&mut settlement, &closed)?;
        if !closed.is_empty() {
            eprintln!("{} left out: no token account is open", counted(closed.len() as u64, "owner"));
        }
    }
    let mint = ledger.account(&state.mint).map_err(|error| failed(error.into()))?;
    // Where both token programs keep a mint's decimals.
    let decimals = mint.and_then(|mint| mint.data.get(44).copied());
    let decimals = decimals.ok_or_else(|| failed(ReadError::Missing { expected: "mint", address: state.mint }))?;
    show(&mut ledger, &claims, decimals)?;

    let before = balances(&mut ledger, &claims)?;
    let is_wanted = !claims.transactions.is_empty() && args.consent.is_given(DOING)?;
    let results = match is_wanted {
        true => Settlement::new(&mut ledger, &payer, network).send_claims(&claims),
        false => Vec::new(),
    };
    let after = if is_wanted { balances(&mut ledger, &claims)? } else { before.clone() };

    let owners = claims.owners.iter().zip(before.iter().zip(&after)).map(|((owner, claim), (before, after))| {
        let paid_atoms = after.saturating_sub(*before);
        Paid {
            owner: owner.to_string(),
            token_account: claim.destination.to_string(),
            slots: claim.slots,
            accrued_atoms: claim.accrued_atoms,
            paid_atoms,
            paid_tokens: tokens(paid_atoms.into(), decimals),
        }
    });
    let receipts = results.iter().flatten();
    let outcome = Outcome {
        network: network.to_string(),
        sent: is_wanted,
        decimals,
        transactions: receipts.clone().count(),
        refused_transactions: results.iter().filter(|result| result.is_err()).count(),
        fee_lamports: receipts.map(|receipt| receipt.fee_lamports).sum(),
        owners: owners.collect(),
    };
    print(stdout, args.output, &outcome, |out| write_table(&outcome, out))?;
    // What was paid stands; whoever is left is paid by claiming again.
    results.into_iter().find_map(Result::err).map_or(Ok(()), |error| Err(failed(error.into())))
}

/// On stderr: what is claimed, and what it costs at the least.
fn show(ledger: &mut RpcLedger, claims: &ClaimPlan, decimals: u8) -> Result<(), Failure> {
    let total: u128 = claims.owners.values().map(|claim| claim.accrued_atoms).sum();
    let opened = claims.owners.values().filter(|claim| claim.opens).count() as u64;
    let rent = ledger.rent_lamports(TOKEN_ACCOUNT_BYTES).map_err(|error| Failure::settling(DOING, error))?;
    eprintln!(
        "This will claim {} tokens ({total} atoms) of {} in {}",
        tokens(total, decimals),
        counted(claims.owners.len() as u64, "owner"),
        counted(claims.transactions.len() as u64, "transaction"),
    );
    if opened > 0 {
        let rents = sol(rent.saturating_mul(opened));
        eprintln!(
            "and open {} for {rents} of rent, or more where the mint has extensions",
            counted(opened, "token account")
        );
    }
    Ok(())
}

/// Atoms in each owner's token account, 0 where there is none.
fn balances(ledger: &mut RpcLedger, claims: &ClaimPlan) -> Result<Vec<u64>, Failure> {
    let addresses: Vec<_> = claims.owners.values().map(|claim| claim.destination).collect();
    let found = ledger.accounts(&addresses).map_err(|error| Failure::settling(DOING, error))?;
    let atoms = addresses.into_iter().zip(found).map(|(address, found)| match found {
        None => Ok(0),
        Some(found) => account::token_atoms(&found.data).map_err(|source| ReadError::Decode { address, source }),
    });
    atoms.collect::<Result<_, _>>().map_err(|error| Failure::settling(DOING, error))
}

fn write_table(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    for paid in &outcome.owners {
        writeln!(out, "{}  {} tokens ({} atoms)", paid.owner, paid.paid_tokens, paid.paid_atoms)?;
    }
    let count = counted(outcome.transactions as u64, "transaction");
    writeln!(out, "{count}, fees {}", sol(outcome.fee_lamports))
}

/// Atoms as tokens with all decimals, in integers only.
fn tokens(atoms: u128, decimals: u8) -> String {
    let width = usize::from(decimals);
    let digits = format!("{atoms:0>width$}", width = width + 1);
    let (whole, rest) = digits.split_at(digits.len() - width);
    if rest.is_empty() {
        whole.to_owned()
    } else {
        format!("{whole}.{rest}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn atoms_of_any_decimals_lose_nothing() {
        assert_eq!(tokens(0, 0), "0");
        assert_eq!(tokens(7, 0), "7");
        assert_eq!(tokens(7, 3), "0.007");
        assert_eq!(tokens(1_234_567, 6), "1.234567");
        assert_eq!(tokens(u128::from(u64::MAX), 9), "18446744073.709551615");
    }
}
