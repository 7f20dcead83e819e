//! The 128-bit arithmetic of the on-chain program, compiled for the host.
//!
//! LLVM turns `u128` multiplication and division on BPF into calls of `xtask/sbf/builtins.c`. A mistake there would move
//! money, and the chain is a poor place to look for it: here the same file runs natively beside Rust's own `u128`.

mod native {
    extern "C" {
        pub fn stipend_multi3(a: u128, b: u128) -> u128;
        pub fn stipend_udivti3(n: u128, d: u128) -> u128;
        pub fn stipend_umodti3(n: u128, d: u128) -> u128;
    }
}

/// `a * b`, modulo 2^128: `__multi3`.
pub fn multiply(a: u128, b: u128) -> u128 {
    // SAFETY: a pure function of its two values, declared here as builtins.c defines it.
    unsafe { native::stipend_multi3(a, b) }
}

/// `n / d`, rounded down; `u128::MAX` when `d` is 0: `__udivti3`.
pub fn divide(n: u128, d: u128) -> u128 {
    // SAFETY: as for `multiply`; it is defined for a divisor of 0 as well.
    unsafe { native::stipend_udivti3(n, d) }
}

/// `n % d`; `n` when `d` is 0: `__umodti3`.
pub fn remainder(n: u128, d: u128) -> u128 {
    // SAFETY: as for `divide`.
    unsafe { native::stipend_umodti3(n, d) }
}
