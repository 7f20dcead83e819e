//! Every bound of every parameter, as for a new network: the last value that is refused and the first that is accepted.

use stipend::{
    error::StipendError,
    state::{EmissionParams, PolicyParams},
};
use stipend_tests::{params, scene::GENESIS, Scene};

type Change = fn(&mut PolicyParams);
type EmissionChange = fn(&mut EmissionParams);

#[test]
fn update_policy_refuses_each_parameter_out_of_its_range() {
    let cases: [(Change, StipendError, Change); 17] = [
        (|p| p.report_secs = 0, StipendError::ReportWindowEmpty, |p| p.report_secs = 1),
        // An epoch of 100 seconds.
        (|p| p.report_secs = 101, StipendError::ReportWindowTooLong, |p| p.report_secs = 100),
        // As long as the report window of 40 seconds, and 30 days, which are longer than two epochs.
        (|p| p.score_secs = 40, StipendError::ScoringWindowTooShort, |p| p.score_secs = 41),
        (|p| p.score_secs = 2_592_001, StipendError::ScoringWindowTooLong, |p| p.score_secs = 2_592_000),
        (|p| p.uptime_weight_bps = 10_001, StipendError::UptimeWeightOutOfRange, |p| p.uptime_weight_bps = 10_000),
        (|p| p.min_uptime_bps = 10_001, StipendError::MinUptimeOutOfRange, |p| p.min_uptime_bps = 10_000),
        (|p| p.bandwidth_cap = 0, StipendError::BandwidthCapOutOfRange, |p| p.bandwidth_cap = 1),
        (|p| p.bandwidth_cap = u32::MAX, StipendError::BandwidthCapOutOfRange, |p| p.bandwidth_cap = u32::MAX - 1),
        (|p| p.min_boost_bps = 10_001, StipendError::BoostBoundsWrong, |p| p.min_boost_bps = 10_000),
        (|p| p.max_boost_bps = 9_999, StipendError::BoostBoundsWrong, |p| p.max_boost_bps = 10_000),
        (|p| p.tolerance_bps = 10_001, StipendError::ToleranceOutOfRange, |p| p.tolerance_bps = 10_000),
        (|p| p.quorum = 0, StipendError::QuorumOutOfRange, |p| p.quorum = 2),
        (|p| p.quorum = 17, StipendError::QuorumOutOfRange, |p| p.quorum = 16),
        (|p| p.dispute_secs = 61, StipendError::DisputeWindowTooLong, |p| p.dispute_secs = 60),
        (|p| p.dispute_secs = u32::MAX, StipendError::DisputeWindowTooLong, |p| p.dispute_secs = 0),
        // The emission is 1,000,000 atoms an epoch.
        (|p| p.mint_limit_atoms = 1, StipendError::MintLimitTooLow, |p| p.mint_limit_atoms = 0),
        (|p| p.mint_limit_atoms = 999_999, StipendError::MintLimitTooLow, |p| p.mint_limit_atoms = 1_000_000),
    ];
    let mut scene = Scene::new();
    scene.warp_to(GENESIS);

    for (wrong, error, right) in cases {
        let update = scene.policy_instruction(1, None, wrong);
        scene.stage.refuses(&[update], &[&scene.authority], error);
        scene.update_policy(1, None, right);
    }
}

#[test]
fn update_policy_refuses_each_parameter_of_the_emission_out_of_its_range() {
    let cases: [(EmissionChange, StipendError, EmissionChange); 5] = [
        (|e| e.per_epoch_atoms = 0, StipendError::EmissionZero, |e| e.per_epoch_atoms = 1),
        (
            |e| (e.decay_bps, e.decay_every_epochs) = (10_001, 1),
            StipendError::DecayOutOfRange,
            |e| (e.decay_bps, e.decay_every_epochs) = (10_000, 1),
        ),
        (|e| e.decay_bps = 1, StipendError::DecayIncomplete, |_| ()),
        (|e| e.decay_every_epochs = 1, StipendError::DecayIncomplete, |_| ()),
        (|e| e.carry_epochs = 1_001, StipendError::CarryOutOfRange, |e| e.carry_epochs = 1_000),
    ];
    let mut scene = Scene::new();
    scene.warp_to(GENESIS);

    for (wrong, error, right) in cases {
        let altered = |change: EmissionChange| {
            let mut emission = params().emission;
            change(&mut emission);
            Some(emission)
        };
        let update = scene.policy_instruction(1, altered(wrong), |_| ());
        scene.stage.refuses(&[update], &[&scene.authority], error);
        scene.update_policy(1, altered(right), |_| ());
    }
}

#[test]
fn update_policy_measures_the_mint_limit_by_the_emission_that_it_comes_with() {
    let mut scene = Scene::new();
    scene.warp_to(GENESIS);
    let more = Some(EmissionParams { per_epoch_atoms: 3_000_000, ..params().emission });

    let low = scene.policy_instruction(1, more, |policy| policy.mint_limit_atoms = 2_999_999);
    scene.stage.refuses(&[low], &[&scene.authority], StipendError::MintLimitTooLow);

    scene.update_policy(1, more, |policy| policy.mint_limit_atoms = 3_000_000);
}

#[test]
fn update_policy_measures_the_mint_limit_by_what_decay_has_left() {
    let mut scene = Scene::with(3, |params| {
        (params.emission.decay_bps, params.emission.decay_every_epochs) = (5_000, 1);
    });
    scene.warp_to(stipend_tests::scene::end(0));
    scene.close();

    // Half of 1,000,000 since epoch 1.
    let low = scene.policy_instruction(2, None, |policy| policy.mint_limit_atoms = 499_999);
    scene.stage.refuses(&[low], &[&scene.authority], StipendError::MintLimitTooLow);
    scene.update_policy(2, None, |policy| policy.mint_limit_atoms = 500_000);
}

#[test]
fn update_policy_lets_two_long_epochs_be_scored_in() {
    // 20 days; two of them are longer than 30 days.
    let mut scene = Scene::with(3, |params| params.epoch_secs = 20 * 86_400);
    scene.warp_to(GENESIS);

    let long = scene.policy_instruction(1, None, |policy| policy.score_secs = 40 * 86_400 + 1);
    scene.stage.refuses(&[long], &[&scene.authority], StipendError::ScoringWindowTooLong);

    scene.update_policy(1, None, |policy| policy.score_secs = 40 * 86_400);
}

#[test]
fn update_policy_refuses_windows_of_which_both_are_wrong_by_the_report_window() {
    let mut scene = Scene::new();
    scene.warp_to(GENESIS);
    let windows = [
        (0, 0, StipendError::ReportWindowEmpty),
        (101, 101, StipendError::ReportWindowTooLong),
        (u32::MAX, u32::MAX, StipendError::ReportWindowTooLong),
        (100, 100, StipendError::ScoringWindowTooShort),
        (100, 0, StipendError::ScoringWindowTooShort),
        (100, u32::MAX, StipendError::ScoringWindowTooLong),
    ];
    for (report_secs, score_secs, error) in windows {
        let update = scene.policy_instruction(1, None, |policy| {
            (policy.report_secs, policy.score_secs) = (report_secs, score_secs);
        });
        scene.stage.refuses(&[update], &[&scene.authority], error);
    }
}
