//! What other rules would have paid for the same measurements, by the program's own arithmetic.

use crate::{
    ledger::Accounts,
    measurement::Measurements,
    reader::{ReadError, Reader},
    verify::ring_entry,
};
use solana_address::Address;
use std::collections::BTreeMap;
use stipend::{
    constants::NO_EPOCH,
    math::{
        reward::Rate,
        score::{Scorer, ScoringRules, FULL_SCORE, NO_BANDWIDTH, NO_UPTIME},
        BPS,
    },
    state::ClosedEpoch,
};

/// What counted of a node in an epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The epoch.
    pub epoch: u32,
    /// Which node: a device's key, or a label of a file.
    pub node: String,
    /// Who owns it; empty where that is not known.
    pub owner: String,
    /// The median, in basis points; none below the quorum.
    pub uptime_bps: Option<u16>,
    /// The median, in the network's unit; none below the quorum.
    pub bandwidth: Option<u32>,
    /// The node's boost, which the rules bound.
    pub boost_bps: u16,
}

/// What an epoch pays by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How measurements become scores.
    pub rules: ScoringRules,
    /// Atoms that an epoch shares at the most.
    pub emission_atoms: u64,
    /// The ceiling of a reward; 0 for none.
    pub max_reward_atoms: u64,
}

/// Rules that no network can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("weight of uptime is above 10,000, bandwidth cap is 0, or the bounds of boosts leave out 10,000")]
pub struct TermsError;

/// Atoms of each sample, in the order of the samples, and what the ceiling kept back in all epochs together.
///
/// Errors: [`TermsError`].
pub fn rewards(samples: &[Sample], terms: &Terms) -> Result<(Vec<u64>, u64), TermsError> {
    let scorer = Scorer::checked_new(&terms.rules).ok_or(TermsError)?;
    let score = |sample: &Sample| {
        let (uptime_bps, bandwidth) =
            (sample.uptime_bps.unwrap_or(NO_UPTIME), sample.bandwidth.unwrap_or(NO_BANDWIDTH));
        scorer.score(uptime_bps, bandwidth, sample.boost_bps).0
    };
    let mut totals: BTreeMap<u32, u64> = BTreeMap::new();
    for sample in samples {
        *totals.entry(sample.epoch).or_default() += u64::from(score(sample));
    }
    let ceiling = Rate::checked_ceiling(terms.max_reward_atoms);
    let mut kept_back_atoms = 0u64;
    let rates: BTreeMap<u32, Rate> = totals
        .into_iter()
        .map(|(epoch, total)| {
            let rate = Rate::checked_new(terms.emission_atoms, total).unwrap_or_default();
            let Some(ceiling) = ceiling.filter(|ceiling| *ceiling < rate) else {
                return (epoch, rate);
            };
            let shared_atoms = ceiling.checked_reward(total).unwrap_or(u64::MAX);
            kept_back_atoms = kept_back_atoms.saturating_add(terms.emission_atoms.saturating_sub(shared_atoms));
            (epoch, ceiling)
        })
        .collect();
    let reward = |sample: &Sample| {
        let rate = rates.get(&sample.epoch).copied().unwrap_or_default();
        rate.checked_reward(score(sample).into()).unwrap_or(u64::MAX)
    };
    Ok((samples.iter().map(reward).collect(), kept_back_atoms))
}

/// Uptimes and bandwidths that were measured.
type Values = (Vec<u16>, Vec<u32>);

/// Samples of files, each of one oracle, none of them boosted: of each epoch and node the lower median of what was measured.
///
/// - `quorum`: oracles that must have measured a value; `owners`: of nodes, by their labels.
pub fn samples_of_files(files: &[Measurements], quorum: u8, owners: &BTreeMap<String, String>) -> Vec<Sample> {
    let mut measured: BTreeMap<(u32, &str), Values> = BTreeMap::new();
    for row in files.iter().flat_map(Measurements::rows) {
        let (uptimes, bandwidths) = measured.entry((row.epoch, &row.node)).or_default();
        uptimes.extend(row.uptime_bps);
        bandwidths.extend(row.bandwidth);
    }
    let sample = |((epoch, node), (uptimes, bandwidths)): ((u32, &str), Values)| Sample {
        epoch,
        node: node.to_owned(),
        owner: owners.get(node).cloned().unwrap_or_default(),
        uptime_bps: lower_median(uptimes, quorum),
        bandwidth: lower_median(bandwidths, quorum),
        boost_bps: BPS,
    };
    measured.into_iter().map(sample).collect()
}

fn lower_median<T: Ord + Copy>(mut values: Vec<T>, quorum: u8) -> Option<T> {
    values.sort_unstable();
    let has_quorum = values.len() >= usize::from(quorum.max(1));
    values.get(values.len().saturating_sub(1) / 2).copied().filter(|_| has_quorum)
}

/// The last closed epoch of a network that its shards still hold: what counted of every node, and what the epoch paid by. None if
/// no shard holds a closed one.
pub fn samples_of_network(
    accounts: &mut impl Accounts,
    address: &Address,
) -> Result<Option<(Vec<Sample>, ClosedEpoch)>, ReadError> {
    let mut reader = Reader::new(accounts, *address);
    let network = reader.network()?;
    let devices: BTreeMap<_, _> =
        reader.nodes()?.into_iter().map(|node| ((u32::from(node.shard), node.slot), node.device)).collect();
    let (mut by_epoch, shards): (BTreeMap<u32, Vec<Sample>>, _) =
        (BTreeMap::new(), reader.first_shards(network.shard_count)?);
    for shard in shards.iter().filter(|shard| shard.header.scored_epoch != NO_EPOCH) {
        let epoch = shard.header.scored_epoch;
        // A slot that did not count in the epoch would not have by other rules.
        let counted = (0u16..).zip(&shard.slots).filter(|(_, slot)| slot.is_earning(epoch));
        by_epoch.entry(epoch).or_default().extend(counted.filter_map(|(place, slot)| {
            let device = devices.get(&(shard.header.index, place))?;
            Some(Sample {
                epoch,
                node: device.to_string(),
                owner: slot.owner.to_string(),
                uptime_bps: Some(slot.uptime_bps).filter(|uptime_bps| *uptime_bps != NO_UPTIME),
                bandwidth: Some(slot.bandwidth).filter(|bandwidth| *bandwidth != NO_BANDWIDTH),
                boost_bps: slot.boost_bps,
            })
        }));
    }
    let closed = |(epoch, samples)| Some((samples, ring_entry(&network, epoch)?));
    Ok(by_epoch.into_iter().rev().find_map(closed))
}

/// The part of all atoms that the largest ten of `atoms` have, in basis points, floored.
pub fn share_of_ten_bps(mut atoms: Vec<u64>) -> u16 {
    atoms.sort_unstable_by(|one, other| other.cmp(one));
    let sum = |some: &[u64]| some.iter().map(|atoms| u128::from(*atoms)).sum::<u128>();
    let (ten, all) = (sum(atoms.get(..10).unwrap_or(&atoms)), sum(&atoms));
    (ten * u128::from(BPS)).checked_div(all).and_then(|bps| u16::try_from(bps).ok()).unwrap_or(0)
}

/// Atoms of a unit of bandwidth where nothing else weighs and the ceiling is reached: the ceiling by the cap, floored.
pub fn price_atoms(max_reward_atoms: u64, bandwidth_cap: u32) -> u64 {
    max_reward_atoms / u64::from(bandwidth_cap.max(1))
}

// A full score is what a ceiling is for.
const _: () = assert!(FULL_SCORE as u64 == BPS as u64 * BPS as u64);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::MeasurementRow;

    const RULES: ScoringRules = ScoringRules {
        bandwidth_cap: 1_000,
        uptime_weight_bps: 0,
        min_uptime_bps: 5_000,
        is_uptime_gate: true,
        min_boost_bps: 10_000,
        max_boost_bps: 10_000,
    };

    fn sample(epoch: u32, node: &str, uptime_bps: u16, bandwidth: u32) -> Sample {
        let (node, owner) = (node.to_owned(), String::new());
        Sample { epoch, node, owner, uptime_bps: Some(uptime_bps), bandwidth: Some(bandwidth), boost_bps: 10_000 }
    }

    #[test]
    fn a_price_a_unit_is_the_ceiling_by_the_cap() {
        let samples = [sample(0, "a", 5_000, 250), sample(0, "b", 10_000, 1_000), sample(0, "c", 4_999, 1_000)];
        // 7 atoms a unit, of which 8,750 are paid.
        let terms = Terms { rules: RULES, emission_atoms: 100_000, max_reward_atoms: 7_000 };

        assert_eq!(rewards(&samples, &terms), Ok((vec![1_750, 7_000, 0], 91_250)));
        assert_eq!(price_atoms(7_000, 1_000), 7);
        let multiply = Terms { rules: ScoringRules { is_uptime_gate: false, ..RULES }, ..terms };
        assert_eq!(rewards(&samples, &multiply), Ok((vec![875, 7_000, 0], 92_125)));
    }

    #[test]
    fn each_epoch_shares_an_emission_of_its_own() {
        let samples = [sample(0, "a", 10_000, 1_000), sample(1, "a", 10_000, 1_000), sample(1, "b", 10_000, 3_000)];
        let terms = Terms { rules: RULES, emission_atoms: 1_001, max_reward_atoms: 0 };

        // Floors of the rate and of the reward: 500.5 is 500.
        assert_eq!(rewards(&samples, &terms).map(|(atoms, _)| atoms), Ok(vec![1_000, 500, 500]));
        let none = Terms { rules: ScoringRules { bandwidth_cap: 0, ..RULES }, ..terms };
        assert_eq!(rewards(&samples, &none), Err(TermsError));
    }

    #[test]
    fn of_several_files_the_lower_median_counts_where_there_is_a_quorum() {
        let file = |uptime_bps, bandwidth| {
            let row = MeasurementRow { epoch: 3, node: "a".to_owned(), uptime_bps, bandwidth };
            Measurements::from_rows(vec![row]).unwrap()
        };
        let files =
            [file(Some(9_000), None), file(Some(8_000), Some(7)), file(Some(10_000), None), file(Some(8_500), None)];
        let owners = BTreeMap::from([("a".to_owned(), "ann".to_owned())]);

        let samples = samples_of_files(&files, 2, &owners);

        let expected = Sample { owner: "ann".to_owned(), bandwidth: None, ..sample(3, "a", 8_500, 0) };
        assert_eq!(samples, [expected]);
    }

    #[test]
    fn the_largest_ten_are_told_by_their_part() {
        assert_eq!(share_of_ten_bps(vec![]), 0);
        assert_eq!(share_of_ten_bps(vec![5; 10]), 10_000);
        // 100 of 130.
        assert_eq!(share_of_ten_bps([vec![10; 10], vec![1; 30]].concat()), 7_692);
    }
}
