//! Nodes: they register, change hands, retire.

use super::build;
use crate::address;
use anchor_lang::{system_program, InstructionData};
use solana_address::Address;
use solana_instruction::Instruction;
use stipend::{
    accounts,
    instruction::{self as data},
};

/// A vacant slot, and who paid its rent and gets it back from the next tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vacancy {
    /// The slot.
    pub slot: u16,
    /// Its owner, as a vacant slot says.
    pub payer: Address,
}

/// Registers a device, in a new slot of a shard with room, or in a vacant one.
pub fn register_node(
    payer: &Address,
    device: &Address,
    registrar: Option<&Address>,
    network: &Address,
    shard: &Address,
    owner: &Address,
    vacancy: Option<Vacancy>,
) -> Instruction {
    let accounts = accounts::RegisterNode {
        payer: *payer,
        device: *device,
        registrar: registrar.copied(),
        network: *network,
        shard: *shard,
        node: address::node(network, device),
        slot_payer: vacancy.map(|vacancy| vacancy.payer),
        system_program: system_program::ID,
    };
    build(accounts, data::RegisterNode { owner: *owner, vacant: vacancy.map(|vacancy| vacancy.slot) })
}

fn act(
    authority: &Address,
    network: &Address,
    shard: &Address,
    device: &Address,
    data: impl InstructionData,
) -> Instruction {
    let node = address::node(network, device);
    build(accounts::ActOnNode { authority: *authority, network: *network, shard: *shard, node }, data)
}

/// Gives a node another owner.
pub fn transfer_node(
    owner: &Address,
    network: &Address,
    shard: &Address,
    device: &Address,
    new_owner: &Address,
) -> Instruction {
    act(owner, network, shard, device, data::TransferNode { new_owner: *new_owner })
}

/// Gives a node another boost from the next epoch on.
pub fn set_boost(
    authority: &Address,
    network: &Address,
    shard: &Address,
    device: &Address,
    boost_bps: u16,
) -> Instruction {
    act(authority, network, shard, device, data::SetBoost { boost_bps })
}

/// Ends a node's time.
///
/// - `by`: the owner, or the registrar, who gives a reason; `reason`: UTF-8, filled up with zeros.
pub fn retire_node(
    by: &Address,
    network: &Address,
    shard: &Address,
    device: &Address,
    reason: [u8; 32],
) -> Instruction {
    act(by, network, shard, device, data::RetireNode { reason })
}

/// Pays a retired node's bond and rent back to `payer`, who left them, and makes its slot vacant.
pub fn close_node(network: &Address, shard: &Address, device: &Address, payer: &Address) -> Instruction {
    let node = address::node(network, device);
    build(accounts::CloseNode { network: *network, shard: *shard, node, payer: *payer }, data::CloseNode {})
}
