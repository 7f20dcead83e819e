//! What has accrued is minted to the owners.

use super::{claims, is_open, splits_of, MintLimit, Payee};
use crate::{
    account,
    ledger::{pack, Ledger, LedgerError, Part, Receipt},
    network_client::NetworkClient,
    reader::{ReadError, ShardState},
};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;
use std::collections::{BTreeMap, BTreeSet};
use stipend::{error::StipendError, state::Network};

/// What is to be claimed, read at one moment.
#[derive(Clone, Debug, Default)]
pub struct ClaimPlan {
    /// By who is paid: owners, and the recipients of splits in their place.
    pub owners: BTreeMap<Address, OwnerClaim>,
    /// Owners whose claims open token accounts: wallets and splits.
    pub opening: BTreeSet<Address>,
    /// They don't depend on one another, and differ. Each is one or more claims, each with what opens its token account.
    pub transactions: Vec<Vec<Part>>,
    /// What may be minted at the moment; none if there is no limit.
    pub mint_limit: Option<MintLimit>,
    /// Decimals of a token; none if the mint is not there.
    pub decimals: Option<u8>,
}

/// What somebody is to be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnerClaim {
    /// Of all slots of the plan.
    pub accrued_atoms: u128,
    /// How many slots that are.
    pub slots: usize,
    /// The associated token account that is paid.
    pub destination: Address,
    /// Whether that account is still to be opened, at the payer's cost.
    pub opens: bool,
    /// Whether there is nothing at all at its address: lamports that somebody sent there make opening it cheaper.
    pub is_untouched: bool,
    /// Atoms in it before.
    pub held_atoms: u64,
}

/// What became of a transaction of claims.
#[derive(Debug)]
pub enum ClaimOutcome {
    /// Its slots were paid; under a mint limit, as much as there was room for.
    Paid(Receipt),
    /// Nothing was left in its slots: somebody else had them paid since the plan was made. That is no failure.
    Outrun,
    /// It had no effect.
    Failed(LedgerError),
}

impl From<Result<Receipt, LedgerError>> for ClaimOutcome {
    fn from(result: Result<Receipt, LedgerError>) -> Self {
        match result {
            Ok(receipt) => Self::Paid(receipt),
            Err(error) if error.is(StipendError::NothingToClaim) => Self::Outrun,
            Err(error) => Self::Failed(error),
        }
    }
}

impl<L: Ledger> NetworkClient<'_, L> {
    /// What has accrued in `shards` in the slots that are `wanted`, which gets the shard, the place, and the owner.
    ///
    /// The instruction that opens a missing account goes along with each claim to it and does nothing the second time: so no
    /// transaction waits for another. Under a mint limit each claim has its own transaction, so that one that finds no room
    /// takes no other along.
    pub fn plan_claims(
        &mut self,
        network: &Network,
        shards: &[ShardState],
        wanted: impl Fn(&ShardState, u16, &Address) -> bool,
    ) -> Result<ClaimPlan, ReadError> {
        let splits = splits_of(self.ledger, &self.network, shards)?;
        let claims = claims(network, shards, &splits, 0, wanted);
        let has_limit = network.policy.mint_limit_atoms > 0 || network.next_policy.mint_limit_atoms > 0;
        let mint_limit = if has_limit { MintLimit::new(network, self.ledger.now()?) } else { None };
        let mut plan = ClaimPlan { mint_limit, ..ClaimPlan::default() };
        for (claim, payee) in claims.iter().flat_map(|claim| claim.payees.iter().map(move |payee| (claim, payee))) {
            let owner = plan.owners.entry(payee.wallet).or_insert(OwnerClaim {
                accrued_atoms: 0,
                slots: 0,
                destination: payee.destination,
                opens: false,
                is_untouched: false,
                held_atoms: 0,
            });
            owner.accrued_atoms += payee.share_atoms;
            owner.slots += claim.slots.len();
        }
        let destinations = plan.owners.values().map(|claim| claim.destination);
        let addresses: Vec<_> = [network.mint].into_iter().chain(destinations).collect();
        let mut found = self.ledger.accounts(&addresses)?.into_iter();
        let mint = found.next().flatten();
        plan.decimals = mint.and_then(|mint| account::mint(&mint.data).ok()).map(|mint| mint.decimals);
        for (claim, found) in plan.owners.values_mut().zip(found) {
            claim.opens = !is_open(network, found.as_ref());
            claim.is_untouched = found.is_none();
            if let Some(found) = found.filter(|_| !claim.opens) {
                let decode = |source| ReadError::Decode { address: claim.destination, source };
                claim.held_atoms = account::token_atoms(&found.data).map_err(decode)?;
            }
        }
        let payer = self.payer.pubkey();
        let opens = |payee: &Payee| plan.owners.get(&payee.wallet).is_some_and(|owner| owner.opens);
        let opening = claims.iter().filter(|claim| claim.payees.iter().any(opens)).map(|claim| claim.owner).collect();
        let parts = claims.iter().map(|claim| claim.instructions(&self.network, network, &payer, opens));
        let transactions = match plan.mint_limit {
            None => pack(self.ledger.transaction_format(), &payer, parts.collect()),
            Some(_) => parts.map(|part| vec![part]).collect(),
        };
        Ok(ClaimPlan { opening, transactions, ..plan })
    }

    /// Sends the transactions of a plan, all at once where the ledger can. Of one that is refused, each claim is sent once more by
    /// itself, so that one that can't be paid, or was paid by somebody else, takes no other along.
    ///
    /// Returns what became of each transaction, without those that were taken apart.
    pub fn send_claims(&mut self, plan: &ClaimPlan) -> Vec<ClaimOutcome> {
        let whole: Vec<Vec<Instruction>> = plan.transactions.iter().map(|parts| parts.concat()).collect();
        let mut outcomes = Vec::new();
        let mut apart = Vec::new();
        for (parts, result) in plan.transactions.iter().zip(self.ledger.send_all(self.payer, &whole, &[])) {
            if parts.len() > 1 && matches!(result, Err(LedgerError::Refused { .. })) {
                apart.extend(parts.iter().cloned());
            } else {
                outcomes.push(ClaimOutcome::from(result));
            }
        }
        if !apart.is_empty() {
            outcomes.extend(self.ledger.send_all(self.payer, &apart, &[]).into_iter().map(ClaimOutcome::from));
        }
        outcomes
    }

    /// Claims everything that has accrued in a shard, for every owner, into associated token accounts, which are opened where
    /// they are missing; one transaction for each instruction. Returns how many owners were paid.
    pub fn claim_shard(&mut self, shard: &ShardState) -> Result<usize, ReadError> {
        let network = self.network()?;
        let payer = self.payer.pubkey();
        let mut owners = BTreeSet::new();
        let shards = std::slice::from_ref(shard);
        let splits = splits_of(self.ledger, &self.network, shards)?;
        for claim in claims(&network, shards, &splits, 0, |_, _, _| true) {
            let destinations: Vec<_> = claim.payees.iter().map(|payee| payee.destination).collect();
            let found = self.ledger.heads(&destinations, 0)?;
            let missing: BTreeSet<_> = destinations
                .into_iter()
                .zip(found)
                .filter_map(|(destination, found)| (!is_open(&network, found.as_ref())).then_some(destination))
                .collect();
            let opens = |payee: &Payee| missing.contains(&payee.destination);
            for instruction in claim.instructions(&self.network, &network, &payer, opens) {
                self.send(&[instruction], &[])?;
            }
            owners.insert(claim.owner);
        }
        Ok(owners.len())
    }
}
