//! Nodes: they register, change hands, retire.

use super::build;
use crate::address;
use anchor_lang::system_program;
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

/// Opens the directory of the devices whose keys begin as this one's, where [`register_node`] finds none.
pub fn open_directory(payer: &Address, network: &Address, device: &Address) -> Instruction {
    let accounts = accounts::OpenDirectory {
        payer: *payer,
        network: *network,
        directory: address::directory(network, device),
        system_program: system_program::ID,
    };
    build(accounts, data::OpenDirectory { first_byte: address::first_byte(device) })
}

/// Closes the directory of `device`, which is empty, and pays its rent back to `payer`, who opened it.
pub fn close_directory(network: &Address, device: &Address, payer: &Address) -> Instruction {
    let directory = address::directory(network, device);
    build(accounts::CloseDirectory { network: *network, directory, payer: *payer }, data::CloseDirectory {})
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
        owner: *owner,
        network: *network,
        directory: address::directory(network, device),
        shard: *shard,
        slot_payer: vacancy.map(|vacancy| vacancy.payer),
        system_program: system_program::ID,
    };
    build(accounts, data::RegisterNode { vacant: vacancy.map(|vacancy| vacancy.slot) })
}

/// Who acts for a node: whoever has the role, or a split's authority for its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Who signs.
    pub signer: Address,
    /// The split whose authority that is.
    pub split: Option<Address>,
}

impl From<&Address> for Actor {
    fn from(signer: &Address) -> Self {
        Self { signer: *signer, split: None }
    }
}

fn act(actor: Actor, network: &Address, shard: &Address, device: &Address) -> accounts::ActOnNode {
    let directory = address::directory(network, device);
    let Actor { signer, split } = actor;
    accounts::ActOnNode { authority: signer, network: *network, directory, shard: *shard, split }
}

/// Gives a node another owner.
///
/// - `owner`: the node's, or the authority of the split that owns it.
pub fn transfer_node(
    owner: impl Into<Actor>,
    network: &Address,
    shard: &Address,
    device: &Address,
    new_owner: &Address,
) -> Instruction {
    let node = act(owner.into(), network, shard, device);
    build(accounts::TransferNode { node, new_owner: *new_owner }, data::TransferNode { device: *device })
}

/// Gives a node another boost from the next epoch on.
pub fn set_boost(
    authority: &Address,
    network: &Address,
    shard: &Address,
    device: &Address,
    boost_bps: u16,
) -> Instruction {
    build(act(authority.into(), network, shard, device), data::SetBoost { device: *device, boost_bps })
}

/// Ends a node's time.
///
/// - `by`: the owner, or the authority of the split that owns it, or the registrar, who gives a reason; `reason`: UTF-8, filled up
///   with zeros.
pub fn retire_node(
    by: impl Into<Actor>,
    network: &Address,
    shard: &Address,
    device: &Address,
    reason: [u8; 32],
) -> Instruction {
    build(act(by.into(), network, shard, device), data::RetireNode { device: *device, reason })
}

/// Pays a retired node's deposit back to `payer`, who paid it, and makes its slot vacant.
pub fn close_node(
    network: &Address,
    shard: &Address,
    device: &Address,
    owner: &Address,
    payer: &Address,
) -> Instruction {
    let directory = address::directory(network, device);
    let accounts = accounts::CloseNode { network: *network, directory, shard: *shard, owner: *owner, payer: *payer };
    build(accounts, data::CloseNode { device: *device })
}
