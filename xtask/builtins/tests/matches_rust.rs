//! `builtins.c` against Rust's own `u128`.

use std::{
    env,
    time::{SystemTime, UNIX_EPOCH},
};

use stipend_builtins::{divide, multiply, remainder};

const ROUNDS: usize = 1_000_000;

/// Xorshift64*: enough to spread operands, and no dependency for a test of 40 lines.
struct Random(u64);

impl Random {
    fn word(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number of 0 to 128 bits. A uniform u128 would nearly always have two full words and miss most branches. Half of
    /// them are runs of ones and zeros, which is where carries and estimates of a digit go wrong.
    fn operand(&mut self) -> u128 {
        let bits = self.word() % 129;
        let mut value = (u128::from(self.word()) << 64) | u128::from(self.word());
        if self.word() & 1 == 0 {
            value = (u128::MAX << (self.word() % 128)) ^ (u128::MAX >> (self.word() % 128));
        }
        if bits == 0 {
            0
        } else {
            value >> (128 - bits)
        }
    }
}

fn check(a: u128, b: u128, seed: u64) {
    assert_eq!(multiply(a, b), a.wrapping_mul(b), "{a:#x} * {b:#x}, seed {seed}");
    if b != 0 {
        assert_eq!(divide(a, b), a / b, "{a:#x} / {b:#x}, seed {seed}");
        assert_eq!(remainder(a, b), a % b, "{a:#x} % {b:#x}, seed {seed}");
    }
}

#[test]
fn a_million_random_pairs_give_what_rust_gives() {
    let seed = match env::var("STIPEND_SEED") {
        Ok(seed) => seed.parse().expect("STIPEND_SEED is a whole number"),
        Err(_) => SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |now| now.as_nanos() as u64 | 1),
    };
    println!("STIPEND_SEED={seed}");
    let mut random = Random(seed.max(1));

    for _ in 0..ROUNDS {
        let (a, b) = (random.operand(), random.operand());
        check(a, b, seed);
        // A dividend beside a multiple of the divisor: the remainder is 0 or the divisor less 1.
        let multiple = a.wrapping_mul(b);
        check(multiple, b, seed);
        check(multiple.wrapping_sub(1), b, seed);
    }
}

#[test]
fn every_pair_of_edge_operands_gives_what_rust_gives() {
    let mut edges = vec![0, u128::MAX, 0x5555 << 112, u128::MAX / 3, u128::MAX / 10];
    for bit in 0..128 {
        let power = 1u128 << bit;
        edges.extend([power, power - 1, power.wrapping_add(1), u128::MAX << bit, u128::MAX - power]);
    }

    for &a in &edges {
        for &b in &edges {
            check(a, b, 0);
        }
    }
}

#[test]
fn division_by_zero_ends_with_all_ones_and_the_dividend() {
    for n in [0, 1, u128::from(u64::MAX), 1 << 64, u128::MAX] {
        assert_eq!(divide(n, 0), u128::MAX);
        assert_eq!(remainder(n, 0), n);
    }
}
