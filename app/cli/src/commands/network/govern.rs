//! What the commands have in common that one signature of a role does.

use std::io::{self, Write};

use serde::Serialize;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer as _;

use crate::cluster::{carry_out, AuthorityArgs, ClusterArgs, ConsentArgs, Done, NetworkArgs, PayerArgs, Step};
use crate::failure::Failure;
use crate::print::{print, Format};

#[derive(Debug, clap::Args)]
pub struct GovernArgs {
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    authority: AuthorityArgs,
    #[command(flatten)]
    payer: PayerArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
    #[command(flatten)]
    consent: ConsentArgs,
    /// What to print on stdout
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

/// The JSON object; its fields are documented in `app/cli/README.md`.
#[derive(Debug, Serialize)]
struct Outcome {
    network: String,
    effect: String,
    done: Done,
}

impl GovernArgs {
    /// Does one thing to a network.
    ///
    /// - `doing` reads well after "failed to", `effect` after "will"; `build` takes who signs, and the network.
    pub fn act(
        &self,
        doing: &str,
        effect: String,
        build: impl FnOnce(&Address, &Address) -> Instruction,
        stdout: &mut dyn Write,
    ) -> Result<(), Failure> {
        self.consent.check(doing)?;
        self.output.check_no_list()?;
        let payer = self.payer.read(&self.cluster)?;
        let authority = self.authority.read(&payer)?;
        let mut ledger = self.cluster.connect()?;
        let network = self.network.find(&mut ledger)?;
        let step = Step::new(effect.clone(), vec![build(&authority.pubkey(), &network)]);
        let done = carry_out(&mut ledger, &payer, doing, &[step], &[&authority], &self.consent)?;
        let outcome = Outcome { network: network.to_string(), effect, done };
        print(stdout, self.output, &outcome, |out: &mut dyn Write| -> io::Result<()> {
            writeln!(out, "Network  {}", outcome.network)?;
            let done = if outcome.done.sent { "Done" } else { "Not done" };
            writeln!(out, "{done}: {}", outcome.effect)
        })
    }
}
