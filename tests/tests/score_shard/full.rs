//! Full shards: whatever is measured, missing or silent, one transaction scores them.

use solana_account::Account;
use solana_address::Address;
use stipend::{constants::MAX_SHARD_SLOTS, state::Entry};
use stipend_tests::{
    address,
    random::Random,
    scene::{end, REPORT_SECS},
    Scene,
};

const SLOTS: usize = MAX_SHARD_SLOTS as usize;
/// What a transaction may cost at the most.
const MOST_UNITS: u64 = 1_400_000;

/// What an oracle has to say of a full shard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Says {
    /// All values.
    Whole,
    /// Of each slot each value with a probability of 1 in 2.
    Half,
    /// A report in which nothing is measured.
    Blank,
    /// No report.
    Silent,
}

/// A shard of 600 nodes that were never scored before, and an oracle for each that says something, at the end of the report
/// window of epoch 0; also what was measured, by oracle.
pub fn full_shard(says: &[Says], seed: u64) -> (Scene, Address, Vec<Vec<Entry>>) {
    let mut random = Random::new(seed);
    let mut scene = Scene::with(says.len(), |params| {
        (params.policy.quorum, params.shard_capacity) = (says.len() as u8 / 2 + 1, MAX_SHARD_SLOTS);
    });
    let shard = scene.open_shard();
    scene.register(&shard, &address("owner"));
    let stored = scene.stage.account(&shard).unwrap();
    let (header, slot) = stored.data.split_at(stored.data.len() - 64);
    let data = [header, &slot.repeat(SLOTS)].concat();
    scene.stage.put(&shard, Account { data, lamports: 1_000_000_000, ..stored });
    assert_eq!(scene.shard(&shard).1.len(), SLOTS);
    scene.warp_to(end(0));

    let mut measured = Vec::new();
    for (oracle, says) in says.iter().enumerate() {
        let entries: Vec<Entry> = (0..SLOTS).map(|_| draw(&mut random, *says)).collect();
        if *says != Says::Silent {
            let total = entries.iter().filter(|entry| **entry != Entry::BLANK).count() as u16;
            for (batch, entries) in entries.chunks(150).enumerate() {
                let mut part = scene.batch(0, &[]);
                (part.total, part.first_slot) = (total, batch as u16 * 150);
                part.measurements = bytemuck::cast_slice(entries).to_vec();
                scene.submit(oracle, &shard, &part).unwrap();
            }
        }
        measured.push(entries);
    }
    scene.warp_to(end(0) + REPORT_SECS);
    (scene, shard, measured)
}

fn draw(random: &mut Random, says: Says) -> Entry {
    let mut is_there = || match says {
        Says::Whole => true,
        Says::Half => random.below(2) == 0,
        Says::Blank | Says::Silent => false,
    };
    let (has_uptime, has_bandwidth) = (is_there(), is_there());
    let uptime_bps = has_uptime.then(|| random.below(10_001) as u16);
    Entry::new(uptime_bps, has_bandwidth.then(|| random.below(4_000_000_000) as u32))
}

/// The lower median of what was measured, if the quorum measured it.
fn median<T: Ord + Copy>(values: impl Iterator<Item = T>, quorum: usize) -> Option<T> {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    (values.len() >= quorum).then(|| values[(values.len() - 1) / 2])
}

/// Scores the shard in one transaction, and compares every median and the transaction's cost.
#[track_caller]
fn score(says: &[Says], seed: u64) {
    let (mut scene, shard, measured) = full_shard(says, seed);

    let receipt = scene.score(&shard, 0);

    let quorum = says.len() / 2 + 1;
    let (header, slots) = scene.shard(&shard);
    for (place, slot) in slots.iter().enumerate() {
        let of_slot = || measured.iter().map(move |entries| entries[place]);
        let uptimes = of_slot().map(|entry| entry.uptime_bps()).filter(|uptime| *uptime != Entry::NO_UPTIME);
        let bandwidths = of_slot().map(|entry| entry.bandwidth()).filter(|value| *value != Entry::NO_BANDWIDTH);
        let expected = (
            median(uptimes, quorum).unwrap_or(Entry::NO_UPTIME),
            median(bandwidths, quorum).unwrap_or(Entry::NO_BANDWIDTH),
        );
        assert_eq!((slot.uptime_bps, slot.bandwidth), expected, "slot {place} of {says:?}, seed {seed}");
    }
    assert_eq!(header.total_score, slots.iter().map(|slot| u64::from(slot.score)).sum::<u64>());
    println!("{says:?}: {} compute units", receipt.compute_units);
    assert!(receipt.compute_units <= MOST_UNITS, "{says:?}: {} compute units", receipt.compute_units);
}

/// `oracles` of which the last `few` say something else than all values.
fn but(oracles: usize, few: usize, says: Says) -> Vec<Says> {
    let mut all = vec![Says::Whole; oracles];
    all[oracles - few..].fill(says);
    all
}

#[test]
fn score_shard_of_600_slots_with_9_11_13_or_15_complete_reports_fits_one_transaction() {
    for oracles in [9, 11, 13, 15] {
        score(&but(oracles, 0, Says::Whole), oracles as u64);
    }
}

#[test]
fn score_shard_of_600_slots_with_16_reports_of_which_one_is_silent_blank_or_half_fits_one_transaction() {
    for (few, says) in [(0, Says::Whole), (1, Says::Silent), (1, Says::Blank), (1, Says::Half)] {
        score(&but(16, few, says), 100);
    }
}

#[test]
fn score_shard_of_600_slots_full_of_gaps_fits_one_transaction() {
    for oracles in [2, 3, 4, 5, 7, 8, 9, 12, 16] {
        score(&vec![Says::Half; oracles], 200 + oracles as u64);
        // As many blank reports as leave the quorum.
        score(&but(oracles, oracles - oracles / 2 - 1, Says::Blank), 300 + oracles as u64);
    }
}
