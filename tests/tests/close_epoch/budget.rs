//! What an epoch emits: decay, cap, and what empty epochs carry on. Numbers worked out by hand.

use super::score;
use solana_address::Address;
use stipend::{error::StipendError, instructions::NetworkParams, state::Emission};
use stipend_client::instruction;
use stipend_tests::{address, scene::end, Scene};

/// A network of one node, whose epochs are run one by one.
struct Run {
    scene: Scene,
    shard: Address,
    epoch: u32,
}

impl Run {
    fn new(alter: impl FnOnce(&mut NetworkParams)) -> Self {
        let mut scene = Scene::with(1, |params| {
            params.policy.quorum = 1;
            alter(params);
        });
        let shard = scene.open_shard();
        scene.register(&shard, &address("owner"));
        Self { scene, shard, epoch: 0 }
    }

    /// Runs an epoch with this uptime; returns its emission.
    fn epoch(&mut self, uptime_bps: u16) -> u64 {
        self.scene.warp_to(end(self.epoch));
        score(&mut self.scene, &self.shard, self.epoch, uptime_bps);
        self.scene.close();
        let entry = self.scene.network().ring[self.epoch as usize % 32];
        assert_eq!(entry.epoch, self.epoch);
        if entry.total_score > 0 {
            self.scene.settle(&self.shard);
        }
        self.epoch += 1;
        entry.emission_atoms
    }

    fn full(&mut self) -> u64 {
        self.epoch(10_000)
    }

    fn empty(&mut self) {
        assert_eq!(self.epoch(0), 0);
    }

    fn emission(&mut self) -> Emission {
        self.scene.network().emission
    }
}

#[test]
fn close_epoch_takes_a_decay_step_every_so_many_epochs() {
    let mut run = Run::new(|params| {
        (params.emission.decay_bps, params.emission.decay_every_epochs, params.emission.per_epoch_atoms) =
            (1_500, 2, 1_000_000);
    });

    // 1,000,000 · 0.85 = 850,000; · 0.85 = 722,500; · 0.85 = 614,125; · 0.85 = 522,006.25. What each epoch's floor
    // leaves over is carried: 60,000,000 points share 1,000,000 atoms as 999,999 and one is left over.
    let emissions: Vec<u64> = (0..9).map(|_| run.full()).collect();
    let expected = [1_000_000, 1_000_000, 850_000, 850_000, 722_500, 722_500, 614_125, 614_125, 522_006];
    let carried = run.emission().carried_atoms;
    for (emission, expected) in emissions.iter().zip(expected) {
        assert!((expected..=expected + 1).contains(emission), "{emissions:?}");
    }
    let emission = run.emission();
    assert_eq!(emission.per_epoch_atoms, 522_006);
    assert_eq!(emission.scheduled_atoms, expected.iter().sum::<u64>());
    assert_eq!(emission.accrued_atoms + carried, emission.scheduled_atoms);
}

#[test]
fn close_epoch_takes_its_first_decay_step_after_the_named_number_of_epochs() {
    let mut run = Run::new(|params| (params.emission.decay_bps, params.emission.decay_every_epochs) = (10_000, 3));
    let per_epoch: Vec<u64> = (0..4)
        .map(|_| {
            let before = run.emission().per_epoch_atoms;
            run.full();
            before
        })
        .collect();

    assert_eq!(per_epoch, [1_000_000, 1_000_000, 1_000_000, 0]);
    assert_eq!(run.emission().scheduled_atoms, 3_000_000);
}

#[test]
fn close_epoch_decays_through_empty_epochs_too() {
    let mut run = Run::new(|params| {
        (params.emission.decay_bps, params.emission.decay_every_epochs, params.emission.carry_epochs) = (5_000, 1, 0);
    });
    run.empty();
    run.empty();

    assert_eq!(run.full(), 250_000);
}

#[test]
fn close_epoch_stops_at_the_cap() {
    let mut run = Run::new(|params| (params.emission.per_epoch_atoms, params.cap_atoms) = (1_000_000, 2_500_000));

    let first = run.full();
    let second = run.full();
    let third = run.full();
    let fourth = run.full();

    // Each full epoch of 60,000,000 points leaves one atom over, which the next shares too.
    assert_eq!((first, second), (1_000_000, 1_000_001));
    assert_eq!((third, fourth), (500_001, 1));
    let emission = run.emission();
    assert_eq!((emission.scheduled_atoms, emission.cap_atoms), (2_500_000, 2_500_000));
    assert!(emission.accrued_atoms <= 2_500_000);
}

#[test]
fn close_epoch_carries_empty_epochs_up_to_the_chosen_number_in_a_row() {
    let mut run = Run::new(|params| params.emission.carry_epochs = 2);

    run.empty();
    let one = run.emission();
    run.empty();
    let two = run.emission();
    run.empty();
    let three = run.emission();

    assert_eq!((one.carried_atoms, one.scheduled_atoms, one.empty_epochs), (1_000_000, 1_000_000, 1));
    assert_eq!((two.carried_atoms, two.scheduled_atoms, two.empty_epochs), (2_000_000, 2_000_000, 2));
    // The third lapses: it is not scheduled at all.
    assert_eq!((three.carried_atoms, three.scheduled_atoms, three.empty_epochs), (2_000_000, 2_000_000, 3));
    assert_eq!(run.full(), 3_000_000);
    let full = run.emission();
    assert_eq!((full.empty_epochs, full.scheduled_atoms), (0, 3_000_000));
    // An epoch that shared begins a new row.
    run.empty();
    run.empty();
    run.empty();
    let again = run.emission();
    assert_eq!((again.scheduled_atoms, again.empty_epochs), (5_000_000, 3));
}

#[test]
fn close_epoch_without_carry_lets_an_empty_epoch_lapse() {
    let mut run = Run::new(|params| params.emission.carry_epochs = 0);

    run.empty();

    let emission = run.emission();
    assert_eq!((emission.carried_atoms, emission.scheduled_atoms, emission.empty_epochs), (0, 0, 1));
    assert_eq!(run.full(), 1_000_000);
}

#[test]
fn close_epoch_never_carries_past_the_cap() {
    let mut run = Run::new(|params| {
        (params.emission.per_epoch_atoms, params.cap_atoms, params.emission.carry_epochs) = (1_000_000, 1_500_000, 9);
    });
    run.empty();
    run.empty();
    run.empty();

    let emission = run.emission();
    assert_eq!((emission.carried_atoms, emission.scheduled_atoms), (1_500_000, 1_500_000));
    assert_eq!(run.full(), 1_500_000);
}

#[test]
fn close_epoch_refuses_to_break_an_invariant_of_the_budget() {
    let broken: [fn(&mut Emission); 4] = [
        // More is minted than accrued.
        |emission| emission.minted_atoms = 1,
        // More is accrued than scheduled.
        |emission| emission.accrued_atoms = 1_000_001,
        // More is scheduled than the cap.
        |emission| emission.scheduled_atoms = 1_000_000_001,
        // Accrued and carried pass their type.
        |emission| (emission.accrued_atoms, emission.carried_atoms) = (u64::MAX, 1),
    ];
    for change in broken {
        let mut scene = Scene::new();
        scene.warp_to(end(0));
        scene.forge_network(|network| change(&mut network.emission));
        let close = instruction::close_epoch(&scene.network);

        scene.stage.refuses(&[close], &[], StipendError::InvariantBroken);
    }
}

#[test]
fn close_epoch_refuses_a_carry_that_passes_its_type() {
    let mut scene = Scene::new();
    scene.warp_to(end(0));
    scene.forge_network(|network| network.emission.carried_atoms = u64::MAX);
    let close = instruction::close_epoch(&scene.network);

    scene.stage.refuses(&[close], &[], StipendError::ArithmeticOverflow);
}
