//! What bandwidth is measured in.

use std::str::FromStr;

/// What bandwidth is measured in: 1 to 16 printable ASCII characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit([u8; 16]);

/// Why a text is no unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a unit is 1 to 16 printable ASCII characters, for example \"kbit/s\"")]
pub struct UnitError;

impl FromStr for Unit {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let mut bytes = [0; 16];
        let is_printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let label = bytes.get_mut(..text.len()).filter(|label| !label.is_empty() && is_printable).ok_or(UnitError)?;
        label.copy_from_slice(text.as_bytes());
        Ok(Self(bytes))
    }
}

impl Unit {
    /// Filled up with zeros, as a network has it.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

/// The unit that a network's account has, as text.
pub fn unit_text(bytes: &[u8; 16]) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_a_short_label() {
        let unit = |text: &str| text.parse::<Unit>().map(|unit| unit_text(&unit.to_bytes()));

        assert_eq!(unit("kbit/s").as_deref(), Ok("kbit/s"));
        assert_eq!(unit("GPU hours / week").as_deref(), Ok("GPU hours / week"));
        assert_eq!(unit(""), Err(UnitError));
        assert_eq!(unit("GPU hours / month"), Err(UnitError));
        assert_eq!(unit("Gbit\n"), Err(UnitError));
        assert_eq!(unit("µs"), Err(UnitError));
    }
}
