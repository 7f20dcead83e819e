/* The 128-bit arithmetic that LLVM calls by name on BPF.
 *
 * In C and not in Rust: LLVM 23 returns an i128 in two registers while rustc 1.96 returns it through memory, so the same
 * functions written in Rust corrupt memory without a word. clang and LLVM agree on the convention.
 *
 * Only these three exist. The link fails, naming the function, when the program needs another (see sbf/sbpf-linker.sh).
 * Everything works on 64-bit halves: an operator on u128 here would call the very function being written.
 *
 * Division by zero: the quotient is all ones and the remainder is the dividend, as in RISC-V. Rust checks the divisor
 * before it calls, so the rule only makes sure that no input hangs.
 */
typedef __UINT64_TYPE__ u64;
typedef unsigned __int128 u128;

/* Little-endian, as BPF and x86-64 are: lo comes first. */
typedef union {
    u128 whole;
    struct {
        u64 lo, hi;
    };
} wide;

typedef struct {
    wide quotient, remainder;
} division;

#define LOW32 0xffffffffu

static inline wide pair(u64 lo, u64 hi) {
    wide w = {.lo = lo, .hi = hi};
    return w;
}

/* 64 x 64 -> 128 by the schoolbook on 32-bit digits: no sum below can pass 2^64. */
static inline wide multiply(u64 a, u64 b) {
    u64 a0 = a & LOW32, a1 = a >> 32, b0 = b & LOW32, b1 = b >> 32;
    u64 low = a0 * b0;
    u64 cross = a1 * b0 + (low >> 32);
    u64 middle = a0 * b1 + (cross & LOW32);
    return pair((middle << 32) | (low & LOW32), a1 * b1 + (cross >> 32) + (middle >> 32));
}

/* Zeros above the highest set bit of x, which is not 0. BPF has no instruction for it. */
static inline u64 leading_zeros(u64 x) {
    u64 n = 0;
    if (!(x >> 32)) {
        n += 32;
        x <<= 32;
    }
    if (!(x >> 48)) {
        n += 16;
        x <<= 16;
    }
    if (!(x >> 56)) {
        n += 8;
        x <<= 8;
    }
    if (!(x >> 60)) {
        n += 4;
        x <<= 4;
    }
    if (!(x >> 62)) {
        n += 2;
        x <<= 2;
    }
    return n + !(x >> 63);
}

/* One 32-bit digit of a quotient: (rest * 2^32 + next) / divisor, with rest < divisor and the divisor's top bit set.
 * The estimate from the divisor's upper half is at most 2 too high (Knuth, TAOCP 4.3.1, theorem B); each round of the
 * loop takes one off, and a rest past 32 bits can't be too high any more. An estimate past 32 bits needs no test of its
 * own: then left < lower, so the product is the larger one. */
static inline u64 quotient_digit(u64 rest, u64 next, u64 divisor, u64 *new_rest) {
    u64 upper = divisor >> 32, lower = divisor & LOW32;
    u64 digit = rest / upper, left = rest - digit * upper;
    while (digit * lower > ((left << 32) | next)) {
        digit--;
        left += upper;
        if (left > LOW32) break;
    }
    /* Wraps in between; the difference itself is below the divisor. */
    *new_rest = (rest << 32) + next - digit * divisor;
    return digit;
}

/* (hi * 2^64 + lo) / divisor, with hi < divisor and the divisor's top bit set, so that the quotient fits 64 bits. */
static inline u64 divide_normalised(u64 hi, u64 lo, u64 divisor, u64 *remainder) {
    u64 rest;
    u64 upper = quotient_digit(hi, lo >> 32, divisor, &rest);
    u64 lower = quotient_digit(rest, lo & LOW32, divisor, remainder);
    return (upper << 32) | lower;
}

static inline division divide_by_one_word(wide n, u64 d) {
    division r;
    u64 upper = n.hi / d, rest = n.hi - upper * d;
    if (!(d >> 32)) {
        /* A divisor of one digit needs no estimate: rest * 2^32 + digit always fits 64 bits. */
        u64 a = (rest << 32) | (n.lo >> 32), qa = a / d;
        u64 b = ((a - qa * d) << 32) | (n.lo & LOW32), qb = b / d;
        r.quotient = pair((qa << 32) | qb, upper);
        r.remainder = pair(b - qb * d, 0);
        return r;
    }
    u64 shift = leading_zeros(d), remainder;
    u64 hi = rest, lo = n.lo;
    if (shift) {
        d <<= shift;
        hi = (rest << shift) | (lo >> (64 - shift));
        lo <<= shift;
    }
    r.quotient = pair(divide_normalised(hi, lo, d, &remainder), upper);
    r.remainder = pair(remainder >> shift, 0);
    return r;
}

/* a - b, with a >= b. */
static inline wide subtract(wide a, wide b) {
    return pair(a.lo - b.lo, a.hi - b.hi - (a.lo < b.lo));
}

static inline int is_less(wide a, wide b) {
    return a.hi < b.hi || (a.hi == b.hi && a.lo < b.lo);
}

/* A divisor of two words, so the quotient has one. Estimated from half the dividend and the divisor's top 64 bits, it is
 * right or one too high (Warren, Hacker's Delight, 9-5): it is lowered by one and put right at the end. */
static inline division divide_by_two_words(wide n, wide d) {
    division r = {.quotient = pair(0, 0), .remainder = n};
    if (is_less(n, d)) return r;

    u64 shift = leading_zeros(d.hi), ignored;
    u64 top = shift ? (d.hi << shift) | (d.lo >> (64 - shift)) : d.hi;
    u64 q = divide_normalised(n.hi >> 1, (n.hi << 63) | (n.lo >> 1), top, &ignored) >> (63 - shift);
    if (q) q--;

    wide product = multiply(q, d.lo);
    product.hi += q * d.hi;
    r.remainder = subtract(n, product);
    if (!is_less(r.remainder, d)) {
        q++;
        r.remainder = subtract(r.remainder, d);
    }
    r.quotient = pair(q, 0);
    return r;
}

static inline division divide(wide n, wide d) {
    if (d.hi) return divide_by_two_words(n, d);

    division r = {.quotient = pair(~(u64)0, ~(u64)0), .remainder = n};
    if (!d.lo) return r;
    if (n.hi) return divide_by_one_word(n, d.lo);

    r.quotient = pair(n.lo / d.lo, 0);
    r.remainder = pair(n.lo % d.lo, 0);
    return r;
}

__attribute__((used)) u128 __multi3(u128 a, u128 b) {
    wide x = {.whole = a}, y = {.whole = b};
    wide product = multiply(x.lo, y.lo);
    product.hi += x.lo * y.hi + x.hi * y.lo;
    return product.whole;
}

__attribute__((used)) u128 __udivti3(u128 n, u128 d) {
    wide x = {.whole = n}, y = {.whole = d};
    return divide(x, y).quotient.whole;
}

__attribute__((used)) u128 __umodti3(u128 n, u128 d) {
    wide x = {.whole = n}, y = {.whole = d};
    return divide(x, y).remainder.whole;
}
