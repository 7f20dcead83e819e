//! What owners can have paid at one moment, from what a network's accounts say, and how.

mod cost;
mod plan;

pub use cost::ClaimCost;
pub use plan::{ClaimOutcome, ClaimPlan, OwnerClaim};

use crate::{
    address,
    instruction::{self, Destination},
    reader::ShardState,
};
use solana_account::Account;
use solana_address::Address;
use solana_instruction::Instruction;
use std::collections::BTreeMap;
use stipend::{constants::LEAST_MINT_LIMIT_PARTS, state::Network};

/// Slots of a claim that fits one transaction, together with opening the token account; 409 would just do without.
const MAX_SLOTS: usize = 256;

/// Some of an owner's slots in a shard, as many as one transaction claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The shard's address.
    pub shard: Address,
    /// The shard's index.
    pub shard_index: u32,
    /// Who is paid.
    pub owner: Address,
    /// The associated token account that is paid.
    pub destination: Address,
    /// In ascending order, 256 at the most; each has something to claim.
    pub slots: Vec<u16>,
    /// Of these slots together.
    pub accrued_atoms: u128,
}

/// All that can be claimed in `shards`, by shard, owner and slots.
///
/// - `from_atoms`: an owner who has less in a shard is left out there; `wanted`: gets the shard, the place and the owner of each
///   slot that has something to claim. Slots that are not wanted count nowhere.
pub fn claims(
    network: &Network,
    shards: &[ShardState],
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
            let destination = address::associated_token(&owner, &network.mint, &network.token_program);
            claims.extend(slots.chunks(MAX_SLOTS).map(|slots| Claim {
                shard: shard.address,
                shard_index: shard.header.index,
                owner,
                destination,
                slots: slots.iter().map(|(place, _)| *place).collect(),
                accrued_atoms: sum(slots),
            }));
        }
    }
    claims
}

fn sum(slots: &[(u16, u64)]) -> u128 {
    slots.iter().map(|(_, atoms)| u128::from(*atoms)).sum()
}

impl Claim {
    /// What pays it; anybody may send that.
    ///
    /// - `address`: of the network; `opener`: pays for the token account, if that is still to be opened. To open one that is there
    ///   does nothing.
    pub fn instructions(&self, address: &Address, network: &Network, opener: Option<&Address>) -> Vec<Instruction> {
        let (mint, token_program) = (&network.mint, &network.token_program);
        let open = opener.map(|payer| instruction::open_associated_token(payer, &self.owner, mint, token_program));
        let to = Destination::Associated;
        let pay = instruction::claim(address, &self.shard, &self.owner, mint, token_program, to, self.slots.clone());
        open.into_iter().chain([pay]).collect()
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

        let claims = claims(&network(), &shards, 0, |_, _, _| true);

        let expected = [(0, ANN, &[1][..], 7), (0, BOB, &[0, 3][..], 6), (2, ANN, &[0][..], 4)];
        assert_eq!(told(&claims), expected);
        assert_eq!([claims[0].shard, claims[2].shard], [shards[0].address, shards[2].address]);
    }

    #[test]
    fn an_owner_has_the_least_of_a_shard_in_wanted_slots_alone() {
        let shards = [shard(0, &[(ANN, 6), (ANN, 4), (BOB, 9)]), shard(1, &[(ANN, 9)])];

        let of_all = claims(&network(), &shards, 10, |_, _, _| true);
        let of_some = claims(&network(), &shards, 9, |shard, slot, _| (shard.header.index, slot) != (0, 0));

        assert_eq!(told(&of_all), [(0, ANN, &[0, 1][..], 10)]);
        assert_eq!(told(&of_some), [(0, BOB, &[2][..], 9), (1, ANN, &[0][..], 9)]);
    }

    #[test]
    fn what_is_too_long_for_a_transaction_is_cut_and_sums_stay_apart() {
        let many = vec![(ANN, u64::MAX); 300];

        let claims = claims(&network(), &[shard(0, &many)], 1, |_, _, _| true);

        let (first, rest): (Vec<u16>, Vec<u16>) = ((0..256).collect(), (256..300).collect());
        // No sum of 256 u64 passes 2^72.
        let most = u128::from(u64::MAX);
        assert_eq!(told(&claims), [(0, ANN, &first[..], 256 * most), (0, ANN, &rest[..], 44 * most)]);
    }

    #[test]
    fn a_claim_opens_the_token_account_only_where_somebody_pays_for_it() {
        let (network, address) = (network(), Address::from([9; 32]));
        let claims = claims(&network, &[shard(0, &[(ANN, 5)])], 1, |_, _, _| true);

        let open = claims[0].instructions(&address, &network, Some(&BOB));
        let paid = claims[0].instructions(&address, &network, None);

        assert_eq!(open.len(), 2);
        assert_eq!(open[0].program_id, spl_associated_token_account_interface::program::ID);
        assert_eq!((open[0].accounts[0].pubkey, open[0].accounts[1].pubkey), (BOB, claims[0].destination));
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
