//! Numbers as people read them.

use jiff::Timestamp;

/// `1234567` is `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Atoms as tokens, with all decimals: `1,031.520489683`; as atoms where no u64 has so many.
///
/// - `decimals`: the mint's.
pub fn tokens(atoms: u64, decimals: u8) -> String {
    match 10u64.checked_pow(decimals.into()) {
        None => format!("{} atoms", grouped(atoms)),
        Some(1) => grouped(atoms),
        Some(one) => format!("{}.{:0width$}", grouped(atoms / one), atoms % one, width = usize::from(decimals)),
    }
}

/// Atoms as tokens with all decimals and nothing between the digits, as programs read them: `1031.520489683`.
pub fn plain_tokens(atoms: u128, decimals: u8) -> String {
    let width = usize::from(decimals);
    let digits = format!("{atoms:0>width$}", width = width + 1);
    let (whole, rest) = digits.split_at(digits.len() - width);
    if rest.is_empty() {
        whole.to_owned()
    } else {
        format!("{whole}.{rest}")
    }
}

/// Basis points as a percentage: `99.65 %`.
pub fn percent(bps: u16) -> String {
    format!("{}.{:02} %", bps / 100, bps % 100)
}

/// Lamports as SOL, with all decimals.
pub fn sol(lamports: u64) -> String {
    format!("{} SOL", tokens(lamports, 9))
}

/// Unix seconds as RFC 3339 in UTC: `2023-11-14T22:13:20Z`; as they are where the calendar has no such year.
pub fn utc(unix_secs: i64) -> String {
    Timestamp::from_second(unix_secs).map_or_else(|_| unix_secs.to_string(), |time| time.to_string())
}

/// A number with its noun: `1 shard`, `2 shards`, `3 batches`, `4 directories`.
pub fn counted(number: u64, noun: &str) -> String {
    let (stem, ending) = match (number, noun.strip_suffix('y')) {
        (1, _) => (noun, ""),
        (_, Some(stem)) => (stem, "ies"),
        _ if noun.ends_with("ch") => (noun, "es"),
        _ => (noun, "s"),
    };
    format!("{} {stem}{ending}", grouped(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_grouped_by_thousands() {
        assert_eq!([0, 999, 1_000, 12_345, 1_234_567].map(grouped), ["0", "999", "1,000", "12,345", "1,234,567"]);
        assert_eq!(grouped(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn atoms_lose_no_decimal() {
        assert_eq!(tokens(0, 9), "0.000000000");
        assert_eq!(tokens(1_031_520_489_683, 9), "1,031.520489683");
        assert_eq!(tokens(u64::MAX, 9), "18,446,744,073.709551615");
        assert_eq!(tokens(1_031_520_489_683, 6), "1,031,520.489683");
        assert_eq!(tokens(1_234, 0), "1,234");
        // 10^20 is more than a u64 holds.
        assert_eq!(tokens(1_234, 20), "1,234 atoms");
    }

    #[test]
    fn basis_points_are_hundredths_of_a_percent() {
        assert_eq!([0, 5, 9_965, 10_000].map(percent), ["0.00 %", "0.05 %", "99.65 %", "100.00 %"]);
    }

    #[test]
    fn a_second_is_told_by_the_calendar() {
        // 2021-06-30 is day 18,808 since 1970, which is 1,625,011,200 s; 18:50:28 is 67,828 s into it.
        assert_eq!([0, 1_625_079_028].map(utc), ["1970-01-01T00:00:00Z", "2021-06-30T18:50:28Z"]);
        assert_eq!(utc(i64::MAX), "9223372036854775807");
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!([counted(1, "shard"), counted(2_113, "node")], ["1 shard", "2,113 nodes"]);
        assert_eq!([counted(1, "batch"), counted(0, "batch")], ["1 batch", "0 batches"]);
    }

    #[test]
    fn atoms_of_any_decimals_lose_nothing() {
        assert_eq!(plain_tokens(0, 0), "0");
        assert_eq!(plain_tokens(7, 0), "7");
        assert_eq!(plain_tokens(7, 3), "0.007");
        assert_eq!(plain_tokens(1_234_567, 6), "1.234567");
        assert_eq!(plain_tokens(u128::from(u64::MAX), 9), "18446744073.709551615");
    }
}
