//! What every command that only reads begins and ends with.

use std::io::{self, Write};

use serde::Serialize;
use solana_address::Address;

use super::{NetworkArgs, Origin, OriginArgs};
use crate::failure::Failure;
use crate::print::{print, print_list, Format};

/// Which network, where its accounts are, and what to print.
#[derive(Debug, clap::Args)]
pub struct ReadingArgs {
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    origin: OriginArgs,
    /// What to print on stdout
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

impl ReadingArgs {
    /// The accounts, and the network among them.
    pub fn open(&self) -> Result<(Origin, Address), Failure> {
        let mut accounts = self.origin.open()?;
        let network = self.network.find(&mut accounts)?;
        Ok((accounts, network))
    }

    /// The same of a command whose result is no list: CSV of it is wrong usage.
    pub fn open_one(&self) -> Result<(Origin, Address), Failure> {
        self.output.check_no_list()?;
        self.open()
    }

    /// Prints the result on stdout.
    pub fn print(
        &self,
        stdout: &mut dyn Write,
        result: &impl Serialize,
        write_table: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        print(stdout, self.output, result, write_table)
    }

    /// The same of a list, whose `rows` are what CSV has.
    pub fn print_list<T: Serialize>(
        &self,
        stdout: &mut dyn Write,
        result: &impl Serialize,
        rows: &[T],
        write_table: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        print_list(stdout, self.output, result, rows, write_table)
    }
}
