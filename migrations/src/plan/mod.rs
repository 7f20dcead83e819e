//! The file that says everything: program, mint, network, oracles, shards.

mod file;
mod rules;

use crate::key::{resolve, Key, KeyError};
use file::PlanFile;
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use stipend_client::{address, program::instructions::NetworkParams};
use toml::{Table, Value};

/// What a value begins with that is still to be filled in.
pub const PLACEHOLDER: &str = "FILL_IN";
/// Instead of an address: nobody.
const NOBODY: &str = "none";
/// Most oracles of a network.
const MAX_ORACLES: usize = stipend_client::program::constants::MAX_ORACLES;

/// Why a plan can't be used.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A file can't be read.
    #[error("`{}` can't be read", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is no plan.
    #[error("`{}` is no plan", path.display())]
    Toml {
        /// Which.
        path: PathBuf,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// A value was left as it came.
    #[error("{field} is still to be filled in: {value}")]
    Placeholder {
        /// Its name.
        field: String,
        /// What it says.
        value: String,
    },
    /// A key can't be used.
    #[error("{field} names no key")]
    Key {
        /// The key's name.
        field: &'static str,
        /// Why.
        source: KeyError,
    },
    /// A value is out of its range.
    #[error("{field}: {why}")]
    Value {
        /// Its name.
        field: &'static str,
        /// Why, and what to do.
        why: String,
    },
}

/// A plan whose keys and program were read.
#[derive(Debug)]
pub struct Plan {
    /// Pays every fee, rent and bond.
    pub payer: Key,
    /// The program.
    pub program: ProgramPlan,
    /// The mint.
    pub mint: MintPlan,
    /// The network.
    pub network: NetworkPlan,
    /// Keys of the oracles, none twice.
    pub oracles: Vec<Address>,
    /// Shards that are open at the least.
    pub shards: u32,
}

/// What the plan says of the program.
#[derive(Debug)]
pub struct ProgramPlan {
    /// Its ID; the key signs the first deployment.
    pub id: Key,
    /// The file of its bytes.
    pub artifact_path: PathBuf,
    /// Its bytes.
    pub artifact: Vec<u8>,
    /// Signs the deployment and every upgrade.
    pub upgrade_authority: Key,
    /// What becomes of the right to upgrade then.
    pub hand_over: HandOver,
}

/// What becomes of the right to upgrade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandOver {
    /// It stays.
    Keep,
    /// Somebody else gets it.
    To(Address),
    /// Nobody has it, for ever.
    GiveUp,
}

/// What the plan says of the mint.
#[derive(Debug)]
pub struct MintPlan {
    /// Its address; with its secret it is created if it is not there, without it is adopted.
    pub key: Key,
    /// SPL Token or Token-2022.
    pub token_program: Address,
    /// Digits behind the point.
    pub decimals: u8,
}

/// What the plan says of the network.
#[derive(Debug)]
pub struct NetworkPlan {
    /// Creates the network and sets its rules; mints until then.
    pub authority: Key,
    /// When epoch 0 begins.
    pub genesis: Genesis,
    /// Everything else; the genesis in it does not count.
    pub params: NetworkParams,
}

/// When epoch 0 begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Genesis {
    /// At a Unix second.
    At(i64),
    /// So many seconds after the network is created.
    In(u32),
}

impl Plan {
    /// Reads a plan, the program and the keys that it names.
    ///
    /// - `payer`: who pays instead of whom the plan names.
    pub fn read(path: &Path, payer: Option<Keypair>) -> Result<Self, PlanError> {
        let text = read(path).and_then(|bytes| {
            String::from_utf8(bytes).map_err(|error| PlanError::Io {
                path: path.to_owned(),
                source: io::Error::new(io::ErrorKind::InvalidData, error),
            })
        })?;
        let not_toml = |error| PlanError::Toml { path: path.to_owned(), source: Box::new(error) };
        let table: Table = toml::from_str(&text).map_err(not_toml)?;
        if let Some((field, value)) = placeholder(&table) {
            return Err(PlanError::Placeholder { field, value });
        }
        // From the text again: its errors name line and column.
        let file: PlanFile = toml::from_str(&text).map_err(not_toml)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::resolve(file, folder, payer)
    }

    fn resolve(file: PlanFile, folder: &Path, payer: Option<Keypair>) -> Result<Self, PlanError> {
        let key = |field, text: &str| Key::read(text, folder).map_err(|source| PlanError::Key { field, source });
        let payer = match payer {
            Some(payer) => payer.into(),
            None => key("payer", &file.payer)?,
        };
        let hand_over = match file.program.hand_over_to.as_deref() {
            None => HandOver::Keep,
            Some(NOBODY) => HandOver::GiveUp,
            Some(text) => HandOver::To(key("program.hand_over_to", text)?.address()),
        };
        let artifact_path = resolve(&file.program.artifact, folder);
        let program = ProgramPlan {
            id: key("program.id", &file.program.id)?,
            artifact: read(&artifact_path)?,
            artifact_path,
            upgrade_authority: key("program.upgrade_authority", &file.program.upgrade_authority)?,
            hand_over,
        };
        let mint = MintPlan {
            key: key("mint.key", &file.mint.key)?,
            token_program: file.mint.token_program.address(),
            decimals: file.mint.decimals,
        };
        let oracles = file.oracles.keys.iter().map(|text| key("oracles.keys", text).map(|key| key.address()));
        let oracles = oracles.collect::<Result<Vec<_>, _>>()?;
        let authority = key("network.authority", &file.network.authority)?;
        let (genesis, params) = rules::params(&file.network, |field, text| key(field, text).map(|key| key.address()))?;
        check_oracles(&oracles, params.policy.quorum)?;
        let network = NetworkPlan { authority, genesis, params };
        Ok(Self { payer, program, mint, network, oracles, shards: file.shards.count })
    }

    /// Where the network is or will be.
    pub fn network_address(&self) -> Address {
        address::network(&self.mint.key.address(), self.network.params.id)
    }

    /// Who may upgrade the program when everything is done.
    pub fn final_authority(&self) -> Option<Address> {
        match self.program.hand_over {
            HandOver::Keep => Some(self.program.upgrade_authority.address()),
            HandOver::To(next) => Some(next),
            HandOver::GiveUp => None,
        }
    }

    /// Those of `keys` that sign beside the payer.
    pub fn signers<'a>(&self, keys: &[&'a Keypair]) -> Vec<&'a Keypair> {
        keys.iter().copied().filter(|key| key.pubkey() != self.payer.address()).collect()
    }
}

/// The program refuses more oracles than twice the quorum allows; with fewer than the quorum, nothing would ever score.
fn check_oracles(oracles: &[Address], quorum: u8) -> Result<(), PlanError> {
    let wrong = |why| Err(PlanError::Value { field: "oracles.keys", why });
    let (count, quorum) = (oracles.len(), usize::from(quorum));
    if let Some((place, twice)) = oracles.iter().enumerate().find(|(place, key)| oracles[..*place].contains(key)) {
        return wrong(format!("number {} is {twice}, which stands before; name each once", place + 1));
    }
    if count > MAX_ORACLES {
        return wrong(format!("{count} are named, and {MAX_ORACLES} is the most; leave some out"));
    }
    if count >= 2 * quorum {
        return wrong(format!(
            "{count} are named, of which the quorum {quorum} must be more than half; raise the quorum"
        ));
    }
    if count < quorum {
        return wrong(format!("{count} are named, and nothing counts that fewer than {quorum} measured; name more"));
    }
    Ok(())
}

/// The first value that is still to be filled in, and its name.
fn placeholder(table: &Table) -> Option<(String, String)> {
    fn find(name: &str, value: &Value) -> Option<(String, String)> {
        match value {
            Value::String(text) if text.starts_with(PLACEHOLDER) => Some((name.to_owned(), text.clone())),
            Value::Array(values) => values.iter().find_map(|value| find(name, value)),
            Value::Table(table) => table.iter().find_map(|(key, value)| find(&format!("{name}.{key}"), value)),
            _ => None,
        }
    }
    table.iter().find_map(|(key, value)| find(key, value))
}

fn read(path: &Path) -> Result<Vec<u8>, PlanError> {
    fs::read(path).map_err(|source| PlanError::Io { path: path.to_owned(), source })
}
