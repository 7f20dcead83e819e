//! What has accrued is minted to the owners.

use super::{packing::pack, Settlement, SettlementError, ShardState};
use crate::{
    address,
    instruction::{self, Destination},
    ledger::{Ledger, LedgerError, Receipt},
};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;
use std::collections::BTreeMap;

/// Slots of a claim that fits one transaction; 409 would just do.
const CLAIM_SLOTS: usize = 256;

/// What is to be claimed, read at one moment.
#[derive(Clone, Debug, Default)]
pub struct ClaimPlan {
    /// By owner.
    pub owners: BTreeMap<Address, OwnerClaim>,
    /// They don't depend on one another, and differ.
    pub transactions: Vec<Vec<Instruction>>,
}

/// What an owner has to claim.
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
}

impl<L: Ledger> Settlement<'_, L> {
    /// What has accrued in `shards` in the slots that are `wanted`, which gets the shard, the place, and the owner.
    ///
    /// The instruction that opens a missing account goes along with each claim to it and does nothing the second time: so no
    /// transaction waits for another. Under a mint limit each claim has its own transaction, so that one that finds no room
    /// takes no other along.
    pub fn plan_claims(
        &mut self,
        shards: &[ShardState],
        wanted: impl Fn(&ShardState, u16, &Address) -> bool,
    ) -> Result<ClaimPlan, SettlementError> {
        let network = self.network()?;
        let (mint, token_program) = (network.mint, network.token_program);
        let mut plan = ClaimPlan::default();
        let mut claims = Vec::new();
        for shard in shards {
            for (owner, mut slots) in accrued_by_owner(shard) {
                slots.retain(|slot| wanted(shard, *slot, &owner));
                if slots.is_empty() {
                    continue;
                }
                let claim = plan.owners.entry(owner).or_insert_with(|| OwnerClaim {
                    accrued_atoms: 0,
                    slots: 0,
                    destination: address::associated_token(&owner, &mint, &token_program),
                    opens: false,
                });
                claim.slots += slots.len();
                let accrued = slots.iter().filter_map(|slot| shard.slots.get(usize::from(*slot)));
                claim.accrued_atoms += accrued.map(|slot| u128::from(slot.accrued_atoms)).sum::<u128>();
                claims.extend(slots.chunks(CLAIM_SLOTS).map(|slots| (shard.address, owner, slots.to_vec())));
            }
        }
        let destinations: Vec<_> = plan.owners.values().map(|claim| claim.destination).collect();
        let found = self.ledger.accounts(&destinations)?;
        for (claim, found) in plan.owners.values_mut().zip(found) {
            claim.opens = found.is_none();
        }
        let payer = self.payer.pubkey();
        let mut parts = Vec::new();
        for (shard, owner, slots) in claims {
            let mut part = Vec::new();
            if plan.owners.get(&owner).is_some_and(|claim| claim.opens) {
                part.push(instruction::open_associated_token(&payer, &owner, &mint, &token_program));
            }
            let to = Destination::Associated;
            part.push(instruction::claim(&self.network, &shard, &owner, &mint, &token_program, to, slots));
            parts.push(part);
        }
        plan.transactions = if network.policy.mint_limit_atoms == 0 { pack(&payer, parts) } else { parts };
        Ok(plan)
    }

    /// Sends the transactions of a plan, all at once where the ledger can. What became of each is told in their order.
    pub fn send_claims(&mut self, plan: &ClaimPlan) -> Vec<Result<Receipt, LedgerError>> {
        self.ledger.send_all(self.payer, &plan.transactions, &[])
    }

    /// Claims everything that has accrued in a shard, for every owner, into associated token accounts, which are opened where
    /// they are missing. Returns how many owners were paid.
    pub fn claim_shard(&mut self, shard: &ShardState) -> Result<usize, SettlementError> {
        let network = self.network()?;
        let (mint, token_program) = (network.mint, network.token_program);
        let accrued = accrued_by_owner(shard);
        for (owner, slots) in &accrued {
            let destination = address::associated_token(owner, &mint, &token_program);
            if self.ledger.account(&destination)?.is_none() {
                let payer = self.payer.pubkey();
                self.send(&[instruction::open_associated_token(&payer, owner, &mint, &token_program)], &[])?;
            }
            for slots in slots.chunks(CLAIM_SLOTS) {
                let claim = instruction::claim(
                    &self.network,
                    &shard.address,
                    owner,
                    &mint,
                    &token_program,
                    Destination::Associated,
                    slots.to_vec(),
                );
                self.send(&[claim], &[])?;
            }
        }
        Ok(accrued.len())
    }
}

/// The slots of a shard that have something to claim, in ascending order, by their owner.
fn accrued_by_owner(shard: &ShardState) -> BTreeMap<Address, Vec<u16>> {
    let mut accrued: BTreeMap<Address, Vec<u16>> = BTreeMap::new();
    for (place, slot) in (0u16..).zip(&shard.slots) {
        if slot.accrued_atoms > 0 {
            accrued.entry(slot.owner).or_default().push(place);
        }
    }
    accrued
}
