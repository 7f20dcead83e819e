//! Builders, one for each instruction of the program.

use crate::address;
use anchor_lang::{system_program, InstructionData, ToAccountMetas};
use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction};
use spl_associated_token_account_interface::instruction::create_associated_token_account_idempotent;
use stipend::{
    accounts,
    instruction::{self as data},
    instructions::NetworkParams,
    signature::{ED25519_HEADER, ED25519_PROGRAM_ID, INSTRUCTIONS_SYSVAR_ID},
    ID,
};

/// Most compute units that a transaction may ask for.
pub const MAX_COMPUTE_UNITS: u32 = 1_400_000;

const COMPUTE_BUDGET: Address = Address::from_str_const("ComputeBudget111111111111111111111111111111");

/// Lets the transaction that it is in use more than the default 200,000 compute units an instruction.
pub fn compute_unit_limit(units: u32) -> Instruction {
    let mut data = vec![2];
    data.extend_from_slice(&units.to_le_bytes());
    Instruction { program_id: COMPUTE_BUDGET, accounts: Vec::new(), data }
}

/// Opens an owner's associated token account, if it is not there.
pub fn open_associated_token(payer: &Address, owner: &Address, mint: &Address, token_program: &Address) -> Instruction {
    create_associated_token_account_idempotent(payer, owner, mint, token_program)
}

fn build(accounts: impl ToAccountMetas, data: impl InstructionData) -> Instruction {
    Instruction { program_id: ID, accounts: accounts.to_account_metas(None), data: data.data() }
}

/// Creates the network `params.id` of `mint`, whose authority signs and becomes the network's.
pub fn create_network(
    payer: &Address,
    authority: &Address,
    mint: &Address,
    token_program: &Address,
    params: NetworkParams,
) -> Instruction {
    let accounts = accounts::CreateNetwork {
        payer: *payer,
        authority: *authority,
        mint: *mint,
        network: address::network(mint, params.id),
        mint_authority: address::mint_authority(mint),
        token_program: *token_program,
        system_program: system_program::ID,
    };
    build(accounts, data::CreateNetwork { params })
}

/// Adds an oracle from the next epoch on.
pub fn add_oracle(authority: &Address, network: &Address, oracle: &Address) -> Instruction {
    let accounts = accounts::AddOracle { authority: *authority, network: *network };
    build(accounts, data::AddOracle { oracle: *oracle })
}

/// Removes an oracle from the next epoch on, or at once.
pub fn remove_oracle(authority: &Address, network: &Address, oracle: &Address, at_once: bool) -> Instruction {
    let accounts = accounts::RemoveOracle { authority: *authority, network: *network };
    build(accounts, data::RemoveOracle { oracle: *oracle, at_once })
}

/// Opens shard `index`, which must be the network's next.
pub fn open_shard(payer: &Address, network: &Address, index: u32) -> Instruction {
    let accounts = accounts::OpenShard {
        payer: *payer,
        network: *network,
        shard: address::shard(network, index),
        system_program: system_program::ID,
    };
    build(accounts, data::OpenShard {})
}

/// Opens an oracle's report of a shard.
pub fn open_report(payer: &Address, network: &Address, shard: &Address, oracle: &Address) -> Instruction {
    let accounts = accounts::OpenReport {
        payer: *payer,
        network: *network,
        shard: *shard,
        report: address::report(shard, oracle),
        system_program: system_program::ID,
    };
    build(accounts, data::OpenReport { oracle: *oracle })
}

/// Registers a device in a shard with room.
pub fn register_node(
    payer: &Address,
    device: &Address,
    registrar: Option<&Address>,
    network: &Address,
    shard: &Address,
    owner: &Address,
) -> Instruction {
    let accounts = accounts::RegisterNode {
        payer: *payer,
        device: *device,
        registrar: registrar.copied(),
        network: *network,
        shard: *shard,
        node: address::node(network, device),
        system_program: system_program::ID,
    };
    build(accounts, data::RegisterNode { owner: *owner })
}

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
            measurements: self.measurements.clone(),
        }
        .data()
    }
}

/// Reports a batch in a transaction that the oracle signs itself.
pub fn submit_report(oracle: &Address, network: &Address, shard: &Address, batch: &ReportBatch) -> Instruction {
    let report = address::report(shard, oracle);
    let mut instruction = submit_data(network, shard, &report, oracle, batch.to_data(&report));
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

/// Scores a shard for the open epoch.
///
/// - `oracles`: all that are active in the epoch, in the set's order.
pub fn score_shard(network: &Address, shard: &Address, oracles: &[Address], epoch: u32) -> Instruction {
    let mut instruction = build(accounts::ScoreShard { network: *network, shard: *shard }, data::ScoreShard { epoch });
    let reports = oracles.iter().map(|oracle| AccountMeta::new_readonly(address::report(shard, oracle), false));
    instruction.accounts.extend(reports);
    instruction
}

/// Closes every epoch that can be closed.
pub fn close_epoch(network: &Address) -> Instruction {
    build(accounts::CloseEpoch { network: *network }, data::CloseEpoch {})
}

/// Turns a shard's scores into atoms.
pub fn settle_shard(network: &Address, shard: &Address) -> Instruction {
    build(accounts::SettleShard { network: *network, shard: *shard }, data::SettleShard {})
}

/// Where a claim goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// The owner's associated token account: anybody may send this.
    Associated,
    /// Any token account of the mint: the owner signs.
    Account(Address),
}

/// Mints what an owner's slots of a shard have accrued.
///
/// - `slots`: in ascending order.
pub fn claim(
    network: &Address,
    shard: &Address,
    owner: &Address,
    mint: &Address,
    token_program: &Address,
    destination: Destination,
    slots: Vec<u16>,
) -> Instruction {
    let accounts = accounts::Claim {
        network: *network,
        shard: *shard,
        owner: *owner,
        mint: *mint,
        mint_authority: address::mint_authority(mint),
        destination: match destination {
            Destination::Associated => address::associated_token(owner, mint, token_program),
            Destination::Account(account) => account,
        },
        token_program: *token_program,
    };
    let mut instruction =
        build(accounts, data::Claim { slots: slots.into_iter().flat_map(u16::to_le_bytes).collect() });
    if matches!(destination, Destination::Account(_)) {
        for account in instruction.accounts.iter_mut().filter(|account| account.pubkey == *owner) {
            account.is_signer = true;
        }
    }
    instruction
}
