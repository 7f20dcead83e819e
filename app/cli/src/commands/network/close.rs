//! `stipend network close`

use std::io::Write;

use serde::Serialize;
use solana_address::Address;
use solana_signer::Signer as _;
use stipend_client::closing::{plan_closing, ClosingError};
use stipend_client::ledger::Search;

use crate::closing::closing_words;
use crate::cluster::{AuthorityArgs, Done, NetworkArgs, SessionArgs, Step};
use crate::failure::{ExitKind, Failure};

const DOING: &str = "close the network";

/// What the help says below the options.
const NOTES: &str = "Everybody must have been paid: nodes retire and are closed first, by `stipend node`. Vacant slots, reports, shards, \
    directories and bonds of removed oracles go back to whoever paid for them. With the first network of a mint, nobody can mint any more, unless no \
    epoch was ever closed.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub struct Args {
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    authority: AuthorityArgs,
    #[command(flatten)]
    session: SessionArgs,
}

/// The JSON object; its fields are documented in `app/cli/README.md`.
#[derive(Debug, Serialize)]
struct Outcome {
    network: String,
    mint: String,
    done: Done,
}

pub fn run(args: &Args, stdout: &mut dyn Write) -> Result<(), Failure> {
    let mut session = args.session.open(DOING)?;
    let authority = args.authority.read(&session.payer)?;
    let (address, network) = args.network.read(&mut session.ledger)?;
    let steps = plan(&mut session.ledger, &address, &authority.pubkey())?;
    let done = session.carry_out(&steps, &[&authority])?;
    let outcome = Outcome { network: address.to_string(), mint: network.mint.to_string(), done };
    session.print(stdout, &outcome, |out| {
        let is = if outcome.done.sent { "is closed" } else { "could be closed; nothing was sent" };
        writeln!(out, "Network {} {is}", outcome.network)
    })
}

/// All that is to be done, in its order.
fn plan(ledger: &mut impl Search, address: &Address, authority: &Address) -> Result<Vec<Step>, Failure> {
    let steps = plan_closing(ledger, address, authority).map_err(|error| match error {
        ClosingError::Read(error) => Failure::settling(DOING, error),
        in_use => Failure::new(ExitKind::Refused, DOING, in_use),
    })?;
    Ok(steps.into_iter().map(|step| Step::new(closing_words(&step.closes), step.instructions)).collect())
}

#[cfg(all(test, feature = "demo"))]
mod tests {
    use solana_keypair::Keypair;
    use stipend_client::embedded::EmbeddedLedger;
    use stipend_client::instruction;
    use stipend_client::ledger::{Accounts as _, Ledger as _, TransactionFormat};
    use stipend_client::network_client::NetworkClient;
    use stipend_client::reports::missing_reports;

    use super::super::create::tests::opened;
    use super::super::open_reports;
    use super::*;

    const ORACLE: Address = Address::new_from_array([1; 32]);

    /// A network with an oracle, its bond, and a node's shard with all reports open.
    fn in_use() -> (EmbeddedLedger, Address, Keypair) {
        let (mut ledger, address, payer) = opened(&["--oracle-bond-lamports", "7000000"]);
        let key = payer.pubkey();
        let add = instruction::add_oracle(&key, &key, &address, &ORACLE);
        ledger.send(&payer, &[add], &[]).expect("added");
        let mut client = NetworkClient::new(&mut ledger, &payer, address);
        client.register(&Keypair::new_from_array([2; 32]), None, &key).expect("registered");
        let network = client.network().expect("a network");
        let missing = missing_reports(&mut ledger, &address, &network, &[ORACLE]).expect("read");
        for step in open_reports::steps(TransactionFormat::Small, &key, &address, &missing) {
            ledger.send(&payer, &step.instructions, &[]).expect("opened");
        }
        assert_eq!(missing_reports(&mut ledger, &address, &network, &[ORACLE]).expect("read"), []);
        (ledger, address, payer)
    }

    fn refusal(ledger: &mut EmbeddedLedger, address: &Address, payer: &Keypair) -> String {
        let refused = plan(ledger, address, &payer.pubkey()).expect_err("in use");
        assert_eq!(refused.exit_kind(), ExitKind::Refused);
        refused.to_string()
    }

    #[test]
    fn a_network_is_closed_with_all_that_is_left_of_it_once_nobody_needs_it() {
        let (mut ledger, address, payer) = in_use();
        let (key, device) = (payer.pubkey(), Keypair::new_from_array([2; 32]).pubkey());
        assert_eq!(
            refusal(&mut ledger, &address, &payer),
            "failed to close the network: nodes left: 1; retire, pay and close them first"
        );

        // Before the genesis: the node leaves, and so does the oracle, at once.
        let shard = stipend_client::address::shard(&address, 0);
        let retire = instruction::retire_node(&key, &address, &shard, &device, [0; 32]);
        let close = instruction::close_node(&address, &shard, &device, &key, &key);
        let remove = instruction::remove_oracle(&key, &address, &ORACLE, true);
        ledger.send(&payer, &[retire, remove], &[]).expect("left");
        // Epoch 0 is closed without them: it began 300 s behind the VM's first moment, and lasts a day.
        ledger.warp_to(1_700_000_300 + 86_400 + 43_200);
        let mut client = NetworkClient::new(&mut ledger, &payer, address);
        client.close_until(0).expect("closed");
        ledger.send(&payer, &[close], &[]).expect("closed");
        assert_eq!(
            refusal(&mut ledger, &address, &payer),
            "failed to close the network: a slot was vacated in epoch 1, which a report may still name; close that epoch first"
        );
        ledger.warp_to(1_700_000_300 + 2 * 86_400 + 43_200);
        NetworkClient::new(&mut ledger, &payer, address).close_until(1).expect("closed");

        let stranger = plan(&mut ledger, &address, &ORACLE).expect_err("not the authority's");
        assert_eq!(
            (stranger.exit_kind(), stranger.to_string()),
            (
                ExitKind::Refused,
                format!("failed to close the network: {ORACLE} is not the network's authority; sign with the authority: --authority")
            )
        );

        let steps = plan(&mut ledger, &address, &key).expect("a plan");
        for step in &steps {
            ledger.send(&payer, &step.instructions, &[]).expect("done");
        }

        let effects: Vec<_> = steps.iter().map(|step| step.effect.clone()).collect();
        assert_eq!(
            effects,
            [
                "take 1 vacant slot off shard 0".to_owned(),
                "close 1 report of shard 0".to_owned(),
                "close shard 0".to_owned(),
                "close 1 directory".to_owned(),
                format!("pay the bond of 0.007000000 SOL back to {key}"),
                format!("close the network; {key} gets its rent"),
            ]
        );
        assert!(ledger.account(&address).expect("read").is_none());
    }
}
