//! What owners can have paid at one moment, from what a network's accounts say, and how.

mod cost;
mod plan;

pub use cost::ClaimCost;
pub use plan::{ClaimOutcome, ClaimPlan, OwnerClaim};

use crate::{
    address,
    instruction::{self, Destination},
    ledger::Accounts,
    reader::{ReadError, Reader, ShardState},
};
use solana_account::Account;
use solana_address::Address;
use solana_instruction::Instruction;
use std::collections::BTreeMap;
use stipend::{
    constants::LEAST_MINT_LIMIT_PARTS,
    state::{Network, Split},
};

/// Slots of a claim that fits one transaction, together with opening the token account; 409 would just do without.
const MAX_SLOTS: usize = 256;
/// The same of a split's claim, together with opening the token accounts of eight recipients.
const MAX_SPLIT_SLOTS: usize = 64;

/// Some of an owner's slots in a shard, as many as one transaction claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The shard's address.
    pub shard: Address,
    /// The shard's index.
    pub shard_index: u32,
    /// Whose slots they are: a wallet, or a split.
    pub owner: Address,
    /// Who is paid: the owner, or the recipients of the split in its order.
    pub payees: Vec<Payee>,
    /// In ascending order, 256 at the most; each has something to claim.
    pub slots: Vec<u16>,
    /// Of these slots together.
    pub accrued_atoms: u128,
    is_split: bool,
}

/// Somebody who is paid by a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payee {
    /// Whose the token account is.
    pub wallet: Address,
    /// The associated token account that is paid.
    pub destination: Address,
    /// Of the claim's atoms, as long as the mint limit has room for all of them.
    pub share_atoms: u128,
}

/// The splits among the owners of slots that have something to claim.
pub fn splits_of(
    accounts: &mut impl Accounts,
    network: &Address,
    shards: &[ShardState],
) -> Result<BTreeMap<Address, Split>, ReadError> {
    let slots = shards.iter().flat_map(|shard| &shard.slots).filter(|slot| slot.accrued_atoms > 0);
    Reader::new(accounts, *network).splits(slots.map(|slot| slot.owner))
}

/// All that can be claimed in `shards`, by shard, owner and slots.
///
/// - `splits`: at least those among the owners, see [`splits_of`]; `from_atoms`: an owner who has less in a shard is left out there; `wanted`: gets the shard, the place and the owner of each
///   slot that has something to claim. Slots that are not wanted count nowhere.
pub fn claims(
    network: &Network,
    shards: &[ShardState],
    splits: &BTreeMap<Address, Split>,
    from_atoms: u64,
    wanted: impl Fn(&ShardState, u16, &Address) -> bool,
) -> Vec<Claim> {
    let mut claims = Vec::new();
    for shard in shards {
        let mut by_owner: BTreeMap<Address, Vec<(u16, u64)>> = BTreeMap::new();
        for (place, slot) in (0u16..).zip(&shard.slots) {
            if slot.accrued_atoms > 0 && wanted(shard, place, &slot.owner) {
                by_owner.entry(slot.owner).or_default().push((place, slot.accrued_atoms));
            }
        }
        by_owner.retain(|_, slots| sum(slots) >= u128::from(from_atoms));
        for (owner, slots) in by_owner {
            let split = splits.get(&owner);
            let max_slots = if split.is_some() { MAX_SPLIT_SLOTS } else { MAX_SLOTS };
            claims.extend(slots.chunks(max_slots).map(|slots| Claim {
                shard: shard.address,
                shard_index: shard.header.index,
                owner,
                payees: payees(network, owner, split, sum(slots)),
                slots: slots.iter().map(|(place, _)| *place).collect(),
                accrued_atoms: sum(slots),
                is_split: split.is_some(),
            }));
        }
    }
    claims
}

fn payees(network: &Network, owner: Address, split: Option<&Split>, atoms: u128) -> Vec<Payee> {
    let payee = |wallet: Address, share_atoms: u128| Payee {
        wallet,
        destination: address::associated_token(&wallet, &network.mint, &network.token_program),
        share_atoms,
    };
    let Some(split) = split else {
        return vec![payee(owner, atoms)];
    };
    // All that ever accrues is at most a mint's supply, so that it fits.
    let shares = split.checked_shares(u64::try_from(atoms).unwrap_or(u64::MAX)).unwrap_or_default();
    split.recipients().zip(shares).map(|(recipient, atoms)| payee(recipient.wallet, atoms.into())).collect()
}

fn sum(slots: &[(u16, u64)]) -> u128 {
    slots.iter().map(|(_, atoms)| u128::from(*atoms)).sum()
}

impl Claim {
    /// What pays it; anybody may send that.
    ///
    /// - `address`: of the network; `opener`: pays for the token accounts of those payees for whom `opens`. To open one that is
    ///   there does nothing.
    pub fn instructions(
        &self,
        address: &Address,
        network: &Network,
        opener: &Address,
        opens: impl Fn(&Payee) -> bool,
    ) -> Vec<Instruction> {
        let (mint, token_program) = (&network.mint, &network.token_program);
        let open = |payee: &Payee| instruction::open_associated_token(opener, &payee.wallet, mint, token_program);
        let (shard, owner, slots) = (&self.shard, &self.owner, self.slots.clone());
        let pay = if self.is_split {
            let wallets: Vec<_> = self.payees.iter().map(|payee| payee.wallet).collect();
            instruction::claim_split(address, shard, owner, &wallets, mint, token_program, slots)
        } else {
            instruction::claim(address, shard, owner, mint, token_program, Destination::Associated, slots)
        };
        self.payees.iter().filter(|payee| opens(payee)).map(open).chain([pay]).collect()
    }
}

/// Whether what was found at a token account's address can be paid. Lamports alone, which anybody can send there, open nothing.
pub fn is_open(network: &Network, found: Option<&Account>) -> bool {
    found.is_some_and(|found| found.owner == network.token_program)
}

/// What claims may mint while an epoch is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MintLimit {
    /// The epoch under way.
    pub epoch: u32,
    /// Of the whole epoch, for all owners together: the policy's limit, or a part of what is owed if that is more.
    pub limit_atoms: u64,
    /// What is left of it now.
    pub left_atoms: u64,
}

impl MintLimit {
    /// The limit of a network that has one.
    ///
    /// - `now`: Unix seconds of the cluster's clock.
    pub fn new(network: &Network, now: i64) -> Option<Self> {
        let epoch = network.schedule().current_epoch(now);
        let (policy, emission) = (network.policy_at(epoch), &network.emission);
        let minted_atoms = if emission.mint_epoch == epoch { emission.minted_in_epoch_atoms } else { 0 };
        let owed_before_atoms =
            emission.accrued_atoms.saturating_sub(emission.minted_atoms).saturating_add(minted_atoms);
        let limit_atoms = policy.mint_limit_atoms.max(owed_before_atoms.div_ceil(LEAST_MINT_LIMIT_PARTS));
        let left_atoms = limit_atoms.saturating_sub(minted_atoms);
        (policy.mint_limit_atoms > 0).then_some(Self { epoch, limit_atoms, left_atoms })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;
    use stipend::state::{Shard, Slot};

    const ANN: Address = Address::new_from_array([1; 32]);
    const BOB: Address = Address::new_from_array([2; 32]);

    fn network() -> Network {
        let (mint, token_program) = (Address::new_from_array([8; 32]), spl_token_interface::ID);
        Network { mint, token_program, genesis: 1_000, epoch_secs: 60, ..Network::zeroed() }
    }

    fn shard(index: u32, slots: &[(Address, u64)]) -> ShardState {
        let slots =
            slots.iter().map(|(owner, accrued_atoms)| Slot { accrued_atoms: *accrued_atoms, ..Slot::new(*owner, 0) });
        let header = Shard { index, ..Shard::zeroed() };
        ShardState { address: Address::from([10 + index as u8; 32]), header, slots: slots.collect() }
    }

    /// Index of the shard, owner, slots, and atoms.
    fn told(claims: &[Claim]) -> Vec<(u32, Address, &[u16], u128)> {
        claims
            .iter()
            .map(|claim| (claim.shard_index, claim.owner, claim.slots.as_slice(), claim.accrued_atoms))
            .collect()
    }

    #[test]
    fn claims_are_by_shard_and_owner_and_leave_out_slots_without_atoms() {
        let shards =
            [shard(0, &[(BOB, 5), (ANN, 7), (ANN, 0), (BOB, 1)]), shard(1, &[(ANN, 0)]), shard(2, &[(ANN, 4)])];

        let claims = claims(&network(), &shards, &BTreeMap::new(), 0, |_, _, _| true);

        let expected = [(0, ANN, &[1][..], 7), (0, BOB, &[0, 3][..], 6), (2, ANN, &[0][..], 4)];
        assert_eq!(told(&claims), expected);
        assert_eq!([claims[0].shard, claims[2].shard], [shards[0].address, shards[2].address]);
    }

    #[test]
    fn an_owner_has_the_least_of_a_shard_in_wanted_slots_alone() {
        let shards = [shard(0, &[(ANN, 6), (ANN, 4), (BOB, 9)]), shard(1, &[(ANN, 9)])];

        let of_all = claims(&network(), &shards, &BTreeMap::new(), 10, |_, _, _| true);
        let of_some =
            claims(&network(), &shards, &BTreeMap::new(), 9, |shard, slot, _| (shard.header.index, slot) != (0, 0));

        assert_eq!(told(&of_all), [(0, ANN, &[0, 1][..], 10)]);
        assert_eq!(told(&of_some), [(0, BOB, &[2][..], 9), (1, ANN, &[0][..], 9)]);
    }

    #[test]
    fn a_split_is_paid_to_its_recipients_and_the_first_gets_what_the_floors_leave() {
        let (split_key, cem) = (Address::new_from_array([3; 32]), Address::new_from_array([4; 32]));
        let mut split = Split::zeroed();
        for (recipient, (wallet, share_bps)) in split.recipients.iter_mut().zip([(BOB, 3_333), (cem, 6_667)]) {
            (recipient.wallet, recipient.share_bps) = (wallet, share_bps);
        }
        let (network, many) = (network(), vec![(split_key, 1); 100]);
        let splits = BTreeMap::from([(split_key, split)]);

        let claims = claims(&network, &[shard(0, &many)], &splits, 1, |_, _, _| true);

        // 64 of its slots fit a transaction: floor(64 · 0.6667) = 42 atoms, and of the other 36 floor(24.0012) = 24.
        let paid: Vec<Vec<_>> =
            claims.iter().map(|claim| claim.payees.iter().map(|p| (p.wallet, p.share_atoms)).collect()).collect();
        let expected: [Vec<_>; 2] = [vec![(BOB, 22), (cem, 42)], vec![(BOB, 12), (cem, 24)]];
        assert_eq!(paid, expected);
        let pay = claims[0].instructions(&Address::from([9; 32]), &network, &ANN, |payee| payee.wallet == cem);
        assert_eq!((pay.len(), pay[0].accounts[2].pubkey), (2, cem));
        let destinations: Vec<_> = pay[1].accounts.iter().rev().take(2).map(|meta| meta.pubkey).collect();
        assert_eq!(destinations, [claims[0].payees[1].destination, claims[0].payees[0].destination]);
    }

    #[test]
    fn what_is_too_long_for_a_transaction_is_cut_and_sums_stay_apart() {
        let many = vec![(ANN, u64::MAX); 300];

        let claims = claims(&network(), &[shard(0, &many)], &BTreeMap::new(), 1, |_, _, _| true);

        let (first, rest): (Vec<u16>, Vec<u16>) = ((0..256).collect(), (256..300).collect());
        // No sum of 256 u64 passes 2^72.
        let most = u128::from(u64::MAX);
        assert_eq!(told(&claims), [(0, ANN, &first[..], 256 * most), (0, ANN, &rest[..], 44 * most)]);
    }

    #[test]
    fn a_claim_opens_the_token_account_only_where_somebody_pays_for_it() {
        let (network, address) = (network(), Address::from([9; 32]));
        let claims = claims(&network, &[shard(0, &[(ANN, 5)])], &BTreeMap::new(), 1, |_, _, _| true);

        let open = claims[0].instructions(&address, &network, &BOB, |_| true);
        let paid = claims[0].instructions(&address, &network, &BOB, |_| false);

        assert_eq!(open.len(), 2);
        assert_eq!(open[0].program_id, spl_associated_token_account_interface::program::ID);
        assert_eq!((open[0].accounts[0].pubkey, open[0].accounts[1].pubkey), (BOB, claims[0].payees[0].destination));
        assert_eq!(open[1..], paid);
        assert_eq!((paid[0].program_id, paid[0].accounts[1].pubkey), (stipend::ID, claims[0].shard));
        // Eight bytes that name the instruction, the number of slots, and slot 0.
        assert_eq!(paid[0].data[8..], [1, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn a_limit_is_that_of_the_epoch_under_way_less_what_was_minted_in_it() {
        let mut network = network();
        network.next_policy.from_epoch = 8;
        network.next_policy.mint_limit_atoms = 50;
        network.emission.mint_epoch = 7;
        network.emission.minted_in_epoch_atoms = 30;
        // Epoch 7 begins 7 times 60 s behind the genesis.
        let (before, seven, eight) = (999, 1_420, 1_480);

        let unlimited = MintLimit::new(&network, seven);
        network.policy.mint_limit_atoms = 100;
        let limits = [before, seven, eight - 1, eight].map(|now| MintLimit::new(&network, now));
        network.emission.minted_in_epoch_atoms = 101;
        let passed = MintLimit::new(&network, seven);

        let limit = |epoch, limit_atoms, left_atoms| Some(MintLimit { epoch, limit_atoms, left_atoms });
        assert_eq!(unlimited, None);
        assert_eq!(limits, [limit(0, 100, 100), limit(7, 100, 70), limit(7, 100, 70), limit(8, 50, 50)]);
        // Rules that came since are stricter than what was minted.
        assert_eq!(passed, limit(7, 100, 0));
    }

    #[test]
    fn a_limit_is_never_below_a_part_of_what_was_owed_before_the_epochs_claims() {
        let mut network = network();
        network.policy.mint_limit_atoms = 1;
        network.next_policy.from_epoch = stipend::constants::NO_EPOCH;
        (network.emission.accrued_atoms, network.emission.minted_atoms) = (1_001, 70);
        (network.emission.mint_epoch, network.emission.minted_in_epoch_atoms) = (0, 30);

        let limit = MintLimit::new(&network, 1_000);

        // 1,001 - 70 + 30 = 961 atoms; a 32nd of them is 30.03, and the rest of one counts as one.
        assert_eq!(limit, Some(MintLimit { epoch: 0, limit_atoms: 31, left_atoms: 1 }));
    }

    #[test]
    fn lamports_alone_are_no_open_token_account() {
        let network = network();
        let found = |owner| Some(Account { lamports: 1_000_000, owner, ..Account::default() });

        assert!(!is_open(&network, None));
        assert!(!is_open(&network, found(Address::default()).as_ref()));
        assert!(is_open(&network, found(network.token_program).as_ref()));
    }
}
