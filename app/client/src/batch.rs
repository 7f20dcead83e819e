//! Measurements that an oracle signed, in a file that anybody can relay.
//!
//! The file is Borsh, all numbers little-endian:
//!
//! | bytes | content |
//! |---|---|
//! | 8 | `STPBATCH` |
//! | 2 | version of the layout, u16: 1 |
//! | 4 | number of batches, u32; then each of them, a [`SignedBatch`]: |
//! | 32, 32, 32 | network, shard, the oracle's ed25519 key |
//! | 4 | length of the data, u32 |
//! | that many | data of the `submit_report` instruction, which is what is signed |
//! | 64 | the oracle's ed25519 signature of the data |
//!
//! The data is in turn: the instruction's discriminator (8 bytes), domain (8), report (32), epoch (u32), total (u16), first slot
//! (u16), length of the measurements in bytes (u32), and for each slot bandwidth (u32) and uptime in basis points (u16), where
//! all ones are "not measured". Each batch becomes one transaction, and they may be sent in any order. Nothing in the file is
//! secret, and nothing that counts can be changed without breaking a signature.

use crate::{
    address,
    instruction::{relay_report, submit_signed_data, ReportBatch},
    ledger::TransactionFormat,
};
use anchor_lang::Discriminator;
use borsh::{BorshDeserialize, BorshSerialize};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use solana_address::Address;
use solana_instruction::Instruction;
use std::io;
use stipend::{
    constants::{MAX_RELAYED_SLOTS, MAX_SHARD_SLOTS},
    instruction::SubmitReport,
    state::Entry,
};

/// What a file of signed batches begins with.
pub const MAGIC: [u8; 8] = *b"STPBATCH";
/// The version of the file's layout.
pub const VERSION: u16 = 1;

/// Nodes of a batch that fits one transaction which the oracle signs itself and pays for.
pub const SIGNED_NODES: usize = 150;
/// Nodes of a batch that fits one transaction which relays it.
pub const RELAYED_NODES: usize = 120;
/// Nodes of a batch that fits one transaction which the oracle signs itself, with its limits and a priority fee.
pub const fn signed_nodes(format: TransactionFormat) -> usize {
    match format {
        TransactionFormat::Small => 140,
        TransactionFormat::V1 => MAX_SHARD_SLOTS as usize,
    }
}

/// Nodes of a batch that fits one transaction which relays it, with its limits and a priority fee.
pub const fn relayed_nodes(format: TransactionFormat) -> usize {
    match format {
        TransactionFormat::Small => 110,
        TransactionFormat::V1 => MAX_RELAYED_SLOTS,
    }
}

const _: () = assert!(RELAYED_NODES <= MAX_RELAYED_SLOTS);

/// One batch of an oracle's measurements, signed.
#[derive(BorshDeserialize, BorshSerialize, Clone, Debug, PartialEq, Eq)]
pub struct SignedBatch {
    /// The network.
    pub network: [u8; 32],
    /// The shard that was measured.
    pub shard: [u8; 32],
    /// The oracle's ed25519 key.
    pub oracle: [u8; 32],
    /// Data of the `submit_report` instruction: what is signed.
    pub data: Vec<u8>,
    /// The oracle's signature of `data`.
    pub signature: [u8; 64],
}

/// Why a file of signed batches can't be used.
#[derive(Debug, thiserror::Error)]
pub enum BatchFileError {
    /// It can't be read or written.
    #[error("file of signed batches can't be read or written")]
    Io(#[from] io::Error),
    /// It is something else.
    #[error("file is no file of signed batches: it does not begin with \"STPBATCH\"")]
    NotBatches,
    /// It was made by another version.
    #[error(
        "file has version {found} of the layout, and this program knows version {VERSION}; use the one that made it"
    )]
    Version {
        /// The version of the file.
        found: u16,
    },
    /// A signature does not fit.
    #[error("batch {index} is not signed by its oracle; the file was changed after it was signed, sign again")]
    Signature {
        /// Place of the batch in the file.
        index: usize,
    },
}

impl SignedBatch {
    /// Signs a batch.
    pub fn new(key: &SigningKey, network: &Address, shard: &Address, batch: &ReportBatch) -> Self {
        let oracle = key.verifying_key().to_bytes();
        let data = batch.to_data(&address::report(shard, &Address::from(oracle)));
        let signature = key.sign(&data).to_bytes();
        Self { network: network.to_bytes(), shard: shard.to_bytes(), oracle, data, signature }
    }

    /// Whether the oracle signed exactly this data.
    pub fn is_signed(&self) -> bool {
        let signature = Signature::from_bytes(&self.signature);
        VerifyingKey::from_bytes(&self.oracle).is_ok_and(|key| key.verify_strict(&self.data, &signature).is_ok())
    }

    /// What the data says. `None` if it is no data of a `submit_report` instruction for the report of this shard and oracle.
    pub fn args(&self) -> Option<SubmitReport> {
        let args: SubmitReport = borsh::from_slice(self.data.strip_prefix(SubmitReport::DISCRIMINATOR)?).ok()?;
        let is_own = args.report == self.report();
        (is_own && args.measurements.0.len().is_multiple_of(Entry::SIZE)).then_some(args)
    }

    /// Where the report is that it goes to.
    pub fn report(&self) -> Address {
        address::report(&Address::from(self.shard), &Address::from(self.oracle))
    }

    /// The instruction of a transaction that the oracle signs itself.
    pub fn to_signed_instruction(&self) -> Instruction {
        let [oracle, network, shard] = [self.oracle, self.network, self.shard].map(Address::from);
        submit_signed_data(&oracle, &network, &shard, self.data.clone())
    }

    /// The two instructions that relay it, first in their transaction.
    pub fn to_instructions(&self) -> [Instruction; 2] {
        let [oracle, network, shard] = [self.oracle, self.network, self.shard].map(Address::from);
        relay_report(&oracle, &network, &shard, self.data.clone(), &self.signature, 1)
    }
}

/// Cuts a shard's measurements into batches of at most `nodes` slots; one that measured nothing is one empty batch, which
/// says so.
///
/// - `entries`: one for each slot, from slot 0 on; at most 65,535.
/// - `nodes`: what the transactions have room for; the program takes any number from an oracle that signs its transactions,
///   and at most [`MAX_RELAYED_SLOTS`] that are relayed.
pub fn cut(domain: [u8; 8], epoch: u32, entries: &[Entry], nodes: usize) -> Vec<ReportBatch> {
    let measured = entries.iter().filter(|entry| **entry != Entry::BLANK).count();
    let total = u16::try_from(measured).unwrap_or(u16::MAX);
    let batch = |first_slot: usize, entries: &[Entry]| ReportBatch {
        domain,
        epoch,
        total,
        first_slot: u16::try_from(first_slot).unwrap_or(u16::MAX),
        measurements: bytemuck::cast_slice(entries).to_vec(),
    };
    let batches: Vec<_> = entries
        .chunks(nodes)
        .enumerate()
        .filter(|(_, chunk)| chunk.iter().any(|entry| *entry != Entry::BLANK))
        .map(|(place, chunk)| batch(place * nodes, chunk))
        .collect();
    if batches.is_empty() {
        return vec![batch(0, &[])];
    }
    batches
}

/// Writes a file of signed batches.
pub fn write(batches: &[SignedBatch], mut output: impl io::Write) -> Result<(), BatchFileError> {
    output.write_all(&MAGIC)?;
    output.write_all(&borsh::to_vec(&VERSION)?)?;
    output.write_all(&borsh::to_vec(batches)?)?;
    Ok(())
}

/// Reads a file of signed batches, and checks every signature.
pub fn read(mut input: impl io::Read) -> Result<Vec<SignedBatch>, BatchFileError> {
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes)?;
    let mut rest = bytes.strip_prefix(&MAGIC).ok_or(BatchFileError::NotBatches)?;
    let found = u16::deserialize(&mut rest)?;
    if found != VERSION {
        return Err(BatchFileError::Version { found });
    }
    let batches: Vec<SignedBatch> = borsh::from_slice(rest)?;
    match batches.iter().position(|batch| !batch.is_signed()) {
        Some(index) => Err(BatchFileError::Signature { index }),
        None => Ok(batches),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::wire::{compile, Budget};

    fn entry(uptime_bps: u16) -> Entry {
        Entry::new(Some(uptime_bps), None)
    }

    fn signed() -> SignedBatch {
        let key = SigningKey::from_bytes(&[7; 32]);
        let batch = &cut([1; 8], 3, &[entry(9_000)], 10)[0];
        SignedBatch::new(&key, &Address::new_unique(), &Address::new_unique(), batch)
    }

    #[test]
    fn every_batch_says_how_many_slots_were_measured_in_all() {
        let batches = cut([0; 8], 5, &[entry(1), Entry::BLANK, entry(2)], 2);

        assert_eq!(batches.iter().map(|batch| batch.total).collect::<Vec<_>>(), [2, 2]);
        assert_eq!(batches.iter().map(|batch| batch.first_slot).collect::<Vec<_>>(), [0, 2]);
        // uptime 1 with no bandwidth, then a slot that was not measured
        assert_eq!(batches[0].measurements, [255, 255, 255, 255, 1, 0, 255, 255, 255, 255, 255, 255]);
    }

    #[test]
    fn a_shard_without_a_measurement_is_one_empty_batch() {
        let batches = cut([0; 8], 5, &[Entry::BLANK; 3], 2);

        assert_eq!(batches.len(), 1);
        assert_eq!((batches[0].total, batches[0].measurements.len()), (0, 0));
    }

    #[test]
    fn a_file_gives_back_what_was_written() {
        let batches = vec![signed(), signed()];
        let mut file = Vec::new();
        write(&batches, &mut file).unwrap();

        assert_eq!(read(file.as_slice()).unwrap(), batches);
    }

    #[test]
    fn batches_of_the_most_nodes_fit_a_transaction_of_their_format_with_its_budget() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let (oracle, relayer) = (Address::from(key.verifying_key().to_bytes()), Address::new_unique());
        let (network, shard) = (Address::new_unique(), Address::new_unique());
        let budget = Budget { price: 1, ..Budget::MOST };
        let signed = |nodes: usize| {
            let batch = &cut([1; 8], 3, &vec![entry(9_000); nodes], nodes)[0];
            SignedBatch::new(&key, &network, &shard, batch)
        };
        let fits = |format, payer: &Address, instructions: &[Instruction], budget: Option<&Budget>| {
            compile(format, payer, instructions, budget).is_ok()
        };

        for format in [TransactionFormat::Small, TransactionFormat::V1] {
            let alone = signed(signed_nodes(format)).to_signed_instruction();
            let relayed = signed(relayed_nodes(format)).to_instructions();
            assert!(fits(format, &oracle, &[alone], Some(&budget)), "{format:?}");
            assert!(fits(format, &relayer, &relayed, Some(&budget)), "{format:?}");
        }
        // Without a budget there is room for some more, and for ten more there is none.
        for (nodes, does_fit) in [(0, true), (10, false)] {
            let alone = signed(SIGNED_NODES + nodes).to_signed_instruction();
            let relayed = signed(RELAYED_NODES + nodes).to_instructions();
            assert_eq!(fits(TransactionFormat::Small, &oracle, &[alone], None), does_fit);
            assert_eq!(fits(TransactionFormat::Small, &relayer, &relayed, None), does_fit);
        }
    }

    #[test]
    fn what_was_signed_can_be_read() {
        let signed = signed();

        let args = signed.args().unwrap();

        assert_eq!((args.domain, args.report, args.epoch), ([1; 8], signed.report(), 3));
        assert_eq!((args.total, args.first_slot, args.measurements.0), (1, 0, vec![255, 255, 255, 255, 40, 35]));
        let of_other = SignedBatch { shard: [9; 32], ..signed.clone() };
        let longer = SignedBatch { data: [signed.data.as_slice(), &[0]].concat(), ..signed.clone() };
        let of_nothing = SignedBatch { data: vec![0; 8], ..signed };
        assert!([of_other, longer, of_nothing].iter().all(|batch| batch.args().is_none()));
    }

    #[test]
    fn a_changed_file_is_refused() {
        let mut file = Vec::new();
        write(&[signed()], &mut file).unwrap();

        let mut changed = file.clone();
        changed[8 + 2 + 4 + 96 + 4 + 60] ^= 1;
        assert!(matches!(read(changed.as_slice()), Err(BatchFileError::Signature { index: 0 })));
        assert!(matches!(read(&file[..file.len() - 1]), Err(BatchFileError::Io(_))));
        assert!(matches!(read(&b"epoch,node"[..]), Err(BatchFileError::NotBatches)));
        file[8] = 2;
        assert!(matches!(read(file.as_slice()), Err(BatchFileError::Version { found: 2 })));
    }
}
