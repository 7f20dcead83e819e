//! `stipend oracle sign`

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use solana_address::Address;
use stipend_client::address;
use stipend_client::batch::{self, cut, relayed_nodes, BatchFileError, SignedBatch};
use stipend_client::ledger::TransactionFormat;
use stipend_client::measurement::Measurements;
use stipend_client::slots::Slots;

use crate::failure::Failure;
use crate::keypair_file::read_key;
use crate::output_file::{is_same_file, write_output_file, Existing, Privacy};

const DOING: &str = "sign the measurements";

/// What the help says below the options.
const RULES: &str =
    "For each epoch, each shard of the slots file is signed in batches, each of which fits one transaction that anybody may send: up to 110 slots \
    in one of 1,232 bytes, which every cluster takes, and 280 in one of version 1. A slot that the measurement file has no row for is not measured; a shard of \
    which nothing was measured gets one empty batch, which says so. Sign an epoch once, and keep the file: whoever signs two \
    values for one slot forfeits the oracle's bond. The layout of the file is documented in \
    the README of the command.";

#[derive(Debug, clap::Args)]
#[command(after_help = RULES)]
pub struct Args {
    /// What was measured
    #[arg(value_name = "MEASUREMENTS")]
    measurements: PathBuf,
    /// The oracle's key, as `stipend oracle keygen` makes it
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The network's address, in base58
    #[arg(long, value_name = "ADDRESS")]
    network: Address,
    /// The domain that the network's account shows: 16 hex digits
    #[arg(long, value_name = "HEX", value_parser = parse_domain)]
    domain: [u8; 8],
    /// Where each node's slot is: CSV with the header `node,shard,slot`
    #[arg(long, value_name = "CSV")]
    slots: PathBuf,
    /// Sign this epoch; may be repeated [default: all epochs of the file]
    #[arg(long, value_name = "EPOCH")]
    epoch: Vec<u32>,
    /// What each batch is to fit: a transaction of 1,232 bytes (small) or of 4,096 (v1)
    #[arg(long, value_name = "FORMAT", default_value = "small")]
    transactions: FormatArg,
    /// The file of signed batches to make; replaced if it exists
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// A format of transactions.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum FormatArg {
    Small,
    V1,
}

impl From<FormatArg> for TransactionFormat {
    fn from(asked: FormatArg) -> Self {
        match asked {
            FormatArg::Small => Self::Small,
            FormatArg::V1 => Self::V1,
        }
    }
}

/// Two digits a byte, in the order in which the bytes lie in the account.
fn parse_domain(text: &str) -> Result<[u8; 8], &'static str> {
    let refused = "a domain is 16 hex digits, as the network's account shows it";
    if text.len() != 16 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(refused);
    }
    u64::from_str_radix(text, 16).map(u64::to_be_bytes).map_err(|_| refused)
}

pub fn run(args: &Args) -> Result<(), Failure> {
    let inputs: [(&Path, &str); 3] =
        [(&args.key, "the key"), (&args.measurements, "the measurements"), (&args.slots, "the slots")];
    for (input, content) in inputs {
        if is_same_file(input, &args.out) {
            let cause = format!("`{}` holds {content}; choose another name for --out", args.out.display());
            return Err(Failure::usage(DOING, cause));
        }
    }
    let key = read_key(&args.key).map_err(|error| Failure::usage(DOING, error))?;
    let measurements = Measurements::read(&args.measurements).map_err(|error| Failure::usage(DOING, error))?;
    let slots = Slots::read(&args.slots).map_err(|error| Failure::usage(DOING, error))?;
    let epochs = epochs(args, &measurements)?;

    let mut batches = Vec::new();
    for epoch in &epochs {
        let shards = slots.entries(measurements.epoch(*epoch)).map_err(|error| {
            Failure::usage(DOING, format!("`{}`: {error} in `{}`", args.measurements.display(), args.slots.display()))
        })?;
        for (index, entries) in shards {
            let shard = address::shard(&args.network, index);
            let cut = cut(args.domain, *epoch, &entries, relayed_nodes(args.transactions.into()));
            batches.extend(cut.iter().map(|batch| SignedBatch::new(&key, &args.network, &shard, batch)));
        }
    }
    write_output_file(&args.out, Privacy::Everybody, Existing::Replace, |output| {
        batch::write(&batches, output).map_err(|error| match error {
            BatchFileError::Io(error) => error,
            other => std::io::Error::other(other),
        })
    })
    .map_err(|error| Failure::usage("write the signed batches", error))?;

    let oracle = Address::from(key.verifying_key().to_bytes());
    eprintln!(
        "batches of oracle {oracle} written to `{}`: {} (epochs: {})",
        args.out.display(),
        batches.len(),
        epochs.len()
    );
    Ok(())
}

/// The epochs to sign, each of which is measured.
fn epochs(args: &Args, measurements: &Measurements) -> Result<BTreeSet<u32>, Failure> {
    let measured: BTreeSet<u32> = measurements.rows().iter().map(|row| row.epoch).collect();
    let file = args.measurements.display();
    if measured.is_empty() {
        return Err(Failure::usage(DOING, format!("`{file}` holds no measurement; there is nothing to sign")));
    }
    if args.epoch.is_empty() {
        return Ok(measured);
    }
    match args.epoch.iter().find(|epoch| !measured.contains(epoch)) {
        Some(epoch) => {
            Err(Failure::usage(DOING, format!("`{file}` has no row of epoch {epoch}; name an epoch that was measured")))
        }
        None => Ok(args.epoch.iter().copied().collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_read_byte_by_byte() {
        assert_eq!(parse_domain("00010203a0B0ff10"), Ok([0, 1, 2, 3, 0xa0, 0xb0, 0xff, 0x10]));
        assert!(parse_domain("+0010203a0b0ff10").is_err());
        assert!(parse_domain("00010203a0b0ff").is_err());
        assert!(parse_domain("00010203a0b0ffé").is_err());
    }
}
