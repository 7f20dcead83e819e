//! Reports: what an oracle signs, and how it reaches the program.

use crate::address;
use anchor_lang::{InstructionData, ToAccountMetas};
use solana_address::Address;
use solana_instruction::Instruction;
use stipend::{
    accounts,
    instruction::{self as data},
    signature::{ED25519_HEADER, ED25519_PROGRAM_ID, INSTRUCTIONS_SYSVAR_ID},
    state::EntryBytes,
    ID,
};

/// What a batch of measurements says; its bytes are what an oracle signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportBatch {
    /// The domain that the network's account shows.
    pub domain: [u8; 8],
    /// The epoch that was measured.
    pub epoch: u32,
    /// Slots that the oracle measured in this shard and epoch, over all batches.
    pub total: u16,
    /// Slot of the first measurement.
    pub first_slot: u16,
    /// [`Entry`](stipend::state::Entry)s, end to end.
    pub measurements: Vec<u8>,
}

impl ReportBatch {
    /// The data of the `submit_report` instruction: exactly what is signed.
    pub fn to_data(&self, report: &Address) -> Vec<u8> {
        data::SubmitReport {
            domain: self.domain,
            report: *report,
            epoch: self.epoch,
            total: self.total,
            first_slot: self.first_slot,
            measurements: EntryBytes(self.measurements.clone()),
        }
        .data()
    }
}

/// Reports a batch in a transaction that the oracle signs itself.
pub fn submit_report(oracle: &Address, network: &Address, shard: &Address, batch: &ReportBatch) -> Instruction {
    submit_signed_data(oracle, network, shard, batch.to_data(&address::report(shard, oracle)))
}

/// The same, of the data that [`ReportBatch::to_data`] gave.
pub fn submit_signed_data(oracle: &Address, network: &Address, shard: &Address, data: Vec<u8>) -> Instruction {
    let report = address::report(shard, oracle);
    let mut instruction = submit_data(network, shard, &report, oracle, data);
    if let Some(witness) = instruction.accounts.last_mut() {
        witness.is_signer = true;
    }
    instruction
}

/// Reports a batch that an oracle signed elsewhere: two instructions, to be put one directly after the other.
///
/// - `data`: what [`ReportBatch::to_data`] gave; `signature`: the oracle's, of exactly those bytes.
/// - `index`: place of the second instruction in the transaction; 1 if nothing comes before.
pub fn relay_report(
    oracle: &Address,
    network: &Address,
    shard: &Address,
    data: Vec<u8>,
    signature: &[u8; 64],
    index: u16,
) -> [Instruction; 2] {
    // A message of more than 65,535 bytes fits no transaction; saturated, the program refuses it.
    let len = u16::try_from(data.len()).unwrap_or(u16::MAX);
    let mut check = ED25519_HEADER.to_vec();
    check.extend_from_slice(&len.to_le_bytes());
    check.extend_from_slice(&index.to_le_bytes());
    check.extend_from_slice(oracle.as_ref());
    check.extend_from_slice(signature);
    let check = Instruction { program_id: ED25519_PROGRAM_ID, accounts: Vec::new(), data: check };
    let report = address::report(shard, oracle);
    [check, submit_data(network, shard, &report, &INSTRUCTIONS_SYSVAR_ID, data)]
}

fn submit_data(network: &Address, shard: &Address, report: &Address, witness: &Address, data: Vec<u8>) -> Instruction {
    let accounts = accounts::SubmitReport { network: *network, shard: *shard, report: *report, witness: *witness };
    Instruction { program_id: ID, accounts: accounts.to_account_metas(None), data }
}
