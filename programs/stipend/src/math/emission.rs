//! What an epoch may emit, in atoms.

use super::{checked_share, BPS};

/// Atoms of one epoch after one more decay step.
///
/// - `per_epoch_atoms`: what each epoch emitted before the step; `decay_bps`: 0..=10,000, what the step takes away.
///
/// Floor: the fraction of an atom is not emitted. `None` if `decay_bps` is out of range.
/// Source: DESIGN, Arithmetic.
pub fn checked_decay(per_epoch_atoms: u64, decay_bps: u16) -> Option<u64> {
    checked_share(per_epoch_atoms, BPS.checked_sub(decay_bps)?)
}

/// Whether a decay step takes place at the start of the epoch that is `age` epochs after its schedule's first;
/// `decay_every_epochs` = 0 means never.
pub fn is_decay_epoch(age: u32, decay_every_epochs: u32) -> bool {
    age != 0 && age.checked_rem(decay_every_epochs) == Some(0)
}

/// Atoms, before carried ones, of the epoch that is `age` epochs after its schedule's first: what an outsider compares.
///
/// Walks the decay steps one by one, as the network does; stops when nothing is left.
pub fn checked_per_epoch(first_atoms: u64, decay_bps: u16, decay_every_epochs: u32, age: u32) -> Option<u64> {
    let steps = age.checked_div(decay_every_epochs).unwrap_or(0);
    let mut atoms = first_atoms;
    for _ in 0..steps {
        let next = checked_decay(atoms, decay_bps)?;
        if next == atoms {
            break;
        }
        atoms = next;
    }
    Some(atoms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_step_of_a_tenth_keeps_nine_tenths_floored() {
        assert_eq!(checked_decay(1_000, 1_000), Some(900));
        // 1,009 · 0.9 = 908.1
        assert_eq!(checked_decay(1_009, 1_000), Some(908));
        assert_eq!(checked_decay(1, 1), Some(0));
        assert_eq!(checked_decay(u64::MAX, 0), Some(u64::MAX));
        assert_eq!(checked_decay(u64::MAX, 10_000), Some(0));
        assert_eq!(checked_decay(1, 10_001), None);
    }

    #[test]
    fn steps_fall_on_multiples_but_not_on_the_first_epoch() {
        assert!(!is_decay_epoch(0, 2));
        assert!(!is_decay_epoch(1, 2));
        assert!(is_decay_epoch(2, 2));
        assert!(!is_decay_epoch(3, 2));
        assert!(!is_decay_epoch(5, 0));
    }

    #[test]
    fn emission_of_an_epoch_walks_the_steps() {
        // 1,000 → 500 after 2 epochs → 250 after 4.
        let of = |age| checked_per_epoch(1_000, 5_000, 2, age);
        assert_eq!([of(0), of(1), of(2), of(3), of(4)], [1_000, 1_000, 500, 500, 250].map(Some));
        assert_eq!(checked_per_epoch(1_000, 5_000, 0, u32::MAX), Some(1_000));
        assert_eq!(checked_per_epoch(u64::MAX, 1, 1, u32::MAX), Some(0));
    }

    proptest! {
        #[test]
        fn a_step_equals_the_wide_formula(atoms: u64, decay_bps in 0u16..=10_000) {
            let wide = u128::from(atoms) * u128::from(10_000 - decay_bps) / 10_000;
            prop_assert_eq!(checked_decay(atoms, decay_bps).map(u128::from), Some(wide));
        }
    }
}
