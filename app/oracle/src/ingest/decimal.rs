//! Decimal numbers as they stand in a file, exactly.
//!
//! A binary fraction would turn `0.29 × 100` into 28.999…, and the floor of it into 28.

/// Significant digits that a value may have: more than any float prints, and so few that its product with a scale fits.
const MAX_VALUE_DIGITS: usize = 28;
/// Significant digits that a scale may have.
const MAX_SCALE_DIGITS: usize = 9;
/// Exponents past this are all the same to a number of at most 38 digits.
const EXPONENT_LIMIT: i32 = 100_000;
const NANOS_EXPONENT: i32 = 9;

/// Text that is no number to reckon with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "each message says what its variant is")]
pub enum DecimalError {
    #[error("`{text}` is not a decimal number")]
    NotADecimal { text: String },
    #[error("`{text}` is not a finite number; leave the cell empty where nothing was measured")]
    NotFinite { text: String },
    #[error("`{text}` is negative")]
    Negative { text: String },
    #[error("`{text}` is zero; a scale is above it")]
    ZeroScale { text: String },
    #[error("`{text}` has more than {limit} significant digits")]
    TooManyDigits { text: String, limit: usize },
}

impl DecimalError {
    /// The reason without the number.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotADecimal { .. } => "value that is not a decimal number",
            Self::NotFinite { .. } => "value that is not finite",
            Self::Negative { .. } => "negative value",
            Self::ZeroScale { .. } => "scale of zero",
            Self::TooManyDigits { .. } => "value with too many digits",
        }
    }
}

/// `mantissa · 10^exponent`, negative or not. The mantissa does not end in 0, unless it is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    is_negative: bool,
    mantissa: u128,
    exponent: i32,
}

impl Decimal {
    /// Reads `12`, `-0.5`, `.5`, `1e-05`.
    ///
    /// Errors: [`DecimalError::NotADecimal`], [`DecimalError::NotFinite`], [`DecimalError::TooManyDigits`].
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        Self::parse_digits(text, MAX_VALUE_DIGITS)
    }

    /// Reads a measured value: as [`Decimal::parse`], and not negative.
    pub fn parse_value(text: &str) -> Result<Self, DecimalError> {
        Self::parse_non_negative(text, MAX_VALUE_DIGITS)
    }

    /// Reads a scale: as [`Decimal::parse_value`], above zero and with fewer digits.
    pub fn parse_scale(text: &str) -> Result<Self, DecimalError> {
        let scale = Self::parse_non_negative(text, MAX_SCALE_DIGITS)?;
        if scale.mantissa == 0 {
            return Err(DecimalError::ZeroScale { text: text.to_owned() });
        }
        Ok(scale)
    }

    fn parse_non_negative(text: &str, max_digits: usize) -> Result<Self, DecimalError> {
        let decimal = Self::parse_digits(text, max_digits)?;
        if decimal.is_negative {
            return Err(DecimalError::Negative { text: text.to_owned() });
        }
        Ok(decimal)
    }

    fn parse_digits(text: &str, max_digits: usize) -> Result<Self, DecimalError> {
        let not_a_decimal = || DecimalError::NotADecimal { text: text.to_owned() };
        let (is_negative, unsigned) = split_sign(text);
        if ["nan", "inf", "infinity"].iter().any(|word| unsigned.eq_ignore_ascii_case(word)) {
            return Err(DecimalError::NotFinite { text: text.to_owned() });
        }
        let (number, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, parse_exponent(exponent).ok_or_else(not_a_decimal)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = [whole, fraction].concat();
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(not_a_decimal());
        }

        let without_zeros = digits.trim_end_matches('0');
        let significant = without_zeros.trim_start_matches('0');
        if significant.is_empty() {
            return Ok(Self { is_negative: false, mantissa: 0, exponent: 0 });
        }
        if significant.len() > max_digits {
            return Err(DecimalError::TooManyDigits { text: text.to_owned(), limit: max_digits });
        }
        // A cell is shorter than a row may be, which is far below what an i32 holds.
        let dropped_zeros = (digits.len() - without_zeros.len()) as i32;
        Ok(Self {
            is_negative,
            mantissa: significant.parse().map_err(|_| not_a_decimal())?,
            exponent: exponent + dropped_zeros - fraction.len() as i32,
        })
    }

    /// `self · scale`; `None` if it does not fit, or either is negative.
    ///
    /// Floor: what is less than one unit is not credited.
    pub fn checked_floor_scaled(self, scale: Self) -> Option<u128> {
        if self.is_negative || scale.is_negative {
            return None;
        }
        let mantissa = self.mantissa.checked_mul(scale.mantissa)?;
        floor_at(mantissa, self.exponent.checked_add(scale.exponent)?)
    }

    /// A number of seconds in nanoseconds; `None` if it does not fit.
    ///
    /// Floor, for negative numbers too: an instant belongs to the nanosecond that it has reached.
    pub fn checked_floor_nanos(self) -> Option<i128> {
        let exponent = self.exponent.checked_add(NANOS_EXPONENT)?;
        let floored = floor_at(self.mantissa, exponent)?;
        let nanos = i128::try_from(floored).ok()?;
        if !self.is_negative {
            return Some(nanos);
        }
        let is_exact = floor_at(floored, exponent.checked_neg()?) == Some(self.mantissa);
        nanos.checked_neg()?.checked_sub(i128::from(!is_exact))
    }
}

/// The floor of `mantissa · 10^exponent`; `None` if it does not fit.
fn floor_at(mantissa: u128, exponent: i32) -> Option<u128> {
    if mantissa == 0 {
        return Some(0);
    }
    let power = 10_u128.checked_pow(exponent.unsigned_abs());
    if exponent >= 0 {
        mantissa.checked_mul(power?)
    } else {
        // A power past 128 bits is past the mantissa too.
        Some(power.map_or(0, |power| mantissa / power))
    }
}

fn split_sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(unsigned) => (true, unsigned),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

fn parse_exponent(text: &str) -> Option<i32> {
    let (is_negative, unsigned) = split_sign(text);
    if unsigned.is_empty() || !unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // More digits than an i32 holds are past the limit.
    let exponent = unsigned.parse::<i32>().map_or(EXPONENT_LIMIT, |exponent| exponent.min(EXPONENT_LIMIT));
    Some(if is_negative { -exponent } else { exponent })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scaled(value: &str, scale: &str) -> Option<u128> {
        Decimal::parse_value(value)
            .expect("a value")
            .checked_floor_scaled(Decimal::parse_scale(scale).expect("a scale"))
    }

    fn nanos(text: &str) -> Option<i128> {
        Decimal::parse(text).expect("a decimal").checked_floor_nanos()
    }

    #[test]
    fn a_value_is_scaled_exactly_and_then_floored() {
        // In binary fractions 0.29 · 100 is 28.999…
        assert_eq!(scaled("0.29", "100"), Some(29));
        assert_eq!(scaled("947.378016", "1000"), Some(947_378));
        assert_eq!(scaled("0.9999", "1"), Some(0));
        assert_eq!(scaled("4.35", "0.1"), Some(0));
        assert_eq!(scaled("43.5", "0.1"), Some(4));
        assert_eq!(scaled("3", "0.333333333"), Some(0));
        assert_eq!(scaled("0", "1000"), Some(0));
        assert_eq!(scaled("933.5491265599677", "1e3"), Some(933_549));
    }

    #[test]
    fn a_number_may_have_a_sign_an_exponent_and_zeros() {
        for same in ["150", "+150", "150.", "0150.00", "1.5e2", "1.5E+02", "15000e-2"] {
            assert_eq!(scaled(same, "1"), Some(150), "{same}");
        }
        assert_eq!(scaled(".5", "2"), Some(1));
        assert_eq!(scaled("-0.0", "2"), Some(0));
    }

    #[test]
    fn an_exponent_of_any_size_is_reckoned_with() {
        assert_eq!(scaled("1e-400", "1e300"), Some(0));
        assert_eq!(scaled("1e-99999999999999", "1"), Some(0));
        assert_eq!(scaled("1e300", "1e-299"), Some(10));
        assert_eq!(scaled("1e300", "1"), None);
        assert_eq!(scaled("1e99999999999999", "1"), None);
        assert_eq!(scaled("0e99999999999999", "1"), Some(0));
    }

    #[test]
    fn what_is_no_number_is_refused_by_its_reason() {
        for (text, reason) in [
            ("abc", "`abc` is not a decimal number"),
            ("1,5", "`1,5` is not a decimal number"),
            ("12 Mbit", "`12 Mbit` is not a decimal number"),
            ("0x10", "`0x10` is not a decimal number"),
            ("1.2.3", "`1.2.3` is not a decimal number"),
            ("1e", "`1e` is not a decimal number"),
            (".", "`.` is not a decimal number"),
            ("--1", "`--1` is not a decimal number"),
            ("NaN", "`NaN` is not a finite number; leave the cell empty where nothing was measured"),
            ("-inf", "`-inf` is not a finite number; leave the cell empty where nothing was measured"),
            ("Infinity", "`Infinity` is not a finite number; leave the cell empty where nothing was measured"),
            ("-1", "`-1` is negative"),
            ("-1e-9", "`-1e-9` is negative"),
            (
                "0.12345678901234567890123456789",
                "`0.12345678901234567890123456789` has more than 28 significant digits",
            ),
        ] {
            let refusal = Decimal::parse_value(text).map_err(|error| error.to_string());
            assert_eq!(refusal, Err(reason.to_owned()));
        }
    }

    #[test]
    fn a_scale_is_above_zero_and_has_at_most_nine_digits() {
        for (text, reason) in [
            ("0", "`0` is zero; a scale is above it"),
            ("-1", "`-1` is negative"),
            ("1.234567891", "`1.234567891` has more than 9 significant digits"),
        ] {
            let refusal = Decimal::parse_scale(text).map_err(|error| error.to_string());
            assert_eq!(refusal, Err(reason.to_owned()));
        }
        assert!(Decimal::parse_scale("0.123456789").is_ok());
        assert!(Decimal::parse_scale("1000000000000").is_ok());
    }

    #[test]
    fn the_largest_value_times_the_largest_scale_fits() {
        // (10^28 − 1) · (10^9 − 1) = 10^37 − 10^28 − 10^9 + 1
        assert_eq!(
            scaled(&"9".repeat(28), &"9".repeat(9)),
            Some(10_u128.pow(37) - 10_u128.pow(28) - 10_u128.pow(9) + 1)
        );
    }

    #[test]
    fn seconds_become_nanoseconds_and_the_rest_is_floored() {
        assert_eq!(nanos("1.5"), Some(1_500_000_000));
        assert_eq!(nanos("1600000000"), Some(1_600_000_000_000_000_000));
        assert_eq!(nanos("0.0000000019"), Some(1));
        assert_eq!(nanos("-1.5"), Some(-1_500_000_000));
        assert_eq!(nanos("-0.0000000019"), Some(-2));
        assert_eq!(nanos("-0.0000000001"), Some(-1));
        assert_eq!(nanos("-20"), Some(-20_000_000_000));
        assert_eq!(nanos("1e30"), None);
    }
}
