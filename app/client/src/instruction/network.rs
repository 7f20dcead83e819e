//! Networks: their life, their rules, who sets them.

use super::build;
use crate::address;
use anchor_lang::{system_program, InstructionData};
use solana_address::Address;
use solana_instruction::Instruction;
use stipend::{
    accounts,
    instruction::{self as data},
    instructions::NetworkParams,
    state::{EmissionParams, PolicyParams},
};

/// Creates the network `params.id` of `mint`.
///
/// - `authority`: the mint's, for network 0; network 0's, for any other.
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
        first_network: (params.id != 0).then(|| address::network(mint, 0)),
        mint_authority: address::mint_authority(mint),
        token_program: *token_program,
        system_program: system_program::ID,
    };
    build(accounts, data::CreateNetwork { params })
}

/// Closes network `id` of `mint`, which is empty.
///
/// - `payer`: who paid its rent and gets it back.
pub fn close_network(
    authority: &Address,
    mint: &Address,
    id: u16,
    payer: &Address,
    token_program: &Address,
) -> Instruction {
    let accounts = accounts::CloseNetwork {
        authority: *authority,
        network: address::network(mint, id),
        first_network: (id != 0).then(|| address::network(mint, 0)),
        mint: *mint,
        mint_authority: address::mint_authority(mint),
        payer: *payer,
        token_program: *token_program,
    };
    build(accounts, data::CloseNetwork {})
}

fn govern(authority: &Address, network: &Address, data: impl InstructionData) -> Instruction {
    build(accounts::Govern { authority: *authority, network: *network }, data)
}

fn govern_by_authority(authority: &Address, network: &Address, data: impl InstructionData) -> Instruction {
    build(accounts::GovernByAuthority { authority: *authority, network: *network }, data)
}

/// Names who may become the authority; `None` for nobody.
pub fn propose_authority(authority: &Address, network: &Address, new: Option<&Address>) -> Instruction {
    govern_by_authority(authority, network, data::ProposeAuthority { new_pending: new.copied().unwrap_or_default() })
}

/// Becomes the authority.
pub fn accept_authority(new: &Address, network: &Address) -> Instruction {
    govern(new, network, data::AcceptAuthority {})
}

/// Names who may pause; `None` for nobody.
pub fn set_guardian(authority: &Address, network: &Address, new: Option<&Address>) -> Instruction {
    govern_by_authority(authority, network, data::SetGuardian { new_guardian: new.copied().unwrap_or_default() })
}

/// Stops reports, scoring and claims.
///
/// - `by`: the guardian or the authority.
pub fn pause(by: &Address, network: &Address) -> Instruction {
    govern(by, network, data::Pause {})
}

/// Lets reports, scoring and claims go on.
pub fn resume(authority: &Address, network: &Address) -> Instruction {
    govern_by_authority(authority, network, data::Resume {})
}

/// Changes the rules from an epoch on that has not begun.
///
/// - `emission`: a new schedule that begins with that epoch; `None` leaves the present one.
pub fn update_policy(
    authority: &Address,
    network: &Address,
    from_epoch: u32,
    params: PolicyParams,
    emission: Option<EmissionParams>,
) -> Instruction {
    govern_by_authority(authority, network, data::UpdatePolicy { from_epoch, params, emission })
}

/// Removes an oracle from the next epoch on, or at once.
pub fn remove_oracle(authority: &Address, network: &Address, oracle: &Address, at_once: bool) -> Instruction {
    govern_by_authority(authority, network, data::RemoveOracle { oracle: *oracle, at_once })
}
