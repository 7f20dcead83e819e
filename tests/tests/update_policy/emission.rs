//! A policy with or without an emission of its own: a schedule that goes on in step, or one that begins anew.

use stipend::state::EmissionParams;
use stipend_tests::{
    params,
    scene::{end, GENESIS},
    Scene,
};

/// Half as much every three epochs.
const HALVING: EmissionParams =
    EmissionParams { per_epoch_atoms: 1_000_000, decay_bps: 5_000, decay_every_epochs: 3, carry_epochs: 1_000 };

fn halving() -> Scene {
    let mut scene = Scene::with(0, |params| params.emission = HALVING);
    scene.warp_to(GENESIS);
    scene
}

/// What each of the first epochs emits, all of them empty.
fn emissions<const N: usize>(scene: &mut Scene) -> [u64; N] {
    std::array::from_fn(|epoch| {
        let before = scene.network().emission;
        scene.warp_to(end(epoch as u32));
        scene.close();
        let scheduled_atoms = scene.network().emission.scheduled_atoms - before.scheduled_atoms;
        assert_eq!(scheduled_atoms, before.per_epoch_atoms);
        scheduled_atoms
    })
}

#[test]
fn update_policy_without_an_emission_keeps_schedule_and_phase() {
    let mut scene = halving();
    scene.update_policy(2, None, |policy| policy.min_uptime_bps = 1);

    let emissions = emissions(&mut scene);

    assert_eq!(emissions, [1_000_000, 1_000_000, 1_000_000, 500_000, 500_000, 500_000, 250_000]);
    let network = scene.network();
    assert_eq!((network.policy.from_epoch, network.policy.emission_from_epoch), (2, 0));
}

#[test]
fn update_policy_without_an_emission_on_a_decay_epoch_takes_that_step_once() {
    let mut scene = halving();
    scene.update_policy(3, None, |policy| policy.min_uptime_bps = 1);

    assert_eq!(emissions(&mut scene), [1_000_000, 1_000_000, 1_000_000, 500_000, 500_000]);
}

#[test]
fn update_policy_with_an_emission_begins_a_schedule_of_its_own() {
    let mut scene = halving();
    let next = EmissionParams { per_epoch_atoms: 800_000, decay_every_epochs: 2, ..HALVING };
    scene.update_policy(2, Some(next), |_| ());

    // A new first epoch at 2, and its steps at 4 and 6.
    let expected = [1_000_000, 1_000_000, 800_000, 800_000, 400_000, 400_000, 200_000];
    assert_eq!(emissions(&mut scene), expected);
    assert_eq!(scene.network().policy.emission_from_epoch, 2);
}

#[test]
fn update_policy_keeps_the_phase_of_a_schedule_that_began_anew() {
    let mut scene = halving();
    scene.update_policy(2, Some(HALVING), |_| ());
    let [first, second] = emissions(&mut scene);
    scene.warp_to(end(2));
    scene.close();
    scene.update_policy(4, None, |policy| policy.min_uptime_bps = 1);
    let mut per_epoch = vec![first, second];
    for epoch in 3..8 {
        scene.warp_to(end(epoch));
        scene.close();
        per_epoch.push(scene.network().emission.per_epoch_atoms);
    }

    // Epochs 0 and 1, then what epochs 4 to 8 are to emit: the schedule of epoch 2 takes its steps at 5 and 8.
    assert_eq!(per_epoch, [1_000_000, 1_000_000, 1_000_000, 500_000, 500_000, 500_000, 250_000]);
    assert_eq!(scene.network().policy.emission_from_epoch, 2);
}

#[test]
fn update_policy_never_emits_past_the_cap_whatever_it_names() {
    let mut scene = Scene::with(0, |params| params.cap_atoms = 2_500_000);
    scene.warp_to(GENESIS);
    let greedy = EmissionParams { per_epoch_atoms: u64::MAX, carry_epochs: 1_000, ..params().emission };
    scene.update_policy(2, Some(greedy), |_| ());

    scene.warp_to(end(5));
    scene.close();

    // Two epochs of 1,000,000, and then the 500,000 that are left.
    let emission = scene.network().emission;
    assert_eq!(
        (emission.scheduled_atoms, emission.cap_atoms, emission.carried_atoms),
        (2_500_000, 2_500_000, 2_500_000)
    );
}
