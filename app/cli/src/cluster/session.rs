//! What every command that writes begins and ends with.

use std::io::{self, Write};

use serde::Serialize;
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer as _;
use stipend_client::rpc::RpcLedger;

use super::{carry_out, ClusterArgs, ConsentArgs, Done, PayerArgs, Step};
use crate::failure::Failure;
use crate::print::{print, Format};

/// Who pays, where, whether to ask, and what to print.
#[derive(Debug, Clone, clap::Args)]
pub struct SessionArgs {
    #[command(flatten)]
    payer: PayerArgs,
    #[command(flatten)]
    consent: ConsentArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
    /// What to print on stdout
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

impl SessionArgs {
    /// Rejects what can't end well whatever the cluster says: nobody to ask, CSV of what is no list.
    ///
    /// - `doing`: what reads well after "failed to".
    pub fn check(&self, doing: &str) -> Result<(), Failure> {
        self.consent.check(doing)?;
        self.output.check_no_list()
    }

    /// Checks, reads the payer's key and connects. No request is sent yet.
    pub fn open(&self, doing: &'static str) -> Result<Session<'_>, Failure> {
        self.check(doing)?;
        let payer = self.payer.read(&self.cluster)?;
        let ledger = self.cluster.connect()?;
        Ok(Session { args: self, doing, payer, ledger })
    }
}

/// One run of a command that writes.
pub struct Session<'a> {
    args: &'a SessionArgs,
    doing: &'static str,
    pub payer: Keypair,
    pub ledger: RpcLedger,
}

impl Session<'_> {
    /// The payer's address.
    pub fn payer_address(&self) -> Address {
        self.payer.pubkey()
    }

    /// Shows the steps, asks, and sends them: see [`carry_out`].
    ///
    /// - `signers`: beside the payer.
    pub fn carry_out(&mut self, steps: &[Step], signers: &[&Keypair]) -> Result<Done, Failure> {
        carry_out(&mut self.ledger, &self.payer, self.doing, steps, signers, &self.args.consent)
    }

    /// Prints the result on stdout.
    pub fn print(
        &self,
        stdout: &mut dyn Write,
        result: &impl Serialize,
        write_table: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        print(stdout, self.args.output, result, write_table)
    }
}
