//! Oracles: they come and go, leave bonds, bind themselves to evidence, and are caught.

use super::{build, ReportBatch};
use crate::address;
use anchor_lang::{system_program, InstructionData};
use solana_address::Address;
use solana_instruction::Instruction;
use stipend::{
    accounts,
    constants::INCINERATOR_ID,
    instruction::{self as data},
    signature::{ED25519_PROGRAM_ID, INSTRUCTIONS_SYSVAR_ID, STATEMENT_HEADER},
};

/// Adds an oracle from the next epoch on.
///
/// - `payer`: pays the bond that the network asks for.
pub fn add_oracle(payer: &Address, authority: &Address, network: &Address, oracle: &Address) -> Instruction {
    let accounts = accounts::AddOracle {
        payer: *payer,
        authority: *authority,
        network: *network,
        system_program: system_program::ID,
    };
    build(accounts, data::AddOracle { oracle: *oracle })
}

/// Pays the bond of a removed oracle back to `payer`, who left it.
pub fn withdraw_bond(network: &Address, payer: &Address, oracle: &Address) -> Instruction {
    build(accounts::WithdrawBond { network: *network, payer: *payer }, data::WithdrawBond { oracle: *oracle })
}

/// The data of `commit_evidence`: what an oracle signs where somebody else sends it.
pub fn evidence_data(domain: [u8; 8], report: &Address, epoch: u32, evidence: [u8; 32]) -> Vec<u8> {
    data::CommitEvidence { domain, report: *report, epoch, evidence }.data()
}

/// Binds an oracle to its raw data of a shard and epoch, in a transaction that it signs itself.
///
/// - `evidence`: SHA-256 of the raw data.
pub fn commit_evidence(
    oracle: &Address,
    network: &Address,
    shard: &Address,
    domain: [u8; 8],
    epoch: u32,
    evidence: [u8; 32],
) -> Instruction {
    let report = address::report(shard, oracle);
    let accounts = accounts::CommitEvidence { network: *network, report, witness: *oracle };
    let mut instruction = build(accounts, data::CommitEvidence { domain, report, epoch, evidence });
    if let Some(witness) = instruction.accounts.last_mut() {
        witness.is_signer = true;
    }
    instruction
}

/// The other side of a proof that an oracle signed two values for one slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contradicted {
    /// What the report's account holds.
    Recorded,
    /// Another batch that the oracle signed.
    Signed(ReportBatch, [u8; 64]),
}

/// Proves that an oracle signed two values for one slot: two or three instructions, to be put one directly after the other.
///
/// - `prover`: gets a part of the bond; `batch`, `signature`: what the oracle signed.
pub fn prove_equivocation(
    prover: &Address,
    network: &Address,
    shard: &Address,
    oracle: &Address,
    (batch, signature): (&ReportBatch, &[u8; 64]),
    contradicted: &Contradicted,
) -> Vec<Instruction> {
    let report = address::report(shard, oracle);
    let mut instructions = Vec::new();
    if let Contradicted::Signed(other, signature) = contradicted {
        instructions.push(statement(oracle, &other.to_data(&report), signature));
    }
    instructions.push(statement(oracle, &batch.to_data(&report), signature));
    let accounts = accounts::ProveEquivocation {
        prover: *prover,
        network: *network,
        report,
        incinerator: INCINERATOR_ID,
        instructions: INSTRUCTIONS_SYSVAR_ID,
    };
    let is_recorded = *contradicted == Contradicted::Recorded;
    instructions.push(build(accounts, data::ProveEquivocation { is_recorded }));
    instructions
}

/// An ed25519 instruction that holds the message itself.
pub fn statement(key: &Address, message: &[u8], signature: &[u8; 64]) -> Instruction {
    let mut check = STATEMENT_HEADER.to_vec();
    // A message of more than 65,535 bytes fits no transaction; saturated, the program refuses it.
    check.extend_from_slice(&u16::try_from(message.len()).unwrap_or(u16::MAX).to_le_bytes());
    check.extend_from_slice(&[0xff, 0xff]);
    check.extend_from_slice(key.as_ref());
    check.extend_from_slice(signature);
    check.extend_from_slice(message);
    Instruction { program_id: ED25519_PROGRAM_ID, accounts: Vec::new(), data: check }
}
