//! Numbers that a seed decides.

use std::{
    env,
    time::{SystemTime, UNIX_EPOCH},
};

/// A seed that is printed: `STIPEND_SEED` if it is set, else the time.
pub fn seed() -> u64 {
    let set = env::var("STIPEND_SEED").ok().map(|text| text.parse().expect("STIPEND_SEED is a number"));
    let time = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let seed = set.unwrap_or_else(time);
    println!("STIPEND_SEED={seed}");
    seed
}

/// SplitMix64.
pub struct Random(u64);

impl Random {
    /// The same seed, the same numbers.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 if that is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.number().checked_rem(end).unwrap_or(0)
    }
}
