//! Which network a command works on.

use solana_address::Address;
use stipend_client::ledger::{Accounts, Search};
use stipend_client::program::state::Network;
use stipend_client::reader::{networks, ReadError, Reader};

use crate::failure::Failure;

const DOING: &str = "choose the network";

/// The network of a command that ends.
#[derive(Debug, Clone, clap::Args)]
pub struct NetworkArgs {
    /// The network's address [default: the only one there is]
    #[arg(short, long, value_name = "ADDRESS", env = "STIPEND_NETWORK")]
    network: Option<Address>,
}

impl NetworkArgs {
    /// The network that is named, or else the only one there is.
    pub fn find(&self, accounts: &mut impl Search) -> Result<Address, Failure> {
        if let Some(network) = self.network {
            return Ok(network);
        }
        let all = networks(accounts).map_err(|error| Failure::settling(DOING, error))?;
        if let [network] = all.as_slice() {
            return Ok(*network);
        }
        let names: Vec<_> = all.iter().map(Address::to_string).collect();
        let cause = match names.len() {
            0 => "there is none here; name another cluster, or create one".to_owned(),
            count => format!("there are {count}; name one with --network: {}", names.join(", ")),
        };
        Err(Failure::usage(DOING, cause))
    }

    /// The same, with its account. An address that is not a network's is a usage error.
    pub fn read(&self, accounts: &mut impl Search) -> Result<(Address, Network), Failure> {
        let address = self.find(accounts)?;
        read_network(accounts, address)
    }
}

/// The network of a service. It is always named: anybody can create a second network, and "the only one" would fail at the
/// next restart.
#[derive(Debug, Clone, clap::Args)]
pub struct NamedNetworkArgs {
    /// The network's address
    #[arg(short, long, value_name = "ADDRESS", env = "STIPEND_NETWORK")]
    network: Address,
}

impl NamedNetworkArgs {
    /// The network's address and account. An address that is not a network's is a usage error, which waiting can't mend.
    pub fn read(&self, accounts: &mut impl Accounts) -> Result<(Address, Network), Failure> {
        read_network(accounts, self.network)
    }
}

fn read_network(accounts: &mut impl Accounts, address: Address) -> Result<(Address, Network), Failure> {
    match Reader::new(accounts, address).network() {
        Ok(network) => Ok((address, network)),
        Err(error @ (ReadError::Missing { .. } | ReadError::Decode { .. })) => Err(Failure::usage(DOING, error)),
        Err(error) => Err(Failure::settling(DOING, error)),
    }
}

#[cfg(all(test, feature = "demo"))]
mod tests {
    use super::*;
    use crate::failure::ExitKind;
    use stipend_demo::embedded_ledger;

    #[test]
    fn an_address_that_is_no_network_is_a_usage_error_at_once() {
        let mut ledger = embedded_ledger(0).expect("a VM");
        let nowhere = Address::new_from_array([1; 32]);
        // There is such an account, and it is a program.
        for address in [nowhere, stipend_client::program::ID] {
            let failure = NamedNetworkArgs { network: address }.read(&mut ledger).expect_err("no network");

            let text =
                format!("failed to choose the network: there is no network at {address}; name one of this cluster");
            assert_eq!((failure.exit_kind(), failure.to_string()), (ExitKind::Usage, text));
        }
    }
}
