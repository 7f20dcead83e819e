//! Whether a cluster runs the bytes of an artifact.

use crate::{deployment::Deployment, error::MigrationError};
use sha2::{Digest, Sha256};
use solana_address::Address;
use std::fmt;
use stipend_client::ledger::Accounts;

/// An artifact beside what a cluster has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// SHA-256 of the artifact.
    pub artifact_sha256: String,
    /// Its length.
    pub artifact_bytes: usize,
    /// What is deployed; nothing if the program is not.
    pub deployed: Option<Deployed>,
}

/// What is deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployed {
    /// Whether it is the artifact, and zeros behind it.
    pub is_same: bool,
    /// SHA-256 of as many bytes as the artifact has.
    pub sha256: String,
    /// Bytes that the program data has room for.
    pub bytes: usize,
    /// Place of the first byte that differs, if one does.
    pub first_difference: Option<usize>,
    /// Where the bytes are.
    pub program_data: Address,
    /// Slot in which it was last deployed, upgraded or extended.
    pub slot: u64,
    /// Who may upgrade it, if anybody.
    pub authority: Option<Address>,
}

/// Compares what is deployed as `program` with `artifact`, byte for byte.
pub fn compare<A: Accounts>(
    accounts: &mut A,
    program: &Address,
    artifact: &[u8],
) -> Result<Comparison, MigrationError> {
    let there = Deployment::read(accounts, program)?;
    let deployed = there.map(|there| {
        let len = artifact.len().min(there.bytes.len());
        let padded = artifact.iter().chain(std::iter::repeat(&0)).take(there.bytes.len().max(artifact.len()));
        let is_different = |(place, byte): (usize, &u8)| (there.bytes.get(place) != Some(byte)).then_some(place);
        Deployed {
            is_same: there.is(artifact),
            sha256: sha256(there.bytes.get(..len).unwrap_or_default()),
            bytes: there.bytes.len(),
            first_difference: padded.enumerate().find_map(is_different),
            program_data: there.program_data,
            slot: there.slot,
            authority: there.authority,
        }
    });
    Ok(Comparison { artifact_sha256: sha256(artifact), artifact_bytes: artifact.len(), deployed })
}

impl Comparison {
    /// Whether the cluster runs the artifact.
    pub fn is_same(&self) -> bool {
        self.deployed.as_ref().is_some_and(|deployed| deployed.is_same)
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "artifact           {} ({} bytes)", self.artifact_sha256, self.artifact_bytes)?;
        let Some(deployed) = &self.deployed else {
            return writeln!(formatter, "deployed           nothing");
        };
        writeln!(formatter, "deployed           {} (room for {} bytes)", deployed.sha256, deployed.bytes)?;
        writeln!(formatter, "program data       {}", deployed.program_data)?;
        writeln!(formatter, "last changed       in slot {}", deployed.slot)?;
        match deployed.authority {
            Some(authority) => writeln!(formatter, "upgrade authority  {authority}")?,
            None => writeln!(formatter, "upgrade authority  nobody, for ever")?,
        }
        match deployed.first_difference {
            Some(place) => writeln!(formatter, "verdict            different, first at byte {place}"),
            None => writeln!(formatter, "verdict            the same, byte for byte"),
        }
    }
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
