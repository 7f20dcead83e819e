//! Every bound of every parameter: the last value that is refused and the first that is accepted.

use super::{Foundry, TOKEN_ID};
use stipend::{error::StipendError, instructions::NetworkParams};
use stipend_tests::{params, stage::START, swapped};

/// 366 days.
const LEAP_YEAR_SECS: u32 = 31_622_400;

#[test]
fn create_network_refuses_another_id_than_0_without_the_first_network() {
    let mut foundry = Foundry::new();

    // Without the first one's account, whoever signs.
    for id in [1, u16::MAX] {
        let mint = foundry.mint(&TOKEN_ID, |_| ());
        let create = foundry.create(&mint, &TOKEN_ID, NetworkParams { id, ..params() });
        let alone = swapped(&create, 4, &stipend::ID);
        foundry.stage.refuses(&[alone], &[&foundry.authority], StipendError::NetworkIdNotFirst);
    }
}

#[test]
fn create_network_refuses_a_genesis_before_now_or_after_366_days() {
    let mut foundry = Foundry::new();

    foundry.refuses(|params| params.genesis = START - 1, StipendError::GenesisInPast);
    foundry.refuses(|params| params.genesis = i64::MIN, StipendError::GenesisInPast);
    foundry.accepts(|params| params.genesis = START);
    foundry.accepts(|params| params.genesis = START + 31_622_400);
    foundry.refuses(|params| params.genesis = START + 31_622_401, StipendError::GenesisTooFar);
    foundry.refuses(|params| params.genesis = i64::MAX, StipendError::GenesisTooFar);
}

#[test]
fn create_network_refuses_an_epoch_of_nothing_or_of_more_than_366_days() {
    let mut foundry = Foundry::new();

    foundry.refuses(|params| params.epoch_secs = 0, StipendError::EpochLengthOutOfRange);
    foundry.accepts(|params| {
        (params.epoch_secs, params.policy.report_secs, params.policy.score_secs) = (1, 1, 2);
    });
    foundry.accepts(|params| params.epoch_secs = LEAP_YEAR_SECS);
    foundry.refuses(|params| params.epoch_secs = LEAP_YEAR_SECS + 1, StipendError::EpochLengthOutOfRange);
}

#[test]
fn create_network_refuses_a_report_window_that_is_empty_or_longer_than_an_epoch() {
    let mut foundry = Foundry::new();

    foundry.refuses(|params| params.policy.report_secs = 0, StipendError::ReportWindowEmpty);
    foundry.accepts(|params| params.policy.report_secs = 1);
    foundry.accepts(|params| params.policy.report_secs = 100);
    foundry.refuses(|params| params.policy.report_secs = 101, StipendError::ReportWindowTooLong);
    foundry.refuses(|params| params.policy.report_secs = u32::MAX, StipendError::ReportWindowTooLong);
}

#[test]
fn create_network_refuses_a_scoring_window_no_longer_than_the_report_window() {
    let mut foundry = Foundry::new();

    foundry.refuses(|params| params.policy.score_secs = 0, StipendError::ScoringWindowTooShort);
    // Of a report window of 40.
    foundry.refuses(|params| params.policy.score_secs = 40, StipendError::ScoringWindowTooShort);
    foundry.accepts(|params| params.policy.score_secs = 41);
}

#[test]
fn create_network_refuses_a_scoring_window_above_30_days_and_two_epochs() {
    let mut foundry = Foundry::new();
    let windows = |epoch_secs, score_secs| {
        move |params: &mut NetworkParams| (params.epoch_secs, params.policy.score_secs) = (epoch_secs, score_secs)
    };

    // 30 days are 2,592,000 seconds: the longer of the two bounds where epochs are short.
    foundry.accepts(windows(100, 2_592_000));
    foundry.refuses(windows(100, 2_592_001), StipendError::ScoringWindowTooLong);
    foundry.accepts(windows(1_296_000, 2_592_000));
    foundry.refuses(windows(1_296_000, 2_592_001), StipendError::ScoringWindowTooLong);
    // Two epochs are longer where each is longer than 15 days.
    foundry.accepts(windows(1_296_001, 2_592_002));
    foundry.refuses(windows(1_296_001, 2_592_003), StipendError::ScoringWindowTooLong);
    foundry.accepts(windows(LEAP_YEAR_SECS, 63_244_800));
    foundry.refuses(windows(LEAP_YEAR_SECS, 63_244_801), StipendError::ScoringWindowTooLong);
    foundry.refuses(windows(LEAP_YEAR_SECS, u32::MAX), StipendError::ScoringWindowTooLong);
}

#[test]
fn create_network_refuses_basis_points_above_ten_thousand() {
    let mut foundry = Foundry::new();

    foundry.refuses(|params| params.policy.uptime_weight_bps = 10_001, StipendError::UptimeWeightOutOfRange);
    foundry.accepts(|params| params.policy.uptime_weight_bps = 10_000);
    foundry.accepts(|params| params.policy.uptime_weight_bps = 0);
    foundry.refuses(|params| params.policy.min_uptime_bps = 10_001, StipendError::MinUptimeOutOfRange);
    foundry.accepts(|params| params.policy.min_uptime_bps = 10_000);
    foundry.accepts(|params| params.policy.min_uptime_bps = 0);
    let decay = |bps| {
        move |params: &mut NetworkParams| (params.emission.decay_bps, params.emission.decay_every_epochs) = (bps, 1)
    };
    foundry.refuses(decay(10_001), StipendError::DecayOutOfRange);
    foundry.accepts(decay(10_000));
}

#[test]
fn create_network_refuses_a_bandwidth_cap_that_is_no_bandwidth() {
    let mut foundry = Foundry::new();

    foundry.refuses(|params| params.policy.bandwidth_cap = 0, StipendError::BandwidthCapOutOfRange);
    foundry.accepts(|params| params.policy.bandwidth_cap = 1);
    foundry.accepts(|params| params.policy.bandwidth_cap = 4_294_967_294);
    foundry.refuses(|params| params.policy.bandwidth_cap = 4_294_967_295, StipendError::BandwidthCapOutOfRange);
}

#[test]
fn create_network_refuses_an_emission_of_nothing_or_above_the_cap() {
    let mut foundry = Foundry::new();

    foundry.refuses(|params| params.emission.per_epoch_atoms = 0, StipendError::EmissionZero);
    foundry.accepts(|params| params.emission.per_epoch_atoms = 1);
    foundry.refuses(|params| params.cap_atoms = 999_999, StipendError::CapBelowEmission);
    foundry.accepts(|params| params.cap_atoms = 1_000_000);
}

#[test]
fn create_network_refuses_a_cap_that_the_mint_has_no_room_for() {
    let mut foundry = Foundry::new();
    let held = foundry.mint(&TOKEN_ID, |mint| mint.supply_atoms = 1_000);
    let most = NetworkParams { cap_atoms: u64::MAX - 1_000, ..params() };
    let more = NetworkParams { cap_atoms: u64::MAX - 999, ..params() };

    let create = foundry.create(&held, &TOKEN_ID, more);
    foundry.stage.refuses(&[create], &[&foundry.authority], StipendError::CapExceedsSupplyRoom);
    let create = foundry.create(&held, &TOKEN_ID, most);
    foundry.stage.accepts(&[create], &[&foundry.authority]);
}

#[test]
fn create_network_refuses_half_a_decay() {
    let mut foundry = Foundry::new();
    let decay = |bps, every| {
        move |params: &mut NetworkParams| (params.emission.decay_bps, params.emission.decay_every_epochs) = (bps, every)
    };

    foundry.refuses(decay(1, 0), StipendError::DecayIncomplete);
    foundry.refuses(decay(0, 1), StipendError::DecayIncomplete);
    foundry.accepts(decay(1, 1));
    foundry.accepts(decay(0, 0));
}

#[test]
fn create_network_refuses_to_carry_more_than_a_thousand_epochs() {
    let mut foundry = Foundry::new();

    foundry.accepts(|params| params.emission.carry_epochs = 0);
    foundry.accepts(|params| params.emission.carry_epochs = 1_000);
    foundry.refuses(|params| params.emission.carry_epochs = 1_001, StipendError::CarryOutOfRange);
}

#[test]
fn create_network_refuses_a_quorum_of_nobody_or_of_more_than_sixteen() {
    let mut foundry = Foundry::new();

    foundry.refuses(|params| params.policy.quorum = 0, StipendError::QuorumOutOfRange);
    foundry.accepts(|params| params.policy.quorum = 1);
    foundry.accepts(|params| params.policy.quorum = 16);
    foundry.refuses(|params| params.policy.quorum = 17, StipendError::QuorumOutOfRange);
}

#[test]
fn create_network_refuses_shards_of_nothing_or_of_more_than_600_slots() {
    let mut foundry = Foundry::new();

    foundry.refuses(|params| params.shard_capacity = 0, StipendError::ShardCapacityOutOfRange);
    foundry.accepts(|params| params.shard_capacity = 1);
    foundry.accepts(|params| params.shard_capacity = 600);
    foundry.refuses(|params| params.shard_capacity = 601, StipendError::ShardCapacityOutOfRange);
}

#[test]
fn create_network_refuses_a_unit_that_is_no_label() {
    let mut foundry = Foundry::new();
    let refused: [[u8; 16]; 6] = [
        // Nothing; a zero in the middle or in front; a tab, a letter beyond ASCII, a delete.
        [0; 16],
        *b"Mbit\0s\0\0\0\0\0\0\0\0\0\0",
        *b"\0Mbit/s\0\0\0\0\0\0\0\0\0",
        *b"Mbit\ts\0\0\0\0\0\0\0\0\0\0",
        *b"\xc2\xb5s\0\0\0\0\0\0\0\0\0\0\0\0\0",
        *b"Mbit/s\x7f\0\0\0\0\0\0\0\0\0",
    ];
    for unit in refused {
        foundry.refuses(|params| params.unit = unit, StipendError::UnitInvalid);
    }
    for unit in [*b"h\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", *b"GB stored 30days", *b" ~\0\0\0\0\0\0\0\0\0\0\0\0\0\0"] {
        foundry.accepts(|params| params.unit = unit);
    }
}

#[test]
fn create_network_refuses_boost_bounds_that_leave_no_boost_out() {
    let mut foundry = Foundry::new();
    let bounds = |least, most| {
        move |params: &mut NetworkParams| (params.policy.min_boost_bps, params.policy.max_boost_bps) = (least, most)
    };

    foundry.refuses(bounds(10_001, 40_000), StipendError::BoostBoundsWrong);
    foundry.refuses(bounds(0, 9_999), StipendError::BoostBoundsWrong);
    foundry.refuses(bounds(40_000, 1_000), StipendError::BoostBoundsWrong);
    foundry.accepts(bounds(10_000, 10_000));
    foundry.accepts(bounds(0, u16::MAX));
}

#[test]
fn create_network_refuses_a_tolerance_above_the_whole() {
    let mut foundry = Foundry::new();

    foundry.accepts(|params| params.policy.tolerance_bps = 0);
    foundry.accepts(|params| params.policy.tolerance_bps = 10_000);
    foundry.refuses(|params| params.policy.tolerance_bps = 10_001, StipendError::ToleranceOutOfRange);
}

#[test]
fn create_network_refuses_a_mint_limit_that_claims_would_fall_behind() {
    let mut foundry = Foundry::new();

    // An epoch emits 1,000,000; no limit is 0.
    foundry.refuses(|params| params.policy.mint_limit_atoms = 1, StipendError::MintLimitTooLow);
    foundry.refuses(|params| params.policy.mint_limit_atoms = 999_999, StipendError::MintLimitTooLow);
    foundry.accepts(|params| params.policy.mint_limit_atoms = 1_000_000);
    foundry.accepts(|params| params.policy.mint_limit_atoms = 0);
}
