//! `stipend claim`

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;

use serde::Serialize;
use solana_address::Address;
use solana_keypair::Keypair;
use stipend_client::account;
use stipend_client::address;
use stipend_client::claim::{ClaimCost, ClaimOutcome, ClaimPlan, MintLimit};
use stipend_client::ledger::{Ledger, LedgerError, Search};
use stipend_client::network_client::NetworkClient;
use stipend_client::program::error::StipendError;
use stipend_client::program::state::Network;
use stipend_client::reader::{ReadError, Reader};

use crate::cluster::{ClusterArgs, ConsentArgs, NetworkArgs, PayerArgs};
use crate::failure::{ExitKind, Failure};
use crate::figure::{counted, grouped, plain_tokens, sol};
use crate::print::{print_list, Format};

mod remembered;

const DOING: &str = "claim";

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    whose: WhoseArgs,
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

/// Who is paid, and for what.
#[derive(Debug, Default, clap::Args)]
#[command(group(clap::ArgGroup::new("whose").required(true).args(["all", "owner", "node"])))]
struct WhoseArgs {
    /// Of every owner
    #[arg(long)]
    all: bool,
    /// Of this owner's nodes
    #[arg(long, value_name = "ADDRESS")]
    owner: Option<Address>,
    /// Of the nodes of these devices
    #[arg(long, value_name = "DEVICE", num_args = 1..)]
    node: Vec<Address>,
    /// Leave out owners whose token account is still to be opened
    #[arg(long)]
    no_open: bool,
}

/// The JSON object; its fields are documented in `app/cli/README.md`.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Outcome {
    network: String,
    sent: bool,
    decimals: u8,
    accrued_atoms: u128,
    cost: Cost,
    mint_limit: Option<Limit>,
    transactions: usize,
    outrun_transactions: usize,
    refused_transactions: usize,
    fee_lamports: u64,
    owners: Vec<Paid>,
}

impl Outcome {
    /// This one, and what was done after it for other shards.
    fn and(mut self, next: Self) -> Self {
        let places: HashMap<_, _> = (0..).zip(&self.owners).map(|(place, paid)| (paid.owner.clone(), place)).collect();
        for paid in next.owners {
            match places.get(&paid.owner).and_then(|place: &usize| self.owners.get_mut(*place)) {
                None => self.owners.push(paid),
                Some(sum) => {
                    sum.slots += paid.slots;
                    sum.accrued_atoms += paid.accrued_atoms;
                    sum.paid_atoms = sum.paid_atoms.saturating_add(paid.paid_atoms);
                    sum.paid_tokens = plain_tokens(sum.paid_atoms.into(), next.decimals);
                }
            }
        }
        Self {
            sent: self.sent || next.sent,
            accrued_atoms: self.accrued_atoms + next.accrued_atoms,
            cost: Cost {
                transactions: self.cost.transactions + next.cost.transactions,
                fee_lamports: self.cost.fee_lamports + next.cost.fee_lamports,
                token_accounts: self.cost.token_accounts + next.cost.token_accounts,
                rent_lamports: self.cost.rent_lamports + next.cost.rent_lamports,
            },
            transactions: self.transactions + next.transactions,
            outrun_transactions: self.outrun_transactions + next.outrun_transactions,
            refused_transactions: self.refused_transactions + next.refused_transactions,
            fee_lamports: self.fee_lamports + next.fee_lamports,
            ..self
        }
    }
}

/// As told before the question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
struct Cost {
    transactions: usize,
    fee_lamports: u64,
    token_accounts: u64,
    rent_lamports: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Limit {
    epoch: u32,
    limit_atoms: u64,
    left_atoms: u64,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
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
    args.consent.check(DOING)?;
    let payer = args.payer.read(&args.cluster)?;
    let mut ledger = args.cluster.connect()?;
    let network = args.network.find(&mut ledger)?;
    let folder = remembered::folder();
    let (outcome, failure) =
        claim(&mut ledger, &payer, &network, &args.whose, &args.consent, folder.as_deref(), SHARDS_AT_ONCE)?;
    print_list(stdout, args.output, &outcome, &outcome.owners, |out| write_table(&outcome, out))?;
    // What was paid stands; whoever is left is paid by claiming again.
    failure.map_or(Ok(()), Err)
}

/// Claims of so many shards are planned, sent and forgotten before those of the next ones.
const SHARDS_AT_ONCE: u32 = 64;

/// Plans, shows, asks once and sends, some shards at a time. Returns what was paid, and why that is not all.
///
/// - `folder`: where it is remembered where an owner's nodes are.
fn claim(
    ledger: &mut (impl Ledger + Search),
    payer: &Keypair,
    network: &Address,
    whose: &WhoseArgs,
    consent: &ConsentArgs,
    folder: Option<&Path>,
    shards_at_once: u32,
) -> Result<(Outcome, Option<Failure>), Failure> {
    let state = Reader::new(ledger, *network).network().map_err(|error| Failure::settling(DOING, error))?;
    let last = if whose.all { state.shard_count } else { 0 };
    let (mut whole, mut errors, mut answer) = (None::<Outcome>, Vec::new(), None);
    for first in (0..last.max(1)).step_by(shards_at_once as usize) {
        let shards = first..last.min(first.saturating_add(shards_at_once));
        let mut ask = || match answer {
            Some(answer) => Ok(answer),
            None => {
                if shards.end < last {
                    let left = counted(u64::from(last - shards.end), "shard");
                    eprintln!("and likewise in {left} more, {shards_at_once} at a time");
                }
                Ok(*answer.insert(consent.is_given(DOING)?))
            }
        };
        let claimed = plan(ledger, payer, network, &state, whose, folder, shards.clone())
            .and_then(|claims| claim_some(ledger, payer, network, &state, claims, &mut ask));
        match (claimed, &mut whole) {
            (Ok((some, failed)), whole) => {
                errors.extend(failed);
                *whole = Some(match whole.take() {
                    Some(sum) => sum.and(some),
                    None => some,
                });
            }
            (Err(failure), None) => return Err(failure),
            // What was paid stands, and is told.
            (Err(failure), Some(_)) => return Ok((whole.take().unwrap_or_default(), Some(failure))),
        }
    }
    Ok((whole.unwrap_or_default(), failure(errors)))
}

/// Shows what a plan costs, asks and sends. Returns what was paid, and why that is not all.
fn claim_some(
    ledger: &mut impl Ledger,
    payer: &Keypair,
    network: &Address,
    state: &Network,
    claims: ClaimPlan,
    ask: &mut impl FnMut() -> Result<bool, Failure>,
) -> Result<(Outcome, Vec<LedgerError>), Failure> {
    let failed = |error: ReadError| Failure::settling(DOING, error);
    let cost = NetworkClient::new(ledger, payer, *network).cost_of_claims(state, &claims).map_err(failed)?;
    let no_mint = || failed(ReadError::Missing { expected: "mint", address: state.mint });
    let decimals = claims.decimals.ok_or_else(no_mint)?;
    for line in prospect(&claims, &cost, decimals) {
        eprintln!("{line}");
    }
    let told = Cost {
        transactions: claims.transactions.len(),
        fee_lamports: cost.fee_lamports,
        token_accounts: cost.token_accounts,
        rent_lamports: cost.rent_lamports,
    };
    // What stops every claim is no question.
    if let Some(error) = cost.refused.filter(|error| error.is(StipendError::ClaimsPaused)) {
        return Err(Failure::settling(DOING, error));
    }

    let before: Vec<_> = claims.owners.values().map(|claim| claim.held_atoms).collect();
    let is_wanted = !claims.transactions.is_empty() && ask()?;
    let outcomes = match is_wanted {
        true => NetworkClient::new(ledger, payer, *network).send_claims(&claims),
        false => Vec::new(),
    };
    let after = if is_wanted { balances(ledger, &claims)? } else { before.clone() };

    let owners = claims.owners.iter().zip(before.iter().zip(&after)).map(|((owner, claim), (before, after))| {
        let paid_atoms = after.saturating_sub(*before);
        Paid {
            owner: owner.to_string(),
            token_account: claim.destination.to_string(),
            slots: claim.slots,
            accrued_atoms: claim.accrued_atoms,
            paid_atoms,
            paid_tokens: plain_tokens(paid_atoms.into(), decimals),
        }
    });
    let mut outcome = Outcome {
        network: network.to_string(),
        sent: is_wanted,
        decimals,
        accrued_atoms: accrued_atoms(&claims),
        cost: told,
        mint_limit: claims.mint_limit.map(|limit| {
            let MintLimit { epoch, limit_atoms, left_atoms } = limit;
            Limit { epoch, limit_atoms, left_atoms }
        }),
        transactions: 0,
        outrun_transactions: 0,
        refused_transactions: 0,
        fee_lamports: 0,
        owners: owners.collect(),
    };
    let mut errors = Vec::new();
    for one in outcomes {
        match one {
            ClaimOutcome::Paid(receipt) => {
                outcome.transactions += 1;
                outcome.fee_lamports += receipt.fee_lamports;
            }
            ClaimOutcome::Outrun => outcome.outrun_transactions += 1,
            ClaimOutcome::Failed(error) => {
                outcome.refused_transactions += 1;
                errors.push(error);
            }
        }
    }
    let paid_atoms: u128 = outcome.owners.iter().map(|owner| u128::from(owner.paid_atoms)).sum();
    let left_atoms = outcome.accrued_atoms.saturating_sub(paid_atoms);
    if is_wanted && outcome.mint_limit.is_some() && errors.is_empty() && left_atoms > 0 {
        eprintln!("the mint limit left no room for {left_atoms} atoms; claim again in the next epoch, nothing is lost");
    }
    Ok((outcome, errors))
}

/// - `shards`: those that are looked at for every owner.
fn plan(
    ledger: &mut (impl Ledger + Search),
    payer: &Keypair,
    network: &Address,
    state: &Network,
    whose: &WhoseArgs,
    folder: Option<&Path>,
    shards: Range<u32>,
) -> Result<ClaimPlan, Failure> {
    let failed = |error: ReadError| Failure::settling(DOING, error);
    let mut reader = Reader::new(ledger, *network);
    let mut places = HashSet::new();
    for device in &whose.node {
        let node = reader.node(device).map_err(failed)?;
        places.insert((u32::from(node.shard), node.slot));
    }
    let shards = match &whose.owner {
        Some(owner) => remembered::shards_of(ledger, folder, network, state, owner),
        None if whose.all => reader.shards_of(shards),
        None => {
            let indices: BTreeSet<_> = places.iter().map(|(shard, _)| *shard).collect();
            reader.shards_at(indices.into_iter().map(|index| address::shard(network, index)).collect())
        }
    };
    let shards = shards.map_err(failed)?;
    let mut client = NetworkClient::new(ledger, payer, *network);
    let mut plan = |left_out: &BTreeSet<Address>| {
        let plan = client.plan_claims(state, &shards, |shard, slot, owner| {
            let is_named = places.is_empty() || places.contains(&(shard.header.index, slot));
            is_named && whose.owner.is_none_or(|wanted| wanted == *owner) && !left_out.contains(owner)
        });
        plan.map_err(failed)
    };
    let claims = plan(&BTreeSet::new())?;
    if !whose.no_open || claims.opening.is_empty() {
        return Ok(claims);
    }
    eprintln!("{} left out: no token account is open", counted(claims.opening.len() as u64, "owner"));
    plan(&claims.opening)
}

fn accrued_atoms(claims: &ClaimPlan) -> u128 {
    claims.owners.values().map(|claim| claim.accrued_atoms).sum()
}

/// What is claimed, what it costs, and what stands in the way, a line each.
fn prospect(claims: &ClaimPlan, cost: &ClaimCost, decimals: u8) -> Vec<String> {
    if claims.transactions.is_empty() {
        return vec!["There is nothing to claim".to_owned()];
    }
    let total_atoms = accrued_atoms(claims);
    let fees = sol(cost.fee_lamports);
    let mut lines = vec![
        format!(
            "This will claim {} tokens ({total_atoms} atoms) of {}",
            plain_tokens(total_atoms, decimals),
            counted(claims.owners.len() as u64, "owner"),
        ),
        format!(
            "in {}, fees {}{fees}",
            counted(claims.transactions.len() as u64, "transaction"),
            if cost.has_priority { "about " } else { "" },
        ),
    ];
    if cost.token_accounts > 0 {
        lines.push(format!(
            "and open {} for {}{} of rent",
            counted(cost.token_accounts, "token account"),
            if cost.is_rent_least { "at least " } else { "" },
            sol(cost.rent_lamports),
        ));
    }
    if let Some(limit) = claims.mint_limit {
        lines.push(format!(
            "mint limit: of {} atoms an epoch {} are left in epoch {}; what does not fit can be claimed again later",
            grouped(limit.limit_atoms),
            grouped(limit.left_atoms),
            limit.epoch,
        ));
    }
    if let Some(error) = &cost.refused {
        lines.push(format!("the first transaction would not be taken now: {error}"));
    }
    lines
}

/// What is told at the end of those that failed; the mint limit only if nothing else went wrong.
fn failure(errors: Vec<LedgerError>) -> Option<Failure> {
    let count = errors.len();
    let (limited, mut others): (Vec<_>, Vec<_>) =
        errors.into_iter().partition(|error| error.is(StipendError::MintLimitReached));
    let waiting = format!(
        "MintLimitReached: {}; {} not taken, all others stand",
        StipendError::MintLimitReached,
        if limited.len() == 1 {
            "1 transaction was".to_owned()
        } else {
            format!("{} were", counted(limited.len() as u64, "transaction"))
        },
    );
    if others.is_empty() {
        return (count > 0).then(|| Failure::new(ExitKind::Refused, DOING, waiting));
    }
    if !limited.is_empty() {
        eprintln!("{waiting}");
    }
    // A cluster that was lost may have taken what is not known of.
    let first = others.iter().position(|error| !matches!(error, LedgerError::Refused { .. })).unwrap_or(0);
    let first = others.swap_remove(first);
    for error in &others {
        eprintln!("not claimed either: {error}");
    }
    Some(Failure::settling(DOING, first))
}

/// Atoms in each owner's token account, 0 where there is none.
fn balances(ledger: &mut impl Ledger, claims: &ClaimPlan) -> Result<Vec<u64>, Failure> {
    let addresses: Vec<_> = claims.owners.values().map(|claim| claim.destination).collect();
    let found = ledger.accounts(&addresses).map_err(|error| Failure::settling(DOING, error))?;
    // Lamports that somebody sent to its address are no token account.
    let found = found.into_iter().map(|found| found.filter(|found| !found.data.is_empty()));
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
    if outcome.outrun_transactions > 0 {
        let count = counted(outcome.outrun_transactions as u64, "transaction");
        writeln!(out, "{count} left out: somebody else had them paid first")?;
    }
    let count = counted(outcome.transactions as u64, "transaction");
    writeln!(out, "{count}, fees {}", sol(outcome.fee_lamports))
}

#[cfg(all(test, feature = "demo"))]
mod tests;
