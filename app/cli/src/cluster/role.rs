//! Who signs beside whoever pays.

use std::path::PathBuf;

use solana_keypair::Keypair;

use crate::failure::Failure;
use crate::keypair_file::read_keypair;

/// The network's authority.
#[derive(Debug, Clone, clap::Args)]
pub struct AuthorityArgs {
    /// Key file of the network's authority [default: the key that pays]
    #[arg(long, value_name = "FILE")]
    authority: Option<PathBuf>,
}

impl AuthorityArgs {
    /// The key.
    pub fn read(&self, payer: &Keypair) -> Result<Keypair, Failure> {
        match &self.authority {
            Some(path) => read_keypair(path).map_err(|error| Failure::usage("read the authority's key", error)),
            None => Ok(payer.insecure_clone()),
        }
    }
}
