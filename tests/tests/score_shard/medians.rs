//! Medians of one to sixteen oracles, against an independent model: sort what was measured, take the lower middle.

use stipend_tests::{
    address,
    random::Random,
    scene::{end, Measured, REPORT_SECS},
    Scene,
};

/// Nodes of each network.
const NODES: usize = 24;

/// The lower median of what was measured, if the quorum measured it.
fn model<T: Ord + Copy>(values: impl Iterator<Item = Option<T>>, quorum: usize) -> Option<T> {
    let mut measured: Vec<T> = values.flatten().collect();
    measured.sort_unstable();
    (measured.len() >= quorum).then(|| measured[(measured.len() - 1) / 2])
}

/// Score and reason by the rules of `stipend_tests::params`, in 128 bits.
fn model_score(uptime_bps: Option<u16>, bandwidth: Option<u32>) -> (u32, u8) {
    let Some(uptime_bps) = uptime_bps.map(u128::from) else { return (0, 5) };
    if uptime_bps < 5_000 {
        return (0, 4);
    }
    let counted = u128::from(bandwidth.unwrap_or(0).min(1_000));
    let score = uptime_bps * (6_000 * 10_000 + 4_000 * 10_000 * counted / 1_000) / 10_000;
    let reason = match bandwidth {
        None => 3,
        Some(bandwidth) if bandwidth > 1_000 => 2,
        Some(_) => 1,
    };
    (u32::try_from(score).unwrap(), reason)
}

/// A measurement; the fewer values there are, the more of them are equal, and one in `gaps` is not measured.
fn draw(random: &mut Random, gaps: u64) -> Measured {
    let uptime_bps = match random.below(4) {
        0 => 4_990 + random.below(20),
        1 => 10_000,
        _ => random.below(10_001),
    };
    let bandwidth = match random.below(4) {
        0 => 990 + random.below(20),
        1 => 4_294_967_290 + random.below(5),
        _ => random.below(1_200),
    };
    let is_measured = |random: &mut Random| gaps == 0 || random.below(gaps) > 0;
    let uptime_bps = is_measured(random).then_some(uptime_bps as u16);
    let bandwidth = is_measured(random).then_some(bandwidth as u32);
    (uptime_bps, bandwidth)
}

/// A network of `oracles`, of which `absent` report nothing at all; every slot is compared with the model.
fn compare(oracles: usize, quorum: usize, absent: usize, seed: u64) {
    println!("{oracles} oracles, quorum {quorum}, {absent} absent, seed {seed}");
    let mut random = Random::new(seed);
    let mut scene = Scene::with(oracles, |params| {
        (params.policy.quorum, params.shard_capacity) = (quorum as u8, NODES as u16);
    });
    let shard = scene.open_shard();
    for _ in 0..NODES {
        scene.register(&shard, &address("owner"));
    }
    scene.warp_to(end(0));
    // A third of the slots was measured by everybody, a third with few gaps, a third with many.
    let table: Vec<Vec<Measured>> =
        (0..oracles).map(|_| (0..NODES).map(|slot| draw(&mut random, [0, 6, 2][slot % 3])).collect()).collect();
    let present: Vec<usize> = (0..oracles).filter(|oracle| *oracle >= absent).collect();
    for oracle in &present {
        scene.report(*oracle, &shard, 0, &table[*oracle]);
    }
    scene.warp_to(end(0) + REPORT_SECS);

    scene.score(&shard, 0);

    let (header, slots) = scene.shard(&shard);
    let mut total_score = 0;
    for (place, slot) in slots.iter().enumerate() {
        let uptime_bps = model(present.iter().map(|oracle| table[*oracle][place].0), quorum);
        let bandwidth = model(present.iter().map(|oracle| table[*oracle][place].1), quorum);
        let (score, reason) = model_score(uptime_bps, bandwidth);
        let expected = (uptime_bps.unwrap_or(0xffff), bandwidth.unwrap_or(0xffff_ffff), score, reason);
        assert_eq!((slot.uptime_bps, slot.bandwidth, slot.score, slot.reason), expected, "slot {place}");
        total_score += u64::from(score);
    }
    assert_eq!((header.total_score, scene.network().total_score), (total_score, total_score));
}

#[test]
fn score_shard_takes_the_lower_median_of_1_to_16_oracles() {
    for oracles in 1..=16 {
        // The least quorum that stays above half.
        compare(oracles, oracles / 2 + 1, 0, 1_000 + oracles as u64);
    }
}

#[test]
fn score_shard_takes_the_lower_median_of_those_that_reported() {
    for oracles in [2, 3, 4, 5, 6, 8, 9, 11, 16] {
        let quorum = oracles / 2 + 1;
        compare(oracles, quorum, oracles - quorum, 2_000 + oracles as u64);
        compare(oracles, quorum, (oracles - quorum) / 2, 3_000 + oracles as u64);
    }
}

#[test]
fn score_shard_of_too_few_reports_scores_nothing() {
    for oracles in [3, 5, 8, 16] {
        let quorum = oracles / 2 + 1;
        compare(oracles, quorum, oracles - quorum + 1, 4_000 + oracles as u64);
    }
}

#[test]
fn score_shard_of_a_quorum_of_all_takes_all() {
    for oracles in [1, 2, 4, 7, 16] {
        compare(oracles, oracles, 0, 5_000 + oracles as u64);
    }
}

#[test]
fn score_shard_bears_fewer_liars_than_half_the_quorum() {
    // Quorum 9 of 16: four liars at either end of the range can't move the median out of the honest one.
    let mut scene = Scene::with(16, |params| (params.policy.quorum, params.shard_capacity) = (9, 2));
    let shard = scene.open_shard();
    for _ in 0..2 {
        scene.register(&shard, &address("owner"));
    }
    scene.warp_to(end(0));
    for oracle in 0..9 {
        let honest = 7_000 + oracle as u16;
        let (low, high) = if oracle < 4 { (0, 10_000) } else { (honest, honest) };
        scene.report(oracle, &shard, 0, &[(Some(low), None), (Some(high), None)]);
    }
    scene.warp_to(end(0) + REPORT_SECS);

    scene.score(&shard, 0);

    // 0, 0, 0, 0, 7004 … 7008; and 7004 … 7008, 10000 four times: the fifth of nine.
    let (_, slots) = scene.shard(&shard);
    assert_eq!((slots[0].uptime_bps, slots[1].uptime_bps), (7_004, 7_008));
}
